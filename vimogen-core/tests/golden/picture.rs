//! Golden `motion_rep`, cases `camera` and `depth_to_gray`; pictures against small ones in `tests/render`, made by
//! `VIMOGEN_WRITE_PICTURES=1 cargo test --test golden picture` and looked at.

use std::path::PathBuf;

use ndarray::{Array3, Axis, Ix3, Ix4, arr1, arr2, s};
use vimogen_core::render::camera::{Extrinsics, Up, focal_length};
use vimogen_core::render::depth::depth_to_gray;
use vimogen_core::render::{Actor, Film, Image, RenderOptions, Style, View};

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

/// Compares with the committed picture of this name: on average within 1 of 255, and no more than 1 in 200 numbers
/// farther off than 24, which leaves room for other rounding at edges and none for another shape.
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
    let joints = joints();
    let small = RenderOptions::default().with_size(160, 160);
    let actor = Actor::figure(joints.view()).expect("figure");
    let film = |options: &RenderOptions| Film::new(&actor, options).expect("film").frame(40).expect("frame");
    assert_looks_like(&film(&small), "path.png");
    assert_looks_like(&film(&small.with_view(View::Follow).with_angles(40.0, 10.0)), "follow.png");
    let depth = RenderOptions { style: Style::Depth, ..small };
    assert_looks_like(&film(&depth), "depth.png");
}

#[test]
fn a_mesh_is_drawn_where_its_body_is() {
    // A box around the figure as the mesh, seen by the same cameras.
    let joints = joints().slice(s![..2, .., ..]).to_owned();
    let corners =
        Array3::from_shape_fn((2, 8, 3), |(t, i, c)| joints[[t, 0, c]] + if i >> c & 1 == 1 { 0.4 } else { -0.4 });
    let faces = [
        [0, 2, 1],
        [1, 2, 3],
        [4, 5, 6],
        [5, 7, 6],
        [0, 1, 4],
        [1, 5, 4],
        [2, 6, 3],
        [3, 6, 7],
        [0, 4, 2],
        [2, 4, 6],
        [1, 3, 5],
        [3, 7, 5],
    ];
    let actor = Actor::mesh(joints.view(), corners.view(), &faces).expect("mesh");
    let film = Film::new(&actor, &RenderOptions::default().with_size(120, 120)).expect("film");
    assert_looks_like(&film.frame(0).expect("frame"), "box.png");
}
