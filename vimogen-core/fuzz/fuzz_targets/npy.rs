#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = vimogen_core::format::npy::decode(bytes);
});
