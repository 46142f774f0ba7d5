//! `make pictures`: the pictures of the README and of docs/src/how-to/pictures.md, by the built-in model. With the argument
//! `measure` how long rendering takes for a mesh as fine as SMPL's.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use ndarray::{Array3, s};
use vimogen_core::body::BodyModel;
use vimogen_core::progress::ignore;
use vimogen_core::render::{MeshSequence, RenderOptions, Renderer, View, encode};
use vimogen_core::{Error, GenerateOptions, Motion, Pipeline, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROMPT: &str = "a person walks forward and waves";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.first().map(String::as_str) {
        Some("measure") => measure(),
        Some(folder) => draw(&PathBuf::from(folder)),
        None => draw(Path::new("docs/src/images")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn walk(frames: usize) -> Result<Motion> {
    let options = GenerateOptions::default().with_num_frames(frames).with_seed(42);
    Pipeline::builtin()?.generate(PROMPT, &options)
}

/// Runs a stage and prints its duration.
fn stage(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    work()?;
    println!("{name:<24} {:>8.2} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn draw(folder: &Path) -> Result<()> {
    let motion = walk(80)?;
    let sequence = MeshSequence::body(&motion, BodyModel::neutral())?;
    let wide = RenderOptions::default().with_size(640, 320).with_angles(62.0, 12.0);
    let small = RenderOptions::default().with_size(320, 320).with_angles(35.0, 12.0).with_view(View::Follow);
    for (name, options) in [("walk-and-wave.gif", wide), ("contact-sheet.png", small)] {
        let renderer = Renderer::new(&sequence, &options)?;
        stage(name, || encode::save(folder.join(name), &renderer, motion.fps(), &mut ignore))?;
    }
    Ok(())
}

/// 100 frames of 960 x 960 with a mesh that has more vertices than SMPL (6,890).
fn measure() -> Result<()> {
    let motion = walk(100)?;
    let body = BodyModel::neutral();
    let faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect();
    let (vertices, faces) = finer(&body.vertices(motion.smpl())?, &faces);
    println!("{} frames, {} vertices, {} triangles", motion.len(), vertices.shape()[1], faces.len());
    let sequence = MeshSequence::mesh(motion.joints().view(), vertices.view(), &faces)?;
    let renderer = Renderer::new(&sequence, &RenderOptions::default())?;
    stage("drawn, one thread", || (0..renderer.len()).try_for_each(|frame| renderer.frame(frame).map(drop)))?;
    let folder = tempfile::tempdir().map_err(|e| Error::io("create", "", e))?;
    for name in ["clip.mp4", "clip.gif"] {
        stage(name, || encode::save(folder.path().join(name), &renderer, motion.fps(), &mut ignore))?;
    }
    Ok(())
}

/// Splits every triangle into four at the midpoints of its sides.
fn finer(vertices: &Array3<f32>, faces: &[[u32; 3]]) -> (Array3<f32>, Vec<[u32; 3]>) {
    let mut middles: HashMap<(u32, u32), u32> = HashMap::new();
    let first = vertices.shape()[1] as u32;
    let mut out = Vec::with_capacity(4 * faces.len());
    for [a, b, c] in faces.iter().copied() {
        let [ab, bc, ca] = [(a, b), (b, c), (c, a)].map(|(p, q)| {
            let next = first + middles.len() as u32;
            *middles.entry((p.min(q), p.max(q))).or_insert(next)
        });
        out.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
    }
    let mut all = Array3::zeros((vertices.shape()[0], first as usize + middles.len(), 3));
    all.slice_mut(s![.., ..first as usize, ..]).assign(vertices);
    for ((p, q), middle) in middles {
        let mean = (&vertices.slice(s![.., p as usize, ..]) + &vertices.slice(s![.., q as usize, ..])) * 0.5;
        all.slice_mut(s![.., middle as usize, ..]).assign(&mean);
    }
    (all, out)
}
