//! A client of a judge: retries, requested pauses, and a cache of answers.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cache::Cache;
use super::{Judge, JudgeError};
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::mbench::outcome::Outcome;
use crate::retry::{Backoff, Clock, SystemClock};

/// Maximum uninterrupted sleep: the response time to Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);

defaults! {
    /// Number of attempts per question, and the waits between them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct RetryPolicy {
        /// Attempts per question. Default: 3, as in the release.
        attempts, with_attempts: u32 = 3;
        /// Wait before the second attempt, doubled for each further one. Default: 1 s, as in the release.
        backoff, with_backoff: Duration = Duration::from_secs(1);
        /// Maximum wait on request of the judge. Default: 600 s.
        max_wait, with_max_wait: Duration = Duration::from_secs(600);
        /// Maximum number of such waits per question. They do not count as attempts. Default: 20.
        max_waits, with_max_waits: u32 = 20;
    }
}

/// A judge shared by several threads, with its answers so far.
pub struct JudgeClient<'a> {
    judge: &'a dyn Judge,
    cache: Option<Cache>,
    policy: RetryPolicy,
    clock: &'a dyn Clock,
    /// No request is sent before this time.
    quiet_until: Mutex<Instant>,
}

impl<'a> JudgeClient<'a> {
    /// A client of `judge`. With a folder, answers are kept there and each question is sent once.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made.
    pub fn new(judge: &'a dyn Judge, cache: Option<&Path>, policy: RetryPolicy) -> Result<Self> {
        Self::with_clock(judge, cache, policy, &SystemClock)
    }

    /// As [`JudgeClient::new`], on another clock.
    pub(super) fn with_clock(
        judge: &'a dyn Judge,
        cache: Option<&Path>,
        policy: RetryPolicy,
        clock: &'a dyn Clock,
    ) -> Result<Self> {
        let cache = cache.map(Cache::open).transpose()?;
        Ok(Self { judge, cache, policy, clock, quiet_until: Mutex::new(clock.now()) })
    }

    /// Sends a question, or takes its answer from the cache. `stop` ends a wait.
    ///
    /// # Errors
    /// [`Error::Config`] if the judge refuses every question, [`Error::Cancelled`], and those of writing the cache.
    pub fn ask(&self, question: &str, video: &[u8], stop: &AtomicBool) -> Result<Outcome<String>> {
        let name = self.judge.name();
        if let Some(answer) = self.cache.as_ref().and_then(|cache| cache.find(&name, question, video)) {
            return Ok(Outcome::Done(answer));
        }
        let (mut backoff, mut waits) = (Backoff::new(self.policy.attempts, self.policy.backoff), 0);
        loop {
            self.wait(stop)?;
            let (reason, wait) = match self.judge.ask(question, video) {
                Ok(answer) => {
                    self.pause(answer.pause.map(|pause| pause.min(self.policy.max_wait)));
                    self.cache.as_ref().map_or(Ok(()), |cache| cache.keep(&name, question, video, &answer.text))?;
                    return Ok(Outcome::Done(answer.text));
                }
                Err(JudgeError::Refused { reason }) => return Err(Error::config("judge", reason)),
                Err(JudgeError::Never { reason }) => return Ok(Outcome::Failed(reason)),
                Err(JudgeError::Later { reason, wait }) => (reason, wait),
            };
            match wait {
                Some(wait) if wait > self.policy.max_wait => {
                    return Ok(Outcome::Failed(format!("{reason}; it asks for a wait of {} s", wait.as_secs())));
                }
                Some(wait) if waits < self.policy.max_waits => {
                    waits += 1;
                    self.pause(Some(wait));
                }
                wait => match backoff.failed() {
                    None => return Ok(Outcome::Failed(format!("{reason}, {} times", self.policy.attempts))),
                    Some(own) if wait.is_none() => self.sleep(own, stop)?,
                    Some(_) => self.pause(wait),
                },
            }
        }
    }

    /// Holds back the requests of all threads for a while.
    fn pause(&self, pause: Option<Duration>) {
        let Some(until) = pause.and_then(|pause| self.clock.now().checked_add(pause)) else { return };
        let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = (*quiet).max(until);
    }

    fn wait(&self, stop: &AtomicBool) -> Result<()> {
        loop {
            let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            let left = until.saturating_duration_since(self.clock.now());
            self.sleep(left, stop)?;
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    /// Sleeps in slices, so that `stop` is seen.
    fn sleep(&self, time: Duration, stop: &AtomicBool) -> Result<()> {
        let end = self.clock.now() + time;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            match end.saturating_duration_since(self.clock.now()) {
                Duration::ZERO => return Ok(()),
                left => self.clock.sleep(left.min(SLICE)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::mbench::vlm::Answer;
    use crate::retry::TestClock;

    /// Gives the scripted answers in turn, then "yes"; notes the time of each question.
    struct Scripted {
        script: Mutex<Vec<Result<Answer, JudgeError>>>,
        asked: Mutex<Vec<Duration>>,
        clock: TestClock,
    }

    impl Scripted {
        fn new(mut script: Vec<Result<Answer, JudgeError>>) -> Self {
            script.reverse();
            Self { script: Mutex::new(script), asked: Mutex::default(), clock: TestClock::new() }
        }

        fn asked(&self) -> Vec<u128> {
            self.asked.lock().unwrap().iter().map(Duration::as_millis).collect()
        }

        fn client(&self, cache: Option<&Path>) -> JudgeClient<'_> {
            JudgeClient::with_clock(self, cache, RetryPolicy::default(), &self.clock).unwrap()
        }

        fn ask(&self, question: &str) -> Result<Outcome<String>> {
            self.client(None).ask(question, b"video", &AtomicBool::new(false))
        }
    }

    impl Judge for Scripted {
        fn name(&self) -> String {
            "scripted".into()
        }

        fn ask(&self, _: &str, _: &[u8]) -> Result<Answer, JudgeError> {
            self.asked.lock().unwrap().push(self.clock.passed());
            let next = self.script.lock().unwrap().pop();
            next.unwrap_or_else(|| Ok(Answer { text: "yes".into(), pause: None }))
        }
    }

    fn later(wait: Option<u64>) -> Result<Answer, JudgeError> {
        Err(JudgeError::Later { reason: "busy".into(), wait: wait.map(Duration::from_millis) })
    }

    fn yes() -> Outcome<String> {
        Outcome::Done("yes".into())
    }

    #[test]
    fn a_question_is_sent_three_times_with_growing_waits() {
        let judge = Scripted::new(vec![later(None), later(None), later(None), later(None)]);
        assert_eq!(judge.ask("?").unwrap(), Outcome::Failed("busy, 3 times".into()));
        assert_eq!(judge.asked(), [0, 1000, 3000]);
    }

    #[test]
    fn waits_that_the_judge_asks_for_are_kept_and_do_not_count_as_attempts() {
        let judge = Scripted::new((0..5).map(|_| later(Some(30))).collect());
        assert_eq!(judge.ask("?").unwrap(), yes());
        assert_eq!(judge.asked(), [0, 30, 60, 90, 120, 150]);
        let hours = Scripted::new(vec![later(Some(7_200_000))]);
        assert!(hours.ask("?").unwrap().into_result().unwrap_err().contains("7200 s"));
        assert_eq!(hours.asked(), [0]);
        let endless = Scripted::new((0..40).map(|_| later(Some(10))).collect());
        assert!(endless.ask("?").unwrap().into_result().unwrap_err().contains("3 times"));
        assert_eq!(endless.asked().len(), 20 + 3);
    }

    #[test]
    fn a_pause_that_comes_with_an_answer_holds_for_the_next_question() {
        let pause = Some(Duration::from_millis(60));
        let judge = Scripted::new(vec![Ok(Answer { text: "no".into(), pause })]);
        let (client, stop) = (judge.client(None), AtomicBool::new(false));
        client.ask("a", b"", &stop).unwrap();
        client.ask("b", b"", &stop).unwrap();
        assert_eq!(judge.asked(), [0, 60]);
    }

    #[test]
    fn a_question_is_sent_once_also_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Scripted::new(vec![]), Scripted::new(vec![]));
        let ask = |judge: &Scripted, question: &str, video: &[u8]| {
            let client = judge.client(Some(folder.path()));
            assert_eq!(client.ask(question, video, &AtomicBool::new(false)).unwrap(), yes());
        };
        ask(&first, "?", b"video");
        ask(&second, "?", b"video");
        assert_eq!((first.asked().len(), second.asked().len()), (1, 0));
        ask(&second, "another?", b"video");
        ask(&second, "?", b"another video");
        assert_eq!(second.asked().len(), 2);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::write(entry.unwrap().path(), "{\"judge\":").unwrap();
        }
        ask(&second, "?", b"video");
        assert_eq!(second.asked().len(), 3, "a damaged answer is requested again");
    }

    /// Raises a flag after a while of sleep.
    struct Interrupted<'a>(TestClock, &'a AtomicBool);

    impl Clock for Interrupted<'_> {
        fn now(&self) -> Instant {
            self.0.now()
        }

        fn sleep(&self, time: Duration) {
            self.0.sleep(time);
            self.1.store(self.0.passed() >= Duration::from_secs(10), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_refusal_ends_the_run_and_a_stop_ends_the_waiting() {
        let refused = Scripted::new(vec![Err(JudgeError::Refused { reason: "no such model".into() })]);
        assert!(refused.ask("?").unwrap_err().to_string().contains("no such model"));
        let (judge, stop) = (Scripted::new(vec![later(Some(400_000))]), AtomicBool::new(false));
        let clock = Interrupted(TestClock::new(), &stop);
        let client = JudgeClient::with_clock(&judge, None, RetryPolicy::default(), &clock).unwrap();
        assert!(matches!(client.ask("?", b"", &stop), Err(Error::Cancelled)));
        assert_eq!(clock.0.passed(), Duration::from_secs(10));
    }
}
