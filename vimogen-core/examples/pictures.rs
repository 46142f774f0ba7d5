//! `make pictures`: the pictures of the README and of docs/src/how-to/pictures.md, by the built-in model.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use vimogen_core::progress::ignore;
use vimogen_core::render::{Actor, Film, RenderOptions, View, movie};
use vimogen_core::{GenerateOptions, Pipeline, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROMPT: &str = "a person walks forward and waves";

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("docs/src/images"), PathBuf::from);
    match run(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<()> {
    let options = GenerateOptions::default().with_num_frames(80).with_seed(42);
    let motion = Pipeline::builtin()?.generate(PROMPT, &options)?;
    let actor = Actor::figure(motion.joints().view())?;
    let wide = RenderOptions::default().with_size(640, 320).with_angles(62.0, 12.0);
    let small = RenderOptions::default().with_size(320, 320).with_angles(35.0, 12.0).with_view(View::Follow);
    for (name, options) in [
        ("walk-and-wave.gif", wide),
        ("contact-sheet.png", small),
        ("depth.gif", RenderOptions::depth()),
        ("walk-and-wave.mp4", RenderOptions::default()),
    ] {
        let start = Instant::now();
        let film = Film::new(&actor, &options)?;
        movie::save(folder.join(name), &film, motion.fps(), &mut ignore)?;
        println!("{name:<20} {:>8.1} ms", 1e3 * start.elapsed().as_secs_f64());
    }
    Ok(())
}
