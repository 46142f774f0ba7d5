//! Version, formats and movements for the page, and the data of its player.

use glam::{Quat, Vec3};
use serde_json::{Map, Value, json};
use vimogen_core::io::picture;
use vimogen_core::motion::layout::JOINTS;
use vimogen_core::motion::{FileFormat, Motion, Pose};
use vimogen_core::{Error, Result};

use crate::edits::EDITS;
use crate::engine::{Answer, Engine};
use crate::fields::Fields;

/// Start of the element of a player's page that holds its data.
const DATA: &str = "id=\"data\">";

impl Engine {
    /// Version, formats and movements.
    pub(crate) fn about(&self) -> Result<Answer> {
        let formats: Vec<Value> = FileFormat::ALL
            .iter()
            .map(|format| {
                json!({ "name": format.extensions()[0], "extensions": format.extensions(),
                    "description": format.description(), "reads": format.reads(), "writes": format.writes(),
                    "lossless": format.is_lossless(), "picture": format.is_picture() })
            })
            .collect();
        let movements: Vec<&String> = self.pipeline.known_prompts().iter().flat_map(|k| k.movements.keys()).collect();
        Ok(json!({ "name": "vimogen", "version": env!("CARGO_PKG_VERSION"), "fps": self.pipeline.fps(),
            "formats": formats, "edits": EDITS, "movements": movements })
        .into())
    }

    /// Movements that the model knows, with wordings.
    pub(crate) fn prompts(&self) -> Result<Answer> {
        let known = self.pipeline.known_prompts();
        let families: Map<String, Value> = known
            .iter()
            .flat_map(|known| &known.movements)
            .map(|(name, movement)| (name.clone(), json!(movement.phrases)))
            .collect();
        Ok(json!({ "families": families }).into())
    }

    /// The clip that the player draws.
    pub(crate) fn player(&self, fields: &Fields<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        fields.finish()?;
        Ok(clip(motion)?.into())
    }
}

/// The surface and the parts that all clips have in common, with a figure that stands still.
pub(crate) fn surface() -> Result<Answer> {
    let mut data = drawn(&standing()?)?;
    let clip = data.get_mut("clips").and_then(|clips| clips.get_mut(0)).map(Value::take);
    if let Value::Object(data) = &mut data {
        data.remove("clips");
        data.insert("clip".into(), clip.unwrap_or_default());
    }
    Ok(data.into())
}

/// The clip of a motion as the player reads it.
pub(crate) fn clip(motion: &Motion) -> Result<Value> {
    let mut data = drawn(motion)?;
    Ok(data.get_mut("clips").and_then(|clips| clips.get_mut(0)).map(Value::take).unwrap_or_default())
}

/// The data in the page of a player.
fn drawn(motion: &Motion) -> Result<Value> {
    let page = picture::player(&[(motion, "")])?;
    let (_, rest) = page.split_once(DATA).ok_or_else(|| Error::internal("a player has no data"))?;
    let (data, _) = rest.split_once("</script>").unwrap_or((rest, ""));
    serde_json::from_str(data).map_err(|e| Error::internal(format!("data of a player: {e}")))
}

/// A figure that stands still with its arms down.
pub(crate) fn standing() -> Result<Motion> {
    let mut rotations = [Quat::IDENTITY; JOINTS];
    // From y up to z up, facing +y.
    rotations[0] = Quat::from_xyzw(0.0, 0.5f32.sqrt(), 0.5f32.sqrt(), 0.0);
    for (shoulder, side) in [(16, -1.0f32), (17, 1.0)] {
        rotations[shoulder] = Quat::from_rotation_z(1.2 * side);
    }
    let pose = Pose { root: Vec3::new(0.0, 0.0, 0.95), rotations };
    Motion::from_poses(&[pose, pose], 20.0)
}
