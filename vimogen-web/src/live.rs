//! Motion without an end, block by block.

use std::sync::Arc;

use ndarray::{Array2, Axis, concatenate};
use serde_json::{Value, json};
use vimogen_core::motion::Motion;
use vimogen_core::pipeline::{Stream, StreamOptions};
use vimogen_core::{Error, Pipeline, Result};

use crate::about::clip;
use crate::engine::{Answer, Engine};
use crate::fields::Fields;

/// Frames of a stream: ten minutes.
const MAX_FRAMES: usize = 12_000;

/// A stream, and its frames so far.
pub(crate) struct Live {
    stream: Stream<Arc<Pipeline>>,
    blocks: Vec<Array2<f32>>,
    about: Value,
}

impl Engine {
    /// Begins a stream, in place of another.
    pub(crate) fn stream(&mut self, fields: &Fields<'_>) -> Result<Answer> {
        let (prompt, seed) = (fields.needed_text("prompt")?, fields.seed()?);
        let mut options = StreamOptions::default().with_seed(seed);
        if let Some(steps) = fields.integer("num_inference_steps", 1, 100)? {
            options = options.with_num_inference_steps(steps as usize);
        }
        fields.finish()?;
        let stream = Stream::new(self.pipeline.clone(), prompt, options)?;
        self.live = Some(Live { stream, blocks: vec![], about: json!({ "prompt": prompt, "seed": seed }) });
        Ok(json!({ "fps": self.pipeline.fps() }).into())
    }

    /// The next block of the stream, after what the person shall do now.
    pub(crate) fn block(&mut self, fields: &Fields<'_>) -> Result<Answer> {
        let live = self.live.as_mut().ok_or_else(none)?;
        if let Some(prompt) = fields.text("prompt")? {
            live.stream.set_prompt(prompt)?;
        }
        if let Some(heading) = fields.number("heading", -36e4, 36e4)? {
            live.stream.set_heading(Some(heading as f32))?;
        }
        if fields.has("target") {
            let place = fields.list("target")?.unwrap_or_default();
            let [Some(x), Some(y)] = [0, 1].map(|i| place.get(i).and_then(Value::as_f64)) else {
                return Err(Error::invalid("target", "it is not a place such as [0.5, 2]"));
            };
            live.stream.set_target(Some([x as f32, y as f32]))?;
        }
        let frames = fields.integer("frames", 1, 200)?.unwrap_or(4);
        fields.finish()?;
        let start = live.stream.frame();
        if start + frames as usize > MAX_FRAMES {
            return Err(Error::invalid("frames", format!("a stream has at most {MAX_FRAMES}; end it")));
        }
        let block = live.stream.block(frames as usize)?;
        live.blocks.push(block.features().to_owned());
        Ok(json!({ "start": start, "frames": frames, "clip": clip(&block)? }).into())
    }

    /// Ends the stream, and gives all of it as one motion.
    pub(crate) fn streamed(&mut self) -> Result<Answer> {
        let live = self.live.take().ok_or_else(none)?;
        let blocks: Vec<_> = live.blocks.iter().map(|block| block.view()).collect();
        let whole = concatenate(Axis(0), &blocks).map_err(Error::internal)?;
        let (frames, fps) = (whole.nrows(), self.pipeline.fps());
        let motions = self.keep(vec![(Motion::from_features(whole, fps)?, live.about)])?;
        Ok(json!({ "motions": motions, "frames": frames, "fps": fps }).into())
    }
}

fn none() -> Error {
    Error::invalid("stream", "there is none; begin one first")
}
