//! Python bindings of vimogen: the extension module `vimogen._vimogen`, which the Python package `vimogen` wraps.
//!
//! Each file holds a class or a topic. All long work goes through [`run`], [`error`] is the table of exceptions, [`args`]
//! and [`options`](mod@options) read arguments. Values are checked by the core.

use pyo3::prelude::*;

mod args;
mod benchmark;
mod body;
mod character;
mod collective;
mod direct;
mod dit;
mod edit;
mod error;
mod evaluate;
mod experiment;
mod flow;
mod mbench;
mod motion;
mod notes;
mod options;
mod pipeline;
mod pose;
mod reading;
mod render;
mod represent;
mod robot;
mod rotations;
mod run;
mod sets;
mod stream;
mod synth;
mod text;
mod trainer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Text to 3D human motion: the compiled part of the package vimogen, which is what programs import.
#[pymodule]
mod _vimogen {
    use pyo3::prelude::*;

    /// The version of the extension module, equal to the package's.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python fixes the name")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::{
        benchmark::{evaluate_benchmark_json, gate_references, generate_mbench, organize, results_table},
        body::{Body, load_hmr},
        character::Character,
        direct::{best, split_prompt},
        dit::{Dit, sample},
        evaluate::evaluate_folder,
        experiment::{merge_stats, prepare_data, run_experiment},
        flow::{Schedule, noise},
        mbench::{dynamic_degree, foot_floating, foot_sliding, ground_penetration, jitter_degree},
        motion::{Motion, file_formats},
        options::schema,
        pipeline::{Pipeline, convert},
        pose::{Nrdf, PoseScorer, body_penetration, smplify},
        reading::restore_motion,
        render::save_player,
        represent::{canonicalize, decode, encode, from_hmr, mbench_joints, reference_channels, resample, smooth},
        robot::{Robot, RobotMotion},
        rotations::{
            axis_angle_to_matrix, axis_angle_to_matrix_mbench, axis_angle_to_matrix_smplx, axis_angle_to_quaternion,
            axis_angle_to_quaternion_mbench, axis_angle_to_rot6d, axis_angle_to_rot6d_rows, matrix_to_axis_angle,
            matrix_to_rot6d, quaternion_to_axis_angle, quaternion_to_rot6d, rot6d_rows_to_matrix, rot6d_to_axis_angle,
            rot6d_to_matrix, rot6d_to_quaternion,
        },
        sets::{diversity, fid, mm_dist, multimodality, r_precision},
        stream::Stream,
        synth::SyntheticData,
        text::{TextEncoder, download_files},
        trainer::{TrainState, collate},
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        vimogen_core::process::adopt();
        crate::error::register(module)?;
        crate::reading::register(module)?;
        crate::notes::register(module)
    }
}
