use glam::{DMat3, DVec3};

use super::*;
use crate::error::Result;
use crate::io::LoadOptions;
use crate::io::rig::Rig;
use crate::motion::{LengthUnit, Motion};

fn asset(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../tests/formats/asf/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn pair() -> (String, String) {
    (asset("stick.asf"), asset("stick_01.amc"))
}

fn parse(asf: &str, amc: &str) -> Result<AsfAmc> {
    AsfAmc::from_bytes(asf.as_bytes(), amc.as_bytes())
}

/// World positions of the joints of a frame by name.
fn places(file: &AsfAmc, frame: usize) -> impl Fn(&str) -> DVec3 {
    let mut world = vec![(DMat3::IDENTITY, DVec3::ZERO); file.joints().len()];
    file.world(frame, &mut world);
    let names: Vec<String> = file.joints().iter().map(|joint| joint.name.clone()).collect();
    move |name| world[names.iter().position(|other| other == name).unwrap()].1
}

fn assert_at(got: DVec3, x: f64, y: f64, z: f64) {
    assert!(got.abs_diff_eq(DVec3::new(x, y, z), 1e-5), "{got}, not {x} {y} {z}");
}

#[test]
fn bones_turn_about_their_own_axes() {
    let (asf, amc) = pair();
    let file = parse(&asf, &amc).unwrap();
    // Lengths are 0.45 of the file's; the femur is 7.2 / 0.45 = 16 inches, 20 degrees from the vertical.
    let (sin, cos) = 20f64.to_radians().sin_cos();
    let at = places(&file, 0);
    assert_at(at("root"), 0.0, 40.0, 0.0);
    assert_at(at("lfemur"), 4.0, 40.0, 0.0);
    assert_at(at("ltibia"), 4.0 + 16.0 * sin, 40.0 - 16.0 * cos, 0.0);
    assert_at(at("lradius"), 7.0 + 11.0, 60.0, 0.0);
    // Frame 1: the femur lifted by 90 degrees about its own x axis, which lies 20 degrees from the world's, points
    // back (-z) wholly. The tibia, of the same axis, goes on with it.
    let at = places(&file, 1);
    assert_at(at("ltibia"), 4.0, 40.0, -16.0);
    assert_at(at("lfoot"), 4.0, 40.0, -32.0);
    // The right humerus points along -x: about z by 90 degrees down, (-1 0 0) -> (0 -1 0).
    assert_at(at("rradius"), -7.0, 60.0 - 11.0, 0.0);
    // Frame 2: the root at (9 18 0) / 0.45, turned by 90 degrees about y, with the femur of frame 1: -z goes to -x. The left
    // humerus first about y by -90 degrees, x -> z, then about z, which leaves it: z; turned with the root, x.
    let at = places(&file, 2);
    assert_at(at("root"), 20.0, 40.0, 0.0);
    assert_at(at("lfemur"), 20.0, 40.0, -4.0);
    assert_at(at("ltibia"), 20.0 - 16.0, 40.0, -4.0);
    assert_at(at("lradius") - at("lhumerus"), 11.0, 0.0, 0.0);
}

#[test]
fn a_clip_has_the_places_of_the_bones_in_metres() {
    let (asf, amc) = pair();
    let motion = parse(&asf, &amc).unwrap().to_motion(&LoadOptions::default()).unwrap();
    assert_eq!((motion.len(), motion.fps()), (3, 120.0));
    let source = motion.source().unwrap();
    assert!(source.kind.contains("AMC") && source.kind.contains("CMU's ASF"), "{source:?}");
    assert!(source.rate.contains("120") && source.rate.contains("CMU"), "{source:?}");
    // The knee is 16 inches from the hip.
    let joints = motion.joints();
    let at = |j: usize| glam::Vec3::from_array(std::array::from_fn(|c| joints[[0, j, c]]));
    assert!(((at(4) - at(1)).length() - 16.0 * 0.0254).abs() < 1e-3, "{}", (at(4) - at(1)).length());
}

#[test]
fn units_and_angles_are_those_of_the_files() {
    let (asf, amc) = pair();
    let place = |asf: &str, amc: &str| places(&parse(asf, amc).unwrap(), 1)("rradius");
    let right = place(&asf, &amc);
    assert_eq!(parse(&asf, &amc).unwrap().found().unit, Some(LengthUnit::Inches));
    let own = parse(&asf.replace("length 0.45", "length 1.0"), &amc).unwrap();
    assert_eq!(own.found().unit, None);
    assert!(places(&own, 1)("rradius").abs_diff_eq(right * 0.45, 1e-5));
    // Radians in the motion only: the header of the motion wins.
    let half = std::f64::consts::FRAC_PI_2.to_string();
    let radians = amc.replace(":DEGREES", ":RADIANS").replace("90", &half);
    assert!(place(&asf, &radians).abs_diff_eq(right, 1e-5));
    let file = parse(&asf, &amc.replace(":DEGREES", ":DEGREES\n:SAMPLES-PER-SECOND 60")).unwrap();
    assert_eq!((file.fps(), file.found().rate.as_str()), (Some(60.0), ""));
}

#[test]
fn damage_is_an_error_that_names_line_and_bone() {
    let (asf, amc) = pair();
    let skeleton = |from: &str, to: &str| {
        assert!(asf.contains(from), "{from}");
        parse(&asf.replacen(from, to, 1), &amc).unwrap_err().to_string()
    };
    let motion = |from: &str, to: &str| {
        assert!(amc.contains(from), "{from}");
        parse(&asf, &amc.replacen(from, to, 1)).unwrap_err().to_string()
    };
    for (got, wanted) in [
        (skeleton(":root", ":trunk"), "has no :root"),
        (skeleton("axis 0 0 20 XYZ", "axis 0 0 20 XXZ"), "expected an order of axes such as XYZ"),
        (skeleton("dof rx ry rz", "dof rx ry rw"), "\"rw\", expected a degree of freedom"),
        (skeleton("length 7.2", "length long"), "\"long\", expected the length of the bone"),
        (skeleton("name lfemur", "name rfemur"), "a second bone \"rfemur\""),
        (skeleton("lfemur ltibia", "lfemur lfibula"), "the bone \"lfibula\" is not in :bonedata"),
        (skeleton("lhipjoint lfemur", "ltoes lfemur"), "does not hang on the root in :hierarchy"),
        (motion("lfemur 90 0 0", "lfemur 90 0"), "2 values of \"lfemur\", expected 3"),
        (motion("lfemur 90 0 0", "lfemur 90 0 0 0"), "more values of \"lfemur\" than its 3"),
        (motion("lfemur 90 0 0", "lfemur 90 nan 0"), "\"nan\", expected a value of \"lfemur\""),
        (motion("lfemur 90 0 0", "lfibula 90 0 0"), "\"lfibula\" is no bone of the skeleton"),
        (motion("\n2\n", "\nsecond\n"), "is no bone of the skeleton"),
        (motion("lfemur 90 0 0\n", ""), "line 30: the frame here lacks the bone \"lfemur\""),
        (parse(&asf, ":DEGREES\n1\n2\n").unwrap_err().to_string(), "line 2: a frame without values"),
        (parse(&asf, ":DEGREES\n").unwrap_err().to_string(), "the file has no frames"),
        (parse("", &amc).unwrap_err().to_string(), "the file has no :root"),
    ] {
        assert!(got.contains(wanted), "{got}\nhas no {wanted}");
    }
}

#[test]
fn a_motion_finds_its_skeleton_in_its_folder() {
    let (asf, amc) = pair();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("07_01.amc"), &amc).unwrap();
    let refused = Motion::load(at("07_01.amc")).unwrap_err().to_string();
    assert!(refused.contains("07_01.asf or 07.asf in the same folder, which has no .asf file"), "{refused}");
    // The only one, under any name.
    std::fs::write(at("other.asf"), &asf).unwrap();
    assert_eq!(Motion::load(at("07_01.amc")).unwrap().len(), 3);
    // Of several, the subject's; and the one of the same name before that.
    std::fs::write(at("third.asf"), "").unwrap();
    let refused = Motion::load(at("07_01.amc")).unwrap_err().to_string();
    assert!(refused.contains("which has other.asf, third.asf"), "{refused}");
    std::fs::write(at("07.ASF"), &asf).unwrap();
    assert_eq!(Motion::load(at("07_01.amc")).unwrap().len(), 3);
    std::fs::write(at("07_01.asf"), "").unwrap();
    let refused = Motion::load(at("07_01.amc")).unwrap_err().to_string();
    assert!(refused.contains("07_01.asf") && refused.contains("ASF"), "{refused}");
}
