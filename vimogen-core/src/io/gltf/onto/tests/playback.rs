//! Plays an animation of a GLB file by the text of the format alone.

use std::collections::BTreeMap;

use glam::{DAffine3, DMat4, DQuat, DVec3};
use serde_json::Value;

/// A GLB file.
pub struct Playback {
    pub document: Value,
    pub text: String,
    pub binary: Vec<u8>,
}

impl Playback {
    pub fn new(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], word(4), word(8)), (&b"glTF"[..], 2, bytes.len()));
        let text = String::from_utf8(bytes[20..20 + word(12)].to_vec()).unwrap();
        let start = 20 + word(12);
        assert_eq!(start % 4, 0);
        let binary = bytes.get(start + 8..start + 8 + word(start)).unwrap().to_vec();
        Self { document: serde_json::from_str(&text).unwrap(), text, binary }
    }

    fn floats(&self, accessor: usize) -> Vec<f64> {
        let accessor = &self.document["accessors"][accessor];
        let view = &self.document["bufferViews"][accessor["bufferView"].as_u64().unwrap() as usize];
        assert_eq!((view["buffer"].as_u64(), accessor["componentType"].as_u64()), (Some(0), Some(5126)));
        let number = |value: &Value| value.as_u64().unwrap_or(0) as usize;
        let start = number(&view["byteOffset"]) + number(&accessor["byteOffset"]);
        let width = match accessor["type"].as_str().unwrap() {
            "SCALAR" => 1,
            "VEC3" => 3,
            _ => 4,
        };
        let bytes = &self.binary[start..start + 4 * width * number(&accessor["count"])];
        assert!(
            4 * width * number(&accessor["count"]) + number(&accessor["byteOffset"]) <= number(&view["byteLength"])
        );
        bytes.chunks(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
    }

    pub fn animation(&self, name: &str) -> &Value {
        let all = self.document["animations"].as_array().unwrap();
        all.iter().find(|animation| animation["name"] == name).unwrap_or_else(|| panic!("no animation {name:?}"))
    }

    /// Places of all nodes in a frame of an animation, by their names.
    pub fn frame(&self, name: &str, frame: usize) -> BTreeMap<String, DAffine3> {
        let nodes = self.document["nodes"].as_array().unwrap();
        let list = |value: &Value, usual: &[f64]| {
            value.as_array().map_or(usual.to_vec(), |list| list.iter().map(|v| v.as_f64().unwrap()).collect())
        };
        let mut locals: Vec<(DVec3, DQuat, DVec3)> = nodes
            .iter()
            .map(|node| {
                if let Some(matrix) = node["matrix"].as_array() {
                    let matrix: Vec<f64> = matrix.iter().map(|v| v.as_f64().unwrap()).collect();
                    let matrix = DMat4::from_cols_slice(&matrix);
                    let (scale, turn, place) = matrix.to_scale_rotation_translation();
                    return (place, turn, scale);
                }
                let place = DVec3::from_slice(&list(&node["translation"], &[0.0; 3]));
                let turn = DQuat::from_slice(&list(&node["rotation"], &[0.0, 0.0, 0.0, 1.0]));
                (place, turn, DVec3::from_slice(&list(&node["scale"], &[1.0; 3])))
            })
            .collect();
        let animation = self.animation(name);
        for channel in animation["channels"].as_array().unwrap() {
            let sampler = &animation["samplers"][channel["sampler"].as_u64().unwrap() as usize];
            let values = self.floats(sampler["output"].as_u64().unwrap() as usize);
            let node = channel["target"]["node"].as_u64().unwrap() as usize;
            assert!(nodes[node].get("matrix").is_none(), "an animated node has a matrix");
            match channel["target"]["path"].as_str().unwrap() {
                "rotation" => locals[node].1 = DQuat::from_slice(&values[4 * frame..]),
                "translation" => locals[node].0 = DVec3::from_slice(&values[3 * frame..]),
                other => panic!("{other}"),
            }
        }
        let mut world: Vec<Option<DAffine3>> = vec![None; nodes.len()];
        let mut parents = vec![None; nodes.len()];
        for (n, node) in nodes.iter().enumerate() {
            for child in node["children"].as_array().into_iter().flatten() {
                parents[child.as_u64().unwrap() as usize] = Some(n);
            }
        }
        fn place(n: usize, parents: &[Option<usize>], own: &[DAffine3], world: &mut [Option<DAffine3>]) -> DAffine3 {
            if let Some(place) = world[n] {
                return place;
            }
            let above = parents[n].map_or(DAffine3::IDENTITY, |parent| place(parent, parents, own, world));
            *world[n].insert(above * own[n])
        }
        let own: Vec<DAffine3> =
            locals.iter().map(|(t, r, s)| DAffine3::from_scale_rotation_translation(*s, *r, *t)).collect();
        let name = |n: usize| nodes[n]["name"].as_str().unwrap_or_default().to_string();
        (0..nodes.len()).map(|n| (name(n), place(n, &parents, &own, &mut world))).collect()
    }

    /// Times of an animation's keys.
    pub fn times(&self, name: &str) -> Vec<f64> {
        self.floats(self.animation(name)["samplers"][0]["input"].as_u64().unwrap() as usize)
    }
}
