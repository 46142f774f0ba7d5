//! Judges over HTTP against a server on this machine that speaks both protocols and misbehaves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Bench, HttpJudge, JudgeConfig, Patience, Protocol};
use crate::error::{Error, Result};

const KEY: &str = "sk-do-not-show";
const VIDEO: &[u8] = b"\x00\x00\x00\x18ftypmp42, or so";

/// What the server does with a request.
#[derive(Clone)]
enum Deed {
    /// An answer in the protocol of the request.
    Say(&'static str),
    /// A status with headers and a body.
    Fail(u16, &'static str, &'static str),
    /// Half a response, then silence.
    Cut,
    /// Nothing at all.
    HangUp,
    /// The answer, too late.
    Slow,
}

#[derive(Debug, Clone)]
struct Heard {
    path: String,
    headers: String,
    body: Value,
    at: Instant,
}

struct Server {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    /// Does the deeds in turn, then the last one for ever.
    fn start(deeds: Vec<Deed>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        thread::spawn(move || {
            for (i, stream) in listener.incoming().enumerate() {
                let (deed, log) = (deeds[i.min(deeds.len() - 1)].clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream.unwrap(), &deed, &log));
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn judge(&self, protocol: Protocol) -> HttpJudge {
        let config = JudgeConfig::new(protocol, self.url.as_str(), "some-model").with_key(KEY);
        HttpJudge::new(config.with_timeout(Duration::from_millis(400))).unwrap()
    }

    fn ask(&self, protocol: Protocol) -> Result<Result<String, String>> {
        let patience = Patience { backoff: Duration::from_millis(10), ..Patience::default() };
        let judge = self.judge(protocol);
        Bench::new(&judge, None, patience)?.ask("Is it a jump?", VIDEO, &AtomicBool::new(false))
    }
}

fn serve(mut stream: TcpStream, deed: &Deed, log: &Mutex<Vec<Heard>>) {
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
    log.lock().unwrap().push(Heard { path: path.clone(), headers: lower, body, at: Instant::now() });
    let respond = |stream: &mut TcpStream, status: u16, headers: &str, body: &str| {
        let length = body.len();
        write!(stream, "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    // A client that has given up closes the connection.
    let _ = match deed {
        Deed::Say(text) => respond(&mut stream, 200, "", &answer(&path, text)),
        Deed::Fail(status, headers, body) => respond(&mut stream, *status, headers, body),
        Deed::Cut => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{{\"candidates\": [{{\"cont"),
        Deed::HangUp => Ok(()),
        Deed::Slow => {
            thread::sleep(Duration::from_millis(800));
            respond(&mut stream, 200, "", &answer(&path, "yes"))
        }
    };
}

fn answer(path: &str, text: &str) -> String {
    match path.ends_with(":generateContent") {
        true => json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}),
        false => json!({"choices": [{"message": {"role": "assistant", "content": text}}]}),
    }
    .to_string()
}

#[test]
fn gemini_gets_video_question_and_key_where_it_looks_for_them() {
    let server = Server::start(vec![Deed::Say("Answer: yes")]);
    assert_eq!(server.ask(Protocol::Gemini).unwrap().unwrap(), "Answer: yes");
    let heard = server.heard().remove(0);
    assert_eq!(heard.path, "/v1beta/models/some-model:generateContent");
    assert!(heard.headers.contains(&format!("x-goog-api-key: {KEY}\r\n")) && !heard.path.contains(KEY));
    let parts = &heard.body["contents"][0]["parts"];
    assert_eq!(parts[0]["inlineData"]["data"], "AAAAGGZ0eXBtcDQyLCBvciBzbw==");
    assert_eq!(parts[0]["inlineData"]["mimeType"], "video/mp4");
    assert_eq!(parts[0]["videoMetadata"]["fps"], 5);
    assert_eq!(parts[1]["text"], "Is it a jump?");
}

#[test]
fn an_openai_compatible_server_gets_a_data_url_and_a_bearer_key() {
    let server = Server::start(vec![Deed::Say("no")]);
    assert_eq!(server.ask(Protocol::OpenAi).unwrap().unwrap(), "no");
    let heard = server.heard().remove(0);
    assert_eq!(heard.path, "/chat/completions");
    assert!(heard.headers.contains(&format!("authorization: bearer {KEY}\r\n")));
    assert_eq!(heard.body["model"], "some-model");
    let content = &heard.body["messages"][0]["content"];
    assert_eq!(content[0]["video_url"]["url"], "data:video/mp4;base64,AAAAGGZ0eXBtcDQyLCBvciBzbw==");
    assert_eq!(content[1]["text"], "Is it a jump?");
}

#[test]
fn whatever_passes_is_tried_again() {
    let passing = [
        Deed::Fail(500, "", "oops"),
        Deed::Fail(503, "", ""),
        Deed::Fail(200, "", "{\"candidates\": [{"),
        Deed::Fail(200, "", "{\"candidates\": []}"),
        Deed::Cut,
        Deed::HangUp,
        Deed::Slow,
    ];
    for deed in passing {
        for protocol in [Protocol::Gemini, Protocol::OpenAi] {
            let server = Server::start(vec![deed.clone(), Deed::Say("yes")]);
            assert_eq!(server.ask(protocol).unwrap().unwrap(), "yes");
            assert_eq!(server.heard().len(), 2);
        }
    }
}

#[test]
fn what_does_not_pass_is_told_after_three_tries() {
    let server = Server::start(vec![Deed::Fail(500, "", "{\"error\": {\"message\": \"out of order\"}}")]);
    let reason = server.ask(Protocol::Gemini).unwrap().unwrap_err();
    assert!(reason.contains("500") && reason.contains("out of order") && reason.contains("3 times"), "{reason}");
    assert_eq!(server.heard().len(), 3);
}

#[test]
fn a_rate_limit_is_honoured_however_it_is_told() {
    let limits = [
        Deed::Fail(429, "retry-after-ms: 150\r\n", ""),
        Deed::Fail(429, "", "{\"error\": {\"details\": [{\"retryDelay\": \"0.15s\"}]}}"),
        Deed::Fail(429, "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 150ms\r\n", ""),
    ];
    for limit in limits {
        let server = Server::start(vec![limit.clone(), limit.clone(), limit.clone(), limit, Deed::Say("yes")]);
        assert_eq!(server.ask(Protocol::OpenAi).unwrap().unwrap(), "yes", "a wait is no failed try");
        let heard = server.heard();
        assert_eq!(heard.len(), 5);
        assert!(heard.windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_millis(150)));
    }
}

#[test]
fn a_judge_that_has_answered_may_refuse_a_video_and_answer_for_the_next() {
    for status in [400, 422] {
        let server = Server::start(vec![Deed::Say("yes"), Deed::Fail(status, "", "{}"), Deed::Say("no")]);
        let judge = server.judge(Protocol::OpenAi);
        let bench = Bench::new(&judge, None, Patience::default()).unwrap();
        let ask = |question| bench.ask(question, VIDEO, &AtomicBool::new(false)).unwrap();
        assert_eq!(ask("a").unwrap(), "yes");
        assert!(ask("b").unwrap_err().contains(&status.to_string()));
        assert_eq!(ask("c").unwrap(), "no");
    }
}

#[test]
fn a_wrong_key_or_model_ends_everything_and_the_key_is_not_told() {
    for status in [400, 401, 403, 404, 301] {
        let quoting = "{\"error\": {\"message\": \"invalid key sk-do-not-show\"}}";
        let server = Server::start(vec![Deed::Fail(status, "location: /elsewhere\r\n", quoting)]);
        let error = server.ask(Protocol::OpenAi).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&status.to_string()) && text.contains("***") && !text.contains(KEY), "{text}");
        assert_eq!(server.heard().len(), 1, "{status}");
    }
}

#[test]
fn a_server_that_is_not_there_is_an_unanswered_question() {
    let url = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let gone = Server { url, heard: Arc::default() };
    let reason = gone.ask(Protocol::Gemini).unwrap().unwrap_err();
    assert!(reason.contains("cannot be reached"), "{reason}");
}
