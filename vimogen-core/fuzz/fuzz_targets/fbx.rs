#![no_main]

use vimogen_core::io::{LoadOptions, fbx};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fbx::from_bytes(bytes, &LoadOptions::default());
});
