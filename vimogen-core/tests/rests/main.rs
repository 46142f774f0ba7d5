//! Rigs of other programs as they are worn by the neutral body: any rest pose, any axis up, any unit.

mod cases;
mod mocap;
mod rigs;
mod worn;

use vimogen_core::io::LoadOptions;
use vimogen_core::io::bvh::Bvh;
use vimogen_core::motion::skeleton::joint::*;
use vimogen_core::motion::{LengthUnit, Motion, UpAxis};

use rigs::{Rig, walk};
use worn::{joints_apart, turned_apart, worn};

fn read(rig: &Rig) -> Motion {
    read_with(rig, &LoadOptions::default())
}

fn read_with(rig: &Rig, options: &LoadOptions<'_>) -> Motion {
    Bvh::from_bytes(rig.to_bvh().as_bytes()).expect("bvh").to_motion(options).expect("motion")
}

/// Asserts that `rig` is read as our own walk: joints to 2 mm, worn bones to 2 degrees, rotations to `degrees`.
#[track_caller]
fn assert_walks(rig: &Rig, degrees: f64) -> Motion {
    let (got, want) = (read(rig), read(&Rig::t_pose()));
    let apart = joints_apart(&got, &want);
    assert!(apart < 2e-3, "joints are {apart} m apart");
    for (joint, angle) in worn(&got).iter().enumerate() {
        assert!(angle.median < 2.0, "the bone to {joint} is {:.1} degrees off", angle.median);
    }
    for (joint, angle) in turned_apart(&got, &want).iter().enumerate() {
        assert!(angle.median < degrees, "joint {joint} is turned by {:.1} degrees", angle.median);
    }
    assert_eq!(got.source().expect("source").warnings, Vec::<String>::new());
    got
}

#[test]
fn our_own_rest_pose_keeps_its_rotations() {
    let motion = assert_walks(&Rig::t_pose(), 0.01);
    let source = motion.source().expect("source");
    assert_eq!(
        (source.up, source.unit, source.rate.as_str()),
        (Some(UpAxis::Y), Some(LengthUnit::Centimetres), "file")
    );
    let turned = turned_apart(&motion, &walk());
    assert!(turned.iter().all(|angle| angle.worst < 0.1), "{turned:?}");
}

#[test]
fn bent_forearms_and_spread_legs_are_straightened_from_any_angle() {
    for degrees in [3.0, 8.0, 17.5, 20.0, 35.0, 70.0] {
        assert_walks(
            &Rig::t_pose().with_bend(LEFT_ELBOW, [0.0, -degrees, 0.0]).with_bend(RIGHT_ELBOW, [0.0, degrees, 0.0]),
            1.5,
        );
        assert_walks(
            &Rig::t_pose().with_bend(LEFT_HIP, [0.0, 0.0, degrees]).with_bend(RIGHT_HIP, [0.0, 0.0, -degrees]),
            1.5,
        );
    }
    assert_walks(&Rig::t_pose().with_bend(LEFT_KNEE, [30.0, 0.0, 0.0]), 1.5);
}

#[test]
fn feet_that_point_down_at_rest_are_level() {
    let rig = Rig::t_pose().with_bend(LEFT_ANKLE, [25.0, 0.0, 0.0]).with_bend(RIGHT_ANKLE, [25.0, 0.0, 0.0]);
    let motion = read(&rig);
    let worn = worn(&motion);
    assert!(worn[LEFT_FOOT].median < 1.5 && worn[RIGHT_FOOT].median < 1.5, "{worn:?}");
}

#[test]
fn an_a_pose_hangs_its_arms_as_ours_do() {
    let bent = |rig: Rig, side: f64, shoulder: usize| rig.with_bend(shoulder, [0.0, 0.0, -48.0 * side]);
    let rig = bent(bent(Rig::t_pose(), 1.0, LEFT_SHOULDER), -1.0, RIGHT_SHOULDER);
    assert_walks(&rig, 1.5);
}

#[test]
fn a_heap_of_bones_along_x_is_put_together_from_its_motion() {
    for up in [UpAxis::Y, UpAxis::Z] {
        let motion = assert_walks(&Rig::heap().turned(up), 20.0);
        assert_eq!(motion.source().expect("source").up, Some(up));
    }
}

#[test]
fn a_heap_whose_clip_begins_with_a_t_pose_is_exact() {
    let (heap, want) = (read(&Rig::heap().beginning_with_t()), read(&Rig::t_pose().beginning_with_t()));
    for (joint, angle) in turned_apart(&heap, &want).iter().enumerate() {
        assert!(angle.worst < 0.1, "joint {joint} is turned by {:.1} degrees", angle.worst);
    }
}

#[test]
fn the_pelvis_follows_a_lower_back_half_the_way() {
    let rig = Rig::t_pose().with_lower_back(12.0);
    let worn = worn(&read(&rig));
    assert!((8.0..9.5).contains(&worn[SPINE1].median), "{:?}", worn[SPINE1]);
    assert!(worn[LEFT_KNEE].worst < 0.1 && worn[NECK].worst < 0.1, "{worn:?}");
}

#[test]
fn every_axis_may_point_up() {
    for up in [UpAxis::X, UpAxis::Y, UpAxis::Z, UpAxis::MinusX, UpAxis::MinusY, UpAxis::MinusZ] {
        let motion = assert_walks(&Rig::t_pose().turned(up), 0.1);
        assert_eq!(motion.source().expect("source").up, Some(up));
    }
}

#[test]
fn a_motion_is_believed_against_its_rest_pose_only_where_it_walks() {
    let walking = read(&Rig::t_pose().with_z_up_in_motion());
    let lying = read(&Rig::t_pose().with_z_up_in_motion().in_place());
    assert!(joints_apart(&walking, &read(&Rig::t_pose())) < 2e-3);
    for (motion, up) in [(walking, UpAxis::Z), (lying, UpAxis::Y)] {
        let source = motion.source().expect("source");
        assert_eq!(source.up, Some(up));
        assert!(matches!(&source.warnings[..], [only] if only.contains("up=")), "{:?}", source.warnings);
    }
}

#[test]
fn a_body_may_face_any_way_at_rest() {
    for front in [glam::DVec3::X, glam::DVec3::NEG_X, glam::DVec3::NEG_Z] {
        assert_walks(&Rig::t_pose().facing(front), 0.1);
    }
}

#[test]
fn bones_that_only_channels_give_are_bones() {
    assert_walks(&Rig::t_pose().placed_by_channels(), 0.1);
    assert_walks(&Rig::heap().placed_by_channels(), 20.0);
}

#[test]
fn the_unit_is_that_of_a_human_body() {
    for unit in [
        LengthUnit::Millimetres,
        LengthUnit::Centimetres,
        LengthUnit::Decimetres,
        LengthUnit::Metres,
        LengthUnit::Inches,
        LengthUnit::Feet,
    ] {
        let motion = assert_walks(&Rig::t_pose().in_unit(unit.metres()), 0.1);
        assert_eq!(motion.source().expect("source").unit, Some(unit));
    }
}

#[test]
fn options_override_what_was_found() {
    let options = LoadOptions::default().with_up(UpAxis::Z).with_unit(LengthUnit::Metres).with_fps(25.0);
    let motion = read_with(&Rig::t_pose(), &options);
    let source = motion.source().expect("source");
    assert_eq!((source.up, source.unit, source.rate.as_str()), (Some(UpAxis::Z), Some(LengthUnit::Metres), "given"));
    assert_eq!(motion.fps(), 25.0);
    for option in ["unit=", "up="] {
        assert!(source.warnings.iter().any(|warning| warning.contains(option)), "{option}: {:?}", source.warnings);
    }
}
