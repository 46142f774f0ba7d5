//! Golden `motion_rep`, cases `camera` and `depth_to_gray`; pictures against small ones in `tests/render`, made by
//! `VIMOGEN_WRITE_PICTURES=1 cargo test --test golden picture` and looked at.

use std::path::PathBuf;
use std::process::Command;

use ndarray::{Array3, Axis, Ix2, Ix3, Ix4, arr1, arr2, s};
use serde_json::Value;
use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::progress::ignore;
use vimogen_core::render::camera::{Extrinsics, Up, focal_length};
use vimogen_core::render::depth::depth_to_gray;
use vimogen_core::render::{Image, MeshSequence, RenderOptions, Renderer, Style, View, encode};

use crate::common::Golden;

#[test]
fn the_viewers_camera_matches() {
    let golden = Golden::open("motion_rep");
    let joints = golden.input("camera", "joints").into_dimensionality::<Ix3>().expect("three axes");
    for (up, suffix) in [(Up::Z, ""), (Up::Y, "_identity_mode")] {
        let camera = Extrinsics::viewer(joints.view(), up).expect("camera");
        let rows = arr2(&camera.rotation.transpose().to_cols_array_2d()).insert_axis(Axis(0));
        let translation = arr1(&camera.translation.to_array()).insert_axis(Axis(0));
        golden.assert_output("camera", &format!("R{suffix}"), rows.view().into_dyn());
        golden.assert_output("camera", &format!("T{suffix}"), translation.view().into_dyn());
    }
}

#[test]
fn focal_lengths_match() {
    let golden = Golden::open("motion_rep");
    for (name, width, height, field) in
        [("1024x1024_fov55", 1024, 1024, 55.0), ("384x384", 384, 384, 55.0), ("640x480_fov60", 640, 480, 60.0)]
    {
        let want = golden.case("camera")["config"][format!("focal_{name}")].as_f64().expect("a number");
        assert!((focal_length(width, height, field) - want).abs() < 1e-9 * want, "{name}");
    }
}

#[test]
fn depth_becomes_the_same_shades_of_grey() {
    let golden = Golden::open("motion_rep");
    let depth = golden.input("depth_to_gray", "depth").into_dimensionality::<Ix4>().expect("four axes");
    let want = golden.output("depth_to_gray", "gray");
    let got = depth_to_gray(depth.index_axis(Axis(1), 0));
    assert_eq!(got.map(|v| f32::from(*v)).into_dyn(), want);
}

/// A golden clip: a person who turns and walks.
fn joints() -> Array3<f32> {
    let golden = Golden::open("mbench_motion_quality");
    golden.input("clip_zup", "joints").into_dimensionality::<Ix3>().expect("three axes")
}

/// Compares with the committed picture of this name: on average within 1 of 255, and at most 1 in 200 values
/// differ by more than 24, which allows other rounding at edges but not another shape.
fn assert_looks_like(picture: &Image, name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/render").join(name);
    if std::env::var_os("VIMOGEN_WRITE_PICTURES").is_some() {
        picture.save_png(&path).expect("the picture is written");
    }
    let want = Image::load_png(&path).expect("the committed picture");
    assert_eq!((picture.width(), picture.height()), (want.width(), want.height()), "{name}");
    let away: Vec<u8> = picture.pixels().iter().zip(want.pixels()).map(|(a, b)| a.abs_diff(*b)).collect();
    let mean = away.iter().map(|d| f64::from(*d)).sum::<f64>() / away.len() as f64;
    let far = away.iter().filter(|d| **d > 24).count();
    if mean >= 1.0 || far * 200 >= away.len() {
        let got = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        picture.save_png(&got).expect("the picture is written");
        panic!("{name}: {mean:.2} off on average, {far} of {} numbers far off; see {}", away.len(), got.display());
    }
}

#[test]
fn pictures_look_as_they_did() {
    let golden = Golden::open("motion_rep");
    let features = golden.input("clip", "motion").into_dimensionality::<Ix2>().expect("two axes");
    let motion = Motion::from_features(features, 20.0).expect("motion");
    let sequence = MeshSequence::body(&motion, BodyModel::neutral()).expect("body");
    let small = RenderOptions::default().with_size(160, 160);
    for (name, options) in [
        ("path.png", small.with_view(View::Mbench)),
        ("auto.png", small),
        ("follow.png", small.with_view(View::Follow).with_angles(40.0, 10.0)),
        ("depth.png", small.with_style(Style::Depth)),
    ] {
        let renderer = Renderer::new(&sequence, &options).expect("renderer");
        assert_looks_like(&renderer.frame(30).expect("frame"), name);
    }
}

/// Pixels with a colour, not a shade of grey: blue or orange.
fn coloured(picture: &Image) -> usize {
    picture.pixels().chunks(3).filter(|p| p[0].abs_diff(p[2]) > 80).count()
}

#[test]
fn the_tint_of_the_sides_is_an_option() {
    let golden = Golden::open("motion_rep");
    let features = golden.input("clip", "motion").into_dimensionality::<Ix2>().expect("two axes");
    let motion = Motion::from_features(features, 20.0).expect("motion");
    let sequence = MeshSequence::body(&motion.slice(0..1).expect("a frame"), BodyModel::neutral()).expect("body");
    let drawn = |style: Style| {
        let options = RenderOptions::default().with_size(96, 96).with_style(style);
        Renderer::new(&sequence, &options).expect("renderer").frame(0).expect("frame")
    };
    let (lit, plain) = (drawn(Style::Lit), drawn(Style::Plain));
    assert!(coloured(&lit) > 100, "{}", coloured(&lit));
    assert_eq!(coloured(&plain), 0);
}

/// A clip of 24 frames of the golden clip, in the target folder, where `tests/viewer/video.py` plays it in a browser.
fn clip_file(name: &str) -> (MeshSequence, PathBuf) {
    let sequence = MeshSequence::figure(joints().slice(s![..24, .., ..])).expect("figure");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(320, 240)).expect("renderer");
    encode::save(&path, &renderer, 20.0, &mut ignore).expect("the renderer is written");
    (sequence, path)
}

/// Runs a tool; `None`, with a message, where it is not installed.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn tool(name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(name).args(arguments).output() {
        Ok(output) => {
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            Some(output.stdout)
        }
        Err(_) => {
            eprintln!("{name} is not installed: the video is not decoded by it");
            None
        }
    }
}

#[test]
fn ffprobe_finds_a_whole_h264_video() {
    let (_, path) = clip_file("clip.mp4");
    let bytes = std::fs::read(&path).expect("file");
    let at = |name: &[u8]| bytes.windows(4).position(|w| w == name).expect("a box of an MP4 file");
    assert!(at(b"moov") < at(b"mdat"), "a browser can start before it has all");
    let entries = "stream=codec_name,pix_fmt,width,height,r_frame_rate,nb_read_frames,duration";
    let path = path.to_string_lossy();
    let Some(out) = tool("ffprobe", &["-v", "error", "-count_frames", "-show_entries", entries, "-of", "json", &path])
    else {
        return;
    };
    let found: Value = serde_json::from_slice(&out).expect("json");
    let stream = &found["streams"][0];
    assert_eq!(found["streams"].as_array().expect("streams").len(), 1);
    for (name, want) in
        [("codec_name", "h264"), ("pix_fmt", "yuv420p"), ("r_frame_rate", "20/1"), ("nb_read_frames", "24")]
    {
        assert_eq!(stream[name], want, "{stream}");
    }
    assert_eq!((stream["width"].as_u64(), stream["height"].as_u64()), (Some(320), Some(240)));
    let seconds: f64 = stream["duration"].as_str().expect("duration").parse().expect("a number");
    assert!((seconds - 1.2).abs() < 0.001, "{seconds}");
}

#[test]
fn a_decoded_video_and_gif_show_what_was_drawn() {
    for (name, mean_limit) in [("decoded.mp4", 4.0), ("decoded.gif", 2.0)] {
        let (sequence, path) = clip_file(name);
        let path = path.to_string_lossy();
        let Some(raw) = tool("ffmpeg", &["-v", "error", "-i", &path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        else {
            return;
        };
        let size = 3 * 320 * 240;
        assert_eq!(raw.len(), 24 * size, "{name}: every frame, once");
        let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(320, 240)).expect("renderer");
        for (frame, got) in raw.chunks_exact(size).enumerate() {
            let want = renderer.frame(frame).expect("frame");
            let sum: u64 = got.iter().zip(want.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = sum as f64 / size as f64;
            assert!(mean < mean_limit, "{name}, frame {frame}: {mean:.2} of 255 off on average");
        }
    }
}

#[test]
fn an_overlay_shows_the_video_and_the_body() {
    let folder = tempfile::tempdir().expect("folder");
    let sequence = MeshSequence::figure(joints().slice(s![..3, .., ..])).expect("figure");
    let options = RenderOptions::depth().with_size(64, 48);
    let renderer = || Renderer::new(&sequence, &options).expect("renderer");
    for name in ["b.png", "a.png", "c.png"] {
        let shade = if name == "a.png" { 200 } else { 100 };
        Image::new(64, 48, vec![shade; 3 * 64 * 48]).expect("image").save_png(folder.path().join(name)).expect("saved");
    }
    let files = encode::frames_of(folder.path()).expect("files");
    let over = renderer().over(files.clone()).expect("enough files");
    for (frame, shade) in [(0, 200), (1, 100)] {
        let plain = renderer().frame(frame).expect("frame");
        let want = plain.pixels().iter().map(|v| ((u16::from(*v) + shade) / 2) as u8);
        assert!(over.frame(frame).expect("frame").pixels().iter().copied().eq(want), "frame {frame}, files by name");
    }
    assert!(renderer().over(files[..2].to_vec()).is_err(), "too few");
}
