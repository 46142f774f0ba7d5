//! The second generation of procedural motion, to look at and to measure.
//!
//! ```text
//! procedural sheets DIR [KIND ...]   a picture of ten moments of each kind, or of those named
//! procedural clips DIR N [SEED]      N captioned clips of the data set: npz files and index.jsonl
//! procedural captions N [SEED]       captions alone
//! ```
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::fmt::Write;
use std::path::Path;

use vimogen_core::body::BodyModel;
use vimogen_core::data::procedural::Split;
use vimogen_core::data::procedural::acts::{Act, Kind, Scenes, Script, entry, show};
use vimogen_core::motion::codec::{SmplMotion, encode};
use vimogen_core::progress::ignore;
use vimogen_core::render::{MeshSequence, RenderOptions, Renderer, View, encode};
use vimogen_core::{Error, Motion, Result};

/// Moments of a picture.
const MOMENTS: usize = 10;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["sheets", dir, kinds @ ..] => sheets(Path::new(dir), kinds),
        ["clips", dir, n, seed @ ..] => clips(Path::new(dir), number(n)?, seed.first().map_or(Ok(7), |s| number(s))?),
        ["captions", n, seed @ ..] => captions(number(n)?, seed.first().map_or(Ok(7), |s| number(s))?),
        _ => Err(Error::invalid("arguments", "the top of this file lists the commands")),
    }
}

fn number(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::invalid("number", format!("{text:?} is not a whole number")))
}

fn make(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|e| Error::io("create", dir, e))
}

fn motion_of(clip: &SmplMotion) -> Result<Motion> {
    Motion::from_features(encode(clip)?, 20.0)
}

/// Ten moments of each kind.
fn sheets(dir: &Path, kinds: &[&str]) -> Result<()> {
    make(dir)?;
    for kind in Kind::ALL.into_iter().filter(|kind| kinds.is_empty() || kinds.contains(&kind.name())) {
        let side = entry(kind).sides.last().copied();
        let script = Script::one(Act::plain(kind, side));
        let fits = |frames: &usize| show(&script, *frames, 5);
        let Some(clip) = [81, 121, 161, 201].iter().find_map(fits) else { continue };
        let path = dir.join(format!("{kind}.png"));
        let sequence = MeshSequence::body(&motion_of(&clip)?, BodyModel::neutral())?;
        let options = RenderOptions::default().with_size(160, 200).with_angles(40.0, 8.0).with_view(View::Follow);
        encode::sheet(&Renderer::new(&sequence, &options)?, MOMENTS, &mut ignore)?.save_png(&path)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Clips of the data set with their captions.
fn clips(dir: &Path, n: u64, seed: u64) -> Result<()> {
    make(dir)?;
    let (data, mut index) = (Scenes::new(seed, Split::Train), String::new());
    for i in 0..n {
        let scene = data.sample(i);
        motion_of(&scene.motion)?.save(dir.join(format!("{i}.npz")))?;
        let names: Vec<&str> = scene.script.all().map(|act| act.kind.name()).collect();
        let line = serde_json::json!({"i": i, "caption": scene.caption, "kinds": names, "frames": scene.motion.len()});
        let _ = writeln!(index, "{line}");
    }
    let path = dir.join("index.jsonl");
    std::fs::write(&path, index).map_err(|e| Error::io("write", &path, e))
}

fn captions(n: u64, seed: u64) -> Result<()> {
    let data = Scenes::new(seed, Split::Train);
    (0..n).for_each(|i| println!("{}", data.sample(i).caption));
    Ok(())
}
