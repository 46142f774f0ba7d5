//! Real clips, if their folder is there (`VIMOGEN_MOCAP`, with `clips` and `clips-t`): how they are worn, as a table.
//!
//! ```sh
//! VIMOGEN_MOCAP=... cargo test --test rests -- --ignored --nocapture
//! ```
#![allow(clippy::print_stdout, reason = "the table is printed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vimogen_core::io::LoadOptions;
use vimogen_core::io::bvh::Bvh;
use vimogen_core::motion::skeleton::JOINT_NAMES;
use vimogen_core::motion::{Motion, UpAxis};

use crate::rigs::Rig;
use crate::worn::{Angles, LIMBS, TRUNK, poses, turned_frames, worn_frames};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "bvh"));
    files.sort();
    files
}

/// The rig of a clip, by the names and offsets of its first limbs.
fn rig(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("text");
    let arm = text.lines().skip_while(|line| !line.contains("LeftArm")).find(|line| line.contains("OFFSET"));
    format!("{} joints, arm {}", text.matches("JOINT").count() + 1, arm.unwrap_or("?").trim())
}

fn print(title: &str, angles: [Vec<f64>; 22]) {
    println!("{title}");
    for (joint, angles) in angles.into_iter().enumerate().filter(|(_, angles)| !angles.is_empty()) {
        let Angles { median, p95, .. } = Angles::of(angles);
        println!("    {:16} median {median:6.1}  p95 {p95:6.1}", JOINT_NAMES[joint]);
    }
}

#[test]
#[ignore = "needs the mocap pack"]
fn real_clips_on_a_heap_are_put_together() {
    let Some(folder) = std::env::var_os("VIMOGEN_MOCAP").map(PathBuf::from) else { return };
    let mut apart: [Vec<f64>; 22] = Default::default();
    let mut medians: [Vec<f64>; 22] = Default::default();
    for path in files(&folder.join("clips")) {
        let motion = Motion::load(&path).expect("clip");
        let text = Rig::heap().to_bvh_of(&poses(&motion));
        let heap = Bvh::from_bytes(text.as_bytes()).expect("bvh").to_motion(&LoadOptions::default()).expect("motion");
        let source = heap.source().expect("source");
        if !source.warnings.is_empty() || source.up != Some(UpAxis::Y) {
            println!("{}: {:?} {:?}", path.file_name().unwrap().display(), source.up, source.warnings);
            continue;
        }
        for (joint, angles) in turned_frames(&motion, &heap).into_iter().enumerate() {
            medians[joint].push(Angles::of(angles.clone()).median);
            apart[joint].extend(angles);
        }
    }
    let turned = apart.clone().map(|angles| Angles::of(angles).median);
    print("rotations, heaps against clips", apart);
    print("their medians per clip", medians);
    assert!(turned.iter().all(|degrees| *degrees < 30.0), "{turned:?}");
}

#[test]
#[ignore = "needs the mocap pack"]
fn real_clips_are_worn_as_they_are() {
    let Some(folder) = std::env::var_os("VIMOGEN_MOCAP").map(PathBuf::from) else {
        println!("VIMOGEN_MOCAP is not set");
        return;
    };
    let mut rigs: BTreeMap<String, (usize, [Vec<f64>; 22])> = BTreeMap::new();
    for path in files(&folder.join("clips")) {
        let motion = Motion::load(&path).expect("clip");
        let source = motion.source().expect("source");
        println!("{}: {:?} {:?} {:?}", path.file_name().unwrap().display(), source.up, source.unit, source.warnings);
        let entry = rigs.entry(rig(&path)).or_default();
        entry.0 += 1;
        for (all, more) in entry.1.iter_mut().zip(worn_frames(&motion)) {
            all.extend(more);
        }
    }
    let mut bad = Vec::new();
    for (name, (clips, angles)) in rigs {
        for (bones, limit) in [(&LIMBS[..], 3.0), (&TRUNK[..], 10.0)] {
            for joint in bones {
                let median = Angles::of(angles[*joint].clone()).median;
                if median > limit {
                    bad.push(format!("{name}: {} {median:.1}", JOINT_NAMES[*joint]));
                }
            }
        }
        print(&format!("{name}, {clips} clips"), angles);
    }
    let mut apart: [Vec<f64>; 22] = Default::default();
    for path in files(&folder.join("clips-t")) {
        let bent = Motion::load(folder.join("clips").join(path.file_name().expect("name"))).expect("clip");
        for (all, more) in apart.iter_mut().zip(turned_frames(&Motion::load(&path).expect("clip"), &bent)) {
            all.extend(more);
        }
    }
    print("rotations, clips against clips-t", apart);
    assert!(bad.is_empty(), "{bad:#?}");
}
