//! The second generation of procedural motion: over a hundred kinds, moods, counts, up to four acts in order.
//!
//! A clip is a function of a seed, its kind's name and a number, so kinds that are added later change no other clip.

mod act;
mod compose;
mod families;
mod figure;
mod keys;
mod life;
mod manner;

pub use act::{Act, Kind, Mood, Script, Size};
pub use compose::clip;
pub use families::{Entry, Place, Use, entry};
pub use manner::Person;
