//! Limbs point as in the clip, and feet stand, on characters of all kinds.

use glam::{DAffine3, DQuat, DVec3};

use super::hero::{Build, made, numbers, unreal};
use super::playback::Playback;
use super::walk;
use crate::Motion;
use crate::io::{Character, RetargetOptions, RetargetReport};
use crate::motion::axes::SWAP;
use crate::motion::skeleton::joint::*;

/// Joint and end of the limbs' bones.
const LIMBS: [(usize, usize); 8] = [(1, 4), (2, 5), (4, 7), (5, 8), (16, 18), (17, 19), (18, 20), (19, 21)];

/// A clip on a character, measured from the bytes of the file alone.
struct Performed {
    report: RetargetReport,
    file: Playback,
    /// Maximum median angle of a limb's bone, and maximum angle of any frame, degrees.
    median: f64,
    max: f64,
}

fn perform(build: &Build, motion: &Motion) -> Performed {
    let mut character = Character::from_bytes(made(build).glb(), &RetargetOptions::default()).unwrap();
    let report = character.add(motion, "walk").unwrap().clone();
    let file = Playback::new(&character.to_bytes().unwrap());
    let facing = DQuat::from_rotation_y(build.facing.to_radians());
    let joints = motion.joints();
    let mut angles: Vec<Vec<f64>> = vec![Vec::new(); LIMBS.len()];
    for t in 0..motion.len() {
        let places = file.frame("walk", t);
        let at = |joint: usize| places[&(build.names)(joint)].translation;
        for ((joint, end), angles) in LIMBS.into_iter().zip(&mut angles) {
            let ours = |j: usize| DVec3::from_array(std::array::from_fn(|c| f64::from(joints[[t, j, c]])));
            let want = facing * (SWAP.as_dmat3() * (ours(end) - ours(joint)));
            angles.push((at(end) - at(joint)).angle_between(want).to_degrees());
        }
    }
    let max = angles.iter().flatten().copied().fold(0.0, f64::max);
    let medians = angles.into_iter().map(|mut angles| {
        angles.sort_by(f64::total_cmp);
        angles[angles.len() / 2]
    });
    Performed { report, file, median: medians.fold(0.0, f64::max), max }
}

fn builds() -> Vec<(&'static str, Build)> {
    let usual = Build::default;
    vec![
        ("T pose", usual()),
        ("A pose", Build { arms: 48.0, ..usual() }),
        ("crooked rest", Build { arms: 20.0, crooked: 35.0, ..usual() }),
        ("short shins", Build { lengths: [1.1, 0.8, 0.7], arms: 30.0, ..usual() }),
        ("long shins", Build { lengths: [0.85, 1.2, 1.3], ..usual() }),
        ("a child", Build { size: 0.55, lengths: [0.9, 0.9, 1.0], ..usual() }),
        ("two bones of spine", Build { spine: 2, ..usual() }),
        ("five bones of spine", Build { spine: 5, arms: 45.0, ..usual() }),
        ("one bone of spine, no neck, no collars", Build { spine: 1, neck: false, collars: false, ..usual() }),
        ("no toes", Build { toes: false, ..usual() }),
        ("twist bones", Build { twist: true, names: unreal, arms: 40.0, ..usual() }),
        ("bones in two parts", Build { within: true, names: unreal, arms: 40.0, ..usual() }),
        ("armature in centimetres", Build { unit: 0.01, z_up: true, mesh_in_armature: true, ..usual() }),
        ("armature in centimetres, mesh in metres", Build { unit: 0.01, ..usual() }),
        ("armature scaled by 100", Build { unit: 100.0, mesh_in_armature: true, ..usual() }),
        ("a world in centimetres", Build { size: 100.0, ..usual() }),
        ("z-up armature", Build { z_up: true, arms: 45.0, ..usual() }),
        ("three skins", Build { skins: 3, arms: 45.0, ..usual() }),
        ("VRM 0, facing -z", Build { vrm: 1, facing: 180.0, names: numbers, ..usual() }),
        ("VRM 1 with axes of its own", Build { vrm: 2, names: numbers, spine: 2, ..usual() }),
        ("shoes", Build { shoes: true, lengths: [1.0, 0.9, 1.0], ..usual() }),
        (
            "away from the origin",
            Build { away: DVec3::new(7.0, 0.0, -3.0), mesh_in_armature: true, shoes: true, ..usual() },
        ),
        ("facing aside", Build { facing: 37.0, ..usual() }),
        ("names that say nothing", Build { names: |joint| format!("x{joint}"), ..usual() }),
        ("world-parallel axes", Build { own_axes: false, names: unreal, ..usual() }),
    ]
}

#[test]
fn limbs_point_as_in_the_clip_and_feet_stand_on_characters_of_all_kinds() {
    let motion = walk(72);
    let mut faults = Vec::new();
    for (what, build) in builds() {
        let Performed { report, median, max, .. } = perform(&build, &motion);
        let metres = f64::from(report.slide) / build.size;
        println!(
            "{what}: {median:.2} and {max:.2} degrees, slide {:.2} mm, height {:.2} mm, {} stands, {}",
            1000.0 * metres,
            1000.0 * f64::from(report.height) / build.size,
            report.stands,
            report.how
        );
        // Where thigh and shin have other proportions, a foot that stands bends the knee by some degrees.
        if median > 1.5 || max > 8.0 || metres > 0.003 || report.stands < 4 {
            faults.push(format!("{what}: {median:.2} and {max:.2} degrees, {:.2} mm", 1000.0 * metres));
        }
        let own = f64::from(report.angles.iter().map(|angle| angle.median).fold(0.0, f32::max));
        assert!((own - median).abs() < 0.3, "{what}: reported {own}, measured {median}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn steps_are_scaled_by_the_legs_and_follow_the_direction_in_which_the_character_faces() {
    let motion = walk(60);
    for (facing, factor) in [(0.0, 0.5), (180.0, 1.0), (37.0, 1.3)] {
        let build = Build { facing, lengths: [factor, factor, 1.0], vrm: 1, ..Build::default() };
        let performed = perform(&build, &motion);
        assert!((f64::from(performed.report.scale) - factor).abs() < 0.01, "{}", performed.report.scale);
        let hips = |t: usize| performed.file.frame("walk", t)[&(build.names)(PELVIS)].translation;
        let way = hips(59) - hips(0);
        let joints = motion.joints();
        let ours = f64::from(joints[[59, PELVIS, 1]] - joints[[0, PELVIS, 1]]);
        let want = DQuat::from_rotation_y(facing.to_radians()) * DVec3::Z * ours * factor;
        assert!((way - want).with_y(0.0).length() < 0.02 * ours, "{way} {want}");
    }
}

#[test]
fn a_standing_character_has_the_hips_of_its_own_height() {
    let motion = walk(40);
    for (what, size) in [("small", 0.5), ("large", 1.4)] {
        let build = Build { size, lengths: [0.9, 1.1, 1.0], ..Build::default() };
        let performed = perform(&build, &motion);
        let ankle = (0..40).map(|t| performed.file.frame("walk", t)[&(build.names)(LEFT_ANKLE)].translation.y);
        let lowest = ankle.fold(f64::INFINITY, f64::min);
        // At rest the ankle is 9 cm above the ground, in any size.
        assert!((lowest / size - 0.09).abs() < 0.012, "{what}: {lowest}");
    }
}

#[test]
fn a_foot_that_does_not_stand_at_rest_stands_in_the_clip() {
    let motion = walk(48);
    for tiptoe in [0.0, 25.0] {
        let build = Build { tiptoe, ..Build::default() };
        let performed = perform(&build, &motion);
        assert!(
            performed.median < 0.5 && performed.report.slide < 0.003,
            "{} {}",
            performed.median,
            performed.report.slide
        );
        // In the middle of a stand of the right foot its ankle is 9 cm and its ball 3.5 cm above the ground.
        let places = performed.file.frame("walk", 19);
        let height = |joint: usize| places[&(build.names)(joint)].translation.y;
        let (ankle, ball) = (height(RIGHT_ANKLE), height(RIGHT_FOOT));
        assert!((ankle - 0.09).abs() < 0.006 && (ball - 0.035).abs() < 0.006, "{tiptoe}: {ankle} {ball}");
    }
}

#[test]
fn the_soles_of_the_character_stand_on_the_ground() {
    for (what, build) in [
        ("large feet", Build { shoes: true, own_axes: false, ..Build::default() }),
        ("thick soles", Build { shoes: true, thick: 0.06, own_axes: false, ..Build::default() }),
        ("a child", Build { shoes: true, own_axes: false, size: 0.6, lengths: [0.9, 0.9, 1.0], ..Build::default() }),
    ] {
        let motion = walk(48);
        let file = perform(&build, &motion).file;
        let mut lows = Vec::new();
        for t in 0..motion.len() {
            let places = file.frame("walk", t);
            let height = |joint: usize, corner: DVec3| {
                // Bones are parallel to the world at rest, the ankle 9 cm and the ball 3.5 cm above the ground.
                let down = (if joint < LEFT_FOOT { 0.09 } else { 0.035 } + build.thick) * build.size;
                places[&(build.names)(joint)].transform_point3(corner - DVec3::Y * down).y
            };
            let foot = |side: usize| {
                let all = super::hero::corners(build.size);
                all.map(|(part, corner)| height(LEFT_ANKLE + side + 3 * part, corner)).into_iter().reduce(f64::min)
            };
            lows.push(foot(0).unwrap().min(foot(1).unwrap()) / build.size);
        }
        let (low, high) = (lows.iter().copied().fold(1.0, f64::min), lows.iter().copied().fold(-1.0, f64::max));
        // The ground of the character is where its soles are at rest.
        let ground = -build.thick;
        assert!(low - ground > -0.004 && high - ground < 0.004, "{what}: {low} {high}");
    }
}

#[test]
fn twist_bones_get_their_share_and_bones_in_parts_end_with_all_of_it() {
    let motion = walk(30);
    let build = Build { twist: true, names: unreal, own_axes: false, ..Build::default() };
    let performed = perform(&build, &motion);
    assert_eq!(performed.report.twist.len(), 16, "{:?}", performed.report.twist);
    let rest = made(&build);
    let turned = |places: &std::collections::BTreeMap<String, DAffine3>, name: &str| {
        DQuat::from_mat3(&places[name].matrix3).normalize()
    };
    assert!(rest.document["nodes"].as_array().unwrap().len() > 30);
    for t in [3, 6, 17] {
        let places = performed.file.frame("walk", t);
        let (arm, hand) = (turned(&places, "lowerarm_l"), turned(&places, "hand_l"));
        // Bones are parallel to the world at rest, and the forearm is along x: the hand's twist against it.
        let angle = |turn: DQuat| 2.0 * turn.x.atan2(turn.w);
        let all = angle(arm.inverse() * hand);
        assert!(all.abs() > 0.3, "{all}");
        for (twist, share) in [("lowerarm_l_twist_01", 1.0 / 3.0), ("lowerarm_l_twist_02", 2.0 / 3.0)] {
            let own = angle(arm.inverse() * turned(&places, twist));
            assert!((own - share * all).abs() < 0.02, "{twist}: {own} of {all}");
        }
        let upper = turned(&places, "upperarm_l");
        let own = angle(upper.inverse() * turned(&places, "upperarm_l_twist_02"));
        let first = angle(upper.inverse() * turned(&places, "upperarm_l_twist_01"));
        // The farther from the shoulder, the more of the arm's own twist is left in the bone.
        assert!((first - 2.0 * own).abs() < 0.02, "{first} {own}");
    }
    // Fingers have no keys.
    let nodes = performed.file.document["nodes"].as_array().unwrap();
    let finger = nodes.iter().position(|node| node["name"] == "LeftFinger").unwrap();
    let channels = performed.file.animation("walk")["channels"].as_array().unwrap();
    assert!(channels.iter().all(|channel| channel["target"]["node"] != finger));
    let within = perform(&Build { within: true, names: unreal, ..Build::default() }, &motion);
    assert!(within.median < 0.5, "{}", within.median);
}

#[test]
fn a_bend_of_the_trunk_is_shared_by_all_bones_of_a_spine() {
    let motion = walk(20);
    for spine in [2, 4, 5] {
        let build = Build { spine, own_axes: false, ..Build::default() };
        let file = perform(&build, &motion).file;
        let places = file.frame("walk", 6);
        let turn = |name: &str| DQuat::from_mat3(&places[name].matrix3).normalize();
        let name = |i: usize| {
            if i == 0 {
                (build.names)(0)
            } else if i == 1 {
                (build.names)(SPINE1)
            } else {
                format!("{}_{i}", (build.names)(SPINE1))
            }
        };
        let bends: Vec<f64> = (1..=spine).map(|i| turn(&name(i - 1)).angle_between(turn(&name(i)))).collect();
        let whole = turn(&name(0)).angle_between(turn(&name(spine)));
        assert!(whole > 0.2, "{whole}");
        let even = whole / spine as f64;
        assert!(bends.iter().all(|bend| (bend - even).abs() < 0.35 * even), "{spine}: {bends:?}");
    }
}

#[test]
fn without_planting_rotations_are_carried_over_alone() {
    let build = Build { lengths: [1.2, 0.7, 1.0], ..Build::default() };
    let mut character = Character::from_bytes(made(&build).glb(), &RetargetOptions::default()).unwrap();
    let options = RetargetOptions::default().with_plant(false);
    let free = character.add_with(&walk(48), &options).unwrap().clone();
    let planted = character.add(&walk(48), "planted").unwrap().clone();
    assert!(free.angles.iter().all(|angle| angle.max < 0.1), "{:?}", free.angles);
    assert!(free.slide > 0.01 && planted.slide < 0.003, "{} {}", free.slide, planted.slide);
}
