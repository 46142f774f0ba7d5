//! The second generation of procedural motion: over a hundred kinds, moods, counts, up to four acts in order.
//!
//! A clip is a function of a seed, its kind's name and a number, so kinds that are added later change no other clip.

mod act;
mod caption;
mod compose;
mod dataset;
mod draw;
mod families;
mod figure;
mod hash;
mod keys;
mod known;
mod lexicon;
mod life;
mod manner;
mod prompts;
#[cfg(test)]
mod tests;
mod verbs;

pub use act::{Accent, Act, Kind, Mood, Script, Size};
pub use caption::{every_act, vocabulary};
pub use compose::show;
pub use dataset::{FRAMES, Scene, Scenes};
pub use families::{Entry, Place, Use, entry};
pub use known::known_prompts;
pub use prompts::{HeldOut, held_out_prompts};
