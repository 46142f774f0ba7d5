#![no_main]

use vimogen_core::Motion;
use vimogen_core::body::hmr::HmrParams;
use vimogen_core::io::LoadOptions;
use vimogen_core_fuzz::with_file;

// Results of other programs: containers and layouts are recognised by content, so one extension does for all.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = LoadOptions::default().with_fps(30.0).with_fit_joints(true);
    with_file(bytes, "pkl", |path| {
        drop(Motion::load_with(path, &options));
        drop(HmrParams::load_with(path, &options));
    });
});
