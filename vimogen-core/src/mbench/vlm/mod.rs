//! Dimensions that a video language model judges: who is asked, what, and what the answers mean.
//!
//! A [`Judge`] answers one question about one video. [`Bench`] asks it again when it fails, waits as long as it is told
//! to, and keeps every answer on disk, so that no question is paid for twice.

pub mod answer;
mod bench;
mod cache;
#[cfg(feature = "network")]
mod http;
pub mod question;
#[cfg(test)]
#[cfg(feature = "network")]
mod tests;
#[cfg(feature = "network")]
mod wait;

use std::time::Duration;

pub use bench::{Bench, Patience};
#[cfg(feature = "network")]
pub use http::{HttpJudge, JudgeConfig, Protocol};

/// Answers questions about videos.
pub trait Judge: Send + Sync {
    /// Who answers: protocol, address and model, never a key. Stands in reports and tells cached answers apart.
    fn name(&self) -> String;

    /// Answers one question about a video, the bytes of an MP4 file. Several threads may ask at once.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, Unanswered>;
}

/// What a judge said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its words.
    pub text: String,
    /// How long it wants not to be asked again.
    pub pause: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Ask again, after `wait` if it is known.
    #[error("{reason}")]
    Later {
        /// What happened.
        reason: String,
        /// What the judge asks for.
        wait: Option<Duration>,
    },
    /// This question gets no answer.
    #[error("{reason}")]
    Never {
        /// What happened.
        reason: String,
    },
    /// No question gets an answer: a wrong key, an unknown model.
    #[error("{reason}")]
    Refused {
        /// What happened, and what to do.
        reason: String,
    },
}
