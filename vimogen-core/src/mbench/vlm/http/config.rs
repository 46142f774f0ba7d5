//! Address, model and key of a judge, from the caller or from the environment.

use std::fmt;
use std::time::Duration;

use super::protocol::{Gemini, OpenAi, Protocol};
use crate::declare::named_enum;
use crate::error::{Error, Result};
use crate::retry::shown;

named_enum! {
    /// Interface of a judge behind HTTP.
    pub enum JudgeApi("judge") {
        /// `POST <url>/v1beta/models/<model>:generateContent`, the key in `x-goog-api-key`.
        Gemini = "gemini",
        /// `POST <url>/chat/completions` with a `video_url`, the key in `Authorization`.
        OpenAi = "openai",
    }
}

impl JudgeApi {
    pub(super) fn protocol(self) -> &'static dyn Protocol {
        match self {
            Self::Gemini => &Gemini,
            Self::OpenAi => &OpenAi,
        }
    }
}

/// A key, which is sent to the server and never printed.
#[derive(Clone, Default)]
pub(super) struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "***" })
    }
}

impl Secret {
    /// Masks the key in a text; servers like to quote it.
    pub fn hide(&self, text: &str) -> String {
        if self.0.is_empty() { text.into() } else { text.replace(&self.0, "***") }
    }
}

/// Configuration of a judge behind HTTP.
#[derive(Clone)]
pub struct JudgeConfig {
    pub(super) api: JudgeApi,
    pub(super) url: String,
    pub(super) model: String,
    pub(super) key: Secret,
    pub(super) timeout: Duration,
}

impl fmt::Debug for JudgeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api, url, model, key, timeout } = self;
        let mut shape = f.debug_struct("JudgeConfig");
        shape.field("api", api).field("url", &shown(url)).field("model", model).field("key", key);
        shape.field("timeout", timeout).finish()
    }
}

impl JudgeConfig {
    /// A judge without a key, such as a local vLLM at `http://localhost:8000/v1`.
    pub fn new(api: JudgeApi, url: impl Into<String>, model: impl Into<String>) -> Self {
        let (url, model) = (url.into().trim_end_matches('/').to_string(), model.into());
        Self { api, url, model, key: Secret::default(), timeout: Duration::from_secs(300) }
    }

    /// Sets the key.
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { key: Secret(key.into().trim().to_string()), ..self }
    }

    /// Sets the maximum duration of a request. Default: 300 s.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Reads the configuration from environment variables.
    ///
    /// With `GEMINI_API_KEY` the judge is Gemini; otherwise `OPENAI_API_KEY`, `OPENAI_BASE_URL` or both name a server with
    /// OpenAI's interface. `VIMOGEN_JUDGE_MODEL` is the model, by default `gemini-2.5-pro` for Gemini;
    /// `VIMOGEN_JUDGE_URL` replaces the address. `VIMOGEN_JUDGE` (`gemini` or `openai`) decides if both are set.
    ///
    /// # Errors
    /// [`Error::Config`] naming the missing variable.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// As [`JudgeConfig::from_env`], from any source of variables.
    ///
    /// # Errors
    /// As [`JudgeConfig::from_env`].
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let api = match get("VIMOGEN_JUDGE") {
            Some(name) => name.parse().map_err(|e: Error| Error::config("VIMOGEN_JUDGE", e.to_string()))?,
            None if get("GEMINI_API_KEY").is_some() => JudgeApi::Gemini,
            None if get("OPENAI_API_KEY").or_else(|| get("OPENAI_BASE_URL")).is_some() => JudgeApi::OpenAi,
            None => return Err(no_key()),
        };
        let (url, model, key) = match api {
            JudgeApi::Gemini => {
                let key = get("GEMINI_API_KEY").ok_or_else(no_key)?;
                ("https://generativelanguage.googleapis.com".into(), Some("gemini-2.5-pro".to_string()), key)
            }
            JudgeApi::OpenAi => {
                let url = get("OPENAI_BASE_URL").unwrap_or_else(|| "https://api.openai.com/v1".into());
                (url, None, get("OPENAI_API_KEY").unwrap_or_default())
            }
        };
        let no_model = || Error::config("VIMOGEN_JUDGE_MODEL", "it is not set; name a model that understands videos");
        let model = get("VIMOGEN_JUDGE_MODEL").or(model).ok_or_else(no_model)?;
        Ok(Self::new(api, get("VIMOGEN_JUDGE_URL").unwrap_or(url), model).with_key(key))
    }

    /// Checks that address and model are well formed and that the key is not sent unencrypted to another machine.
    pub(super) fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@".contains(c);
        if self.model.is_empty() || !self.model.chars().all(plain) || self.model.contains("..") {
            return Err(Error::config("judge model", format!("{:?} is not the name of a model", self.model)));
        }
        let wrong = |reason: &str| Err(Error::config("judge address", format!("{:?} {reason}", shown(&self.url))));
        let (host, open) = match (self.url.strip_prefix("https://"), self.url.strip_prefix("http://")) {
            (Some(host), _) => (host, false),
            (_, Some(host)) => (host, true),
            _ => return wrong("begins neither with https:// nor with http://"),
        };
        let host = host.split('/').next().unwrap_or_default();
        if host.is_empty() || self.url.contains(['@', '?', '#']) {
            // The address is not quoted: a part that does not belong there may be a password.
            let reason = "it must be a host and a path, without user, password and parameters";
            return Err(Error::config("judge address", reason));
        }
        if open && !is_local(host) && !self.key.0.is_empty() {
            return wrong("would send the key unencrypted; use https, or leave the key out");
        }
        Ok(())
    }
}

/// Whether a host, with or without a port, is this machine.
fn is_local(host: &str) -> bool {
    // The colons of an address in brackets do not start a port.
    let name = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
    name == "localhost" || name == "[::1]" || name.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

fn no_key() -> Error {
    let reason = "no key: set GEMINI_API_KEY, or OPENAI_API_KEY or OPENAI_BASE_URL (a local server) and \
                  VIMOGEN_JUDGE_MODEL";
    Error::config("judge", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<JudgeConfig> {
        let found = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        JudgeConfig::from_variables(&found)
    }

    fn endpoint(variables: &[(&str, &str)]) -> String {
        let config = config(variables).unwrap();
        config.api.protocol().endpoint(&config.url, &config.model)
    }

    #[test]
    fn variables_name_the_judge() {
        let gemini = endpoint(&[("GEMINI_API_KEY", "k")]);
        assert!(gemini.ends_with("/v1beta/models/gemini-2.5-pro:generateContent"), "{gemini}");
        let local = endpoint(&[("OPENAI_BASE_URL", "http://localhost:8000/v1/"), ("VIMOGEN_JUDGE_MODEL", "qwen")]);
        assert_eq!(local, "http://localhost:8000/v1/chat/completions");
        let both = [("GEMINI_API_KEY", "k"), ("OPENAI_API_KEY", "s"), ("VIMOGEN_JUDGE", "openai")];
        assert!(config(&both).unwrap_err().to_string().contains("VIMOGEN_JUDGE_MODEL"));
        assert!(config(&[]).unwrap_err().to_string().contains("GEMINI_API_KEY"));
        assert!(config(&[("GEMINI_API_KEY", " ")]).is_err());
        assert!(config(&[("VIMOGEN_JUDGE", "oracle")]).unwrap_err().to_string().contains("oracle"));
    }

    #[test]
    fn a_key_is_never_shown_and_never_sent_in_the_open() {
        let secret = JudgeConfig::new(JudgeApi::OpenAi, "https://example.org/v1", "m").with_key("sk-secret");
        assert!(secret.check().is_ok() && !format!("{secret:?}").contains("sk-secret"));
        let addresses = ["http://example.org", "ftp://a", "https://", "http://localhost.evil.org", "http://[::2]:80"];
        let telling = [
            "https://me:sk-secret@example.org",
            "https://example.org?key=sk-secret",
            "ftp://me:sk-secret@example.org",
            "me:sk-secret@example.org",
        ];
        for url in addresses.into_iter().chain(telling) {
            let error = JudgeConfig::new(JudgeApi::Gemini, url, "m").with_key("sk-secret").check().unwrap_err();
            assert!(!error.to_string().contains("sk-secret"), "{error}");
            let config = JudgeConfig::new(JudgeApi::Gemini, url, "m");
            assert!(!format!("{config:?}").contains("sk-secret"), "{config:?}");
        }
        assert!(JudgeConfig::new(JudgeApi::OpenAi, "http://gpu.lan:8000/v1", "m").check().is_ok());
        for here in ["http://[::1]:8000", "http://[::1]", "http://127.0.0.1:1/v1", "http://localhost"] {
            assert!(JudgeConfig::new(JudgeApi::OpenAi, here, "m").with_key("k").check().is_ok(), "{here}");
        }
        for model in ["", "../../x", "a b", "m?key="] {
            assert!(JudgeConfig::new(JudgeApi::Gemini, "https://example.org", model).check().is_err(), "{model}");
        }
    }
}
