//! C and C++ bindings of vimogen: a thin `extern "C"` over `vimogen-core`.
//!
//! What a caller must know stands in the opening comment of `include/vimogen.h`, whose source is `src/header.h`; cbindgen
//! makes the rest of that file from the items of this crate, in the order of the modules below. Every function goes
//! through [`status::guard`] (no panic crosses, errors become a status and a message) and reads its arguments through
//! [`edge`] (no pointer is followed unchecked).
#![allow(non_camel_case_types, reason = "types have the names of the C header")]

mod allocator;
mod edge;
mod enums;
mod evaluate;
mod generate;
mod motion;
mod pipeline;
mod render;
mod rotation;
mod status;
#[cfg(test)]
mod tests;
mod trainer;
mod version;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;
