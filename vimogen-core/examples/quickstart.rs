//! A sentence in, an animation out: the same program as quickstart.py, quickstart.c and quickstart.cpp.
//!
//! ```text
//! cargo run --example quickstart -- out
//! ```
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::path::PathBuf;

use vimogen_core::{Error, GenerateOptions, Pipeline, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "out".into()));
    std::fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;

    let pipeline = Pipeline::builtin()?; // or Pipeline::open(path)?
    let options = GenerateOptions::default().with_seed(42);
    let motion = pipeline.generate("a person walks forward and waves", &options)?;

    let joints = motion.joints(); // (frames, 22, 3), metres, z up
    println!("frames {} fps {}", motion.len(), motion.fps());
    for i in 0..3 {
        println!("joint {i} {:.4} {:.4} {:.4}", joints[[0, i, 0]], joints[[0, i, 1]], joints[[0, i, 2]]);
    }
    println!("checksum {:.3}", joints.iter().map(|v| f64::from(*v)).sum::<f64>());
    motion.save(folder.join("quickstart.bvh"))
}
