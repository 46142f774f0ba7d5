//! The version of the library and of its interface.

use std::ffi::{CStr, c_char};

/// Version of the headers: compare with `vimogen_version`.
pub const VIMOGEN_VERSION_MAJOR: u32 = 0;
/// See `VIMOGEN_VERSION_MAJOR`.
pub const VIMOGEN_VERSION_MINOR: u32 = 1;
/// See `VIMOGEN_VERSION_MAJOR`.
pub const VIMOGEN_VERSION_PATCH: u32 = 0;
/// Version of the binary interface. A program runs with every library of the same version; it allows new functions and
/// struct fields, and no moves or removals.
pub const VIMOGEN_ABI_VERSION: u32 = 1;

const _: () = assert!(
    is(VIMOGEN_VERSION_MAJOR, env!("CARGO_PKG_VERSION_MAJOR"))
        && is(VIMOGEN_VERSION_MINOR, env!("CARGO_PKG_VERSION_MINOR"))
        && is(VIMOGEN_VERSION_PATCH, env!("CARGO_PKG_VERSION_PATCH")),
    "the header's version is not the package's"
);

const fn is(number: u32, text: &str) -> bool {
    matches!(u32::from_str_radix(text, 10), Ok(parsed) if parsed == number)
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the package version holds a NUL byte"),
};

/// The version of the library, such as `"0.1.0"`. Static, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_version() -> *const c_char {
    VERSION.as_ptr()
}

/// `VIMOGEN_ABI_VERSION` of the loaded library, to compare with the header's.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_abi_version() -> u32 {
    VIMOGEN_ABI_VERSION
}
