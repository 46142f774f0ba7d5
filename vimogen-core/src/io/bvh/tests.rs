//! One clip in the ways that programs and people write BVH.

use glam::{DMat3, EulerRot};

use super::*;
use crate::error::Result;
use crate::io::LoadOptions;
use crate::motion::Motion;
use crate::motion::layout::JOINTS;

/// 60 frames at 20 frames per second, y up, centimetres, T pose, names of Mixamo.
fn base() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/formats/bvh/walk.bvh");
    std::fs::read_to_string(path).unwrap()
}

fn read(bytes: &[u8]) -> Result<Motion> {
    read_with(bytes, &LoadOptions::default())
}

fn read_with(bytes: &[u8], options: &LoadOptions<'_>) -> Result<Motion> {
    Bvh::from_bytes(bytes)?.to_motion(options)
}

/// Asserts that a file is the same motion at this rate.
fn assert_same(name: &str, bytes: &[u8], fps: f32) {
    let (right, got) = (read(base().as_bytes()).unwrap(), read(bytes).unwrap_or_else(|e| panic!("{name}: {e}")));
    assert_eq!(got.len(), right.len(), "{name}");
    assert!((got.fps() - fps).abs() < 1e-3, "{name}: {} frames per second", got.fps());
    let (right, got) = (right.joints().to_owned(), got.joints().to_owned());
    for ((t, j, c), value) in right.indexed_iter() {
        let relative = |of: &ndarray::Array3<f32>| of[[t, j, c]] - of[[t, 0, c]];
        assert!((relative(&got) - relative(&right)).abs() < 2e-3, "{name}: frame {t}, joint {j}");
        assert!((got[[t, j, c]] - value).abs() < 0.01, "{name}: frame {t}, joint {j}");
    }
}

fn reason(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

/// Head (up to `MOTION`) and the rest.
fn parts(text: &str) -> (&str, &str) {
    text.split_at(text.find("MOTION").unwrap())
}

/// The base with changed rows of values.
fn with_rows(change: impl Fn(Vec<f64>) -> Vec<f64>) -> String {
    let text = base();
    let (header, rows) = text.split_at(text.find("0.05000000\n").unwrap() + 11);
    let row = |line: &str| {
        let values = change(line.split_whitespace().map(|word| word.parse().unwrap()).collect());
        values.iter().map(|value| format!("{value:.6}")).collect::<Vec<_>>().join(" ") + "\n"
    };
    header.to_string() + &rows.lines().map(row).collect::<String>()
}

/// The base with all names changed.
fn with_names(name: impl Fn(&str) -> String) -> String {
    let word = |line: &str| match line.split_once("mixamorig:") {
        Some((before, joint)) => format!("{before}{}\n", name(joint)),
        None => format!("{line}\n"),
    };
    base().lines().map(word).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

/// A root around the hips.
fn wrapped(name: &str, channels: &str, values: &str) -> String {
    let text = base();
    let (head, motion) = parts(&text);
    let (rates, rows) = motion.split_at(motion.find("0.05000000\n").unwrap() + 11);
    let root = format!("ROOT {name}\n{{\nOFFSET 0 0 0\nCHANNELS {channels}\nJOINT mixamorig:Hips");
    let rows: String = rows.lines().map(|row| format!("{values}{row}\n")).collect();
    format!("{}}}\n{rates}{rows}", head.replace("ROOT mixamorig:Hips", &root))
}

#[test]
fn the_grammar_of_people_is_read() {
    let text = base();
    let (head, motion) = parts(&text);
    let in_head = |from: &str, to: &str| head.replace(from, to) + motion;
    let end = "End Site\n";
    for (name, form) in [
        ("blank lines", head.replace('\n', "\n\n") + motion),
        ("line ends of DOS", text.replace('\n', "\r\n")),
        ("old line ends of the Mac", text.replace('\n', "\r")),
        ("glued braces", head.replace("\t", "").replace("\n{", "{") + motion),
        ("all on one line", head.replace('\n', " ") + motion),
        ("decimal commas", text.replace('.', ",")),
        ("comment after a name", in_head("ROOT mixamorig:Hips", "ROOT mixamorig:Hips  #root")),
        (
            "comments",
            text.replace("MOTION", "# one\n// two\nMOTION // three\n# four").replace("20.247611", "20.247611\n"),
        ),
        (
            "End Site with CHANNELS 0",
            in_head(end, "End Site\n").replace("OFFSET 0.000000 18", "CHANNELS 0\nOFFSET 0.000000 18"),
        ),
        ("named End Sites", in_head(end, "End Site LeftEnd\n")),
        ("glued End Sites", in_head(end, "EndSite\n")),
        ("number of frames after a blank", text.replace("Frames:", "Frames :")),
        ("glued number of frames", text.replace("Frames: ", "Frames:")),
        ("glued frame time", text.replace("Frame Time: ", "Frame Time:")),
        ("frame time after a tab", text.replace("Frame Time: ", "Frame Time:\t")),
        ("keywords in lower case", text.to_lowercase()),
        ("keywords in upper case", text.replace("Xposition", "XPOSITION").replace("End Site", "END SITE")),
        ("no newline at the end", text.trim_end().to_string()),
        ("blank lines at the end", text.clone() + "\n\n  \n"),
        ("padding of zeros", text.clone() + "\x1a\0\0\0"),
        ("blanks at the end of lines", text.replace('\n', "  \n")),
        ("a root without channels", wrapped("Armature", "0", "")),
        (
            "a root with channels",
            wrapped("Root", "6 Xposition Yposition Zposition Zrotation Xrotation Yrotation", "0 0 0 0 0 0 "),
        ),
        ("a name in another script", text.replace("ROOT mixamorig:", "ROOT 人形:")),
    ] {
        assert_same(name, form.as_bytes(), 20.0);
    }
}

#[test]
fn files_without_end_sites_are_read() {
    let text = base();
    let mut lines = text.lines();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.contains("End Site") {
            lines.nth(2);
        } else {
            kept += &format!("{line}\n");
        }
    }
    assert!(!kept.contains("End Site"));
    assert_same("no End Sites", kept.as_bytes(), 20.0);
}

#[test]
fn any_encoding_is_read() {
    let text = base();
    let sjis = |name: &[u8]| {
        let (before, after) = text.split_once("mixamorig:Hips").unwrap();
        [before.as_bytes(), name, b":Hips", after.as_bytes()].concat()
    };
    for (name, form) in [
        ("UTF-8 with a mark", ["\u{feff}".as_bytes(), text.as_bytes()].concat()),
        ("UTF-16, little endian", utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)),
        ("UTF-16, big endian", utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)),
        ("UTF-16 without a mark", utf16(&text, u16::to_le_bytes)),
        ("Shift-JIS", sjis(b"\x90\x6c\x8c\x60")),
        ("Shift-JIS with a brace within a character", sjis(b"\x83\x7b\x81\x5b")),
        ("Latin-1", sjis(b"K\xf6rper")),
    ] {
        assert_same(name, &form, 20.0);
        let warnings = read(&form).unwrap().source().unwrap().warnings.clone();
        let lost = warnings.iter().any(|doubt| doubt.contains("UTF-8") && doubt.contains("`names`"));
        assert_eq!(lost, !name.starts_with("UTF"), "{name}: {warnings:?}");
    }
}

#[test]
fn rates_are_those_that_the_digits_mean() {
    for (time, fps) in [
        ("0.0417083", 23.976_02),
        ("0.0333667", 29.970_03),
        ("0.0166834", 59.940_06),
        ("0.00834167", 119.880_12),
        ("0.0333333", 30.0),
        ("0.008333", 120.0),
        ("0.05", 20.0),
    ] {
        assert_same(time, base().replace("0.05000000", time).as_bytes(), fps);
    }
    let unknown = base().replace("0.05000000", "0");
    assert!(reason(&unknown).contains("frame rate"), "{}", reason(&unknown));
    let given = read_with(unknown.as_bytes(), &LoadOptions::default().with_fps(20.0)).unwrap();
    assert_eq!((given.fps(), given.source().unwrap().rate.as_str()), (20.0, "given"));
}

#[test]
fn names_of_other_rigs_and_prefixes_are_read() {
    let ours = |joint: &str| MIXAMO_NAMES.iter().position(|name| *name == joint).unwrap();
    let listed = |names: &'static str| {
        let names: Vec<&str> = names.split(' ').collect();
        assert_eq!(names.len(), JOINTS);
        with_names(|joint| names[ours(joint)].to_string())
    };
    for (name, form) in [
        ("none", with_names(str::to_string)),
        ("number", with_names(|joint| format!("mixamorig9:{joint}"))),
        ("underscore", with_names(|joint| format!("mixamorig_{joint}"))),
        ("pipe", with_names(|joint| format!("Armature|mixamorig:{joint}"))),
        ("Character1", with_names(|joint| format!("Character1_{joint}"))),
        ("spaced", with_names(|joint| joint.replace("Left", "Left ").replace("Right", "Right "))),
        (
            "Unity",
            listed(
                "Hips UpperLeg_L UpperLeg_R Spine LowerLeg_L LowerLeg_R Chest Foot_L Foot_R UpperChest Toes_L Toes_R Neck Shoulder_L Shoulder_R Head UpperArm_L UpperArm_R LowerArm_L LowerArm_R Hand_L Hand_R",
            ),
        ),
        (
            "Unreal",
            listed(
                "pelvis thigh_l thigh_r spine_01 calf_l calf_r spine_02 foot_l foot_r spine_03 ball_l ball_r neck_01 clavicle_l clavicle_r head upperarm_l upperarm_r lowerarm_l lowerarm_r hand_l hand_r",
            ),
        ),
        (
            "Xsens",
            listed(
                "Hips LeftHip RightHip Chest LeftKnee RightKnee Chest2 LeftAnkle RightAnkle Chest4 LeftToe RightToe Neck LeftCollar RightCollar Head LeftShoulder RightShoulder LeftElbow RightElbow LeftWrist RightWrist",
            ),
        ),
        (
            "SMPL",
            listed(
                "Pelvis L_Hip R_Hip Spine1 L_Knee R_Knee Spine2 L_Ankle R_Ankle Spine3 L_Foot R_Foot Neck L_Collar R_Collar Head L_Shoulder R_Shoulder L_Elbow R_Elbow L_Wrist R_Wrist",
            ),
        ),
        ("no names at all", listed("B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B21")),
    ] {
        assert_same(name, form.as_bytes(), 20.0);
    }
    let kind = |text: &str| read(text.as_bytes()).unwrap().source().unwrap().kind.clone();
    assert_eq!(kind(&base()), "BVH, joint names of Mixamo");
}

#[test]
fn channels_may_come_in_any_order() {
    for (order, rotation) in [("XYZ", EulerRot::XYZ), ("XZY", EulerRot::XZY), ("YXZ", EulerRot::YXZ)] {
        let words: Vec<String> = order.chars().map(|axis| format!("{axis}rotation")).collect();
        let form = with_rows(|mut row| {
            for angles in row[3..].chunks_exact_mut(3) {
                let [z, x, y] = [angles[0], angles[1], angles[2]].map(f64::to_radians);
                let turn = DMat3::from_euler(EulerRot::ZXY, z, x, y);
                let (a, b, c) = turn.to_euler(rotation);
                angles.copy_from_slice(&[a.to_degrees(), b.to_degrees(), c.to_degrees()]);
            }
            row
        });
        assert_same(order, form.replace("Zrotation Xrotation Yrotation", &words.join(" ")).as_bytes(), 20.0);
    }
    let form = with_rows(|mut row| {
        row[..3].reverse();
        row[..6].rotate_left(3);
        row
    });
    let root = "6 Zrotation Xrotation Yrotation Zposition Yposition Xposition";
    let form = form.replace("6 Xposition Yposition Zposition Zrotation Xrotation Yrotation", root);
    assert_same("rotation first", form.as_bytes(), 20.0);
}

#[test]
fn damage_is_refused_with_its_line_and_joint() {
    let text = base();
    let damaged = |from: &str, to: &str| reason(&text.replace(from, to));
    let nan = damaged("1.378868 95.472962", "1.378868 -1.#IND");
    assert!(nan.contains("line 136: \"-1.#IND\" is no number, expected the value of Yposition"), "{nan}");
    assert!(nan.contains("\"mixamorig:Hips\""), "{nan}");
    assert!(damaged("Frames: 60", "Frames: 0").contains("line 133: the file has no frames"));
    assert!(damaged("0.05000000", "nan").contains("line 134: \"nan\", expected a frame time"));
}

#[test]
fn the_number_of_frames_may_be_wrong() {
    let more = read(base().replace("Frames: 60", "Frames: 40").as_bytes()).unwrap();
    assert_eq!(more.len(), 40);
    let warnings = &more.source().unwrap().warnings;
    assert!(warnings.iter().any(|w| w.contains("says 40 frames and holds 60")), "{warnings:?}");
    let fewer = read(base().replace("Frames: 60", "Frames: 61").as_bytes()).unwrap();
    assert_eq!(fewer.len(), 60);
    let warnings = &fewer.source().unwrap().warnings;
    assert!(warnings.iter().any(|w| w.contains("says 61 frames and holds 60")), "{warnings:?}");
    let text = base().replace("Frames: 60", "Frames: 1");
    let one: String = text.lines().take(135).map(|line| format!("{line}\n")).collect();
    assert_eq!(read(one.as_bytes()).unwrap().len(), 1);
}

/// Two people: the second has the hips 1 m aside.
fn two_people() -> String {
    let text = base();
    let (head, motion) = parts(&text);
    let second = head.strip_prefix("HIERARCHY\n").unwrap().replace("mixamorig:", "two:");
    let (rates, rows) = motion.split_at(motion.find("0.05000000\n").unwrap() + 11);
    let twice = |row: &str| {
        let (x, rest) = row.split_once(' ').unwrap();
        format!("{row} {} {rest}\n", x.parse::<f64>().unwrap() + 100.0)
    };
    format!("{head}{second}{rates}{}", rows.lines().map(twice).collect::<String>())
}

#[test]
fn one_of_several_people_is_read_and_all_are_named() {
    let text = two_people();
    assert_same("the first of two", text.as_bytes(), 20.0);
    let first = read(text.as_bytes()).unwrap();
    let source = first.source().unwrap();
    assert_eq!(source.persons, ["mixamorig:Hips", "two:Hips"]);
    assert_eq!(source.person.as_deref(), Some("mixamorig:Hips"));
    assert!(source.warnings.iter().any(|w| w.contains("2 persons") && w.contains("`person`")), "{source:?}");
    for person in ["two:Hips", "two", "2"] {
        let second = read_with(text.as_bytes(), &LoadOptions::default().with_person(person)).unwrap();
        let apart = (second.joints()[[0, 0, 0]] - first.joints()[[0, 0, 0]]).abs();
        assert!((apart - 1.0).abs() < 1e-3, "{person}: {apart}");
        assert_eq!(second.source().unwrap().person.as_deref(), Some("two:Hips"));
    }
    let unknown = read_with(text.as_bytes(), &LoadOptions::default().with_person("three")).unwrap_err().to_string();
    assert!(unknown.contains("no person \"three\"; it has mixamorig:Hips, two:Hips"), "{unknown}");
    // A prop before the people.
    let prop = text.replacen("ROOT", "ROOT Box\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nROOT", 1);
    assert_same("a prop first", prop.as_bytes(), 20.0);
}

#[test]
fn people_below_one_root_are_people() {
    let text = two_people();
    let (head, rows) = parts(&text);
    let joints = head.replace("HIERARCHY", "").replace("ROOT", "JOINT");
    for above in ["", "JOINT Stage\n{\nOFFSET 0 0 0\nCHANNELS 0\n"] {
        let scene = format!("HIERARCHY\nROOT Scene\n{{\nOFFSET 0 0 0\nCHANNELS 0\n{above}{joints}");
        let scene = format!("{scene}}}\n{}{rows}", if above.is_empty() { "" } else { "}\n" });
        let (first, lone) = (read(scene.as_bytes()).unwrap(), read(text.as_bytes()).unwrap());
        assert_eq!(first.joints(), lone.joints());
        assert_eq!(first.source().unwrap().persons, ["mixamorig:Hips", "two:Hips"]);
        assert!(first.source().unwrap().warnings.iter().any(|w| w.contains("2 persons")));
        let two = LoadOptions::default().with_person("two");
        let [second, lone] = [&scene, &text].map(|text| read_with(text.as_bytes(), &two).unwrap());
        assert_eq!(second.joints(), lone.joints());
    }
}

/// Speed of reading on this machine: `cargo test -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let text = base();
    let (header, rows) = text.split_at(text.find("0.05000000\n").unwrap() + 11);
    let text = header.replace("Frames: 60", "Frames: 72000") + &rows.repeat(1200);
    let start = std::time::Instant::now();
    let file = Bvh::from_bytes(text.as_bytes()).unwrap();
    let parsed = start.elapsed();
    let clip = file.to_motion(&LoadOptions::default()).unwrap();
    println!("{} MB: parsed in {parsed:?}, a clip in {:?}", text.len() / 1_000_000, start.elapsed() - parsed);
    assert_eq!(clip.len(), 72_000);
}
