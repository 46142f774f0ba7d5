#![no_main]

use vimogen_core::io::LoadOptions;
use vimogen_core::io::asf::AsfAmc;

/// Between skeleton and motion.
const BETWEEN: &[u8] = b"\n====\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (asf, amc) = cut.map_or((bytes, bytes), |cut| (&bytes[..cut], &bytes[cut + BETWEEN.len()..]));
    if let Ok(file) = AsfAmc::from_bytes(asf, amc) {
        let _ = file.to_motion(&LoadOptions::default());
    }
});
