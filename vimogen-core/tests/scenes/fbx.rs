//! FBX as text, in the form of Mixamo's downloads without skin: an empty first stack, joints with angles of their own
//! and no bind pose.

use std::fmt::Write as _;

use glam::{DQuat, DVec3, EulerRot};
use vimogen_core::body::BodyModel;
use vimogen_core::io::{LoadOptions, fbx};
use vimogen_core::motion::skeleton::PARENTS;
use vimogen_core::motion::{LengthUnit, Motion, UpAxis};

use crate::author::{JOINTS, walk, world_turns};
use crate::blender::NAMES;
use crate::same::{assert_close, assert_positions};

/// FBX counts time in these per second.
const TICKS: f64 = 46_186_158_000.0;

fn degrees(turn: DQuat) -> DVec3 {
    let (z, y, x) = turn.to_euler(EulerRot::ZYX);
    DVec3::new(x.to_degrees(), y.to_degrees(), z.to_degrees())
}

/// The file of a motion, centimetres, y up, with joints named by Mixamo.
pub fn mixamo(motion: &Motion) -> String {
    mixamo_in(motion, false)
}

/// [`mixamo`], in axes that are left-handed or not: x points the other way.
fn mixamo_in(motion: &Motion, left_handed: bool) -> String {
    let sign = if left_handed { -1.0 } else { 1.0 };
    let turned = |angles: DVec3| DVec3::new(angles.x, sign * angles.y, sign * angles.z);
    let placed = |place: DVec3| DVec3::new(sign * place.x, place.y, place.z);
    let rest = BodyModel::neutral().rest_joints().as_chunks::<3>().0;
    let place = |j: usize| DVec3::from_array(rest[j].map(f64::from));
    let bones: [DQuat; JOINTS] =
        std::array::from_fn(|j| DQuat::from_euler(EulerRot::XYZ, 0.3 * j as f64, 0.2 - 0.5 * j as f64, 0.7 * j as f64));
    let (mut objects, mut links) = (String::new(), String::new());
    for j in 0..JOINTS {
        let above = PARENTS[j].map_or(DQuat::IDENTITY, |p| bones[p]);
        let offset = above.inverse() * (place(j) - PARENTS[j].map_or(DVec3::ZERO, place)) * 100.0;
        let (offset, own) = (placed(offset), turned(degrees(above.inverse() * bones[j])));
        let _ = write!(
            objects,
            "\tModel: {}, \"Model::mixamorig:{}\", \"LimbNode\" {{\n\t\tVersion: 232\n\t\tProperties70:  {{\n\
             \t\t\tP: \"RotationActive\", \"bool\", \"\", \"\",1\n\
             \t\t\tP: \"PreRotation\", \"Vector3D\", \"Vector\", \"\",{},{},{}\n\
             \t\t\tP: \"Lcl Translation\", \"Lcl Translation\", \"\", \"A\",{},{},{}\n\
             \t\t\tP: \"Lcl Rotation\", \"Lcl Rotation\", \"\", \"A\",10,20,30\n\t\t}}\n\t}}\n\
             \tNodeAttribute: {}, \"NodeAttribute::\", \"LimbNode\" {{\n\t\tTypeFlags: \"Skeleton\"\n\t}}\n",
            1000 + j,
            NAMES[j],
            own.x,
            own.y,
            own.z,
            offset.x,
            offset.y,
            offset.z,
            2000 + j,
        );
        let _ = writeln!(links, "\tC: \"OO\",{},{}", 1000 + j, PARENTS[j].map_or(0, |p| 1000 + p));
        let _ = writeln!(links, "\tC: \"OO\",{},{}", 2000 + j, 1000 + j);
        let frames = (0..motion.len()).map(|t| {
            let turns = world_turns(motion, t);
            let above = PARENTS[j].map_or(DQuat::IDENTITY, |p| turns[p].0 * bones[p]);
            let own = PARENTS[j].map_or(DQuat::IDENTITY, |p| bones[p]).inverse() * bones[j];
            let turn = degrees(own.inverse() * above.inverse() * turns[j].0 * bones[j]);
            (turned(turn), placed(turns[j].1 * 100.0))
        });
        let (turns, places): (Vec<DVec3>, Vec<DVec3>) = frames.unzip();
        curves(&mut objects, &mut links, (j, "Lcl Rotation"), &turns, motion.fps());
        if j == 0 {
            curves(&mut objects, &mut links, (j, "Lcl Translation"), &places, motion.fps());
        }
    }
    let stop = (f64::from(motion.len() as u32 - 1) / f64::from(motion.fps()) * TICKS).round();
    format!(
        "; FBX 7.4.0 project file\nFBXHeaderExtension:  {{\n\tFBXHeaderVersion: 1003\n\tFBXVersion: 7400\n}}\n\
         GlobalSettings:  {{\n\tVersion: 1000\n\tProperties70:  {{\n\
         \t\tP: \"UpAxis\", \"int\", \"Integer\", \"\",1\n\t\tP: \"UpAxisSign\", \"int\", \"Integer\", \"\",1\n\
         \t\tP: \"FrontAxis\", \"int\", \"Integer\", \"\",2\n\t\tP: \"FrontAxisSign\", \"int\", \"Integer\", \"\",1\n\
         \t\tP: \"CoordAxis\", \"int\", \"Integer\", \"\",0\n\t\tP: \"CoordAxisSign\", \"int\", \"Integer\", \"\",{sign}\n\
         \t\tP: \"UnitScaleFactor\", \"double\", \"Number\", \"\",1\n\t\tP: \"TimeMode\", \"enum\", \"\", \"\",11\n\t}}\n}}\n\
         Objects:  {{\n{objects}\
         \tAnimationStack: 3000, \"AnimStack::Take 001\", \"\" {{\n\t}}\n\
         \tAnimationLayer: 3100, \"AnimLayer::BaseLayer\", \"\" {{\n\t}}\n\
         \tAnimationStack: 3001, \"AnimStack::mixamo.com\", \"\" {{\n\t\tProperties70:  {{\n\
         \t\t\tP: \"LocalStop\", \"KTime\", \"Time\", \"\",{stop}\n\t\t}}\n\t}}\n\
         \tAnimationLayer: 3101, \"AnimLayer::BaseLayer\", \"\" {{\n\t}}\n}}\n\
         Connections:  {{\n{links}\tC: \"OO\",3100,3000\n\tC: \"OO\",3101,3001\n}}\n"
    )
}

fn curves(objects: &mut String, links: &mut String, (joint, property): (usize, &str), rows: &[DVec3], fps: f32) {
    let id = 4000 + 10 * joint + if property == "Lcl Rotation" { 0 } else { 5 };
    let first = rows[0];
    let _ = write!(
        objects,
        "\tAnimationCurveNode: {id}, \"AnimCurveNode::{}\", \"\" {{\n\t\tProperties70:  {{\n\
         \t\t\tP: \"d|X\", \"Number\", \"\", \"A\",{}\n\t\t\tP: \"d|Y\", \"Number\", \"\", \"A\",{}\n\
         \t\t\tP: \"d|Z\", \"Number\", \"\", \"A\",{}\n\t\t}}\n\t}}\n",
        &property[4..5],
        first.x,
        first.y,
        first.z,
    );
    let _ = writeln!(links, "\tC: \"OO\",{id},3101\n\tC: \"OP\",{id},{}, \"{property}\"", 1000 + joint);
    let times: Vec<String> =
        (0..rows.len()).map(|t| ((t as f64 / f64::from(fps) * TICKS).round()).to_string()).collect();
    for (axis, name) in ["X", "Y", "Z"].into_iter().enumerate() {
        let curve = 10 * id + axis;
        let values: Vec<String> = rows.iter().map(|row| row[axis].to_string()).collect();
        let n = rows.len();
        let _ = write!(
            objects,
            "\tAnimationCurve: {curve}, \"AnimCurve::\", \"\" {{\n\t\tDefault: 0\n\t\tKeyVer: 4009\n\
             \t\tKeyTime: *{n} {{\n\t\t\ta: {}\n\t\t}}\n\t\tKeyValueFloat: *{n} {{\n\t\t\ta: {}\n\t\t}}\n\
             \t\tKeyAttrFlags: *1 {{\n\t\t\ta: 24836\n\t\t}}\n\t\tKeyAttrDataFloat: *4 {{\n\t\t\ta: 0,0,0,0\n\t\t}}\n\
             \t\tKeyAttrRefCount: *1 {{\n\t\t\ta: {n}\n\t\t}}\n\t}}\n",
            times.join(","),
            values.join(","),
        );
        let _ = writeln!(links, "\tC: \"OP\",{curve},{id}, \"d|{name}\"");
    }
}

fn read(text: &str) -> vimogen_core::Result<Motion> {
    fbx::from_bytes(text.as_bytes(), &LoadOptions::default())
}

#[test]
fn a_download_of_mixamo_without_skin_is_relative_to_its_zero_pose() {
    let motion = walk(20, 30.0);
    let read = read(&mixamo(&motion)).expect("motion");
    assert_eq!((read.len(), read.fps()), (20, 30.0));
    assert_close(&read, &motion, 1e-3, 0.1);
    let source = read.source().expect("source");
    assert_eq!((source.up, source.unit), (Some(UpAxis::Y), Some(LengthUnit::Centimetres)));
    assert_eq!((source.person.as_deref(), source.persons.len()), (Some("mixamo.com"), 2));
}

#[test]
fn a_file_with_left_handed_axes_keeps_left_and_right() {
    let motion = walk(20, 30.0);
    let read = read(&mixamo_in(&motion, true)).expect("motion");
    assert_close(&read, &motion, 1e-3, 0.1);
    assert_eq!(read.source().expect("source").warnings.len(), 1, "the other animation: {:?}", read.source());
}

#[test]
fn a_given_rate_samples_the_animation_anew() {
    let motion = walk(61, 60.0);
    let options = LoadOptions::default().with_fps(20.0);
    let read = fbx::from_bytes(mixamo(&motion).as_bytes(), &options).expect("motion");
    assert_eq!((read.len(), read.fps()), (21, 20.0));
    assert_positions(&read.slice(20..21).expect("last"), &motion.slice(60..61).expect("last"), 1e-3);
}

#[test]
fn damaged_files_say_so() {
    let text = mixamo(&walk(3, 30.0));
    for bad in ["", "Kaydara FBX Binary  ", "solid cube", &text[..text.len() / 2], "; FBX 7.4.0 project file\n"] {
        let error = read(bad).expect_err("refused").to_string();
        assert!(error.contains("not a valid FBX file"), "{error}");
    }
    let still = text.replace("AnimationStack:", "Unknown:");
    assert!(read(&still).expect_err("refused").to_string().contains("no animation"));
    let unmoved = text.replace(",3101\n", ",3100\n");
    assert!(read(&unmoved).is_ok(), "the first stack moves then");
}
