#![no_main]

use vimogen_core::io::LoadOptions;
use vimogen_core::io::bvh::Bvh;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = Bvh::from_bytes(bytes) {
        let _ = (file.world(0), file.world(file.len() - 1), file.to_motion(&LoadOptions::default()));
    }
});
