//! Folders of motions with captions, and batches that mix their clips with procedural motion.

mod clips;
mod loader;
mod mirror;
mod pieces;
mod table;
#[cfg(test)]
mod tests;

pub use clips::{CaptionedClips, CaptionedFolder};
pub use loader::{MixedLoader, Sources};
pub use mirror::mirrored_caption;
pub use pieces::{Piece, pieces};
