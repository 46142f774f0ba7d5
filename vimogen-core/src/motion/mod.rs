//! Motion representation: 276 values per frame on a 22-joint skeleton. No tensors, plain `f32` arrays.

pub mod axes;
pub mod canonical;
pub mod clip;
pub mod codec;
mod file_format;
mod ground;
pub mod hmr;
mod interpolate;
pub mod joint;
pub mod layout;
mod meta;
mod origin;
mod pose;
pub mod resample;
pub mod rotation;
mod rotation_simd;
pub mod skeleton;
pub mod smooth;
pub mod stats;

pub use clip::Motion;
pub use file_format::FileFormat;
pub(crate) use ground::floor_of;
pub use meta::MotionMeta;
pub(crate) use origin::FEATURES_KIND;
pub use origin::{LengthUnit, MotionSource, UpAxis};
pub use pose::Pose;
pub use skeleton::Skeleton;
pub use stats::Stats;
