//! Clips of AMASS and of SMPL-X tools, as npz.

mod read;
mod write;

pub use read::load;
pub(super) use read::{is_amass, to_motion};
pub use write::save;
