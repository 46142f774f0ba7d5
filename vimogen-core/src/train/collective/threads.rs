//! Threads of one process as a group.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Collective, unavailable};
use crate::error::Result;

/// A member of a group of threads, for tests and for devices that one process drives.
pub struct Threads {
    rank: usize,
    group: Arc<Group>,
}

struct Group {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The members' terms of the current sum.
    brought: Vec<Option<Vec<f32>>>,
    /// Number of the current sum.
    round: u64,
    /// The last sum.
    sum: Arc<Vec<f32>>,
    /// Whether a member is gone.
    broken: bool,
}

impl Threads {
    /// A group of `size` members, each to be moved to a thread of its own. One that is dropped ends the group.
    pub fn group(size: usize) -> Vec<Self> {
        let state = State { brought: (0..size).map(|_| None).collect(), ..State::default() };
        let group = Arc::new(Group { size, state: Mutex::new(state), changed: Condvar::new() });
        (0..size).map(|rank| Self { rank, group: group.clone() }).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.group.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.lock().broken = true;
        self.group.changed.notify_all();
    }
}

impl Collective for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.group.size
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        let mut state = self.lock();
        let round = state.round;
        state.brought[self.rank] = Some(values.to_vec());
        if state.brought.iter().all(Option::is_some) {
            state.sum = Arc::new(sum(state.brought.iter_mut().filter_map(Option::take))?);
            state.round += 1;
            self.group.changed.notify_all();
        }
        while state.round == round {
            if state.broken {
                return Err(unavailable("threads", "one of the group is gone"));
            }
            state = self.group.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let sum = state.sum.clone();
        drop(state);
        values.copy_from_slice(&sum);
        Ok(())
    }
}

/// The sum in the order of the ranks.
fn sum(mut parts: impl Iterator<Item = Vec<f32>>) -> Result<Vec<f32>> {
    let mut sum = parts.next().unwrap_or_default();
    for part in parts {
        if part.len() != sum.len() {
            let reason = format!("the members have {} and {} values", sum.len(), part.len());
            return Err(unavailable("threads", &reason));
        }
        sum.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
    }
    Ok(sum)
}
