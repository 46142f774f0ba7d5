#![no_main]

use vimogen_core::format::pickle::{PLAIN_GLOBALS, numpy, parse};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(pickle) = parse(bytes, &[PLAIN_GLOBALS, numpy::NUMPY_GLOBALS]) {
        let _ = numpy::array(pickle.root());
    }
});
