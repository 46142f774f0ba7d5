//! Procedural captioned motion on the built-in skeleton.
//!
//! A clip is a pure function of a seed and an index: an action (what is done), a caption (how it is said) and the
//! motion (z up, metres, 20 frames per second, floor at z = 0, starting at the origin and facing +y).

mod caption;
mod check;
mod compose;
mod curve;
mod dice;
mod draw;
mod families;
mod gait;
mod grammar;
mod lexicon;
mod prompts;
mod rig;
mod spec;
#[cfg(test)]
mod tests;

pub use caption::{Split, vocabulary, words};
pub use check::check;
pub use compose::{Manner, clip};
pub use prompts::{Prompt, held_out_prompts, unseen_verb_prompts};
pub use spec::{ActionSpec, Family, Pace, Part, Side};

use crate::motion::codec::SmplMotion;
use dice::Dice;

/// A clip with its caption.
#[derive(Debug, Clone)]
pub struct SynthSample {
    /// The caption, lower case, without a full stop.
    pub caption: String,
    /// What is done.
    pub action: ActionSpec,
    /// The motion; one frame more than the rows of features it encodes to.
    pub motion: SmplMotion,
}

/// An endless data set of captioned clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SynthDataset {
    seed: u64,
    split: Split,
}

impl SynthDataset {
    /// The data set of a seed; splits differ in wording only.
    pub fn new(seed: u64, split: Split) -> Self {
        Self { seed, split }
    }

    /// Clip number `index`, 60 to 120 rows of features, most often 100.
    pub fn sample(&self, index: u64) -> SynthSample {
        let mut dice = Dice::new(self.seed, index);
        let frames = draw::draw_frames(&mut dice);
        self.fill(frames, dice)
    }

    /// Clip number `index` with `frames` rows of features (`frames + 1` frames); clips under 90 hold no sequences.
    pub fn sample_with_frames(&self, index: u64, frames: usize) -> SynthSample {
        self.fill(frames, Dice::new(self.seed, index))
    }

    /// Caption and action of clip number `index`, without the motion.
    pub fn caption(&self, index: u64) -> (String, ActionSpec) {
        let mut dice = Dice::new(self.seed, index);
        let frames = draw::draw_frames(&mut dice);
        self.say(frames, &mut dice)
    }

    fn say(&self, frames: usize, dice: &mut Dice) -> (String, ActionSpec) {
        let action = draw::draw_action(frames, dice);
        let wording = caption::draw(&action, self.split, dice);
        (caption::render(&action, &wording, dice), action)
    }

    fn fill(&self, frames: usize, mut dice: Dice) -> SynthSample {
        let (caption, action) = self.say(frames, &mut dice);
        let motion = clip(&action, frames + 1, draw::draw_manner(&mut dice));
        SynthSample { caption, action, motion }
    }
}

/// All families.
pub fn families() -> &'static [Family] {
    &Family::ALL
}
