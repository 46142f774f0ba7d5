//! vimogen turns a sentence, or a sentence and a reference motion, into 3D human motion.
//!
//! It implements ViMoGen (arXiv 2510.26794): a motion representation of 276 numbers a frame, a flow-matching diffusion
//! transformer, its sampler and training, its text encoder, and MBench. A small model is built in; the
//! released one is a path away.
//!
//! ```
//! use vimogen_core::{GenerateOptions, Pipeline};
//!
//! let pipeline = Pipeline::builtin()?;
//! let options = GenerateOptions::default().with_num_frames(40).with_num_inference_steps(4).with_seed(42);
//! let motion = pipeline.generate("a person walks forward and waves", &options)?;
//! assert_eq!(motion.features().dim(), (40, 276)); // see motion::layout
//! assert_eq!(motion.joints().dim(), (40, 22, 3)); // metres, z up
//! # Ok::<(), vimogen_core::Error>(())
//! ```
//!
//! # Where things are
//!
//! [`motion`] is the representation, [`format`](mod@format) reads and writes files, [`model`] the network, [`weights`] its checkpoints,
//! [`text`] the encoders, [`sample`] the sampler, [`pipeline`] ties them together. [`data`] and [`train`] make models,
//! [`experiment`] runs their training from a file, [`mbench`] scores motions, [`body`] gives them a surface, [`render`] and
//! [`io`] take them elsewhere.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `generate` | yes | [`pipeline`] and the network under it; without it motions, files, bodies and scores remain, built in a minute |
//! | `flex` | yes | the CPU backend |
//! | `train` | yes | [`train`] and [`data`] |
//! | `mbench` | yes | [`mbench`] |
//! | `render` | yes | [`render`] |
//! | `video` | yes | MP4 files from [`render`]; built with a C++ compiler |
//! | `umt5` | yes | the release's text encoder, `text::umt5` |
//! | `network` | yes | downloads, `weights::download`; judges, `mbench::vlm` |
//! | `mpi` | no | training by several processes; built with MPI and libclang |
//! | `cuda` | no | NVIDIA GPUs |
//! | `wgpu` | no | GPUs through Vulkan, Metal, DX12 or WebGPU |
//!
//! Set a fast global allocator such as `mimalloc` in your program: with glibc's the CPU backend takes up to twice as long. A
//! program that trains gains another quarter if `MIMALLOC_PURGE_DELAY=1000` is in its environment when it starts.

#![warn(missing_docs)]

pub mod body;
#[cfg(feature = "train")]
pub mod data;
#[cfg(feature = "generate")]
pub mod device;
pub mod error;
#[cfg(all(feature = "train", feature = "mbench", feature = "render"))]
pub mod experiment;
pub mod format;
pub mod io;
#[cfg(feature = "mbench")]
pub mod mbench;
#[cfg(feature = "generate")]
pub mod model;
pub mod motion;
#[cfg(feature = "generate")]
pub mod options;
#[cfg(feature = "generate")]
pub mod pipeline;
pub mod progress;
#[cfg(feature = "render")]
pub mod render;
#[cfg(feature = "generate")]
pub mod sample;
#[cfg(feature = "generate")]
pub mod text;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "generate")]
pub mod weights;

#[cfg(feature = "generate")]
pub use burn::tensor::Device;
#[cfg(feature = "generate")]
pub use device::DeviceSpec;
pub use error::{Error, ErrorCode, Result};
#[cfg(feature = "generate")]
pub use model::{Dit, DitConfig};
pub use motion::Motion;
#[cfg(feature = "generate")]
pub use options::{GenerateOptions, LoadConfig};
#[cfg(feature = "generate")]
pub use pipeline::{Pipeline, Prompt, Request};
pub use progress::{Progress, Stage};
#[cfg(feature = "generate")]
pub use sample::{Sampler, Solver};
#[cfg(feature = "generate")]
pub use text::TextEncoder;
#[cfg(feature = "generate")]
pub use weights::WeightDtype;

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
