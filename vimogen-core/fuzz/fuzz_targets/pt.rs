#![no_main]

use vimogen_core::format::{TensorSource, torch::TorchFile};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = TorchFile::from_bytes(bytes.to_vec()) {
        file.names().iter().for_each(|name| drop((file.info(name), file.read(name))));
    }
});
