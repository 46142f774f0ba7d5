#![no_main]

use vimogen_core::data::Manifest;
use vimogen_core::experiment::Experiment;
use vimogen_core_fuzz::with_file;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Experiment::parse(text, &[]);
    with_file(bytes, "json", |path| {
        drop(Manifest::read(&[(path.to_path_buf(), 1)], "video_text_annot", None));
    });
});
