//! Judges behind HTTP.

mod config;
mod protocol;
#[cfg(test)]
mod tests;
mod wait;

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{Answer, Judge, JudgeError};
use crate::error::Result;
use crate::mbench::dimension::{Dimension, Input};
use crate::mbench::info::InfoEntry;
pub use config::{JudgeApi, JudgeConfig};

/// Gemini accepts requests of 20 MB, and base64 makes four bytes of three.
const MAX_VIDEO_BYTES: usize = 14 << 20;
const MAX_RESPONSE_BYTES: u64 = 4 << 20;
/// Maximum length of a server's message in an error, in characters.
const MAX_MESSAGE: usize = 300;

/// A [`Judge`] behind HTTP.
#[derive(Debug)]
pub struct HttpJudge {
    config: JudgeConfig,
    endpoint: String,
    agent: Agent,
    /// Whether it has answered: address, key and model are right then.
    answered: AtomicBool,
}

impl HttpJudge {
    /// Prepares the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a malformed address or model, and for a key that would be sent
    /// unencrypted to another machine.
    pub fn new(config: JudgeConfig) -> Result<Self> {
        config.check()?;
        let endpoint = config.api.protocol().endpoint(&config.url, &config.model);
        // A redirect would take the key along.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(config.timeout))
            .user_agent(concat!("vimogen/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { endpoint, agent: agent.into(), config, answered: AtomicBool::new(false) })
    }

    /// The judge of the environment (see [`JudgeConfig::from_env`]), or `None` if `info` has nothing to judge. A missing
    /// configuration is an error only if `dimensions` names a judged dimension.
    ///
    /// # Errors
    /// As [`JudgeConfig::from_env`] and [`HttpJudge::new`].
    pub fn for_benchmark(info: &[InfoEntry], dimensions: Option<&[Dimension]>) -> Result<Option<Self>> {
        let wanted = |dimension: Dimension| dimensions.is_none_or(|wanted| wanted.contains(&dimension));
        let judged = |dimension: Dimension| dimension.input() == Input::Video && wanted(dimension);
        if !info.iter().any(|entry| judged(entry.dimension)) {
            return Ok(None);
        }
        match JudgeConfig::from_env() {
            Ok(config) => Self::new(config).map(Some),
            Err(error) if dimensions.is_some() => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn send(&self, body: &[u8]) -> Result<(u16, Response<Body>, Vec<u8>), ureq::Error> {
        let mut request = self.agent.post(&self.endpoint).header("content-type", "application/json");
        if !self.config.key.0.is_empty() {
            let (name, value) = self.config.api.protocol().key_header(&self.config.key.0);
            request = request.header(name, value);
        }
        let mut response = request.send(body)?;
        let bytes = response.body_mut().with_config().limit(MAX_RESPONSE_BYTES).read_to_vec()?;
        Ok((response.status().as_u16(), response, bytes))
    }

    /// A server's error message, without the key.
    fn message(&self, status: u16, body: &Value, bytes: &[u8]) -> String {
        let message = body["error"]["message"].as_str().or_else(|| body["message"].as_str());
        let message = message.map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), String::from);
        let message = self.config.key.hide(&message);
        let message: String = message.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
        format!("{} answers with status {status}: {message}", self.config.url)
    }
}

impl Judge for HttpJudge {
    fn name(&self) -> String {
        format!("{} {} {}", self.config.api.name(), self.config.url, self.config.model)
    }

    fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, JudgeError> {
        if video.len() > MAX_VIDEO_BYTES {
            let reason = format!("a video of {} bytes, at most {MAX_VIDEO_BYTES} can be sent", video.len());
            return Err(JudgeError::Never { reason });
        }
        let protocol = self.config.api.protocol();
        let body = protocol.request(&self.config.model, question, &BASE64.encode(video)).to_string();
        let (status, response, bytes) = self.send(body.as_bytes()).map_err(|error| {
            let reason = format!("{} cannot be reached: {error}", self.config.url);
            JudgeError::Later { reason: self.config.key.hide(&reason), wait: None }
        })?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let message = || self.message(status, &json, &bytes);
        match status {
            200 => match protocol.text(&json)? {
                Some(text) => {
                    self.answered.store(true, Ordering::Relaxed);
                    Ok(Answer { text, pause: wait::until_reset(&header) })
                }
                None => {
                    let reason = format!("{} answers without a text", self.config.url);
                    Err(JudgeError::Later { reason, wait: None })
                }
            },
            408 | 409 | 425 | 429 | 500..=599 => {
                Err(JudgeError::Later { reason: message(), wait: wait::after_failure(&header, &json) })
            }
            413 => Err(JudgeError::Never { reason: message() }),
            // Servers use these for a wrong key as well as for an unsupported video.
            400 | 422 if self.answered.load(Ordering::Relaxed) => Err(JudgeError::Never { reason: message() }),
            _ => Err(JudgeError::Refused { reason: format!("{}; check key, address and model", message()) }),
        }
    }
}
