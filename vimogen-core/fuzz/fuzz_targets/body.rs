#![no_main]

use vimogen_core::body::BodyModel;
use vimogen_core::format::{npz::NpzFile, pickle::PickleFile};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = NpzFile::from_bytes(bytes.to_vec()) {
        let _ = BodyModel::from_source(&file);
    }
    if let Ok(file) = PickleFile::from_bytes(bytes) {
        let _ = BodyModel::from_source(&file);
    }
});
