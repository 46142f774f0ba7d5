//! Motions to look at: the player, the strip of poses and rendered pictures, with the defaults of [`Motion::save`].

use std::io::Write as _;
use std::path::Path;

use crate::body::BodyModel;
use crate::error::Result;
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::progress::OnProgress;
use crate::render::player_mesh::{self, SkinnedClip};
use crate::render::strip_svg;
use crate::render::{MeshSequence, RenderOptions, Renderer, encode};

/// Poses of a strip.
const STRIP_POSES: usize = 8;

/// A player of motions with their captions and quality metrics, as one HTML page that needs no network.
///
/// # Errors
/// Those of [`player_mesh::html`].
pub fn player(clips: &[(&Motion, &str)]) -> Result<String> {
    let metrics = clips.iter().map(|(motion, _)| metrics(motion)).collect::<Result<Vec<_>>>()?;
    let clips: Vec<SkinnedClip<'_>> =
        clips.iter().zip(&metrics).map(|((motion, title), metrics)| SkinnedClip { motion, title, metrics }).collect();
    player_mesh::html(&clips)
}

/// Writes [`player`] to a file.
///
/// # Errors
/// Those of [`player`], [`NotFound`](crate::Error::NotFound) if the folder does not exist, [`Io`](crate::Error::Io).
pub fn save_player(path: impl AsRef<Path>, clips: &[(&Motion, &str)]) -> Result<()> {
    let page = player(clips)?;
    write_atomic(path, |w| w.write_all(page.as_bytes()))
}

pub(super) fn save_html(path: &Path, motion: &Motion, title: &str) -> Result<()> {
    let prompt = motion.meta().and_then(|meta| meta.prompt.as_deref()).unwrap_or_default();
    save_player(path, &[(motion, if title.is_empty() { prompt } else { title })])
}

pub(super) fn save_svg(path: &Path, motion: &Motion) -> Result<()> {
    let strip = strip_svg(motion.joints().view(), motion.fps(), STRIP_POSES)?;
    write_atomic(path, |w| w.write_all(strip.as_bytes()))
}

pub(super) fn save_film(
    path: &Path,
    motion: &Motion,
    body: Option<&BodyModel>,
    on_progress: &mut OnProgress<'_>,
) -> Result<()> {
    let sequence = MeshSequence::body_with(motion, body.unwrap_or(BodyModel::neutral()), on_progress)?;
    encode::save(path, &Renderer::new(&sequence, &RenderOptions::default())?, motion.fps(), on_progress)
}

/// MBench's quality metrics of a motion that is long enough for them.
#[cfg(feature = "mbench")]
fn metrics(motion: &Motion) -> Result<Vec<(&'static str, f32)>> {
    use crate::mbench::quality::{Quality, UpAxis};
    match motion.len() {
        ..2 => Ok(vec![]),
        _ => Ok(Quality::measure(motion.joints().view(), UpAxis::Z)?.named().to_vec()),
    }
}

#[cfg(not(feature = "mbench"))]
fn metrics(_: &Motion) -> Result<Vec<(&'static str, f32)>> {
    Ok(vec![])
}
