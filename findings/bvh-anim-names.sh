#!/usr/bin/env bash
# bvh_anim 0.4.0 (crates.io, latest release): reading and writing BVH files in Rust.
#
# Expected: a joint's name is the rest of its line, so "mixamorig:LeftArm", as Mixamo and Maya's namespaces have it, is read whole,
#   and every joint has a name of its own. A file that is read and written again holds the same movement.
# Seen: names end at a colon (and at a space): all joints are called "mixamorig", in memory and in the file that is written, and
#   a joint can't be found by its name. Values are written with two decimals: of a figure in metres, hips that rise by 4 mm in a
#   frame stay where they are.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Rust 1.56 or newer with Cargo and crates.io (a minute).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "names"
version = "0.1.0"
edition = "2021"

[dependencies]
bvh_anim = { version = "=0.4.0", default-features = false }
TOML
cat > walk.bvh <<'BVH'
HIERARCHY
ROOT mixamorig:Hips
{
  OFFSET 0.0 0.0 0.0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT mixamorig:LeftUpLeg
  {
    OFFSET 0.1 -0.05 0.0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0.0 -0.4 0.0
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.0333333
0.0 0.900 0.0 0.0 0.0 0.0 0.0 0.0 0.0
0.0 0.904 0.0 0.0 0.0 0.0 0.0 0.0 0.0
0.0 0.908 0.0 0.0 0.0 0.0 0.0 0.0 0.0
BVH
cat > src/main.rs <<'RS'
use bvh_anim::{from_reader, write::WriteOptions, Bvh};

fn read(text: &str) -> Bvh {
    from_reader(text.as_bytes()).expect("the file is valid")
}

fn names(bvh: &Bvh) -> Vec<String> {
    bvh.joints().map(|joint| joint.data().name().to_string()).collect()
}

fn heights(bvh: &Bvh) -> Vec<f32> {
    bvh.frames().map(|frame| frame.as_slice()[1]).collect()
}

fn main() {
    let first = read(&std::fs::read_to_string("walk.bvh").unwrap());
    let text = WriteOptions::new().write_to_string(&first).to_string();
    let second = read(&text);
    println!("names: expected [\"mixamorig:Hips\", \"mixamorig:LeftUpLeg\"], seen {:?}", names(&first));
    println!("heights: expected {:?} after writing, seen {:?}", heights(&first), heights(&second));
    let same = names(&first) == ["mixamorig", "mixamorig"]
        && !text.contains("Hips")
        && heights(&first) == [0.9, 0.904, 0.908]
        && heights(&second) == [0.9, 0.9, 0.91];
    println!("{}", if same { "as described" } else { "bvh_anim behaves differently now" });
    std::process::exit(i32::from(!same));
}
RS
CARGO_TARGET_DIR="$work/target" cargo run --quiet
