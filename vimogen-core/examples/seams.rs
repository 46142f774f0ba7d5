//! How much joins of clips show: `cargo run --example seams -- FOLDER [PAIRS]`.
//!
//! Joins random pairs of the motion files of a folder and prints by how much the largest step, change of velocity and turn
//! of a joint within a join exceed those of the two clips.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vimogen_core::Motion;
use vimogen_core::edit::{JoinOptions, Seam};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".into());
    let pairs: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(200);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let clips: Vec<Motion> = paths.iter().filter_map(|path| Motion::load(path).ok()).collect();
    println!("{} of {} files are clips", clips.len(), paths.len());
    if clips.is_empty() {
        return Ok(());
    }
    let mut random = ChaCha8Rng::seed_from_u64(42);
    let mut seams: Vec<(String, Seam)> = Vec::new();
    for _ in 0..pairs {
        let (a, b) = (random.random_range(0..clips.len()), random.random_range(0..clips.len()));
        let joined = Motion::join(&[clips[a].clone(), clips[b].clone()], &JoinOptions::default())?;
        let names = format!("{} + {}", paths[a].display(), paths[b].display());
        seams.extend(joined.seams.into_iter().map(|seam| (names.clone(), seam)));
    }
    seams.sort_by(|a, b| b.1.excess().total_cmp(&a.1.excess()));
    let excess: Vec<f32> = seams.iter().map(|(_, seam)| seam.excess()).collect();
    let at = |share: f32| excess[(share * (excess.len() - 1) as f32) as usize];
    let over = excess.iter().filter(|e| **e > 1.1).count();
    println!(
        "excess: median {:.2}, 95 % {:.2}, largest {:.2}; over 1.1: {over} of {pairs}",
        at(0.5),
        at(0.05),
        at(0.0)
    );
    let mean = seams.iter().map(|(_, seam)| seam.blend).sum::<f32>() / seams.len() as f32;
    println!("mean blend {mean:.2} s");
    for (names, seam) in seams.iter().take(5) {
        println!("{:.2} {names}: {seam:?}", seam.excess());
    }
    Ok(())
}
