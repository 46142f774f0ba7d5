#![no_main]

use vimogen_core::render::Image;
use vimogen_core_fuzz::with_file;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    with_file(bytes, "png", |path| drop(Image::load_png(path)));
});
