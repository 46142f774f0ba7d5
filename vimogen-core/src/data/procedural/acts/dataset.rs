//! The data set of the second generation.

use super::act::Script;
use super::caption;
use super::compose::{clip, fill};
use super::draw::script;
use super::manner::Person;
use crate::data::procedural::{Split, words};
use crate::data::procedural::rng::Rng;
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
    /// What it shows.
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
        let mut rng = Rng::new(self.seed ^ 0x6c65_6e67_7468, index);
        let frames = FRAMES.0 + rng.below(FRAMES.1 - FRAMES.0 + 1);
        self.sample_with_frames(index, frames)
    }

    /// Clip `index` with `frames` rows of features (`frames + 1` frames).
    pub fn sample_with_frames(&self, index: u64, frames: usize) -> Scene {
        for attempt in 0..ATTEMPTS {
            let (script, mut rng) = script(self.seed, index, attempt, frames);
            let person = Person::draw(&mut rng);
            // Short movements belong into short clips: the emptier a clip would be, the rarer it is.
            let full = fill(&script, frames + 1, person);
            if attempt + 1 < ATTEMPTS && !full.is_some_and(|full| rng.chance((full / 0.75).powi(2))) {
                continue;
            }
            let Some(motion) = clip(&script, frames + 1, person, &mut rng) else { continue };
            return Scene { caption: self.say(&script, &mut rng), script, motion };
        }
        self.standing(index, frames)
    }

    /// Standing, for a clip into which nothing fits.
    fn standing(&self, index: u64, frames: usize) -> Scene {
        let mut rng = Rng::new(self.seed, index);
        let script = Script::one(super::act::Act::plain(super::act::Kind::Stand, None));
        let person = Person::draw(&mut rng);
        let motion = clip(&script, frames + 1, person, &mut rng).unwrap_or_else(|| SmplMotion::zeros(frames + 1));
        Scene { caption: self.say(&script, &mut rng), script, motion }
    }

    /// A caption that the text encoder reads to its end.
    fn say(&self, script: &Script, rng: &mut Rng) -> String {
        let mut say = || caption::render(script, &caption::draw(script, self.split, rng), rng);
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
