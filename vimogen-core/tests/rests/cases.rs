//! The cases next to the repository (or in `VIMOGEN_SHARED`), if they are there: other rest poses, axes, units and names.

use std::path::PathBuf;

use serde_json::Value;
use vimogen_core::motion::Motion;
use vimogen_core::motion::skeleton::JOINT_NAMES;

use crate::worn::{LIMBS, TRUNK, bones_apart, joints_apart, worn};

fn shared() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("VIMOGEN_SHARED").map_or_else(beside, PathBuf::from)
}

#[test]
fn cases_that_are_their_base_in_another_form_are_read_as_their_base() {
    let folder = shared().join("cases/bvh");
    let Ok(text) = std::fs::read_to_string(folder.join("expect.json")) else {
        println!("there are no cases at {}", folder.display());
        return;
    };
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("expect.json");
    let base = Motion::load(folder.join("base.bvh")).expect("base");
    let mut wrong = Vec::new();
    for (name, _) in expected.iter().filter(|(_, row)| row["same_as"] == "base.bvh") {
        match Motion::load(folder.join(name)) {
            Ok(motion) => wrong.extend(difference(&motion, &base).map(|difference| format!("{name}: {difference}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn difference(motion: &Motion, base: &Motion) -> Option<String> {
    let apart = joints_apart(motion, base);
    if apart > 2e-3 {
        return Some(format!("joints are {apart} m apart"));
    }
    let bones = bones_apart(motion, base);
    let joint = (1..22).find(|joint| bones[*joint].worst > 2.0)?;
    Some(format!("the bone to {} is {:.1} degrees off", JOINT_NAMES[joint], bones[joint].worst))
}

#[test]
fn cases_of_real_rigs_are_worn_as_they_are() {
    let Ok(files) = std::fs::read_dir(shared().join("mocap/reader-cases")) else { return };
    for path in
        files.map(|entry| entry.expect("file").path()).filter(|path| path.extension().is_some_and(|e| e == "bvh"))
    {
        let worn = worn(&Motion::load(&path).expect("clip"));
        for (bones, limit) in [(&LIMBS[..], 3.0), (&TRUNK[..], 10.0)] {
            for joint in bones {
                let angle = worn[*joint].median;
                assert!(angle < limit, "{}: {} is {angle:.1} degrees off", path.display(), JOINT_NAMES[*joint]);
            }
        }
    }
}
