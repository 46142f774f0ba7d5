//! The error type of the crate and its numeric codes, shared by all language bindings.

use std::path::{Path, PathBuf};

/// Result with the crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Error of any call of vimogen. The message names the argument, file or option at fault and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is out of its documented range.
    #[error("invalid {name}: {reason}")]
    InvalidArgument {
        /// Name of the argument or field.
        name: &'static str,
        /// The fault, and the accepted values.
        reason: String,
    },
    /// An array has the wrong shape.
    #[error("wrong shape of {name}, expected {expected}, got {got:?}")]
    Shape {
        /// Name of the array.
        name: String,
        /// Expected shape in symbols, such as `(T, 276)`.
        expected: String,
        /// Actual shape.
        got: Vec<usize>,
    },
    /// An array holds NaN or infinity.
    #[error("{name} holds a non-finite value at index {index:?}; replace it before passing the array in")]
    NonFinite {
        /// Name of the array.
        name: String,
        /// Index of the first non-finite value.
        index: Vec<usize>,
    },
    /// A file or folder does not exist.
    #[error("{what} not found: {path:?}; {}", remedy(.what))]
    NotFound {
        /// Kind of the missing item, such as `file`.
        what: String,
        /// Its path.
        path: PathBuf,
    },
    /// Reading or writing failed in the operating system.
    #[error("cannot {op} file: {source}, path: {path:?}")]
    Io {
        /// Failed operation: `read`, `write`, ...
        op: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file is damaged, hostile or not of the expected format.
    #[error("not a valid {format} file: {reason}, path: {path:?}")]
    Format {
        /// Expected format.
        format: &'static str,
        /// The fault.
        reason: String,
        /// The file; empty for bytes in memory.
        path: PathBuf,
    },
    /// A file declares more data than the limit allows.
    #[error("{what} needs {needed} bytes, the limit is {limit}")]
    TooLarge {
        /// Name of the data.
        what: String,
        /// Required size in bytes.
        needed: u64,
        /// Maximum size in bytes.
        limit: u64,
    },
    /// Weights do not fit the model.
    #[error("weights do not fit the model: {reason}")]
    Weights {
        /// The missing, unused and mis-shaped names.
        reason: String,
    },
    /// A configuration is inconsistent or unknown.
    #[error("invalid configuration, {field}: {reason}")]
    Config {
        /// The key at fault.
        field: String,
        /// The fault, and the accepted values.
        reason: String,
    },
    /// The model has no text encoder for prompts.
    #[error("this model cannot read prompts: {reason}")]
    NoTextEncoder {
        /// The missing files, and the alternatives.
        reason: String,
    },
    /// The device does not exist or was not compiled in.
    #[error("device {device:?} is not available: {reason}")]
    Device {
        /// Requested device.
        device: String,
        /// The cause, and the available devices.
        reason: String,
    },
    /// Processes that train together cannot go on.
    #[error("the processes cannot train together, {group}: {reason}")]
    ProcessGroup {
        /// How the processes communicate, such as `mpi`.
        group: String,
        /// The fault, and the remedy.
        reason: String,
    },
    /// The progress callback of the caller stopped the work.
    #[error("cancelled by the caller")]
    Cancelled,
    /// A loss in training, or a value in generation, is not finite.
    #[error("diverged: {reason}")]
    Diverged {
        /// The place, and possible causes.
        reason: String,
    },
    /// A bug in vimogen: an internal invariant did not hold.
    #[error("internal error, please report it: {reason}")]
    Internal {
        /// Message of the panic or of the failed call.
        reason: String,
    },
}

/// Start of the name of a folder that has to exist before a file is written into it.
const FOLDER_TO_WRITE: &str = "folder for the file";

/// Remedy for something that is missing.
fn remedy(what: &str) -> &'static str {
    if what.starts_with(FOLDER_TO_WRITE) { "create it first" } else { "check the path" }
}

macro_rules! error_codes {
    ($($Kind:ident = $code:literal,)+) => {
        /// Stable codes of the [`enum@Error`] kinds, grouped by hundreds and never renumbered.
        ///
        /// The C status and the Python exception classes are derived from this table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = concat!("[`Error::", stringify!($Kind), "`]")] $Kind = $code,)+
        }

        impl Error {
            /// Stable code of this kind of error.
            pub fn code(&self) -> ErrorCode {
                match self {
                    $(Self::$Kind { .. } => ErrorCode::$Kind,)+
                }
            }
        }
    };
}

error_codes! {
    InvalidArgument = 100,
    Shape = 101,
    NonFinite = 102,
    NotFound = 200,
    Io = 201,
    Format = 202,
    TooLarge = 203,
    Weights = 300,
    Config = 301,
    NoTextEncoder = 302,
    Device = 400,
    ProcessGroup = 401,
    Cancelled = 500,
    Diverged = 501,
    Internal = 900,
}

impl Error {
    /// An [`Error::InvalidArgument`].
    pub fn invalid(name: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidArgument { name, reason: reason.into() }
    }

    /// An [`Error::Shape`].
    pub fn shape(name: impl Into<String>, expected: impl Into<String>, got: &[usize]) -> Self {
        Self::Shape { name: name.into(), expected: expected.into(), got: got.to_vec() }
    }

    /// An [`Error::Config`].
    pub fn config(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config { field: field.into(), reason: reason.into() }
    }

    /// An [`Error::Format`] without a file; [`Error::with_path`] adds it.
    pub fn format(format: &'static str, reason: impl Into<String>) -> Self {
        Self::Format { format, reason: reason.into(), path: PathBuf::new() }
    }

    /// An [`Error::Internal`]: a call failed that cannot fail unless vimogen has a bug.
    pub fn internal(reason: impl ToString) -> Self {
        Self::Internal { reason: reason.to_string() }
    }

    /// An I/O error on a file; a missing file becomes [`Error::NotFound`], which names the folder if that is missing.
    pub fn io(op: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let path = path.as_ref();
        if source.kind() != std::io::ErrorKind::NotFound {
            return Self::Io { op, path: path.to_path_buf(), source };
        }
        match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            Some(folder) => {
                let start = if op == "write" { FOLDER_TO_WRITE } else { "folder of" };
                let what = format!("{start} {:?}", path.file_name().unwrap_or_default());
                Self::NotFound { what, path: folder.to_path_buf() }
            }
            None => Self::NotFound { what: "file".into(), path: path.to_path_buf() },
        }
    }

    /// Adds the file to an error about its contents, or about reading or writing it, if the error names none.
    pub fn with_path(mut self, file: impl AsRef<Path>) -> Self {
        let file = file.as_ref();
        match &mut self {
            Self::Format { path, .. } | Self::Io { path, .. } if path.as_os_str().is_empty() => *path = file.into(),
            // A quoted part of a name is a path.
            Self::Shape { name, .. } | Self::NonFinite { name, .. } if !name.contains('"') => {
                *name = format!("{name} of {file:?}");
            }
            Self::InvalidArgument { reason, .. } if !reason.contains(&format!("{file:?}")) => {
                *reason = format!("{reason}, path: {file:?}");
            }
            _ => {}
        }
        self
    }
}

/// Returns [`Error::NonFinite`] if any of `values` is NaN or infinite.
pub fn check_finite<D: ndarray::Dimension>(name: &str, values: &ndarray::ArrayView<'_, f32, D>) -> Result<()> {
    if all_finite(values) {
        return Ok(());
    }
    let Some(mut rest) = values.iter().position(|v| !v.is_finite()) else { return Ok(()) };
    let mut index = values.shape().to_vec();
    for place in index.iter_mut().rev() {
        (rest, *place) = (rest / *place, rest % *place);
    }
    Err(Error::NonFinite { name: name.into(), index })
}

/// Whether all of `values` are finite. A search for the first that is not would cost ten times as much.
pub(crate) fn all_finite<D: ndarray::Dimension>(values: &ndarray::ArrayView<'_, f32, D>) -> bool {
    match values.as_slice_memory_order() {
        Some(values) => values.chunks(64).all(|part| part.iter().fold(true, |all, v| all & v.is_finite())),
        None => values.iter().all(|v| v.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_not_found_and_others_keep_their_cause() {
        let missing = Error::io("read", "a.npy", std::io::ErrorKind::NotFound.into());
        assert_eq!(missing.code(), ErrorCode::NotFound);
        let denied = Error::io("read", "a.npy", std::io::ErrorKind::PermissionDenied.into());
        assert_eq!(denied.code(), ErrorCode::Io);
        assert!(std::error::Error::source(&denied).is_some());
    }

    #[test]
    fn a_missing_folder_is_named_instead_of_the_file_in_it() {
        let text = |op, path: &str| Error::io(op, path, std::io::ErrorKind::NotFound.into()).to_string();
        let written = text("write", "no/such/folder/walk.npz");
        assert_eq!(written, "folder for the file \"walk.npz\" not found: \"no/such/folder\"; create it first");
        let read = text("read", "no/such/folder/walk.npz");
        assert_eq!(read, "folder of \"walk.npz\" not found: \"no/such/folder\"; check the path");
        assert_eq!(text("read", "walk.npz"), "file not found: \"walk.npz\"; check the path");
    }

    #[test]
    fn an_error_without_a_file_is_given_one_and_keeps_one_that_it_has() {
        let full = || std::io::ErrorKind::StorageFull.into();
        let errors = [
            Error::format("GIF", "cut short"),
            Error::io("write", "", full()),
            Error::invalid("joints", "one frame"),
            Error::shape("joints", "(T, 22, 3)", &[1]),
            Error::NonFinite { name: "joints".into(), index: vec![0] },
        ];
        for error in errors {
            let text = error.with_path("walk.gif").with_path("walk.gif").to_string();
            assert_eq!(text.matches("\"walk.gif\"").count(), 1, "{text}");
        }
        let text = Error::format("GIF", "cut short").with_path("walk.gif").with_path("other.gif").to_string();
        assert!(text.ends_with("path: \"walk.gif\""), "{text}");
    }

    #[test]
    fn check_finite_names_the_first_bad_element() {
        let a = ndarray::array![[1.0, 2.0], [3.0, f32::NAN]];
        let text = check_finite("features", &a.view()).unwrap_err().to_string();
        assert!(text.contains("features") && text.contains("[1, 1]"), "{text}");
        for index in [[0usize, 0, 0], [99, 21, 2], [31, 5, 1]] {
            let mut joints = ndarray::Array3::<f32>::zeros((100, 22, 3));
            joints[index] = f32::NEG_INFINITY;
            let found = |error: Result<()>| match error {
                Err(Error::NonFinite { index, .. }) => index,
                other => panic!("{other:?}"),
            };
            assert_eq!(found(check_finite("joints", &joints.view())), index);
            assert_eq!(found(check_finite("joints", &joints.view().into_dyn())), index);
            assert_eq!(found(check_finite("joints", &joints.slice(ndarray::s![..;1, ..;-1, ..])))[1], 21 - index[1]);
        }
    }
}
