//! Judges behind HTTP: Gemini's REST interface, and that of OpenAI, which vLLM and many others speak.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{Answer, Judge, Unanswered, wait};
use crate::error::{Error, Result};
use crate::mbench::dimension::{Dimension, Source};
use crate::mbench::info::Entry;

/// Frames per second that a judge looks at; the release renders its videos with as many.
const VIDEO_FPS: u32 = 5;
/// Gemini takes requests of 20 MB, and base64 makes four bytes of three.
const MAX_VIDEO_BYTES: usize = 14 << 20;
const MAX_RESPONSE_BYTES: u64 = 4 << 20;
/// Most characters of a server's message that are shown.
const MAX_MESSAGE: usize = 300;

/// How a judge is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `POST <url>/v1beta/models/<model>:generateContent`, the key in `x-goog-api-key`.
    Gemini,
    /// `POST <url>/chat/completions` with a `video_url`, the key in `Authorization`.
    OpenAi,
}

/// A key, which is shown to nobody but the server.
#[derive(Clone, Default)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "***" })
    }
}

impl Secret {
    /// The text without the key, which servers like to quote.
    fn hide(&self, text: &str) -> String {
        if self.0.is_empty() { text.into() } else { text.replace(&self.0, "***") }
    }
}

/// Which judge, where.
#[derive(Debug, Clone)]
pub struct JudgeConfig {
    protocol: Protocol,
    url: String,
    model: String,
    key: Secret,
    timeout: Duration,
}

impl JudgeConfig {
    /// A judge that needs no key, such as a local vLLM at `http://localhost:8000/v1`.
    pub fn new(protocol: Protocol, url: impl Into<String>, model: impl Into<String>) -> Self {
        let (url, model) = (url.into().trim_end_matches('/').to_string(), model.into());
        Self { protocol, url, model, key: Secret::default(), timeout: Duration::from_secs(300) }
    }

    /// Sets the key.
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Secret(key.into().trim().to_string());
        self
    }

    /// Sets how long one request may take. Default: 300 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The judge that environment variables name.
    ///
    /// With `GEMINI_API_KEY` it is Gemini; otherwise `OPENAI_API_KEY`, `OPENAI_BASE_URL` or both name a server that
    /// speaks OpenAI's protocol. `VIMOGEN_JUDGE_MODEL` is the model, which only Gemini has a default for;
    /// `VIMOGEN_JUDGE_URL` replaces the address. `VIMOGEN_JUDGE` (`gemini` or `openai`) decides if both are set.
    ///
    /// # Errors
    /// [`Error::Config`] that names the variable which is missing.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// As [`JudgeConfig::from_env`], from any source of variables.
    ///
    /// # Errors
    /// As [`JudgeConfig::from_env`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let protocol = match get("VIMOGEN_JUDGE").as_deref() {
            Some("gemini") => Protocol::Gemini,
            Some("openai") => Protocol::OpenAi,
            Some(other) => return Err(Error::config("VIMOGEN_JUDGE", format!("{other:?}, expected gemini or openai"))),
            None if get("GEMINI_API_KEY").is_some() => Protocol::Gemini,
            None if get("OPENAI_API_KEY").or_else(|| get("OPENAI_BASE_URL")).is_some() => Protocol::OpenAi,
            None => return Err(no_key()),
        };
        let (url, model, key) = match protocol {
            Protocol::Gemini => {
                let key = get("GEMINI_API_KEY").ok_or_else(no_key)?;
                ("https://generativelanguage.googleapis.com".into(), Some("gemini-2.5-pro".to_string()), key)
            }
            Protocol::OpenAi => {
                let url = get("OPENAI_BASE_URL").unwrap_or_else(|| "https://api.openai.com/v1".into());
                (url, None, get("OPENAI_API_KEY").unwrap_or_default())
            }
        };
        let no_model = || Error::config("VIMOGEN_JUDGE_MODEL", "it is not set; name a model that understands videos");
        let model = get("VIMOGEN_JUDGE_MODEL").or(model).ok_or_else(no_model)?;
        Ok(Self::new(protocol, get("VIMOGEN_JUDGE_URL").unwrap_or(url), model).with_key(key))
    }
}

fn no_key() -> Error {
    let reason = "no key: set GEMINI_API_KEY, or OPENAI_API_KEY or OPENAI_BASE_URL (a local server) and \
                  VIMOGEN_JUDGE_MODEL";
    Error::config("judge", reason)
}

/// A [`Judge`] that is asked over HTTP.
#[derive(Debug)]
pub struct HttpJudge {
    config: JudgeConfig,
    endpoint: String,
    agent: Agent,
    /// Whether it has answered: address, key and model are right then.
    answered: AtomicBool,
}

impl HttpJudge {
    /// A judge that is asked over HTTP. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`] for an address or model that cannot be one, and for a key that would cross a network in the
    /// open.
    pub fn new(config: JudgeConfig) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@".contains(c);
        if config.model.is_empty() || !config.model.chars().all(plain) || config.model.contains("..") {
            return Err(Error::config("judge model", format!("{:?} is no name of a model", config.model)));
        }
        check_address(&config)?;
        let endpoint = match config.protocol {
            Protocol::Gemini => format!("{}/v1beta/models/{}:generateContent", config.url, config.model),
            Protocol::OpenAi => format!("{}/chat/completions", config.url),
        };
        // A redirect would take the key along.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(config.timeout))
            .user_agent(concat!("vimogen/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { endpoint, agent: agent.into(), config, answered: AtomicBool::new(false) })
    }

    /// The judge that the environment names (see [`JudgeConfig::from_env`]), if `info` has anything to judge. Without a
    /// judge in the environment there is none, unless `dimensions` asks for what needs one.
    ///
    /// # Errors
    /// As [`JudgeConfig::from_env`] and [`HttpJudge::new`].
    pub fn for_benchmark(info: &[Entry], dimensions: Option<&[Dimension]>) -> Result<Option<Self>> {
        let asked = |dimension: Dimension| dimensions.is_none_or(|asked| asked.contains(&dimension));
        let judged = |dimension: Dimension| dimension.source() == Source::Video && asked(dimension);
        if !info.iter().any(|entry| judged(entry.dimension)) {
            return Ok(None);
        }
        match JudgeConfig::from_env() {
            Ok(config) => Self::new(config).map(Some),
            Err(error) if dimensions.is_some() => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn request(&self, question: &str, video: &[u8]) -> Value {
        let data = STANDARD.encode(video);
        match self.config.protocol {
            Protocol::Gemini => json!({
                "contents": [{"role": "user", "parts": [
                    {"inlineData": {"mimeType": "video/mp4", "data": data}, "videoMetadata": {"fps": VIDEO_FPS}},
                    {"text": question},
                ]}],
                "generationConfig": {"temperature": 0},
            }),
            Protocol::OpenAi => json!({
                "model": self.config.model,
                "messages": [{"role": "user", "content": [
                    {"type": "video_url", "video_url": {"url": format!("data:video/mp4;base64,{data}")}},
                    {"type": "text", "text": question},
                ]}],
                "temperature": 0,
            }),
        }
    }

    fn send(&self, body: &[u8]) -> Result<(u16, Response<Body>, Vec<u8>), ureq::Error> {
        let request = self.agent.post(&self.endpoint).header("content-type", "application/json");
        let key = &self.config.key.0;
        let request = match (key.is_empty(), self.config.protocol) {
            (true, _) => request,
            (false, Protocol::Gemini) => request.header("x-goog-api-key", key),
            (false, Protocol::OpenAi) => request.header("authorization", format!("Bearer {key}")),
        };
        let mut response = request.send(body)?;
        let bytes = response.body_mut().with_config().limit(MAX_RESPONSE_BYTES).read_to_vec()?;
        Ok((response.status().as_u16(), response, bytes))
    }

    /// What a server says about a failure, without the key.
    fn message(&self, status: u16, body: &Value, bytes: &[u8]) -> String {
        let said = body["error"]["message"].as_str().or_else(|| body["message"].as_str());
        let said = said.map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), String::from);
        let said: String = self.config.key.hide(&said).chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
        format!("{} answers with status {status}: {said}", self.config.url)
    }
}

/// An address that a key may be sent to.
fn check_address(config: &JudgeConfig) -> Result<()> {
    let wrong = |reason: &str| Err(Error::config("judge address", format!("{:?} {reason}", config.url)));
    let (host, open) = match (config.url.strip_prefix("https://"), config.url.strip_prefix("http://")) {
        (Some(host), _) => (host, false),
        (_, Some(host)) => (host, true),
        _ => return wrong("begins neither with https:// nor with http://"),
    };
    let host = host.split('/').next().unwrap_or_default();
    if host.is_empty() || config.url.contains(['@', '?', '#']) {
        // It is not shown: what does not belong there may be a password.
        let reason = "it must be a host and a path, without user, password and parameters";
        return Err(Error::config("judge address", reason));
    }
    // The colons of an address in brackets are no port's.
    let name = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
    let here =
        name == "localhost" || name == "[::1]" || name.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback());
    if open && !here && !config.key.0.is_empty() {
        return wrong("would send the key unencrypted; use https, or leave the key out");
    }
    Ok(())
}

impl Judge for HttpJudge {
    fn name(&self) -> String {
        let protocol = match self.config.protocol {
            Protocol::Gemini => "gemini",
            Protocol::OpenAi => "openai",
        };
        format!("{protocol} {} {}", self.config.url, self.config.model)
    }

    fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, Unanswered> {
        if video.len() > MAX_VIDEO_BYTES {
            let reason = format!("a video of {} bytes, at most {MAX_VIDEO_BYTES} can be sent", video.len());
            return Err(Unanswered::Never { reason });
        }
        let body = self.request(question, video).to_string();
        let (status, response, bytes) = self.send(body.as_bytes()).map_err(|error| {
            let reason = format!("{} cannot be reached: {error}", self.config.url);
            Unanswered::Later { reason: self.config.key.hide(&reason), wait: None }
        })?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match status {
            200 => match text(self.config.protocol, &json)? {
                Some(text) => {
                    self.answered.store(true, Ordering::Relaxed);
                    Ok(Answer { text, pause: wait::until_reset(&header) })
                }
                None => {
                    let reason = format!("{} answers without a text", self.config.url);
                    Err(Unanswered::Later { reason, wait: None })
                }
            },
            408 | 409 | 425 | 429 | 500..=599 => {
                let wait = wait::after_failure(&header, &json);
                Err(Unanswered::Later { reason: self.message(status, &json, &bytes), wait })
            }
            413 => Err(Unanswered::Never { reason: self.message(status, &json, &bytes) }),
            // Servers say so of a wrong key as well as of a video that they do not take.
            400 | 422 if self.answered.load(Ordering::Relaxed) => {
                Err(Unanswered::Never { reason: self.message(status, &json, &bytes) })
            }
            _ => {
                let reason = format!("{}; check key, address and model", self.message(status, &json, &bytes));
                Err(Unanswered::Refused { reason })
            }
        }
    }
}

/// The text of a response; an error if the judge will not talk about this video.
fn text(protocol: Protocol, json: &Value) -> Result<Option<String>, Unanswered> {
    let parts = |parts: &Value| {
        let spoken = parts.as_array()?.iter().filter(|part| part["thought"] != true);
        let text: String = spoken.filter_map(|part| part["text"].as_str()).collect();
        (!text.is_empty()).then_some(text)
    };
    match protocol {
        Protocol::Gemini => match json["promptFeedback"]["blockReason"].as_str() {
            Some(why) => Err(Unanswered::Never { reason: format!("the judge refuses this video: {why}") }),
            None => Ok(parts(&json["candidates"][0]["content"]["parts"])),
        },
        Protocol::OpenAi => {
            let message = &json["choices"][0]["message"];
            match (message["content"].as_str(), message["refusal"].as_str()) {
                (Some(text), _) => Ok(Some(text.to_string())),
                (None, Some(why)) => Err(Unanswered::Never { reason: format!("the judge refuses this video: {why}") }),
                (None, None) => Ok(parts(&message["content"])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<JudgeConfig> {
        let found = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        JudgeConfig::from_variables(&found)
    }

    #[test]
    fn variables_name_the_judge() {
        let gemini = HttpJudge::new(config(&[("GEMINI_API_KEY", "k")]).unwrap()).unwrap();
        assert!(gemini.endpoint.ends_with("/v1beta/models/gemini-2.5-pro:generateContent"), "{}", gemini.endpoint);
        let local = [("OPENAI_BASE_URL", "http://localhost:8000/v1/"), ("VIMOGEN_JUDGE_MODEL", "qwen")];
        let local = HttpJudge::new(config(&local).unwrap()).unwrap();
        assert_eq!(local.endpoint, "http://localhost:8000/v1/chat/completions");
        let both = [("GEMINI_API_KEY", "k"), ("OPENAI_API_KEY", "s"), ("VIMOGEN_JUDGE", "openai")];
        assert!(config(&both).unwrap_err().to_string().contains("VIMOGEN_JUDGE_MODEL"));
        assert!(config(&[]).unwrap_err().to_string().contains("GEMINI_API_KEY"));
        assert!(config(&[("GEMINI_API_KEY", " ")]).is_err());
        assert!(config(&[("VIMOGEN_JUDGE", "oracle")]).unwrap_err().to_string().contains("oracle"));
    }

    #[test]
    fn a_key_is_never_shown_and_never_sent_in_the_open() {
        let secret = JudgeConfig::new(Protocol::OpenAi, "https://example.org/v1", "m").with_key("sk-secret");
        let judge = HttpJudge::new(secret).unwrap();
        assert!(!format!("{judge:?} {}", judge.name()).contains("sk-secret"));
        let quoted = json!({"error": {"message": "bad key sk-secret"}});
        assert!(judge.message(401, &quoted, b"").contains("bad key ***"));
        let addresses = ["http://example.org", "ftp://a", "https://", "http://localhost.evil.org", "http://[::2]:80"];
        let telling = ["https://me:sk-secret@example.org", "https://example.org?key=sk-secret"];
        for url in addresses.into_iter().chain(telling) {
            let config = JudgeConfig::new(Protocol::Gemini, url, "m").with_key("sk-secret");
            let error = HttpJudge::new(config).unwrap_err().to_string();
            assert!(!error.contains("sk-secret"), "{error}");
        }
        assert!(HttpJudge::new(JudgeConfig::new(Protocol::OpenAi, "http://gpu.lan:8000/v1", "m")).is_ok());
        for here in ["http://[::1]:8000", "http://[::1]", "http://127.0.0.1:1/v1", "http://localhost"] {
            assert!(HttpJudge::new(JudgeConfig::new(Protocol::OpenAi, here, "m").with_key("k")).is_ok(), "{here}");
        }
        for model in ["", "../../x", "a b", "m?key="] {
            assert!(
                HttpJudge::new(JudgeConfig::new(Protocol::Gemini, "https://example.org", model)).is_err(),
                "{model}"
            );
        }
    }

    #[test]
    fn texts_are_found_in_both_protocols_and_thoughts_left_out() {
        let gemini = json!({"candidates": [{"content": {"parts": [
            {"text": "hm", "thought": true}, {"text": "Answer: "}, {"text": "yes"}]}}]});
        assert_eq!(text(Protocol::Gemini, &gemini).unwrap().as_deref(), Some("Answer: yes"));
        let listed = json!({"choices": [{"message": {"content": [{"type": "text", "text": "no"}]}}]});
        assert_eq!(text(Protocol::OpenAi, &listed).unwrap().as_deref(), Some("no"));
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
        assert!(matches!(text(Protocol::Gemini, &blocked), Err(Unanswered::Never { .. })));
        for empty in [Value::Null, json!([]), json!({"candidates": []}), json!({"choices": 3})] {
            assert_eq!(text(Protocol::Gemini, &empty).unwrap(), None);
            assert_eq!(text(Protocol::OpenAi, &empty).unwrap(), None);
        }
    }
}
