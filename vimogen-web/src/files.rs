//! Motions from files, and to files, pictures and arrays.

use std::path::Path;

use ndarray::ArrayViewD;
use serde_json::json;
use vimogen_core::body::BodyModel;
use vimogen_core::io::{Character, JointNames, LoadOptions, RetargetOptions, SaveOptions};
use vimogen_core::motion::{FileFormat, LengthUnit, Motion, UpAxis};
use vimogen_core::progress::OnProgress;
use vimogen_core::render::{MeshSequence, RenderOptions, Renderer, View, encode};
use vimogen_core::{Error, Result};

use crate::engine::{Answer, Engine};
use crate::fields::{Fields, wrong};
use crate::generate::room;

/// Formats that consist of several files.
const PARTS: [&str; 1] = ["amc"];

impl Engine {
    /// Reads a file that the caller sends.
    pub(crate) fn upload(&mut self, fields: &Fields<'_>, data: Vec<u8>) -> Result<Answer> {
        let kind = fields.needed_text("format")?.to_lowercase();
        let options = LoadOptions::default()
            .with_fps(fields.number("fps", 0.1, 1000.0)?.map(|fps| fps as f32))
            .with_up(fields.named::<UpAxis>("up")?)
            .with_unit(fields.named::<LengthUnit>("unit")?)
            .with_person(fields.text("person")?)
            .with_fit_joints(fields.flag("fit_joints")?.unwrap_or_default());
        fields.finish()?;
        if PARTS.contains(&kind.as_str()) {
            return Err(Error::invalid("format", "an amc file needs its asf file; convert both with vimogen convert"));
        }
        let motion = reading(&kind, data, |path| Motion::load_with(path, &options))?;
        room(motion.len() as u64)?;
        let source = json!({ "source": motion.source() });
        Ok(json!({ "motions": self.keep(vec![(motion, source)])? }).into())
    }

    /// Writes a file.
    pub(crate) fn file(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        let kind = fields.text("format")?.unwrap_or("npz").to_lowercase();
        let resampled = fields.number("fps", 1.0, 240.0)?.map(|fps| motion.resample(fps as f32)).transpose()?;
        let options = SaveOptions::default()
            .with_title(fields.text("title")?.unwrap_or_default())
            .with_names(fields.named::<JointNames>("joint_names")?)
            .with_unit(fields.named::<LengthUnit>("file_unit")?);
        fields.finish()?;
        let motion = resampled.as_ref().unwrap_or(motion);
        let data = writing(&kind, |path| motion.save_reporting(path, &options, on_progress))?;
        Ok(Answer { json: json!({ "format": kind }), data })
    }

    /// Draws a picture or a film.
    pub(crate) fn render(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        let kind = fields.text("format")?.unwrap_or("png").to_lowercase();
        let mut options = RenderOptions::default().with_view(fields.named::<View>("view")?.unwrap_or(View::Path));
        if let Some(size) = fields.value("size") {
            let side = |i: usize| size.get(i).and_then(serde_json::Value::as_u64).filter(|side| *side <= 2048);
            let (Some(width), Some(height)) = (side(0), side(1)) else {
                return Err(wrong("size", size, "width and height of up to 2048 pixels"));
            };
            options = options.with_size(width as usize, height as usize);
        }
        let angle =
            |name, usual| Ok::<_, Error>(fields.number(name, -360.0, 360.0)?.map_or(usual, |angle| angle as f32));
        options = options.with_angles(angle("yaw", options.yaw)?, angle("pitch", options.pitch)?);
        fields.finish()?;
        let data = writing(&kind, |path| {
            FileFormat::to_write(path)?;
            let sequence = MeshSequence::body_with(motion, BodyModel::neutral(), on_progress)?;
            encode::save(path, &Renderer::new(&sequence, &options)?, motion.fps(), on_progress)
        })?;
        Ok(Answer { json: json!({ "format": kind }), data })
    }

    /// Puts a motion onto a character that the caller sends, as one more animation of its file.
    pub(crate) fn character(&mut self, fields: &Fields<'_>, data: Vec<u8>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        let kind = fields.needed_text("format")?;
        let options = RetargetOptions::default()
            .with_name(fields.text("name")?.unwrap_or("motion"))
            .with_plant(fields.flag("plant")?.unwrap_or(true));
        fields.finish()?;
        if !["glb", "vrm"].contains(&kind) {
            return Err(wrong("format", &kind.into(), "glb or vrm"));
        }
        let mut character = Character::from_bytes(data, &options)?;
        character.add_with(motion, &options)?;
        Ok(Answer { json: json!({ "format": kind }), data: character.to_bytes()? })
    }

    /// The values of a motion: its 276 features, or joints and vertices in metres, z up; f32, the first of two bytes is the
    /// lowest.
    pub(crate) fn array(&mut self, fields: &Fields<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        let name = fields.needed_text("name")?;
        fields.finish()?;
        Ok(match name {
            "features" => array(motion.features().into_dyn()),
            "joints" => array(motion.joints().into_dyn()),
            "rotations" => array(motion.local_rotations().into_dyn()),
            "vertices" => array(BodyModel::neutral().vertices(motion.smpl())?.view().into_dyn()),
            other => return Err(wrong("name", &other.into(), "one of features, joints, rotations, vertices")),
        })
    }
}

/// Triangles of the body, u32.
pub(crate) fn faces() -> Answer {
    let faces = BodyModel::neutral().faces();
    let data = faces.iter().flat_map(|vertex| vertex.to_le_bytes()).collect();
    Answer { json: json!({ "shape": faces.shape() }), data }
}

fn array(values: ArrayViewD<'_, f32>) -> Answer {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Answer { json: json!({ "shape": values.shape() }), data }
}

/// Where files are that the library reads and writes by their paths: in memory.
#[cfg(target_family = "wasm")]
mod place {
    use super::{Error, Path, Result};
    use vimogen_core::format::memory;

    pub fn reading<T>(kind: &str, data: Vec<u8>, read: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let path = format!("motion.{kind}");
        memory::put(&path, data);
        let made = read(Path::new(&path));
        memory::take(&path);
        made
    }

    pub fn writing(kind: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<Vec<u8>> {
        let path = format!("motion.{kind}");
        write(Path::new(&path))?;
        memory::take(&path).ok_or_else(|| Error::internal("a file was not written"))
    }
}

/// Where files are that the library reads and writes by their paths: in a folder for one file.
#[cfg(not(target_family = "wasm"))]
mod place {
    use super::{Error, Path, Result};

    pub fn reading<T>(kind: &str, data: Vec<u8>, read: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("write", "motion", e))?;
        let path = folder.path().join(format!("motion.{kind}"));
        std::fs::write(&path, data).map_err(|e| Error::io("write", &path, e))?;
        read(&path)
    }

    pub fn writing(kind: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("write", "motion", e))?;
        let path = folder.path().join(format!("motion.{kind}"));
        write(&path)?;
        std::fs::read(&path).map_err(|e| Error::io("read", &path, e))
    }
}
use place::{reading, writing};
