//! vimogen in a web page: the tasks of `vimogen serve` without a server.
//!
//! [`Engine::answer`] takes the name of a task, its fields as JSON and the bytes of a file, and gives JSON and bytes. `abi` is
//! the interface of the module of WebAssembly, which `js/vimogen.js` calls.

#[cfg(target_family = "wasm")]
mod abi;
mod about;
mod edits;
mod engine;
mod fields;
mod files;
mod generate;
mod live;
mod store;
mod words;

pub use engine::{Answer, Engine};
