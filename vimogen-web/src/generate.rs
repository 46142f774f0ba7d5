//! Motions from prompts, references and other motions.

use serde_json::{Value, json};
use vimogen_core::control::Constraints;
use vimogen_core::motion::Motion;
use vimogen_core::pipeline::{Part, Prompt, Sequence};
use vimogen_core::progress::OnProgress;
use vimogen_core::text::split_prompt;
use vimogen_core::{Error, Progress, Request, Result};

use crate::engine::{Answer, Engine};
use crate::fields::{Fields, MAX_FRAMES, missing, wrong};

/// Motions of one request.
const MOST: u64 = 16;
/// Seconds of one part.
const MAX_SECONDS: f64 = 1000.0;
/// Frames of a motion without a length.
const USUAL: u64 = 100;

impl Engine {
    /// Motions from a prompt or a reference, with the seeds that follow the first.
    pub(crate) fn generate(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let prompt = fields.text("prompt")?;
        let reference =
            if fields.has("reference") { Some(fields.motion("reference", &self.motions)?.clone()) } else { None };
        let mut request = Request::from_either(prompt.map(Prompt::from), reference)?;
        let frames = self.frames(fields)?;
        request.num_frames = frames;
        let (count, options) = (fields.integer("n", 1, MOST)?.unwrap_or(1), fields.options()?);
        let constraints = self.constraints(fields)?;
        fields.finish()?;
        room(count * frames.map_or(USUAL, |frames| frames as u64))?;
        let (mut made, mut met) = (Vec::new(), Vec::new());
        for i in 0..count {
            let mut share = |p: Progress| {
                on_progress(Progress { step: i as usize * p.total + p.step, total: count as usize * p.total, ..p })
            };
            let seed = options.seed.wrapping_add(i);
            let request = request.clone().with_seed(seed);
            let motion = match &constraints {
                None => self.pipeline.generate_with(&[request], &options, &mut share)?.into_iter().next(),
                Some(constraints) => {
                    let made = self.pipeline.generate_constrained_with(request, constraints, &options, &mut share)?;
                    met.push(made.met.iter().map(|met| json!([met.raw, met.landed])).collect::<Vec<_>>());
                    Some(made.motion)
                }
            };
            let motion = motion.ok_or_else(|| Error::internal("a request gave no motion"))?;
            made.push((motion, json!({ "prompt": prompt, "seed": seed })));
        }
        let mut values = json!({ "motions": self.keep(made)?, "notes": self.notes(prompt.as_slice()) });
        if constraints.is_some() {
            values["met"] = met.into();
        }
        Ok(values.into())
    }

    fn frames(&self, fields: &Fields<'_>) -> Result<Option<usize>> {
        let frames = fields.integer("num_frames", 2, MAX_FRAMES)?;
        match (frames, fields.number("seconds", 0.1, MAX_SECONDS)?) {
            (Some(_), Some(_)) => Err(Error::invalid("seconds", "give num_frames or seconds, not both")),
            (frames, None) => Ok(frames.map(|frames| frames as usize)),
            (None, Some(seconds)) => Ok(Some(((seconds * f64::from(self.pipeline.fps())).round() as usize).max(2))),
        }
    }

    /// Constraints, and the frames of motions that are kept.
    fn constraints(&self, fields: &Fields<'_>) -> Result<Option<Constraints>> {
        let given = match fields.value("constraints") {
            None => None,
            Some(Value::Array(rows)) if rows.iter().all(|row| row.get("frame_indices").is_none()) => {
                Some(json!({ "constraints": rows }).to_string())
            }
            Some(other) => Some(other.to_string()),
        };
        let given = given.map(|text| Constraints::from_json(&text)).transpose()?;
        let Some(rows) = fields.list("keep")? else { return Ok(given) };
        let mut all = given.unwrap_or_default();
        for row in rows {
            let row = row.as_object().ok_or_else(|| wrong("keep", row, "an object with a motion and its frames"))?;
            let row = Fields::new(row);
            let motion = row.motion("motion", &self.motions)?;
            let start = row.integer("start", 0, MAX_FRAMES)?.unwrap_or(0);
            let end = row.integer("end", 1, MAX_FRAMES)?.unwrap_or(start + 1);
            let frame = row.integer("frame", 0, MAX_FRAMES)?.unwrap_or(start);
            row.finish()?;
            all = all.keep(frame as usize, &motion.slice(start as usize..end as usize)?);
        }
        Ok(Some(all))
    }

    /// Several prompts in one motion.
    pub(crate) fn sequence(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let parts = parts(fields)?;
        let options = fields.options()?;
        fields.finish()?;
        let seconds: f64 = parts.iter().map(|(_, seconds)| seconds.unwrap_or(4.0)).sum();
        room((seconds * f64::from(self.pipeline.fps())) as u64)?;
        let asked: Vec<Part> = parts
            .iter()
            .map(|(prompt, seconds)| {
                let part = Part::new(prompt.as_str());
                seconds.map_or(part.clone(), |seconds| part.with_seconds(seconds))
            })
            .collect();
        let Sequence { motion, frames, .. } = self.pipeline.sequence_with(&asked, &options, on_progress)?;
        let fps = f64::from(motion.fps());
        let prompts: Vec<&str> = parts.iter().map(|(prompt, _)| prompt.as_str()).collect();
        let rows: Vec<Value> = std::iter::zip(&prompts, frames)
            .map(|(prompt, at)| json!({ "prompt": prompt, "start": at.start as f64 / fps, "end": at.end as f64 / fps }))
            .collect();
        let about = json!({ "prompt": prompts.join("; "), "seed": options.seed, "parts": rows });
        let motions = self.keep(vec![(motion, about)])?;
        Ok(json!({ "motions": motions, "notes": self.notes(&prompts) }).into())
    }

    /// Motions like one.
    pub(crate) fn variations(&mut self, fields: &Fields<'_>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let source = fields.motion("motion", &self.motions)?.clone();
        let count = fields.integer("n", 1, MOST)?.unwrap_or(4);
        let (prompt, strength) = (fields.text("prompt")?, fields.number("strength", 1e-6, 1.0)?);
        let options = fields.options()?;
        fields.finish()?;
        room(count * source.len() as u64)?;
        let asked = prompt.map(Prompt::from);
        let made = self.pipeline.variations_with(&source, count as usize, asked, strength, &options, on_progress)?;
        let about = |(i, motion): (usize, Motion)| {
            (motion, json!({ "prompt": prompt, "seed": options.seed.wrapping_add(i as u64) }))
        };
        let motions = self.keep(made.into_iter().enumerate().map(about).collect())?;
        Ok(json!({ "motions": motions }).into())
    }
}

/// Prompts of a sequence with their seconds.
fn parts(fields: &Fields<'_>) -> Result<Vec<(String, Option<f64>)>> {
    let prompts = match fields.value("prompts") {
        None => return Err(missing("prompts")),
        Some(Value::String(text)) => {
            return Ok(split_prompt(text).into_iter().map(|part| (part.prompt, part.seconds)).collect());
        }
        Some(_) => fields.list("prompts")?.unwrap_or_default(),
    };
    let text = |value: &Value| value.as_str().map(String::from).ok_or_else(|| wrong("prompts", value, "a text"));
    let prompts = prompts.iter().map(text).collect::<Result<Vec<_>>>()?;
    let seconds = match fields.list("seconds")? {
        None => vec![None; prompts.len()],
        Some(list) if list.len() == prompts.len() => list.iter().map(Value::as_f64).collect(),
        Some(list) => {
            let reason = format!("there are {} for {} parts; give one for each", list.len(), prompts.len());
            return Err(Error::invalid("seconds", reason));
        }
    };
    Ok(prompts.into_iter().zip(seconds).collect())
}

/// Checks the frames of one request.
pub(crate) fn room(frames: u64) -> Result<()> {
    if frames <= MAX_FRAMES {
        return Ok(());
    }
    let reason = format!("{frames} frames in one request, at most {MAX_FRAMES}; ask for shorter or fewer motions");
    Err(Error::invalid("num_frames", reason))
}
