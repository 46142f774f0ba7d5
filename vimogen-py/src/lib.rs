//! Python bindings of vimogen: the extension module `_vimogen`, which the Python package `vimogen` wraps.
//!
//! So far the module holds `__version__` only. `Pipeline`, `Motion` and the rest, the Python package around them and
//! wheels come with the next milestone.

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Text to 3D human motion.
#[pymodule]
mod _vimogen {
    /// The version of the extension module, equal to the package's.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python fixes the name")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
