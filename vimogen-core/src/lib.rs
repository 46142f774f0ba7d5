//! vimogen turns a sentence, or a sentence and a reference motion, into 3D human motion.
//!
//! It implements ViMoGen (arXiv 2510.26794): a motion representation of 276 values per frame, a flow-matching diffusion
//! transformer, its sampler, its training, its text encoder, and the metrics of MBench. A small model is compiled in;
//! [`Pipeline::open`] loads the released one.
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
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`motion`] | clips, their representation, rotations, resampling, statistics |
//! | [`io`] | motions as files of other programs |
//! | [`format`](mod@format) | arrays in files: npy, npz, PyTorch, safetensors |
//! | [`body`] | surfaces of motions |
//! | [`pipeline`] | from a prompt to a motion |
//! | [`model`], [`weights`], [`text`], [`sample`] | network, checkpoints, text encoders, sampler |
//! | [`data`], [`mod@train`], [`experiment`] | data sets, the training step, training from a file |
//! | [`mbench`], [`render`] | scores; pictures, video, HTML player |
//!
//! # Features
//!
//! The default features need nothing but a Rust toolchain.
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `cpu` | yes | CPU backend; implies `model` |
//! | `render` | yes | [`render`]: HTML player, pictures, GIF |
//! | `fbx` | no | FBX files in [`io`]; built with a C compiler |
//! | `video` | no | MP4 files from [`render`]; built with a C++ compiler |
//! | `cuda` | no | NVIDIA GPUs; implies `model` |
//! | `wgpu` | no | GPUs through Vulkan, Metal, DX12 or WebGPU; implies `model` |
//! | `model` | implied | [`pipeline`] and the network below it; without it motions, files and bodies remain, built in a minute |
//! | `umt5` | no | the release's text encoder, `text::umt5` |
//! | `network` | no | downloads, `weights::download`; judges, `mbench::vlm` |
//! | `mbench` | no | `mbench`: metrics of motions, MBench |
//! | `train` | no | `train` and `data` |
//! | `experiment` | no | `experiment`: training from a file; implies `train`, `mbench` and `render` |
//! | `mpi` | no | training by several processes; built with MPI and libclang |
//! | `full` | no | everything but GPUs and MPI |
//!
//! Set a fast global allocator such as `mimalloc` in your program: with glibc's the CPU backend takes up to twice as long. A
//! program that trains gains another quarter if `MIMALLOC_PURGE_DELAY=1000` is in its environment when it starts.

#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
mod character;
pub mod control;
#[cfg(feature = "train")]
pub mod data;
pub mod declare;
#[cfg(feature = "model")]
pub mod device;
pub mod edit;
pub mod error;
#[cfg(feature = "experiment")]
pub mod experiment;
pub mod format;
pub mod io;
#[cfg(feature = "mbench")]
pub mod mbench;
#[cfg(feature = "model")]
pub mod model;
pub mod motion;
#[cfg(feature = "model")]
pub mod pipeline;
pub mod process;
pub mod progress;
#[cfg(feature = "render")]
pub mod render;
#[cfg(any(feature = "mbench", all(feature = "model", feature = "network")))]
mod retry;
#[cfg(feature = "model")]
pub mod sample;
#[cfg(all(feature = "experiment", feature = "umt5"))]
mod schema;
#[cfg(feature = "model")]
pub mod text;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "model")]
mod turns;
#[cfg(feature = "model")]
pub mod weights;
#[cfg(feature = "model")]
mod windows;

/// The tensor library of [`model`], [`mod@train`] and [`device`], in the version that their interfaces name.
#[cfg(feature = "model")]
#[doc(no_inline)]
pub use burn;
#[cfg(feature = "model")]
pub use device::DeviceSpec;
#[doc(no_inline)]
pub use glam;
#[doc(no_inline)]
pub use ndarray;

pub use error::{Error, ErrorCode, Result};
#[cfg(feature = "model")]
pub use model::{Dit, DitConfig};
pub use motion::Motion;
#[cfg(feature = "model")]
pub use pipeline::{Pipeline, PipelineBuilder, Prompt, Request};
pub use progress::{Progress, Stage};
#[cfg(feature = "model")]
pub use sample::{GenerateOptions, Preset, Sampler, SamplerOptions, Solver};
#[cfg(all(feature = "experiment", feature = "umt5"))]
pub use schema::schema;
#[cfg(feature = "model")]
pub use text::TextEncoder;
#[cfg(feature = "model")]
pub use weights::WeightDtype;

/// The README's program compiles.
#[cfg(all(doctest, feature = "model"))]
#[doc = include_str!("../README.md")]
struct Readme;
