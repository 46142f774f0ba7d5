#![no_main]

use vimogen_core::format::{TensorSource, npz::NpzFile};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = NpzFile::from_bytes(bytes.to_vec()) {
        file.names().iter().for_each(|name| drop((file.info(name), file.read(name))));
    }
});
