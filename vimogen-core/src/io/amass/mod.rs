//! npz files in the layout of AMASS and of SMPL-X tools.

mod read;
mod write;

pub use read::load;
pub use write::save;
