//! Batches of clips in a seeded order, and threads that make them ahead of the step.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;

use super::batch::{Sample, collate};
use super::corruption::Corruption;
use super::dataset::ClipDataset;
use super::synth_loader::ProceduralLoader;
use crate::error::{Error, Result};
use crate::process::with_pool;
use crate::train::TrainBatch;

/// Sets the order of clips, the samples and the corruption of references apart from each other and from the weights.
const ORDER: u64 = 0x0000_0bd3_5eed;
const SAMPLES: u64 = 0x5a3b_1e5e_ed00;
const CORRUPTION: u64 = 0xc0bb_0b7e_d000;
/// Orders that are kept: those of an epoch and of the one that begins while it ends.
const KEPT_ORDERS: usize = 2;

/// A source of batches; number `step` is a function of the step alone, so that a resumed run sees what it would have seen.
pub trait Batches: Send + Sync {
    /// The batch of a step.
    ///
    /// # Errors
    /// Those of the data.
    fn batch(&self, step: usize) -> Result<TrainBatch>;
}

impl Batches for ProceduralLoader {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        Self::batch(self, step)
    }
}

/// Batches of a data set of files. Each epoch has a new order of all clips; a batch may span two epochs.
pub struct ClipLoader {
    dataset: Arc<ClipDataset>,
    corruption: Corruption,
    seed: u64,
    batch_size: usize,
    /// This process among all that train together.
    rank: usize,
    ranks: usize,
    orders: Mutex<BTreeMap<usize, Arc<Vec<u32>>>>,
}

impl ClipLoader {
    /// Batches of `batch_size` clips.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a batch of no clip.
    pub fn new(dataset: Arc<ClipDataset>, corruption: Corruption, seed: u64, batch_size: usize) -> Result<Self> {
        if batch_size == 0 {
            return Err(Error::invalid("batch_size", "0; a batch needs a clip"));
        }
        Ok(Self { dataset, corruption, seed, batch_size, rank: 0, ranks: 1, orders: Mutex::default() })
    }

    /// The part of process `rank` of `ranks`: step `s` of all processes together covers `ranks * batch_size` clips.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `rank < ranks`.
    pub fn for_rank(mut self, rank: usize, ranks: usize) -> Result<Self> {
        if rank >= ranks {
            return Err(Error::invalid("rank", format!("{rank} is not below {ranks}")));
        }
        (self.rank, self.ranks) = (rank, ranks);
        Ok(self)
    }

    /// The clips.
    pub fn dataset(&self) -> &ClipDataset {
        &self.dataset
    }

    /// The epoch in which a step begins.
    pub fn epoch(&self, step: usize) -> usize {
        step * self.batch_size * self.ranks / self.dataset.len()
    }

    /// Number of the clip at a position of the endless sequence of epochs.
    fn clip_at(&self, position: usize) -> usize {
        let (epoch, place) = (position / self.dataset.len(), position % self.dataset.len());
        self.order(epoch)[place] as usize
    }

    fn order(&self, epoch: usize) -> Arc<Vec<u32>> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.get(&epoch) {
            return order.clone();
        }
        let mut order: Vec<u32> = (0..self.dataset.len() as u32).collect();
        order.shuffle(&mut stream(self.seed ^ ORDER, epoch));
        while orders.len() >= KEPT_ORDERS {
            orders.pop_first();
        }
        orders.entry(epoch).or_insert(Arc::new(order)).clone()
    }

    fn sample(&self, position: usize) -> Result<Sample> {
        self.dataset.sample(self.clip_at(position), &mut stream(self.seed ^ SAMPLES, position))
    }
}

fn stream(seed: u64, number: usize) -> ChaCha12Rng {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(number as u64);
    rng
}

impl Batches for ClipLoader {
    fn batch(&self, step: usize) -> Result<TrainBatch> {
        let part = step * self.ranks + self.rank;
        let first = part * self.batch_size;
        let samples = (first..first + self.batch_size).map(|position| self.sample(position));
        collate(samples.collect::<Result<_>>()?, &self.corruption, &mut stream(self.seed ^ CORRUPTION, part))
    }
}

/// Threads that make batches ahead of the step that takes them, in the order of steps for any number of threads.
pub struct Prefetch {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    waited: Duration,
}

struct Shared {
    source: Arc<dyn Batches>,
    ahead: usize,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    /// Step that the next free thread begins.
    begin: usize,
    /// Step that is taken next.
    take: usize,
    ready: BTreeMap<usize, Result<TrainBatch>>,
    stop: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
    }

    /// The work of a thread until it is stopped.
    fn work(&self) {
        loop {
            let mut queue = self.lock();
            while !queue.stop && queue.begin >= queue.take + self.ahead {
                queue = self.wait(queue);
            }
            if queue.stop {
                return;
            }
            let step = queue.begin;
            queue.begin += 1;
            drop(queue);
            // A panic would leave the step waiting for ever.
            let make = || with_pool(|| self.source.batch(step)).flatten();
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make));
            let made = made.unwrap_or_else(|_| Err(Error::internal(format!("making batch {step} failed"))));
            self.lock().ready.insert(step, made);
            self.changed.notify_all();
        }
    }
}

impl Prefetch {
    /// Begins with the batch of step `first`; at most `ahead` batches are in memory.
    ///
    /// # Errors
    /// [`Error::Internal`] if no thread can be had.
    pub fn new(source: Arc<dyn Batches>, first: usize, workers: usize, ahead: usize) -> Result<Self> {
        let queue = Mutex::new(Queue { begin: first, take: first, ready: BTreeMap::new(), stop: false });
        let shared = Arc::new(Shared { source, ahead: ahead.max(1), queue, changed: Condvar::new() });
        let mut prefetch = Self { shared, threads: vec![], waited: Duration::ZERO };
        for i in 0..workers.max(1) {
            let shared = prefetch.shared.clone();
            let thread = std::thread::Builder::new().name(format!("loader-{i}")).spawn(move || shared.work());
            let thread = thread.map_err(|e| Error::internal(format!("no thread to load with: {e}")))?;
            prefetch.threads.push(thread);
        }
        Ok(prefetch)
    }

    /// The batch of the next step.
    ///
    /// # Errors
    /// Those of the source.
    pub fn take(&mut self) -> Result<TrainBatch> {
        let start = Instant::now();
        let mut queue = self.shared.lock();
        let step = queue.take;
        let batch = loop {
            match queue.ready.remove(&step) {
                Some(batch) => break batch,
                None => queue = self.shared.wait(queue),
            }
        };
        queue.take += 1;
        drop(queue);
        self.shared.changed.notify_all();
        self.waited += start.elapsed();
        batch
    }

    /// Time spent in [`Prefetch::take`] so far: what the data kept the steps waiting.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has reported the step.
            let _ = thread.join();
        }
    }
}
