#![no_main]

use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::body::hmr::HmrParams;
use vimogen_core_fuzz::with_file;

// The first byte selects the extension of the rest: a motion in our layouts, in AMASS's, or recovered from video.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 7 {
        0 => with_file(bytes, "npy", |path| drop(Motion::load(path))),
        1 => with_file(bytes, "npz", |path| drop(Motion::load(path))),
        2 => with_file(bytes, "pt", |path| drop(Motion::load(path))),
        3 => with_file(bytes, "bvh", |path| drop(Motion::load(path))),
        kind => with_file(bytes, ["npz", "pkl", "pt"][usize::from(kind) - 4], |path| {
            if let Ok(recovered) = HmrParams::load(path) {
                drop(recovered.to_motion(BodyModel::neutral()));
            }
        }),
    }
});
