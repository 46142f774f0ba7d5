//! Judges behind HTTP, against a server on this machine that has both interfaces and misbehaves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{HttpJudge, JudgeApi, JudgeConfig};
use crate::error::{Error, Result};
use crate::mbench::outcome::Outcome;
use crate::mbench::vlm::{JudgeClient, RetryPolicy};
use crate::retry::TestClock;

const KEY: &str = "sk-do-not-show";
/// A timeout that no test reaches.
const PATIENT: Duration = Duration::from_secs(60);
const VIDEO: &[u8] = b"\x00\x00\x00\x18ftypmp42, or so";

/// Reaction of the server to a request.
#[derive(Clone)]
enum Reaction {
    /// An answer in the interface of the request.
    Answer(&'static str),
    /// A status with headers and a body.
    Fail(u16, &'static str, &'static str),
    /// Half a response.
    Cut,
    /// Closes the connection.
    HangUp,
    /// No response until the client gives up.
    Silent,
}

#[derive(Debug, Clone)]
struct Received {
    path: String,
    headers: String,
    body: Value,
}

struct Server {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Reacts in turn, and to all further requests as to the last one.
    fn start(reactions: Vec<Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for (i, stream) in listener.incoming().enumerate() {
                let (reaction, log) = (reactions[i.min(reactions.len() - 1)].clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream.unwrap(), &reaction, &log));
            }
        });
        Self { url, received }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn judge(&self, api: JudgeApi, timeout: Duration) -> HttpJudge {
        let config = JudgeConfig::new(api, self.url.as_str(), "some-model").with_key(KEY);
        HttpJudge::new(config.with_timeout(timeout)).unwrap()
    }

    fn ask_within(&self, api: JudgeApi, timeout: Duration, clock: &TestClock) -> Result<Outcome<String>> {
        let judge = self.judge(api, timeout);
        let client = JudgeClient::with_clock(&judge, None, RetryPolicy::default(), clock)?;
        client.ask("Is it a jump?", VIDEO, &AtomicBool::new(false))
    }

    fn ask(&self, api: JudgeApi) -> Result<Outcome<String>> {
        self.ask_within(api, PATIENT, &TestClock::new())
    }
}

fn serve(mut stream: TcpStream, reaction: &Reaction, log: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut headers) = (String::new(), String::new());
    reader.read_line(&mut first).unwrap();
    while !headers.ends_with("\r\n\r\n") {
        reader.read_line(&mut headers).unwrap();
    }
    let lower = headers.to_lowercase();
    let length = lower.split("content-length:").nth(1).unwrap().lines().next().unwrap().trim();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let path = first.split(' ').nth(1).unwrap().to_string();
    let body = serde_json::from_slice(&body).unwrap();
    log.lock().unwrap().push(Received { path: path.clone(), headers: lower, body });
    let respond = |stream: &mut TcpStream, status: u16, headers: &str, body: &str| {
        let length = body.len();
        write!(stream, "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    // A client that has given up closes the connection.
    let _ = match reaction {
        Reaction::Answer(text) => respond(&mut stream, 200, "", &answer(&path, text)),
        Reaction::Fail(status, headers, body) => respond(&mut stream, *status, headers, body),
        Reaction::Cut => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{{\"candidates\": [{{\"cont"),
        Reaction::HangUp => Ok(()),
        Reaction::Silent => reader.read(&mut [0]).map(drop),
    };
}

fn answer(path: &str, text: &str) -> String {
    if path.ends_with(":generateContent") {
        json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]})
    } else {
        json!({"choices": [{"message": {"role": "assistant", "content": text}}]})
    }
    .to_string()
}

#[test]
fn gemini_gets_video_question_and_key_in_its_format() {
    let server = Server::start(vec![Reaction::Answer("Answer: yes")]);
    assert_eq!(server.ask(JudgeApi::Gemini).unwrap(), Outcome::Done("Answer: yes".into()));
    let received = server.received().remove(0);
    assert_eq!(received.path, "/v1beta/models/some-model:generateContent");
    assert!(received.headers.contains(&format!("x-goog-api-key: {KEY}\r\n")) && !received.path.contains(KEY));
    let parts = &received.body["contents"][0]["parts"];
    assert_eq!(parts[0]["inlineData"]["data"], "AAAAGGZ0eXBtcDQyLCBvciBzbw==");
    assert_eq!(parts[0]["inlineData"]["mimeType"], "video/mp4");
    assert_eq!(parts[0]["videoMetadata"]["fps"], 5);
    assert_eq!(parts[1]["text"], "Is it a jump?");
}

#[test]
fn an_openai_compatible_server_gets_a_data_url_and_a_bearer_key() {
    let server = Server::start(vec![Reaction::Answer("no")]);
    assert_eq!(server.ask(JudgeApi::OpenAi).unwrap(), Outcome::Done("no".into()));
    let received = server.received().remove(0);
    assert_eq!(received.path, "/chat/completions");
    assert!(received.headers.contains(&format!("authorization: bearer {KEY}\r\n")));
    assert_eq!(received.body["model"], "some-model");
    let content = &received.body["messages"][0]["content"];
    assert_eq!(content[0]["video_url"]["url"], "data:video/mp4;base64,AAAAGGZ0eXBtcDQyLCBvciBzbw==");
    assert_eq!(content[1]["text"], "Is it a jump?");
}

#[test]
fn temporary_failures_are_retried() {
    let temporary = [
        Reaction::Fail(500, "", "oops"),
        Reaction::Fail(503, "", ""),
        Reaction::Fail(200, "", "{\"candidates\": [{"),
        Reaction::Fail(200, "", "{\"candidates\": []}"),
        Reaction::Cut,
        Reaction::HangUp,
    ];
    for reaction in temporary {
        for api in [JudgeApi::Gemini, JudgeApi::OpenAi] {
            let server = Server::start(vec![reaction.clone(), Reaction::Answer("yes")]);
            assert_eq!(server.ask(api).unwrap(), Outcome::Done("yes".into()));
            assert_eq!(server.received().len(), 2);
        }
    }
}

#[test]
fn a_silent_server_is_given_up_after_the_timeout() {
    let server = Server::start(vec![Reaction::Silent]);
    let outcome = server.ask_within(JudgeApi::Gemini, Duration::from_millis(200), &TestClock::new()).unwrap();
    assert!(outcome.into_result().unwrap_err().contains("3 times"));
}

#[test]
fn a_lasting_failure_is_reported_after_three_attempts() {
    let server = Server::start(vec![Reaction::Fail(500, "", "{\"error\": {\"message\": \"out of order\"}}")]);
    let reason = server.ask(JudgeApi::Gemini).unwrap().into_result().unwrap_err();
    assert!(reason.contains("500") && reason.contains("out of order") && reason.contains("3 times"), "{reason}");
    assert_eq!(server.received().len(), 3);
}

#[test]
fn every_form_of_rate_limit_is_honoured() {
    let limits = [
        Reaction::Fail(429, "retry-after-ms: 150\r\n", ""),
        Reaction::Fail(429, "", "{\"error\": {\"details\": [{\"retryDelay\": \"0.15s\"}]}}"),
        Reaction::Fail(429, "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 150ms\r\n", ""),
    ];
    for limit in limits {
        let server = Server::start(vec![limit.clone(), limit.clone(), limit.clone(), limit, Reaction::Answer("yes")]);
        let clock = TestClock::new();
        let outcome = server.ask_within(JudgeApi::OpenAi, PATIENT, &clock).unwrap();
        assert_eq!(outcome, Outcome::Done("yes".into()), "a wait does not count as an attempt");
        assert_eq!((server.received().len(), clock.passed()), (5, Duration::from_millis(4 * 150)));
    }
}

#[test]
fn a_judge_that_has_answered_may_refuse_a_video_and_answer_for_the_next() {
    for status in [400, 422] {
        let server =
            Server::start(vec![Reaction::Answer("yes"), Reaction::Fail(status, "", "{}"), Reaction::Answer("no")]);
        let judge = server.judge(JudgeApi::OpenAi, PATIENT);
        let client = JudgeClient::new(&judge, None, RetryPolicy::default()).unwrap();
        let ask = |question| client.ask(question, VIDEO, &AtomicBool::new(false)).unwrap().into_result();
        assert_eq!(ask("a").unwrap(), "yes");
        assert!(ask("b").unwrap_err().contains(&status.to_string()));
        assert_eq!(ask("c").unwrap(), "no");
    }
}

#[test]
fn a_wrong_key_or_model_ends_the_run_and_the_key_is_not_shown() {
    for status in [400, 401, 403, 404, 301] {
        let quoting = "{\"error\": {\"message\": \"invalid key sk-do-not-show\"}}";
        let server = Server::start(vec![Reaction::Fail(status, "location: /elsewhere\r\n", quoting)]);
        let error = server.ask(JudgeApi::OpenAi).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&status.to_string()) && text.contains("***") && !text.contains(KEY), "{text}");
        assert_eq!(server.received().len(), 1, "{status}");
    }
}

#[test]
fn an_unreachable_server_is_a_failed_question() {
    let url = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let gone = Server { url, received: Arc::default() };
    let reason = gone.ask(JudgeApi::Gemini).unwrap().into_result().unwrap_err();
    assert!(reason.contains("cannot be reached"), "{reason}");
}
