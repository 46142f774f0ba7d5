//! Asking a judge with patience: again after failures, never during a pause it asked for, never twice for one answer.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::Cache;
use super::{Judge, Unanswered};
use crate::error::{Error, Result};

/// How often is asked, and how long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Times that a failing question is asked; the release: 3.
    pub tries: u32,
    /// Wait before the second try, doubled for each one after; the release: 1 s.
    pub backoff: Duration,
    /// Longest wait that a judge may ask for.
    pub longest_wait: Duration,
    /// Times that a judge may ask for a wait, for one question. These are no tries.
    pub waits: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 3, backoff: Duration::from_secs(1), longest_wait: Duration::from_secs(600), waits: 20 }
    }
}

/// A judge that several threads ask, and its answers so far.
pub struct Bench<'a> {
    judge: &'a dyn Judge,
    cache: Option<Cache>,
    patience: Patience,
    /// Nobody asks before.
    quiet_until: Mutex<Instant>,
}

impl<'a> Bench<'a> {
    /// Seats a judge; with a folder, answers are kept there and not asked for again.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made.
    pub fn new(judge: &'a dyn Judge, cache: Option<&Path>, patience: Patience) -> Result<Self> {
        let cache = cache.map(Cache::open).transpose()?;
        Ok(Self { judge, cache, patience, quiet_until: Mutex::new(Instant::now()) })
    }

    /// Asks a question; the inner error is why there is no answer. `stop` ends a wait.
    ///
    /// # Errors
    /// [`Error::Config`] if the judge refuses every question, [`Error::Cancelled`], and those of keeping the answer.
    pub fn ask(&self, question: &str, video: &[u8], stop: &AtomicBool) -> Result<Result<String, String>> {
        let name = self.judge.name();
        if let Some(answer) = self.cache.as_ref().and_then(|cache| cache.find(&name, question, video)) {
            return Ok(Ok(answer));
        }
        let (mut tries, mut waits) = (0, 0);
        loop {
            self.wait(stop)?;
            let (reason, wait) = match self.judge.ask(question, video) {
                Ok(answer) => {
                    self.pause(answer.pause.map(|pause| pause.min(self.patience.longest_wait)));
                    self.cache.as_ref().map_or(Ok(()), |cache| cache.keep(&name, question, video, &answer.text))?;
                    return Ok(Ok(answer.text));
                }
                Err(Unanswered::Refused { reason }) => return Err(Error::config("judge", reason)),
                Err(Unanswered::Never { reason }) => return Ok(Err(reason)),
                Err(Unanswered::Later { reason, wait }) => (reason, wait),
            };
            match wait {
                Some(wait) if wait > self.patience.longest_wait => {
                    return Ok(Err(format!("{reason}; it asks for a wait of {} s", wait.as_secs())));
                }
                Some(_) if waits < self.patience.waits => waits += 1,
                _ => tries += 1,
            }
            if tries >= self.patience.tries {
                return Ok(Err(format!("{reason}, {tries} times")));
            }
            match wait {
                Some(wait) => self.pause(Some(wait)),
                None => rest(self.patience.backoff * (1 << (tries - 1).min(16)), stop)?,
            }
        }
    }

    /// Keeps everybody from asking for a while.
    fn pause(&self, pause: Option<Duration>) {
        let Some(until) = pause.and_then(|pause| Instant::now().checked_add(pause)) else { return };
        let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = (*quiet).max(until);
    }

    fn wait(&self, stop: &AtomicBool) -> Result<()> {
        loop {
            let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return rest(Duration::ZERO, stop),
                left => rest(left, stop)?,
            }
        }
    }
}

/// Sleeps in slices, so that Ctrl-C is heard.
fn rest(time: Duration, stop: &AtomicBool) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        match end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => return Ok(()),
            left => thread::sleep(left.min(Duration::from_millis(50))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::mbench::vlm::Answer;

    /// Says what it was told to, in turn; then "yes".
    #[derive(Default)]
    struct Scripted {
        script: Mutex<Vec<Result<Answer, Unanswered>>>,
        asked: Mutex<Vec<Instant>>,
    }

    impl Scripted {
        fn new(mut script: Vec<Result<Answer, Unanswered>>) -> Self {
            script.reverse();
            Self { script: Mutex::new(script), ..Self::default() }
        }

        fn asked(&self) -> Vec<Instant> {
            self.asked.lock().unwrap().clone()
        }
    }

    impl Judge for Scripted {
        fn name(&self) -> String {
            "scripted".into()
        }

        fn ask(&self, _: &str, _: &[u8]) -> Result<Answer, Unanswered> {
            self.asked.lock().unwrap().push(Instant::now());
            let next = self.script.lock().unwrap().pop();
            next.unwrap_or_else(|| Ok(Answer { text: "yes".into(), pause: None }))
        }
    }

    fn later(wait: Option<u64>) -> Result<Answer, Unanswered> {
        Err(Unanswered::Later { reason: "busy".into(), wait: wait.map(Duration::from_millis) })
    }

    fn quick() -> Patience {
        let (backoff, longest_wait) = (Duration::from_millis(20), Duration::from_millis(500));
        Patience { backoff, longest_wait, ..Patience::default() }
    }

    fn ask(judge: &Scripted) -> Result<Result<String, String>> {
        Bench::new(judge, None, quick()).unwrap().ask("?", b"video", &AtomicBool::new(false))
    }

    #[test]
    fn a_question_is_asked_three_times_with_growing_waits() {
        let judge = Scripted::new(vec![later(None), later(None), later(None), later(None)]);
        let reason = ask(&judge).unwrap().unwrap_err();
        assert!(reason.contains("busy") && reason.contains("3 times"), "{reason}");
        let asked = judge.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked[1] - asked[0] >= Duration::from_millis(20) && asked[2] - asked[1] >= Duration::from_millis(40));
    }

    #[test]
    fn waits_that_the_judge_asks_for_are_kept_and_are_no_tries() {
        let judge = Scripted::new((0..5).map(|_| later(Some(30))).collect());
        assert_eq!(ask(&judge).unwrap().unwrap(), "yes");
        let asked = judge.asked();
        assert_eq!(asked.len(), 6);
        assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(30)));
        let hours = Scripted::new(vec![later(Some(7_200_000))]);
        assert!(ask(&hours).unwrap().unwrap_err().contains("7200 s"));
        assert_eq!(hours.asked().len(), 1);
    }

    #[test]
    fn a_pause_that_comes_with_an_answer_holds_for_the_next_question() {
        let pause = Some(Duration::from_millis(60));
        let judge = Scripted::new(vec![Ok(Answer { text: "no".into(), pause })]);
        let bench = Bench::new(&judge, None, quick()).unwrap();
        let stop = AtomicBool::new(false);
        bench.ask("a", b"", &stop).unwrap().unwrap();
        bench.ask("b", b"", &stop).unwrap().unwrap();
        assert!(judge.asked()[1] - judge.asked()[0] >= Duration::from_millis(60));
    }

    #[test]
    fn an_answer_is_asked_for_once_also_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (Scripted::default(), Scripted::default());
        let ask = |judge: &Scripted, question: &str, video: &[u8]| {
            let bench = Bench::new(judge, Some(folder.path()), quick()).unwrap();
            bench.ask(question, video, &AtomicBool::new(false)).unwrap().unwrap()
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
        assert_eq!(second.asked().len(), 3, "a damaged answer is asked for again");
    }

    #[test]
    fn a_refusal_ends_the_run_and_a_stop_ends_the_waiting() {
        let refused = Scripted::new(vec![Err(Unanswered::Refused { reason: "no such model".into() })]);
        assert!(ask(&refused).unwrap_err().to_string().contains("no such model"));
        let judge = Scripted::new(vec![later(Some(400))]);
        let bench = Bench::new(&judge, None, quick()).unwrap();
        let stop = AtomicBool::new(false);
        let start = Instant::now();
        thread::scope(|scope| {
            let asking = scope.spawn(|| bench.ask("?", b"", &stop));
            thread::sleep(Duration::from_millis(50));
            stop.store(true, Ordering::Relaxed);
            assert!(matches!(asking.join().unwrap(), Err(Error::Cancelled)));
        });
        assert!(start.elapsed() < Duration::from_millis(300));
    }
}
