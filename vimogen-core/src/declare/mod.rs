//! Enums and options, each declared once.
//!
//! `named_enum!` declares an enum with the names of its variants; `ALL`, `name`, `Display`, `FromStr` and serde's names
//! follow. `options!` declares a struct of options with defaults and ranges; `Default`, `with_*`, `check`, `set` and a
//! table of [`Field`]s follow. [`crate::schema`] collects the tables, from which `make bindings` writes what the other
//! languages and the book have of them. Documentation in these declarations is therefore free of links to Rust items.
//!
//! `defaults!` declares a struct that only Rust has: its fields with their defaults and builders.

mod defaults;
mod named;
mod options;

pub(crate) use defaults::defaults;
pub(crate) use named::named_enum;
pub use named::{NamedEnum, Variant};
#[cfg(any(feature = "model", feature = "render"))]
pub(crate) use options::options;
pub use options::{Field, OptionSet, OptionValue, Range, Setting};

/// Seed of everything that is drawn, unless the caller gives another.
pub const DEFAULT_SEED: u64 = 42;
