//! The JSON part of a glTF file, as far as skeletons and their animations need it. The rest is skipped while parsing.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use super::extras::Extras;

/// A list of at most `MAX` items, for items that take far more memory than text.
#[derive(Debug)]
pub(super) struct Few<T, const MAX: usize>(pub Vec<T>);

impl<T, const MAX: usize> Default for Few<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Few<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
            type Value = Few<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == MAX {
                        return Err(A::Error::custom(format!("a list of over {MAX} items")));
                    }
                    items.push(item);
                }
                Ok(Few(items))
            }
        }
        from.deserialize_seq(Items(PhantomData))
    }
}

/// The document.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub asset: Asset,
    #[serde(default)]
    pub buffers: Vec<Buffer>,
    #[serde(default)]
    pub buffer_views: Vec<BufferView>,
    #[serde(default)]
    pub accessors: Vec<Accessor>,
    #[serde(default)]
    pub nodes: Few<Node, 65_536>,
    #[serde(default)]
    pub skins: Few<Skin, 4096>,
    #[serde(default)]
    pub animations: Few<Animation, 65_536>,
    #[serde(default)]
    pub extensions: Extensions,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Asset {
    pub version: String,
    #[serde(default)]
    pub extras: Extras,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buffer {
    pub byte_length: u64,
    pub uri: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BufferView {
    pub buffer: usize,
    #[serde(default)]
    pub byte_offset: u64,
    pub byte_length: u64,
    pub byte_stride: Option<u64>,
    #[serde(default)]
    pub extensions: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accessor {
    pub buffer_view: Option<usize>,
    #[serde(default)]
    pub byte_offset: u64,
    pub component_type: u32,
    #[serde(default)]
    pub normalized: bool,
    pub count: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub sparse: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Node {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub children: Vec<u32>,
    pub matrix: Option<[f64; 16]>,
    pub translation: Option<[f64; 3]>,
    pub rotation: Option<[f64; 4]>,
    pub scale: Option<[f64; 3]>,
    pub mesh: Option<u32>,
    pub skin: Option<u32>,
    pub camera: Option<u32>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Skin {
    #[serde(default)]
    pub name: String,
    pub joints: Few<u32, 65_536>,
    pub inverse_bind_matrices: Option<usize>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Animation {
    #[serde(default)]
    pub name: String,
    pub channels: Vec<Channel>,
    pub samplers: Vec<Sampler>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Channel {
    pub sampler: usize,
    pub target: Target,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Target {
    pub node: Option<u32>,
    pub path: Path,
}

/// The property that a channel moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Path {
    Translation,
    Rotation,
    Scale,
    #[serde(other)]
    Other,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Sampler {
    pub input: usize,
    pub output: usize,
    #[serde(default)]
    pub interpolation: Interpolation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Interpolation {
    #[default]
    Linear,
    Step,
    CubicSpline,
}

/// Extensions that name the joints of a human.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Extensions {
    #[serde(rename = "VRM")]
    pub vrm0: Option<Vrm<Vec<NamedBone>>>,
    #[serde(rename = "VRMC_vrm")]
    pub vrm1: Option<Vrm<BTreeMap<String, Option<Bone>>>>,
    #[serde(rename = "VRMC_vrm_animation")]
    pub vrma: Option<Vrm<BTreeMap<String, Option<Bone>>>>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Vrm<Bones> {
    pub humanoid: Option<Humanoid<Bones>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Humanoid<Bones> {
    pub human_bones: Bones,
}

/// A bone of VRM 0.x; a missing one may have no node, or -1.
#[derive(Debug, serde::Deserialize)]
pub(super) struct NamedBone {
    pub bone: String,
    pub node: Option<i64>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Bone {
    pub node: Option<i64>,
}
