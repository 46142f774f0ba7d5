//! Changes of a motion: edits without the model, then one by a prompt.

use serde_json::{Value, json};
use vimogen_core::motion::Motion;
use vimogen_core::pipeline::{EditMethod, TextEdit};
use vimogen_core::progress::OnProgress;
use vimogen_core::{Error, Result};

use crate::engine::{Answer, Engine};
use crate::fields::{Fields, wrong};
use crate::generate::room;
use crate::store::Store;

/// Seconds in which a second clip takes over, and a loop closes.
const BLEND: f64 = 0.3;
/// Names of the edits.
pub(crate) const EDITS: &[&str] = &[
    "trim",
    "turn",
    "move",
    "mirror",
    "loop",
    "repeat",
    "hold",
    "speed",
    "smooth",
    "fps",
    "along",
    "upper_body",
    "then",
];

impl Engine {
    /// A motion after edits, and after a prompt.
    pub(crate) fn edit(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let mut motion = fields.motion("motion", &self.motions)?.clone();
        let (steps, prompt) = (fields.list("steps")?.unwrap_or_default(), fields.text("prompt")?);
        let edit = TextEdit::default().with_method(fields.named::<EditMethod>("method")?.unwrap_or_default());
        let edit = fields.text("source_prompt")?.map_or(edit.clone(), |source| edit.with_source(source));
        let edit = fields.number("strength", 1e-6, 1.0)?.map_or(edit.clone(), |strength| edit.with_strength(strength));
        let options = fields.options()?;
        fields.finish()?;
        if steps.is_empty() && prompt.is_none() {
            return Err(Error::invalid(
                "steps",
                "there are none; give an edit such as {\"do\": \"mirror\"}, or a prompt",
            ));
        }
        let mut names = Vec::new();
        for step in steps {
            let row = step.as_object().ok_or_else(|| wrong("steps", step, "an object such as {\"do\": \"mirror\"}"))?;
            let row = Fields::new(row);
            names.push(row.needed_text("do")?);
            motion = edited(&motion, &row, &self.motions)?;
            room(motion.len() as u64)?;
        }
        if let Some(prompt) = prompt {
            motion = self.pipeline.edit_with(&motion, prompt, &edit, &options, on_progress)?;
        }
        let motions = self.keep(vec![(motion, json!({ "prompt": prompt, "edits": names }))])?;
        Ok(json!({ "motions": motions, "notes": self.notes(prompt.as_slice()) }).into())
    }
}

/// A motion after one edit.
fn edited(motion: &Motion, step: &Fields<'_>, motions: &Store) -> Result<Motion> {
    let name = step.needed_text("do")?;
    let blend = || Ok::<_, Error>(step.number("blend", 0.0, 2.0)?.unwrap_or(BLEND));
    let frames = motion.len() as f64;
    // A longer motion is refused before it is made.
    let grows = |factor: f64| room((frames * factor).min(1e12) as u64);
    let made = match name {
        "trim" => {
            let (start, end) = (step.number("start", 0.0, 3600.0)?, step.number("end", 0.0, 3600.0)?);
            motion.trimmed(start.unwrap_or(0.0), end)
        }
        "turn" => motion.turned(step.needed_number("degrees", -3600.0, 3600.0)? as f32),
        "move" => {
            let along = |axis| step.needed_number(axis, -1000.0, 1000.0);
            motion.moved(along("x")? as f32, along("y")? as f32)
        }
        "mirror" => motion.mirrored(),
        "loop" => Ok(motion.looped(blend()?)?.motion),
        "repeat" => {
            let times = step.integer("times", 1, 1000)?.unwrap_or(1);
            grows(times as f64)?;
            motion.repeated(times as usize, BLEND)
        }
        "hold" => {
            let seconds = step.needed_number("seconds", 0.0, 600.0)?;
            grows(1.0 + seconds * f64::from(motion.fps()) / frames)?;
            motion.hold(seconds)
        }
        "speed" => {
            let factor = step.needed_number("factor", 0.1, 10.0)?;
            grows(1.0 / factor)?;
            motion.retimed(factor as f32)
        }
        "smooth" => motion.smoothed(step.needed_number("seconds", 0.01, 1.0)? as f32),
        "fps" => {
            let fps = step.needed_number("fps", 1.0, 240.0)?;
            grows(fps / f64::from(motion.fps()))?;
            motion.resample(fps as f32)
        }
        "along" => motion.along(&step.points("points")?),
        "upper_body" => motion.with_upper_body(step.motion("motion", motions)?),
        "then" => motion.then(step.motion("motion", motions)?, blend()?),
        other => Err(wrong("do", &Value::from(other), &format!("one of {}", EDITS.join(", ")))),
    }?;
    step.finish()?;
    Ok(made)
}
