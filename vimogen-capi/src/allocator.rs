//! The allocator of the library: mimalloc, or the system's for those who look for memory errors.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU8, Ordering};

use mimalloc::MiMalloc;

/// Mimalloc, without which matrix products take up to twice as long; the system's allocator if the environment has
/// `VIMOGEN_SYSTEM_ALLOCATOR`, which valgrind and the sanitizers can inspect.
pub struct Allocator;

const UNDECIDED: u8 = 0;
const FAST: u8 = 1;
const SYSTEM: u8 = 2;

/// Decided once: a block must be freed by its own allocator.
static CHOICE: AtomicU8 = AtomicU8::new(UNDECIDED);

unsafe extern "C" {
    // Not std::env::var, which allocates.
    fn getenv(name: *const std::ffi::c_char) -> *const std::ffi::c_char;
}

#[cold]
fn decide() -> u8 {
    // SAFETY: the name ends with NUL. A program that changes its environment from another thread at its very first
    // call of this library races with us as with every other reader.
    let wish = unsafe { getenv(c"VIMOGEN_SYSTEM_ALLOCATOR".as_ptr()) };
    let choice = if wish.is_null() { FAST } else { SYSTEM };
    match CHOICE.compare_exchange(UNDECIDED, choice, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => choice,
        Err(first) => first,
    }
}

#[inline]
fn is_system() -> bool {
    match CHOICE.load(Ordering::Relaxed) {
        UNDECIDED => decide() == SYSTEM,
        choice => choice == SYSTEM,
    }
}

// SAFETY: every call goes to one of two allocators, always the same one.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of GlobalAlloc.
        unsafe { if is_system() { System.alloc(layout) } else { MiMalloc.alloc(layout) } }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { if is_system() { System.alloc_zeroed(layout) } else { MiMalloc.alloc_zeroed(layout) } }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from the same allocator.
        unsafe { if is_system() { System.dealloc(block, layout) } else { MiMalloc.dealloc(block, layout) } }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { if is_system() { System.realloc(block, layout, size) } else { MiMalloc.realloc(block, layout, size) } }
    }
}
