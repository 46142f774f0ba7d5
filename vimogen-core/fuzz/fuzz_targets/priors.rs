#![no_main]

use vimogen_core::mbench::smplify::{GaussianMixture, MeanParameters};
use vimogen_core_fuzz::with_file;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match bytes.first() {
        // HDF5 starts with byte 0x89, a pickle never does.
        Some(0x89) => with_file(bytes, "h5", |path| drop(MeanParameters::load(path))),
        _ => with_file(bytes, "pkl", |path| drop(GaussianMixture::load(path))),
    }
});
