//! Retries of failed requests: the number of attempts, the growing waits, and the clock that measures them.

use std::thread;
use std::time::{Duration, Instant};

/// Upper bound of a wait.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// Attempts left, and the wait before the next one, which doubles with each failure.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    left: u32,
    wait: Duration,
}

impl Backoff {
    /// `attempts` in all, `wait` before the second.
    pub fn new(attempts: u32, wait: Duration) -> Self {
        Self { left: attempts, wait }
    }

    /// Counts a failed attempt. Returns the wait before the next one, or `None` if no attempt is left.
    pub fn failed(&mut self) -> Option<Duration> {
        self.left = self.left.saturating_sub(1);
        let wait = self.wait;
        self.wait = wait.saturating_mul(2).min(MAX_WAIT);
        (self.left > 0).then_some(wait)
    }
}

/// Time, as seen by code that waits.
pub(crate) trait Clock: Sync {
    /// The current time.
    fn now(&self) -> Instant;

    /// Blocks the thread.
    fn sleep(&self, time: Duration);
}

/// The clock of the operating system.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// A clock for tests: sleeping advances the time at once.
/// An address for messages: without user, password and parameters.
pub(crate) fn shown(url: &str) -> String {
    let url = url.split_once(['?', '#']).map_or_else(|| url.to_string(), |(start, _)| format!("{start}?***"));
    let (scheme, rest) = url.split_once("://").map_or(("", url.as_str()), |(scheme, rest)| (scheme, rest));
    let host_and_path = match rest.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => rest.to_string(),
    };
    if scheme.is_empty() { host_and_path } else { format!("{scheme}://{host_and_path}") }
}

#[cfg(test)]
pub(crate) struct TestClock {
    start: Instant,
    passed: std::sync::Mutex<Duration>,
}

#[cfg(test)]
impl TestClock {
    pub fn new() -> Self {
        Self { start: Instant::now(), passed: std::sync::Mutex::default() }
    }

    /// Time slept so far, over all threads.
    pub fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }
}

#[cfg(test)]
impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn sleep(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(shown("https://example.org/a/b"), "https://example.org/a/b");
        assert_eq!(shown("https://me:secret@example.org:8/a"), "https://***@example.org:8/a");
        assert_eq!(shown("ftp://me:se@cret@example.org"), "ftp://***@example.org");
        assert_eq!(shown("https://example.org/a?key=secret#x"), "https://example.org/a?***");
        assert_eq!(shown("me:secret@example.org"), "***@example.org");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn waits_double_until_no_attempt_is_left() {
        let mut backoff = Backoff::new(3, Duration::from_secs(1));
        let waits: Vec<_> = (0..4).map(|_| backoff.failed()).collect();
        assert_eq!(waits, [Some(Duration::from_secs(1)), Some(Duration::from_secs(2)), None, None]);
    }
}
