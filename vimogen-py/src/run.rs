//! Long work: it runs without the GIL, panics and errors become exceptions, Ctrl-C and callbacks can stop it.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBool;
use vimogen_core::progress::{OnProgress, stopped_by};
use vimogen_core::{Error, Progress, Result, process};

use crate::error::{OrRaise, raise};

/// Pause between two looks for Ctrl-C.
const POLL: Duration = Duration::from_millis(50);
/// Time that work has to stop after Ctrl-C, so that it leaves no temporary file.
const FAREWELL: Duration = Duration::from_millis(600);
/// Stack of a thread that works for the caller, as large as the caller's usually is.
const STACK: usize = 8 << 20;

/// Runs `work` without the GIL.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.check_signals()?;
    let stays = is_main(py);
    match py.detach(|| catch_unwind(AssertUnwindSafe(|| process::run(stays, work)))) {
        Ok(result) => result.or_raise(py),
        Err(panic) => Err(raise(py, &Error::Internal { reason: message(panic.as_ref()) })),
    }
}

/// Runs `work`, which calls nobody, on a thread of its own without the GIL. Ctrl-C asks it to stop, see [`stopped_by`]. Work
/// that does not stop at once is left to itself: its result is dropped, and files that it writes keep what they had.
pub fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    py.check_signals()?;
    let (send, mut receive) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let run = move || {
        let work = || process::run(false, || stopped_by(&asked, work));
        // Nobody may wait for the result after Ctrl-C.
        let _ = send.send(catch_unwind(AssertUnwindSafe(work)));
    };
    let thread = std::thread::Builder::new().name("vimogen".into()).stack_size(STACK).spawn(run);
    let thread = thread.map_err(|e| raise(py, &Error::internal(format!("no thread to work on: {e}"))))?;
    let result = loop {
        let (result, again) = py.detach(move || (receive.recv_timeout(POLL), receive));
        receive = again;
        match result {
            Err(RecvTimeoutError::Timeout) => {
                if let Err(raised) = py.check_signals() {
                    stop.store(true, Ordering::Relaxed);
                    let _ = py.detach(move || receive.recv_timeout(FAREWELL));
                    return Err(raised);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(raise(py, &Error::internal("the thread has no result"))),
            Ok(result) => break result,
        }
    };
    // A fork of the process must not meet a thread that is ending.
    let _ = py.detach(|| thread.join());
    match result {
        Ok(result) => result.or_raise(py),
        Err(panic) => Err(raise(py, &Error::internal(message(panic.as_ref())))),
    }
}

/// Whether this is the thread that Python sends signals to; only a forked process needs to know.
fn is_main(py: Python<'_>) -> bool {
    let ask = || -> PyResult<bool> {
        let threading = py.import("threading")?;
        let thread = threading.call_method0("current_thread")?;
        Ok(thread.is(&threading.call_method0("main_thread")?))
    };
    process::is_forked() && ask().unwrap_or(false)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| s.to_string()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".into())
}

/// Runs `work` without the GIL and takes it back at each step, to handle signals and to call `callback`.
///
/// `callback(stage, step, total)` cancels by returning False or by raising; its exception is raised here.
pub fn with_progress<T: Send>(
    py: Python<'_>,
    callback: Option<Py<PyAny>>,
    work: impl FnOnce(&mut OnProgress<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let mut raised: Option<PyErr> = None;
    let result = detached(py, || {
        let mut on_progress = |progress: Progress| match Python::attach(|py| notify(py, callback.as_ref(), progress)) {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                raised = Some(error);
                ControlFlow::Break(())
            }
        };
        work(&mut on_progress)
    });
    match raised {
        Some(error) => Err(error),
        None => result,
    }
}

/// Calls the callback and returns whether to continue.
fn notify(py: Python<'_>, callback: Option<&Py<PyAny>>, progress: Progress) -> PyResult<bool> {
    py.check_signals()?;
    let Some(callback) = callback else { return Ok(true) };
    let answer = callback.call1(py, (progress.stage.name(), progress.step, progress.total))?;
    Ok(!answer.bind(py).is(&*PyBool::new(py, false)))
}
