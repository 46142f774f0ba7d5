//! Lets the linker leave Python's symbols open where it must be told so (macOS): the interpreter that imports the
//! module provides them.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
