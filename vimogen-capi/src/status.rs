//! Statuses, the last error of a thread, and the guard that every function goes through.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use vimogen_core::{Error, ErrorCode, Result, process};

/// Result of a call. The codes are the same in every language and never change. Later versions may add codes: treat an
/// unknown one as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum vimogen_status {
    /// Success.
    Ok = 0,
    /// An argument is out of range, NULL, not UTF-8, an unknown enum value or a struct of unknown size.
    InvalidArgument = 100,
    /// An array has the wrong shape.
    Shape = 101,
    /// An array holds NaN or infinity.
    NonFinite = 102,
    /// A file or folder does not exist.
    NotFound = 200,
    /// Reading or writing failed in the operating system.
    Io = 201,
    /// A file is damaged, hostile or of another format.
    Format = 202,
    /// Something is larger than the limit allows.
    TooLarge = 203,
    /// Weights do not fit the model.
    Weights = 300,
    /// A configuration is inconsistent or unknown.
    Config = 301,
    /// The model has no text encoder: pass embeddings instead of a prompt.
    NoTextEncoder = 302,
    /// The device does not exist or was not compiled in.
    Device = 400,
    /// Processes that train together cannot go on.
    ProcessGroup = 401,
    /// The progress callback requested a stop.
    Cancelled = 500,
    /// A value is no longer finite.
    Diverged = 501,
    /// A bug in vimogen.
    Internal = 900,
}

/// Every status with its name; a test compares them with the core's table of codes.
pub const STATUSES: [(vimogen_status, &CStr); 16] = [
    (vimogen_status::Ok, c"Ok"),
    (vimogen_status::InvalidArgument, c"InvalidArgument"),
    (vimogen_status::Shape, c"Shape"),
    (vimogen_status::NonFinite, c"NonFinite"),
    (vimogen_status::NotFound, c"NotFound"),
    (vimogen_status::Io, c"Io"),
    (vimogen_status::Format, c"Format"),
    (vimogen_status::TooLarge, c"TooLarge"),
    (vimogen_status::Weights, c"Weights"),
    (vimogen_status::Config, c"Config"),
    (vimogen_status::NoTextEncoder, c"NoTextEncoder"),
    (vimogen_status::Device, c"Device"),
    (vimogen_status::ProcessGroup, c"ProcessGroup"),
    (vimogen_status::Cancelled, c"Cancelled"),
    (vimogen_status::Diverged, c"Diverged"),
    (vimogen_status::Internal, c"Internal"),
];

impl From<ErrorCode> for vimogen_status {
    fn from(code: ErrorCode) -> Self {
        let found = STATUSES.iter().find(|(status, _)| *status as i32 == code as i32);
        found.map_or(Self::Internal, |(status, _)| *status)
    }
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::new(CString::default());
}

/// Runs the body of a function. An `Err` or a panic becomes a status and the thread's last error.
pub fn guard(f: impl FnOnce() -> Result<()>) -> vimogen_status {
    let error = match catch_unwind(AssertUnwindSafe(|| run(f))) {
        Ok(Ok(())) => return vimogen_status::Ok,
        Ok(Err(error)) => error,
        Err(panic) => {
            let reason = match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
                (Some(text), _) => text.clone(),
                (None, Some(text)) => (*text).into(),
                (None, None) => "a panic without a message".into(),
            };
            // Dropping a payload of unknown type could panic again, outside of any guard.
            std::mem::forget(panic);
            Error::Internal { reason }
        }
    };
    remember(&error);
    error.code().into()
}

/// Runs `f` where its parallel parts have threads, also in a process that was forked.
fn run(f: impl FnOnce() -> Result<()>) -> Result<()> {
    let f = Lent(f);
    process::run(true, move || f.call())
}

/// Body of a function that another thread runs while the caller waits for it.
struct Lent<F>(F);

// SAFETY: the caller's thread waits until the body has run, so what the body refers to is used by one thread at a time, and
// bodies use no variables of a thread.
unsafe impl<F> Send for Lent<F> {}

impl<F: FnOnce() -> Result<()>> Lent<F> {
    fn call(self) -> Result<()> {
        (self.0)()
    }
}

fn remember(error: &Error) {
    let text: Vec<u8> = error.to_string().into_bytes().into_iter().filter(|byte| *byte != 0).collect();
    // While a thread ends its variables may be gone; then there is nobody to read the message either.
    let _ = LAST_ERROR.try_with(|last| {
        if let (Ok(text), Ok(mut last)) = (CString::new(text), last.try_borrow_mut()) {
            *last = text;
        }
    });
}

/// Message of the last failed call on this thread, with fault and remedy: UTF-8, never NULL, empty if no call has failed.
///
/// It belongs to the library and is valid until the next call on this thread that fails, or the thread ends. A call that
/// succeeds does not change it.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_last_error() -> *const c_char {
    let text = catch_unwind(|| LAST_ERROR.try_with(|last| last.try_borrow().map(|last| last.as_ptr())));
    match text {
        Ok(Ok(Ok(text))) => text,
        _ => c"".as_ptr(),
    }
}

/// The name of a status, such as `"NotFound"`. Static, never NULL; `"unknown"` for an unknown code.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_status_name(status: i32) -> *const c_char {
    let found = STATUSES.iter().find(|(known, _)| *known as i32 == status);
    found.map_or(c"unknown", |(_, name)| *name).as_ptr()
}

/// Frees a string that a function of this library returned through a `char **`. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_string_free(string: *mut c_char) -> vimogen_status {
    guard(|| {
        if !string.is_null() {
            // SAFETY: it came from CString::into_raw, by the conventions of the header.
            drop(unsafe { CString::from_raw(string) });
        }
        Ok(())
    })
}
