//! The data set of the second generation.

use super::act::{Act, Kind, Script};
use super::caption;
use super::compose::{clip, fill};
use super::draw::script;
use super::hash::hash;
use super::manner::Person;
use crate::data::procedural::rng::Rng;
use crate::data::procedural::{Split, words};
use crate::motion::codec::SmplMotion;

/// Minimum and maximum rows of features of a clip.
pub const FRAMES: (usize, usize) = (40, 200);
/// Maximum number of words of a caption: what the built-in text encoder reads, less a few for commas.
const WORDS: usize = 28;
/// Attempts at a script that fits into a clip; almost every clip needs one or two.
const ATTEMPTS: u64 = 40;

/// A clip with its caption.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The caption, lower case, without a full stop at its end.
    pub caption: String,
    /// Its content.
    pub script: Script,
    /// The motion; one frame more than the rows of features it encodes to.
    pub motion: SmplMotion,
}

/// An endless data set of captioned clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenes {
    seed: u64,
    split: Split,
}

impl Scenes {
    /// The data set of a seed; splits differ in wording only.
    pub fn new(seed: u64, split: Split) -> Self {
        Self { seed, split }
    }

    /// Clip `index`, 40 to 200 rows of features.
    pub fn sample(&self, index: u64) -> Scene {
        self.sample_with_frames(index, self.frames(index))
    }

    /// Rows of features of clip `index`.
    pub fn frames(&self, index: u64) -> usize {
        FRAMES.0 + Rng::new(self.seed ^ hash(&["frames"]), index).below(FRAMES.1 - FRAMES.0 + 1)
    }

    /// Clip `index` with `frames` rows of features (`frames + 1` frames).
    pub fn sample_with_frames(&self, index: u64, frames: usize) -> Scene {
        let (script, person, mut rng) = self.choose(index, frames);
        let motion = clip(&script, frames + 1, person, &mut rng);
        let motion = motion.unwrap_or_else(|| SmplMotion::zeros(frames + 1));
        Scene { caption: self.say(&script, index), script, motion }
    }

    /// Caption and script of clip `index`, as [`Scenes::sample_with_frames`] has them, without the motion.
    pub fn caption(&self, index: u64, frames: usize) -> (String, Script) {
        let script = self.choose(index, frames).0;
        (self.say(&script, index), script)
    }

    /// A script that fits into a clip, and who shows it.
    fn choose(&self, index: u64, frames: usize) -> (Script, Person, Rng) {
        for attempt in 0..ATTEMPTS {
            let (script, mut rng) = script(self.seed, index, attempt, frames);
            let person = Person::draw(&mut rng);
            // Short movements belong into short clips: the emptier a clip would be, the rarer it is.
            let full = fill(&script, frames + 1, person);
            if full.is_some_and(|full| rng.chance((full / 0.75).powi(2))) {
                return (script, person, rng);
            }
        }
        // Everybody can stand for any time.
        let mut rng = Rng::new(self.seed, index);
        (Script::one(Act::plain(Kind::Stand, None)), Person::draw(&mut rng), rng)
    }

    /// A caption that the text encoder reads to its end.
    fn say(&self, script: &Script, index: u64) -> String {
        let mut rng = Rng::new(self.seed ^ hash(&["caption"]), index);
        let mut say = || caption::render(script, &caption::draw(script, self.split, &mut rng), &mut rng);
        let mut shortest = say();
        for _ in 0..20 {
            if words(&shortest).count() <= WORDS {
                break;
            }
            let next = say();
            if words(&next).count() < words(&shortest).count() {
                shortest = next;
            }
        }
        shortest
    }
}
