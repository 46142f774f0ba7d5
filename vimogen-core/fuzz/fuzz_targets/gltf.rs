#![no_main]

use vimogen_core::io::{LoadOptions, gltf};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = gltf::from_bytes(bytes, &LoadOptions::default());
});
