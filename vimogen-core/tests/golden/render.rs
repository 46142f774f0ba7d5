//! The player page and the strip, made of golden motions and left in the target folder for a look and for
//! `tests/viewer/check.py`, which opens the pages in a browser.

use std::path::PathBuf;

use ndarray::{Array3, Ix2, Ix3};
use vimogen_core::Motion;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::render::html::{Clip, html};
use vimogen_core::render::player_mesh::{self, SkinnedClip};
use vimogen_core::render::strip_svg;

use crate::common::Golden;

fn joints(case: &str) -> Array3<f32> {
    let golden = Golden::open("mbench_motion_quality");
    golden.input(case, "joints").into_dimensionality::<Ix3>().expect("three axes")
}

fn save(name: &str, text: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join(name), text).expect("the target folder can be written to");
}

#[test]
fn a_page_of_a_golden_clip_holds_its_caption_and_numbers() {
    let joints = joints("clip_zup");
    let metrics = Quality::measure(joints.view(), UpAxis::Z).expect("quality").named();
    let title = "a person walks a few steps & looks around </script><b>";
    let page = html(&[Clip { joints: joints.view(), fps: 20.0, title, metrics: &metrics }]).expect("page");
    assert!(page.contains("Jitter_Degree") && page.contains("looks around") && !page.contains("<b>"));
    assert!(page.len() < 60_000 + joints.shape()[0] * 30 * 3 * 2 * 4 / 3 + 1000, "{} bytes", page.len());
    save("viewer_one.html", &page);
}

#[test]
fn a_page_holds_several_clips_of_different_length() {
    let cases = ["walk_a", "jumping", "clip_zup"].map(|case| (case, joints(case)));
    let clips: Vec<Clip<'_>> =
        cases.iter().map(|(title, j)| Clip { joints: j.view(), fps: 20.0, title, metrics: &[] }).collect();
    save("viewer_three.html", &html(&clips).expect("page"));
}

#[test]
fn a_page_of_motions_wears_the_body_and_stays_below_a_megabyte() {
    let golden = Golden::open("motion_rep");
    let features = golden.input("clip", "motion").into_dimensionality::<Ix2>().expect("two axes");
    let motion = Motion::from_features(features, 20.0).expect("motion");
    let faster = motion.clone().with_fps(30.0).expect("fps");
    let metrics = Quality::measure(motion.joints().view(), UpAxis::Z).expect("quality").named();
    let clips = [("20 frames a second", &motion), ("30 frames a second", &faster)];
    let clips = clips.map(|(title, motion)| SkinnedClip { motion, title, metrics: &metrics });
    let page = player_mesh::html(&clips).expect("page");
    // 22 joints of 14 bytes and 30 points of 6 bytes per frame, in base64.
    let data = 2 * motion.len() * (22 * 14 + 30 * 6) * 4 / 3;
    assert!(page.len() - data < 1_000_000 && page.len() - data > 50_000, "{} bytes", page.len());
    save("viewer_body.html", &page);
}

#[test]
fn a_strip_of_a_golden_clip_is_small() {
    let svg = strip_svg(joints("clip_zup").view(), 20.0, 8).expect("strip");
    assert!(svg.len() < 60_000, "{} bytes", svg.len());
    save("strip.svg", &svg);
}
