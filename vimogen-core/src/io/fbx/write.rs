//! FBX 7.4, binary: a skinned mesh, its skeleton and one take, for Maya, MotionBuilder, Blender, Unity, Unreal and others.
//!
//! Axes are y up, facing +z, as in [glTF](crate::io::gltf). The bind pose is a T that stands on y = 0, and so is the pose of
//! the nodes, unless the clip has one frame. Rotations are XYZ Euler angles in degrees without jumps, keyed at every frame
//! and interpolated linearly. Lengths are centimetres unless another unit is chosen; `UnitScaleFactor` says which.

use std::io::Write;
use std::path::Path;

use super::node::{self, CREATED, FILE_ID, Node};
use super::objects::Objects;
use super::property::{integer, number, properties, property, text, ticks, time};
use crate::body::BodyModel;
use crate::error::Result;
use crate::format::write_atomic;
use crate::io::joint_names::JointNames;
use crate::io::skinned::Skinned;
use crate::motion::{LengthUnit, Motion};

const CREATOR: &str = concat!("vimogen ", env!("CARGO_PKG_VERSION"));

/// Options of an FBX file.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FbxOptions {
    /// Unit of length.
    pub unit: LengthUnit,
    /// Names of the joints.
    pub names: JointNames,
}

/// Writes the clip as an animation of `body`.
///
/// # Errors
/// Those of [`to_bytes`], [`Error::NotFound`](crate::Error::NotFound) if the folder does not exist,
/// [`Error::Io`](crate::Error::Io).
pub fn save(path: impl AsRef<Path>, motion: &Motion, body: &BodyModel, options: &FbxOptions) -> Result<()> {
    let bytes = to_bytes(motion, body, options)?;
    write_atomic(path, |w| w.write_all(&bytes))
}

/// The bytes of the file.
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for a clip whose decoded values overflow,
/// [`Error::TooLarge`](crate::Error::TooLarge) beyond the 4 GiB of the format.
pub fn to_bytes(motion: &Motion, body: &BodyModel, options: &FbxOptions) -> Result<Vec<u8>> {
    let clip = Skinned::new(motion, body, options.names)?;
    let objects = Objects::new(&clip, 1.0 / options.unit.metres());
    node::file(&[
        header(motion),
        Node::new("FileId").raw(&FILE_ID),
        Node::new("CreationTime").text(CREATED),
        Node::new("Creator").text(CREATOR),
        settings(motion, options.unit),
        documents(),
        Node::new("References").listing(),
        objects.definitions(),
        Node::new("Objects").with_all(objects.objects),
        Node::new("Connections").with_all(objects.connections),
        takes(motion),
    ])
}

/// Version and origin of the file.
fn header(motion: &Motion) -> Node {
    let meta = motion.meta();
    let prompt = meta.and_then(|meta| meta.prompt.clone()).unwrap_or_default();
    let comment = meta.map(|meta| meta.to_json()).unwrap_or_default();
    let about = Node::new("MetaData")
        .with(Node::new("Version").int(100))
        .with(Node::new("Title").text(&prompt))
        .with(Node::new("Subject").text(""))
        .with(Node::new("Author").text(""))
        .with(Node::new("Keywords").text(""))
        .with(Node::new("Revision").text(""))
        .with(Node::new("Comment").text(&comment));
    let info = Node::new("SceneInfo")
        .named("GlobalInfo", "SceneInfo")
        .text("UserData")
        .with(Node::new("Type").text("UserData"))
        .with(Node::new("Version").int(100))
        .with(about)
        .with(properties([
            text("Original|ApplicationName", "vimogen"),
            text("Original|ApplicationVersion", env!("CARGO_PKG_VERSION")),
        ]));
    Node::new("FBXHeaderExtension")
        .with(Node::new("FBXHeaderVersion").int(1003))
        .with(Node::new("FBXVersion").int(7400))
        .with(Node::new("EncryptionType").int(0))
        .with(Node::new("Creator").text(CREATOR))
        .with(info)
}

/// Axes, unit and rate. All six values of the axes are needed by some readers.
fn settings(motion: &Motion, unit: LengthUnit) -> Node {
    let scale = unit.metres() * 100.0;
    Node::new("GlobalSettings").with(Node::new("Version").int(1000)).with(properties([
        integer("UpAxis", 1),
        integer("UpAxisSign", 1),
        integer("FrontAxis", 2),
        integer("FrontAxisSign", 1),
        integer("CoordAxis", 0),
        integer("CoordAxisSign", 1),
        integer("OriginalUpAxis", 1),
        integer("OriginalUpAxisSign", 1),
        number("UnitScaleFactor", scale),
        number("OriginalUnitScaleFactor", scale),
        // The rate is the value that follows.
        property("TimeMode", "enum", "", "").int(14),
        number("CustomFrameRate", f64::from(motion.fps())),
        time("TimeSpanStart", 0),
        time("TimeSpanStop", ticks(motion.len() - 1, motion.fps())),
    ]))
}

fn documents() -> Node {
    let document = Node::new("Document")
        .long(1)
        .text("")
        .text("Scene")
        .with(properties([text("ActiveAnimStackName", "motion")]))
        .with(Node::new("RootNode").long(0));
    Node::new("Documents").with(Node::new("Count").int(1)).with(document)
}

fn takes(motion: &Motion) -> Node {
    let end = ticks(motion.len() - 1, motion.fps());
    let take = Node::new("Take")
        .text("motion")
        .with(Node::new("FileName").text("motion.tak"))
        .with(Node::new("LocalTime").long(0).long(end))
        .with(Node::new("ReferenceTime").long(0).long(end));
    Node::new("Takes").with(Node::new("Current").text("motion")).with(take)
}
