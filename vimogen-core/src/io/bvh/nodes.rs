//! BVH of a skeleton with any joints, whose axes are those of the world at rest.

use std::fmt::Write as _;

use glam::{DMat3, DQuat, DVec3};

use super::write::{continued, zxy_degrees};
use crate::character::{Armature, Keys};

/// Centimetres per metre.
const CM: f64 = 100.0;

/// The text of a BVH file from `hips` down: centimetres, y up, angles in degrees in the order z, x, y.
pub(in crate::io) fn to_string(armature: &Armature, hips: usize, keys: &Keys) -> String {
    let mut text = String::from("HIERARCHY\n");
    let mut order = Vec::new();
    hierarchy(armature, hips, 0, &mut text, &mut order);
    // Writing to a String cannot fail. The decimal is the shortest that gives the rate back.
    let _ = write!(text, "MOTION\nFrames: {}\nFrame Time: {}\n", keys.frames, 1.0 / f64::from(keys.fps));
    let index = |node: usize| armature.nodes[node].index;
    let moves = keys.moves.iter().find(|keys| keys.node == index(hips));
    let turns: Vec<_> = order.iter().map(|node| keys.turns.iter().find(|keys| keys.node == index(*node))).collect();
    let mut angles = vec![DVec3::ZERO; order.len()];
    for frame in 0..keys.frames {
        let place = moves.map_or(DVec3::ZERO, |keys| DVec3::from_array(keys.keys[frame].map(f64::from))) * CM;
        let _ = write!(text, "{:.6} {:.6} {:.6}", place.x, place.y, place.z);
        for (turns, angles) in turns.iter().zip(&mut angles) {
            let turn = turns.map_or(DQuat::IDENTITY, |keys| DQuat::from_array(keys.keys[frame].map(f64::from)));
            *angles = continued(zxy_degrees(DMat3::from_quat(turn.normalize())), *angles);
            let _ = write!(text, " {:.6} {:.6} {:.6}", angles.x, angles.y, angles.z);
        }
        text.push('\n');
    }
    text
}

fn hierarchy(armature: &Armature, node: usize, depth: usize, text: &mut String, order: &mut Vec<usize>) {
    let tabs = "\t".repeat(depth);
    let own = &armature.nodes[node];
    order.push(node);
    let offset = if depth == 0 { DVec3::ZERO } else { own.translation * CM };
    let (kind, channels) = match depth {
        0 => ("ROOT", "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"),
        _ => ("JOINT", "CHANNELS 3 Zrotation Xrotation Yrotation"),
    };
    let place = |v: DVec3| format!("{:.6} {:.6} {:.6}", v.x, v.y, v.z);
    let _ = write!(text, "{tabs}{kind} {}\n{tabs}{{\n{tabs}\tOFFSET {}\n{tabs}\t{channels}\n", own.name, place(offset));
    let children: Vec<usize> =
        (0..armature.nodes.len()).filter(|child| armature.nodes[*child].parent == Some(node)).collect();
    if children.is_empty() {
        // The bone goes on as it came.
        let end = place(0.5 * offset);
        let _ = write!(text, "{tabs}\tEnd Site\n{tabs}\t{{\n{tabs}\t\tOFFSET {end}\n{tabs}\t}}\n");
    }
    children.into_iter().for_each(|child| hierarchy(armature, child, depth + 1, text, order));
    let _ = writeln!(text, "{tabs}}}");
}
