//! Models as MuJoCo reads them, hostile ones, and a small humanoid that follows clips.

use glam::{Quat, Vec3};

use super::*;
use crate::format::TensorSource;
use crate::format::npz::NpzFile;
use crate::motion::Pose;
use crate::motion::skeleton::joint::{LEFT_ELBOW, LEFT_HIP, LEFT_KNEE, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER};

/// A humanoid with hinges of three axes at each hip and shoulder, one at knees and elbows, two at ankles and wrists; feet are
/// boxes.
pub(super) const HUMANOID: &str = r#"<mujoco model="tester">
  <compiler angle="degree" autolimits="true"/>
  <default>
    <default class="robot">
      <joint axis="0 1 0" range="-120 120"/>
      <geom type="capsule" size="0.03"/>
      <default class="knee"><joint range="0 150"/></default>
    </default>
  </default>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <body name="pelvis" pos="0 0 0.82" childclass="robot">
      <freejoint name="root"/>
      <geom type="sphere" size="0.08"/>
      LEGS
      <body name="waist" pos="0 0 0.08">
        <joint name="waist_yaw" axis="0 0 1" range="-90 90"/><geom type="sphere" size="0.02"/>
        <body name="torso" pos="0 0 0.05">
          <joint name="waist_pitch" range="-40 60"/>
          <geom type="box" size="0.06 0.12 0.12" pos="0 0 0.15"/>
          ARMS
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>"#;

const LEG: &str = r#"<body name="SIDE_hip_pitch" pos="0 Y.08 -0.03">
  <joint name="SIDE_hip_pitch"/><geom type="sphere" size="0.02"/>
  <body name="SIDE_hip_roll"><joint name="SIDE_hip_roll" axis="1 0 0" range="-45 45"/><geom type="sphere" size="0.02"/>
    <body name="SIDE_hip_yaw"><joint name="SIDE_hip_yaw" axis="0 0 1" range="-90 90"/>
      <geom fromto="0 0 0 0 0 -0.35"/>
      <body name="SIDE_knee" pos="0 0 -0.37"><joint name="SIDE_knee" class="knee"/>
        <geom fromto="0 0 0 0 0 -0.3"/>
        <body name="SIDE_ankle_pitch" pos="0 0 -0.36"><joint name="SIDE_ankle_pitch" range="-60 40"/><geom type="sphere" size="0.02"/>
          <body name="SIDE_ankle_roll"><joint name="SIDE_ankle_roll" axis="1 0 0" range="-20 20"/>
            <geom type="box" size="0.1 0.04 0.02" pos="0.04 0 -0.04"/>
          </body></body></body></body></body></body>"#;

const ARM: &str = r#"<body name="SIDE_shoulder" pos="0 Y.16 0.25">
  <joint name="SIDE_shoulder_pitch" range="-180 120"/><joint name="SIDE_shoulder_roll" axis="1 0 0" range="-150 150"/>
  <joint name="SIDE_shoulder_yaw" axis="0 0 1" range="-150 150"/>
  <geom fromto="0 0 0 0 0 -0.22"/>
  <body name="SIDE_elbow" pos="0 0 -0.24"><joint name="SIDE_elbow" range="-145 0"/>
    <geom fromto="0 0 0 0 0 -0.18"/>
    <body name="SIDE_wrist" pos="0 0 -0.22"><joint name="SIDE_wrist_yaw" axis="0 0 1"/>
      <joint name="SIDE_wrist_pitch" range="-60 60"/><geom fromto="0 0 0 0 0 -0.08"/></body></body></body>"#;

fn both(part: &str) -> String {
    part.replace("SIDE", "left").replace("Y", "0") + &part.replace("SIDE", "right").replace("Y", "-0")
}

fn humanoid() -> String {
    HUMANOID.replace("LEGS", &both(LEG)).replace("ARMS", &both(ARM))
}

fn read(xml: &str) -> Result<RobotModel> {
    compile::compile(&tree::read(xml, None)?)
}

fn robot() -> Robot {
    Robot::from_bytes(humanoid().into_bytes(), None).unwrap()
}

/// Marches on the spot with swinging arms.
fn march(frames: usize, fps: f32) -> Motion {
    let pose = |t: usize| {
        let phase = (t as f32 / fps * 5.0).sin();
        let mut rotations = [Quat::IDENTITY; 22];
        rotations[0] = Quat::from_mat3(&crate::body::REST_TO_WORLD);
        for (side, lift) in [(0, phase.max(0.0)), (1, (-phase).max(0.0))] {
            rotations[LEFT_HIP + side] = Quat::from_rotation_x(-0.8 * lift);
            rotations[LEFT_KNEE + side] = Quat::from_rotation_x(1.2 * lift);
            let out = if side == 0 { -1.2 } else { 1.2 };
            rotations[LEFT_SHOULDER + side] = Quat::from_rotation_z(out) * Quat::from_rotation_y(0.2 * phase);
            rotations[LEFT_ELBOW + side] = Quat::from_rotation_y(if side == 0 { -0.6 } else { 0.6 });
        }
        Pose { root: Vec3::new(0.0, 0.0, 0.965), rotations }
    };
    Motion::from_poses(&(0..frames).map(pose).collect::<Vec<_>>(), fps).unwrap()
}

#[test]
fn defaults_and_classes_reach_the_joints() {
    let model = read(&humanoid()).unwrap();
    let joint = |name: &str| model.joints.iter().find(|joint| joint.name == name).unwrap();
    assert_eq!((model.bodies.len(), model.joints.len(), model.width), (22, 27, 33));
    assert_eq!(joint("left_knee").range.map(|range| range[1].to_degrees().round()), Some(150.0));
    assert_eq!(joint("left_knee").axis, glam::DVec3::Y);
    assert_eq!(joint("left_hip_pitch").range.map(|range| range[0].to_degrees().round()), Some(-120.0));
    assert!(joint("root").range.is_none());
}

#[test]
fn orientations_of_every_kind_are_read() {
    let turn = |attribute: &str, compiler: &str| {
        let xml = format!("<mujoco>{compiler}<worldbody><body name='a' {attribute}/></worldbody></mujoco>");
        read(&xml).unwrap().bodies[1].turn
    };
    let quarter = glam::DQuat::from_rotation_z(std::f64::consts::FRAC_PI_2);
    let radian = "<compiler angle='radian'/>";
    for (attribute, compiler) in [
        ("quat='1 0 0 1'", ""),
        ("axisangle='0 0 2 90'", ""),
        ("axisangle='0 0 1 1.5707963267948966'", radian),
        ("euler='0 0 90'", ""),
        ("xyaxes='0 1 0 -1 0.5 0'", ""),
    ] {
        let found = turn(attribute, compiler);
        assert!(found.angle_between(quarter) < 1e-7, "{attribute}: {found}");
    }
    assert!((turn("zaxis='1 0 0'", "") * glam::DVec3::Z).abs_diff_eq(glam::DVec3::X, 1e-12));
    // Small letters turn with the body, capitals about the fixed axes.
    let about =
        [glam::DQuat::from_rotation_x(0.3), glam::DQuat::from_rotation_y(0.5), glam::DQuat::from_rotation_z(0.7)];
    let own = turn("euler='0.3 0.5 0.7'", "<compiler angle='radian' eulerseq='xyz'/>");
    assert!(own.angle_between(about[0] * about[1] * about[2]) < 1e-7);
    let fixed = turn("euler='0.3 0.5 0.7'", "<compiler angle='radian' eulerseq='XYZ'/>");
    assert!(fixed.angle_between(about[2] * about[1] * about[0]) < 1e-7);
}

#[test]
fn a_hip_of_several_hinges_away_from_its_origin_bends_in_its_place() {
    let xml = "<mujoco><compiler angle='radian'/><worldbody><body name='a' pos='0 0 1'><freejoint/>
        <frame pos='0 0.1 0' euler='0 0 1.5707963267948966'><body name='leg'>
        <joint name='one' axis='1 0 0' pos='0 0 0.1' ref='0.2'/><joint name='two' axis='0 1 0' pos='0 0 0.1'/>
        <body name='foot' pos='0 0 -0.5'/></body></frame></body></worldbody></mujoco>";
    let model = read(xml).unwrap();
    let mut q = model.initial();
    assert_eq!(q[7], 0.2);
    q[7] += 0.3;
    q[8] = 0.5;
    let posed = model.posed(&q);
    let turn = glam::DQuat::from_rotation_z(std::f64::consts::FRAC_PI_2)
        * glam::DQuat::from_rotation_x(0.3)
        * glam::DQuat::from_rotation_y(0.5);
    let foot = glam::DVec3::new(0.0, 0.1, 1.1) + turn * glam::DVec3::new(0.0, 0.0, -0.6);
    assert!(posed.places[3].abs_diff_eq(foot, 1e-12), "{} {foot}", posed.places[3]);
}

#[test]
fn included_files_are_in_their_place_and_stay_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("robot.xml");
    let text = humanoid();
    let (head, legs) = text.split_at(text.find("<worldbody>").unwrap());
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    std::fs::write(folder.path().join("parts/world.xml"), format!("<mujoco>{legs}")).unwrap();
    std::fs::write(&path, format!("{head}<include file='parts/world.xml'/></mujoco>")).unwrap();
    assert_eq!(Robot::open(&path).unwrap().initial(), robot().initial());
    for (name, want) in [("../robot.xml", "outside"), ("/etc/hosts", "outside"), ("none.xml", "none.xml")] {
        std::fs::write(&path, format!("<mujoco><include file='{name}'/></mujoco>")).unwrap();
        let error = Robot::open(&path).unwrap_err().to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
    std::fs::write(&path, "<mujoco><include file='robot.xml'/></mujoco>").unwrap();
    assert!(Robot::open(&path).unwrap_err().to_string().contains("twice"));
}

#[test]
fn faults_are_named_with_the_element() {
    let body = |inside: &str| format!("<mujoco><worldbody><body name='a'>{inside}</body></worldbody></mujoco>");
    let cases = [
        ("<robot/>".to_string(), "mj_saveLastXML"),
        ("<mujoco><worldbody/></mujoco>".into(), "no bodies"),
        ("<mujoco><worldbody>".into(), "root node"),
        (body("<joint type='screw'/>"), "screw"),
        (body("<joint name='j' axis='0 0 0'/>"), "name=\"j\""),
        (body("<joint range='1 -1'/>"), "range"),
        (body("<joint range='1'/>"), "1 numbers in range"),
        (body("<joint axis='0 0 x'/>"), "not numbers"),
        (body("<joint pos='0 0 1e9'/>"), "beyond"),
        (body("<joint class='none'/>"), "no default class \"none\""),
        (body("<replicate count='3'/>"), "<replicate>"),
        (body("<body><freejoint/></body>"), "below another"),
        ("<mujoco><default class='other'/></mujoco>".into(), "other"),
        ("<mujoco><compiler eulerseq='xyw'/></mujoco>".into(), "xyw"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><mujoco/>".into(), "DTD"),
    ];
    for (xml, want) in cases {
        let error = read(&xml).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(want), "{xml}: {error}");
    }
}

#[test]
fn hostile_models_are_refused_at_once() {
    let attributes: String = (0..100_000).map(|k| format!(" a{k}=''")).collect();
    let spaces: String = (0..50_000).map(|k| format!("<a xmlns:n{k}='x'>")).collect();
    let cases = [
        format!("<mujoco{attributes}/>"),
        spaces,
        "<body>".repeat(100_000),
        format!("<mujoco><worldbody>{}{}</worldbody></mujoco>", "<body>".repeat(5000), "</body>".repeat(5000)),
        format!("<mujoco><worldbody>{}</worldbody></mujoco>", "<body/>".repeat(5000)),
        " ".repeat(9 << 20),
        format!("<mujoco><default>{}</default></mujoco>", "<joint/>".repeat(100_000)),
        format!("<mujoco>{}{}</mujoco>", "<default class='main'>".repeat(100), "</default>".repeat(100)),
        format!("<mujoco><worldbody><body>{}</body></worldbody></mujoco>", "<geom/>".repeat(50_000)),
    ];
    for xml in cases {
        let start = std::time::Instant::now();
        assert!(read(&xml).is_err());
        assert!(start.elapsed().as_secs() < 20, "{} bytes", xml.len());
    }
}

#[test]
fn what_a_robot_lacks_is_said() {
    let text = humanoid().replace("left_knee", "link_a").replace("right_elbow", "link_b");
    let error = Robot::from_bytes(text.clone().into_bytes(), None).unwrap_err().to_string();
    assert!(error.contains("left_knee, right_elbow") && error.contains("link_a"), "{error}");
    let names: JointMap =
        [("left_knee", "link_a"), ("right_elbow", "link_b")].map(|(a, b)| (a.into(), b.into())).into();
    assert!(Robot::from_bytes(text.clone().into_bytes(), Some(&names)).is_ok());
    let wrong: JointMap = [("left_knee".to_string(), "none".to_string())].into();
    let error = Robot::from_bytes(text.into_bytes(), Some(&wrong)).unwrap_err().to_string();
    assert!(error.contains("no body \"none\""), "{error}");
    let fixed = humanoid().replace("<freejoint name=\"root\"/>", "");
    let error = Robot::from_bytes(fixed.into_bytes(), None).unwrap_err().to_string();
    assert!(error.contains("<freejoint/>"), "{error}");
}

#[test]
fn a_humanoid_marches_within_its_limits() {
    let motion = march(60, 30.0);
    let done = robot().retarget(&motion).unwrap();
    let report = done.report();
    assert_eq!((report.violations, report.frames), (0, 60), "{report:?}");
    assert!(report.max_velocity <= 20.0 + 1e-6 && report.max_velocity > 1.0, "{report:?}");
    assert!(report.mean_error < 0.02 && report.max_error < 0.08, "{report:?}");
    assert!(report.slide < 0.005 && report.penetration < 1e-6 && report.float < 0.01, "{report:?}");
    assert!(
        report.stands > 2 && report.missing.iter().all(|name| name.contains("foot") || name == "head"),
        "{report:?}"
    );
    assert!(report.angles.iter().all(|angle| angle.median < 6.0), "{report:?}");
    // It faces x as the robot does, and the left knee rises first.
    let model = read(&humanoid()).unwrap();
    let column = |name: &str| model.joints.iter().find(|joint| joint.name == name).unwrap().at;
    let row = done.qpos().row(9).to_vec();
    assert!(row[column("left_knee")] > 0.6 && row[column("right_knee")] < 0.4, "{row:?}");
    let (_, turn) = done.root(9).unwrap();
    assert!(turn[0].abs() > 0.98, "{turn:?}");
}

#[test]
fn joints_are_no_faster_than_allowed() {
    let motion = march(40, 30.0);
    let slow = robot().retarget_with(&motion, &RobotOptions::default().with_velocity(1.5)).unwrap();
    let report = slow.report();
    assert!(report.max_velocity < 1.5001 && report.at_speed > 0.0, "{report:?}");
    assert_eq!(report.violations, 0);
    let error = robot().retarget_with(&motion, &RobotOptions::default().with_velocity(0.0)).unwrap_err();
    assert!(error.to_string().contains("velocity"), "{error}");
}

#[test]
fn a_robot_of_ball_joints_follows_too() {
    let shoulder = r#"<joint name="SIDE_shoulder_pitch" range="-180 120"/><joint name="SIDE_shoulder_roll" axis="1 0 0" range="-150 150"/>
  <joint name="SIDE_shoulder_yaw" axis="0 0 1" range="-150 150"/>"#;
    assert!(ARM.contains(shoulder));
    let arm = ARM.replace(shoulder, r#"<joint name="SIDE_ball" type="ball" range="0 100"/>"#);
    let text = HUMANOID.replace("LEGS", &both(LEG)).replace("ARMS", &both(&arm));
    let robot = Robot::from_bytes(text.into_bytes(), None).unwrap();
    let done = robot.retarget(&march(30, 30.0)).unwrap();
    assert_eq!(done.report().violations, 0);
    assert!(done.report().mean_error < 0.03, "{:?}", done.report());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.csv");
    let error = done.save(&path, Some(RobotLayout::Lafan1)).unwrap_err().to_string();
    assert!(error.contains("left_ball"), "{error}");
    done.save(&path, None).unwrap();
}

#[test]
fn tables_and_arrays_hold_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let done = robot().retarget(&march(12, 30.0)).unwrap();
    let file = |name: &str| folder.path().join(name);
    done.save(file("walk.csv"), None).unwrap();
    let text = std::fs::read_to_string(file("walk.csv")).unwrap();
    let rows: Vec<Vec<f64>> = text.lines().map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    assert_eq!((rows.len(), rows[0].len()), (12, 33));
    assert!(rows.iter().flatten().zip(done.qpos()).all(|(a, b)| (a - b).abs() < 1e-8));
    let note: serde_json::Value = serde_json::from_slice(&std::fs::read(file("walk.csv.json")).unwrap()).unwrap();
    assert_eq!((&note["layout"], &note["fps"]), (&serde_json::json!("mujoco"), &serde_json::json!(30.0)));
    assert_eq!(note["columns"].as_array().map(Vec::len), Some(33));
    done.save(file("walk.npz"), None).unwrap();
    let arrays = NpzFile::open(file("walk.npz")).unwrap();
    assert_eq!(arrays.info("qpos").unwrap().shape, [12, 33]);
    assert_eq!(arrays.info("body_rotations").unwrap().shape, [12, 21, 4]);
    assert_eq!(arrays.info("dof_velocities").unwrap().shape, [12, 26]);
    for (name, layout, want) in [("a.npz", Some(RobotLayout::Lafan1), "layout"), ("a.txt", None, "csv")] {
        assert!(done.save(file(name), layout).unwrap_err().to_string().contains(want), "{name}");
    }
}

#[test]
fn hips_and_shoulders_are_at_the_middle_of_their_hinges() {
    let robot = robot();
    for (joint, place) in
        [(LEFT_HIP, [0.0, 0.08, 0.79]), (RIGHT_HIP, [0.0, -0.08, 0.79]), (RIGHT_SHOULDER, [0.0, -0.16, 1.2])]
    {
        let (body, point) = robot.rig.points[joint].unwrap();
        let found = robot.model.posed(&robot.initial()).point(body, point);
        assert!(found.abs_diff_eq(place.into(), 1e-9), "{joint}: {found}");
    }
}
