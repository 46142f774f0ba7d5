//! Dimensions decided by a video language model: the judge, its questions, and the meaning of its answers.
//!
//! A [`Judge`] answers one question about one video. [`JudgeClient`] repeats failed requests, observes requested
//! waits, and keeps every answer on disk, so that no question is paid for twice.

pub mod answer;
mod cache;
mod client;
#[cfg(feature = "network")]
mod http;
pub mod question;

use std::time::Duration;

pub use client::{JudgeClient, RetryPolicy};
#[cfg(feature = "network")]
pub use http::{HttpJudge, JudgeApi, JudgeConfig};

/// Maximum size of a video file, bytes.
pub(super) const MAX_VIDEO_BYTES: u64 = 1 << 28;

/// Answers questions about videos.
pub trait Judge: Send + Sync {
    /// Protocol, address and model, without the key. It appears in reports and is part of the key of cached answers.
    fn name(&self) -> String;

    /// Answers one question about a video, the bytes of an MP4 file. Called from several threads at once.
    ///
    /// # Errors
    /// [`JudgeError`].
    fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, JudgeError>;
}

/// An answer of a judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Requested pause before the next question.
    pub pause: Option<Duration>,
}

/// Reason for a missing answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// A temporary failure: try again, after `wait` if it is known.
    #[error("{reason}")]
    Later {
        /// The cause.
        reason: String,
        /// Requested wait.
        wait: Option<Duration>,
    },
    /// This question gets no answer.
    #[error("{reason}")]
    Never {
        /// The cause.
        reason: String,
    },
    /// No question gets an answer: a wrong key, an unknown model.
    #[error("{reason}")]
    Refused {
        /// The cause, and the remedy.
        reason: String,
    },
}
