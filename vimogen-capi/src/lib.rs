//! C and C++ bindings of vimogen: a thin `extern "C"` over `vimogen-core`.
//!
//! The opening comment of `include/vimogen.h`, from `src/header.h`, holds the conventions for callers; cbindgen makes the
//! rest of that file from the items of this crate, in the order of the modules below. Every function goes
//! through [`status::guard`] (no panic crosses, errors become a status and a message) and reads its arguments through
//! [`edge`] (no pointer is followed unchecked).
#![allow(non_camel_case_types, reason = "types have the names of the C header")]

mod allocator;
mod character;
mod direct;
mod edge;
mod edit;
#[allow(dead_code, reason = "for the header: functions take the values as int32_t")]
mod enums;
mod evaluate;
mod generate;
mod load;
mod motion;
mod pipeline;
mod render;
mod robot;
mod rotation;
mod status;
#[cfg(test)]
mod tests;
mod trainer;
mod version;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;
