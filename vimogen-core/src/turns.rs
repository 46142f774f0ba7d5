//! Turns of the callers that want the thread pool at the same time.
//!
//! A thread of the pool that waits for a part of its job takes another job meanwhile. Without a bound the steps of hundreds
//! of callers would be stacked inside one another, until the stack of a thread ends, and the first caller would be the last
//! to finish. Here a few callers are in the pool, the others wait outside in the order in which they came.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::process::{self, Instant};

/// Pause between two questions whether a waiting caller wants to go on waiting.
const POLL: Duration = Duration::from_millis(100);
/// Time for which the place of a caller is kept between two of its steps.
const KEEP: Duration = Duration::from_millis(2);

static QUEUE: Mutex<Queue> = Mutex::new(Queue { process: 0, next: 0, running: 0, callers: BTreeMap::new() });

/// The callers that have taken a turn.
struct Queue {
    /// The process of the callers.
    process: u32,
    /// Number of the next caller.
    next: u64,
    /// Callers that are in the pool.
    running: usize,
    callers: BTreeMap<u64, State>,
}

enum State {
    Running,
    Waiting(Arc<Condvar>),
    /// Outside of the pool since a moment, between two steps.
    Away(Option<Instant>),
}

impl Queue {
    fn lock() -> MutexGuard<'static, Self> {
        let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
        let this = process::this_process();
        if queue.process != this {
            // A forked process has none of the threads that were in the pool.
            (queue.process, queue.running) = (this, 0);
            queue.callers.clear();
        }
        queue
    }

    /// How long to wait until asking again; `None` if the caller may enter. Those who came earlier go first.
    fn obstacle(&self, number: u64, places: usize) -> Option<Duration> {
        let (mut taken, mut pause) = (self.running, POLL);
        for state in self.callers.range(..number).map(|(_, state)| state) {
            if taken >= places {
                break;
            }
            match state {
                State::Waiting(_) => taken += 1,
                State::Away(Some(since)) if since.elapsed() < KEEP => (taken, pause) = (taken + 1, KEEP),
                State::Running | State::Away(_) => {}
            }
        }
        (taken >= places).then_some(pause)
    }

    /// Wakes the first caller that waits, to look at its obstacle again.
    fn wake(&self) {
        let first = self.callers.values().find_map(|state| match state {
            State::Waiting(wake) => Some(wake),
            _ => None,
        });
        if let Some(wake) = first {
            wake.notify_one();
        }
    }
}

/// A place in the order of callers, kept until it is dropped.
pub(crate) struct Turn {
    /// `None` for a thread of the pool, which works inside the turn of another caller.
    number: Option<u64>,
}

impl Turn {
    /// The next turn.
    pub fn take() -> Self {
        if process::is_in_pool() {
            return Self { number: None };
        }
        let mut queue = Queue::lock();
        let number = queue.next;
        queue.next += 1;
        queue.callers.insert(number, State::Away(None));
        Self { number: Some(number) }
    }

    /// Runs `f`, one step of the caller's work, once it may enter the pool. While the caller waits, `waiting` is called ten
    /// times a second; its error ends the waiting.
    ///
    /// # Errors
    /// Those of `waiting`.
    pub fn step<T>(&self, waiting: &mut dyn FnMut() -> Result<()>, f: impl FnOnce() -> T) -> Result<T> {
        let Some(number) = self.number else { return Ok(f()) };
        enter(number, waiting)?;
        let _inside = Inside(number);
        Ok(f())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut queue = Queue::lock();
            queue.callers.remove(&number);
            queue.wake();
        }
    }
}

/// Number of callers in the pool at a time: a step of a small model keeps two threads busy.
fn places() -> usize {
    (process::threads() / 2).max(1)
}

fn enter(number: u64, waiting: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    let places = places();
    let (wake, mut asked) = (Arc::new(Condvar::new()), Instant::now());
    let mut queue = Queue::lock();
    while let Some(pause) = queue.obstacle(number, places) {
        queue.callers.insert(number, State::Waiting(wake.clone()));
        queue = wake.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        if asked.elapsed() >= POLL {
            drop(queue);
            let answer = waiting();
            asked = Instant::now();
            queue = Queue::lock();
            if answer.is_err() {
                queue.callers.insert(number, State::Away(None));
                queue.wake();
                return answer;
            }
        }
    }
    queue.callers.insert(number, State::Running);
    queue.running += 1;
    // There may be room for more than one.
    queue.wake();
    Ok(())
}

/// Leaves the pool when it is dropped, also by a panic.
struct Inside(u64);

impl Drop for Inside {
    fn drop(&mut self) {
        let mut queue = Queue::lock();
        queue.running -= 1;
        queue.callers.insert(self.0, State::Away(Some(Instant::now())));
        queue.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::error::Error;

    /// The queue is one for the process, so its tests are one test.
    #[test]
    fn callers_enter_in_the_order_in_which_they_came_and_few_at_a_time() {
        const CALLERS: usize = 64;
        const STEPS: usize = 5;
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let finished = Mutex::new(Vec::new());
        let start = Barrier::new(CALLERS);
        let turns: Vec<Turn> = (0..CALLERS).map(|_| Turn::take()).collect();
        thread::scope(|scope| {
            for (i, turn) in turns.into_iter().enumerate() {
                let (inside, most, finished, start) = (&inside, &most, &finished, &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..STEPS {
                        let step = || {
                            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            thread::sleep(Duration::from_millis(1));
                            inside.fetch_sub(1, Ordering::SeqCst);
                        };
                        turn.step(&mut || Ok(()), step).unwrap();
                    }
                    finished.lock().unwrap().push(i);
                });
            }
        });
        assert!(most.into_inner() <= places());
        let finished = finished.into_inner().unwrap();
        let late = finished.iter().enumerate().map(|(place, i)| place.abs_diff(*i)).max();
        assert!(late.unwrap() <= 8 + 2 * places(), "{finished:?}");
        a_caller_can_stop_waiting_and_a_panic_frees_its_place();
    }

    fn a_caller_can_stop_waiting_and_a_panic_frees_its_place() {
        let holders: Vec<Turn> = (0..places()).map(|_| Turn::take()).collect();
        let (entered, leave) = (Barrier::new(places() + 1), Barrier::new(places() + 1));
        thread::scope(|scope| {
            for turn in &holders {
                let (entered, leave) = (&entered, &leave);
                let hold = move || {
                    entered.wait();
                    leave.wait();
                };
                scope.spawn(move || turn.step(&mut || Ok(()), hold).unwrap());
            }
            entered.wait();
            let mut asked = 0;
            let mut impatient = || {
                asked += 1;
                if asked < 3 { Ok(()) } else { Err(Error::Cancelled) }
            };
            let stopped = Turn::take().step(&mut impatient, || unreachable!("all places are taken"));
            assert!(matches!(stopped, Err(Error::Cancelled)));
            leave.wait();
        });
        drop(holders);
        for _ in 0..2 * places() {
            let panicking = || Turn::take().step(&mut || Ok(()), || panic!("in a step"));
            assert!(std::panic::catch_unwind(panicking).is_err());
        }
        assert_eq!(Turn::take().step(&mut || Ok(()), || 5).unwrap(), 5);
    }
}
