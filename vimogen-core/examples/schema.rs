//! Prints the tables of enums and options as JSON, for `tools/bindings.py` (`make bindings`).
#![allow(clippy::print_stdout, reason = "a command-line program")]

fn main() {
    println!("{:#}", vimogen_core::schema());
}
