//! Procedural captioned motion on the built-in skeleton.
//!
//! A clip is a pure function of a seed and an index: an action, its caption and its motion (z up, metres, 20 frames per
//! second, floor at z = 0, starting at the origin and facing +y).

pub mod acts;
mod caption;
mod compose;
mod curve;
mod draw;
mod families;
mod gait;
mod grammar;
mod known;
mod lexicon;
mod prompts;
mod rig;
mod rng;
mod spec;
#[cfg(test)]
mod tests;

pub use caption::{Split, vocabulary, words};
pub use compose::{Variation, clip};
pub use known::known_prompts;
pub use prompts::{Prompt, held_out_prompts, unseen_verb_prompts};
pub use spec::{ActionSpec, Family, Pace, Part, Side};

use crate::motion::codec::SmplMotion;
use rng::Rng;

/// A clip with its caption.
#[derive(Debug, Clone)]
pub struct ProceduralSample {
    /// The caption, lower case, without a full stop.
    pub caption: String,
    /// The action.
    pub action: ActionSpec,
    /// The motion; one frame more than the rows of features it encodes to.
    pub motion: SmplMotion,
}

/// An endless data set of captioned clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProceduralDataset {
    seed: u64,
    split: Split,
}

impl ProceduralDataset {
    /// The data set of a seed; splits differ in wording only.
    pub fn new(seed: u64, split: Split) -> Self {
        Self { seed, split }
    }

    /// Clip `index`, 60 to 120 rows of features, most often 100.
    pub fn sample(&self, index: u64) -> ProceduralSample {
        let mut rng = Rng::new(self.seed, index);
        let frames = draw::draw_frames(&mut rng);
        self.fill(frames, rng)
    }

    /// Clip `index` with `frames` rows of features (`frames + 1` frames); clips under 90 hold no sequences.
    pub fn sample_with_frames(&self, index: u64, frames: usize) -> ProceduralSample {
        self.fill(frames, Rng::new(self.seed, index))
    }

    /// Caption and action of clip number `index`, without the motion.
    pub fn caption(&self, index: u64) -> (String, ActionSpec) {
        let mut rng = Rng::new(self.seed, index);
        let frames = draw::draw_frames(&mut rng);
        self.say(frames, &mut rng)
    }

    fn say(&self, frames: usize, rng: &mut Rng) -> (String, ActionSpec) {
        let action = draw::draw_action(frames, rng);
        let wording = caption::draw(&action, self.split, rng);
        (caption::render(&action, &wording, rng), action)
    }

    fn fill(&self, frames: usize, mut rng: Rng) -> ProceduralSample {
        let (caption, action) = self.say(frames, &mut rng);
        let motion = clip(&action, frames + 1, draw::draw_variation(&mut rng));
        ProceduralSample { caption, action, motion }
    }
}
