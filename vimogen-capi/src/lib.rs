//! C and C++ bindings of vimogen.
//!
//! So far this library answers one question, its version. The functions that load a pipeline and generate motions, the
//! headers `vimogen.h` and `vimogen.hpp` and an installable package come with the next milestone.
//!
//! Conventions that already hold: every name starts with `vimogen_`; no function panics or unwinds into the caller;
//! strings are UTF-8, end with NUL, and belong to the library unless their documentation says otherwise.

use std::ffi::{CStr, c_char};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the package version holds a NUL byte"),
};

/// The version of the library, such as `0.1.0`.
///
/// Never null. The string is static: it lives as long as the library is loaded and must not be freed. May be called
/// from any thread at any time.
// SAFETY: the name carries the library's prefix, so that it cannot stand in for another library's symbol.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_version() -> *const c_char {
    VERSION.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_packages_and_ends_with_nul() {
        // SAFETY: vimogen_version returns a static string that ends with NUL.
        let version = unsafe { CStr::from_ptr(vimogen_version()) };
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }
}
