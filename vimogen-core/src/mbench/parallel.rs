//! Work on several threads whose results are collected on the calling one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::error::Result;
use crate::process;

/// Maximum number of jobs.
pub(super) const MAX_JOBS: usize = 256;

/// Calls `work` for `0..count` on `jobs` threads, and `take` on the calling thread for each result. The first error of
/// either ends the run.
pub(super) fn in_parallel<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize, &AtomicBool) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let start = |_| {
            let send = send.clone();
            let (next, stop, work) = (&next, &stop, &work);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count || send.send((i, process::run(false, || work(i, stop)))).is_err() {
                        return;
                    }
                }
            })
        };
        let threads: Vec<_> = (0..jobs).map(start).collect();
        drop(send);
        let outcome = receive.iter().try_for_each(|(i, made)| take(i, made?));
        stop.store(true, Ordering::Relaxed);
        process::join(threads);
        outcome
    })
}
