//! The engine: a model, its motions, and the tasks.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use vimogen_core::motion::Motion;
use vimogen_core::progress::OnProgress;
use vimogen_core::{Error, Pipeline, Result};

use crate::fields::Fields;
use crate::live::Live;
use crate::store::Store;
use crate::words;

/// The result of a task.
#[derive(Debug, Default)]
pub struct Answer {
    /// Values.
    pub json: Value,
    /// A file or an array; empty where there is none.
    pub data: Vec<u8>,
}

impl From<Value> for Answer {
    fn from(json: Value) -> Self {
        Self { json, data: Vec::new() }
    }
}

impl Answer {
    /// The answer to a request that is not carried out, as `vimogen serve` gives it.
    pub fn refused(error: &Error) -> Self {
        let kind = format!("{:?}Error", error.code());
        let field = if let Error::InvalidArgument { name, .. } = error { Some(*name) } else { None };
        json!({ "error": { "type": kind, "message": error.to_string(), "field": field } }).into()
    }
}

/// A model with the motions that it made or was given.
pub struct Engine {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) motions: Store,
    pub(crate) live: Option<Live>,
}

/// A task: fields and the bytes of a file to an answer.
type Task = fn(&mut Engine, &Fields<'_>, Vec<u8>, &mut OnProgress<'_>) -> Result<Answer>;

/// All tasks by name.
const TASKS: &[(&str, Task)] = &[
    ("about", |engine, _, _, _| engine.about()),
    ("surface", |_, _, _, _| crate::about::surface()),
    ("prompts", |engine, _, _, _| engine.prompts()),
    ("notes", |engine, fields, _, _| engine.notes_on(fields)),
    ("generate", |engine, fields, _, progress| engine.generate(fields, progress)),
    ("sequence", |engine, fields, _, progress| engine.sequence(fields, progress)),
    ("edit", |engine, fields, _, progress| engine.edit(fields, progress)),
    ("variations", |engine, fields, _, progress| engine.variations(fields, progress)),
    ("score", |engine, fields, _, _| engine.score(fields)),
    ("motion", |engine, fields, _, _| engine.motion(fields)),
    ("player", |engine, fields, _, _| engine.player(fields)),
    ("faces", |_, _, _, _| Ok(crate::files::faces())),
    ("array", |engine, fields, _, _| engine.array(fields)),
    ("upload", |engine, fields, data, _| engine.upload(fields, data)),
    ("file", |engine, fields, _, progress| engine.file(fields, progress)),
    ("render", |engine, fields, _, progress| engine.render(fields, progress)),
    ("character", |engine, fields, data, _| engine.character(fields, data)),
    ("stream", |engine, fields, _, _| engine.stream(fields)),
    ("block", |engine, fields, _, _| engine.block(fields)),
    ("streamed", |engine, _, _, _| engine.streamed()),
];

impl Engine {
    /// The built-in model without a motion.
    ///
    /// # Errors
    /// As [`Pipeline::builtin`].
    pub fn new() -> Result<Self> {
        Ok(Self { pipeline: Arc::new(Pipeline::builtin()?), motions: Store::default(), live: None })
    }

    /// Carries out a request: `{"task": name, ...fields}`, and for some tasks the bytes of a file.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the field that is missing, unknown or out of range; [`Error::NotFound`] for a motion
    /// that the engine does not have; those of the library.
    pub fn answer(&mut self, request: &Value, data: Vec<u8>, on_progress: &mut OnProgress<'_>) -> Result<Answer> {
        let none = Map::new();
        let fields = Fields::new(request.as_object().unwrap_or(&none));
        let name = fields.text("task")?.unwrap_or_default();
        let Some((_, task)) = TASKS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = TASKS.iter().map(|(name, _)| *name).collect();
            return Err(Error::invalid("task", format!("{name:?} is not one of {}", known.join(", "))));
        };
        task(self, &fields, data, on_progress)
    }

    /// Notes on prompts, each prompt once.
    pub(crate) fn notes(&self, prompts: &[&str]) -> Value {
        let mut seen = Vec::new();
        let mut rows = Vec::new();
        for prompt in prompts {
            if !seen.contains(prompt) {
                seen.push(*prompt);
                let notes = self.pipeline.notes(prompt).into_iter();
                rows.extend(notes.map(|note| {
                    json!({ "prompt": prompt, "kind": note.kind, "words": note.words,
                    "suggestions": note.suggestions, "message": note.message })
                }));
            }
        }
        rows.into()
    }

    fn notes_on(&self, fields: &Fields<'_>) -> Result<Answer> {
        let prompt = fields.needed_text("prompt")?;
        fields.finish()?;
        Ok(json!({ "notes": self.notes(&[prompt]) }).into())
    }

    /// Keeps motions, and describes them with what is known of each.
    pub(crate) fn keep(&mut self, made: Vec<(Motion, Value)>) -> Result<Value> {
        made.into_iter().map(|(motion, about)| self.record(motion, about)).collect::<Result<Vec<_>>>().map(Value::from)
    }

    /// Keeps a motion, and describes it.
    pub(crate) fn record(&mut self, motion: Motion, about: Value) -> Result<Value> {
        let metrics = words::explained(&motion)?;
        let seconds = (f64::from(motion.duration()) * 1000.0).round() / 1000.0;
        let mut row = json!({ "frames": motion.len(), "fps": motion.fps(), "seconds": seconds, "metrics": metrics });
        if let (Value::Object(row), Value::Object(about)) = (&mut row, about) {
            row.extend(about);
        }
        row["id"] = self.motions.add(motion).into();
        Ok(row)
    }

    fn motion(&mut self, fields: &Fields<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?.clone();
        fields.finish()?;
        self.record(motion, Value::Null).map(Answer::from)
    }

    fn score(&mut self, fields: &Fields<'_>) -> Result<Answer> {
        let motion = fields.motion("motion", &self.motions)?;
        let mut values = json!({ "metrics": words::explained(motion)? });
        if fields.has("other") {
            let other = fields.motion("other", &self.motions)?;
            values["other"] = words::explained(other)?.into();
            values["comparison"] = words::compared(motion, other)?.into();
        }
        fields.finish()?;
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests;
