//! Pictures and videos of motions, and the player of several.

use std::path::PathBuf;

use pyo3::prelude::*;
use vimogen_core::Motion as Core;
use vimogen_core::body::BodyModel;
use vimogen_core::io::picture;
use vimogen_core::motion::resample::resampled_len;
use vimogen_core::render::{Image, MeshSequence, RenderOptions, Renderer, Style, encode};

use crate::body::Body;
use crate::error::{OrRaise, invalid};
use crate::motion::Motion;
use crate::run::{interruptible, with_progress};

/// Arguments of `Motion.render`.
pub struct RenderArguments<'py> {
    pub size: Option<(usize, usize)>,
    pub fps: Option<f32>,
    pub view: &'py str,
    pub yaw: f32,
    pub pitch: f32,
    pub style: &'py str,
    pub figure: bool,
    pub overlay: Option<PathBuf>,
    pub callback: Option<Py<PyAny>>,
}

/// Writes pictures of a motion.
pub fn render(
    py: Python<'_>,
    motion: &Core,
    path: PathBuf,
    body: Option<PyRef<'_, Body>>,
    arguments: RenderArguments<'_>,
) -> PyResult<()> {
    let style: Style = arguments.style.parse().or_raise(py)?;
    let default = if style == Style::Depth { RenderOptions::depth() } else { RenderOptions::default() };
    let options = default.with_style(style).with_view(arguments.view.parse().or_raise(py)?);
    let options = options.with_angles(arguments.yaw, arguments.pitch);
    let body = body.as_ref().map(|body| body.core());
    if arguments.figure && body.is_some() {
        return Err(invalid(py, "figure", "a figure replaces the body; give one of the two"));
    }
    let shown = if arguments.figure { None } else { Some(body.unwrap_or(BodyModel::neutral())) };
    with_progress(py, arguments.callback, |on_progress| {
        let resampled;
        let motion = match arguments.fps {
            Some(fps) => {
                MeshSequence::check_len(resampled_len(motion.len(), motion.fps(), fps)?, shown)?;
                resampled = motion.resample(fps)?;
                &resampled
            }
            None => motion,
        };
        let sequence = match shown {
            None => MeshSequence::figure(motion.joints().view())?,
            Some(body) => MeshSequence::body_with(motion, body, on_progress)?,
        };
        let below = arguments.overlay.map(encode::frames_of).transpose()?;
        let (width, height) = match (&arguments.size, &below) {
            (Some(size), _) => *size,
            (None, Some(files)) => Image::load_png(&files[0]).map(|first| (first.width(), first.height()))?,
            (None, None) => (options.width, options.height),
        };
        let renderer = Renderer::new(&sequence, &options.with_size(width, height))?;
        let renderer = if let Some(files) = below { renderer.over(files)? } else { renderer };
        encode::save(path, &renderer, motion.fps(), on_progress)
    })
}

/// Write a player of several motions, side by side, with their captions and MBench scores, as one HTML file that needs
/// no network.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     The ``.html`` file.
/// motions : sequence of Motion
///     1 to 64 motions.
/// titles : sequence of str, optional
///     One caption per motion.
#[pyfunction]
#[pyo3(signature = (path, motions, titles=None))]
pub fn save_player(
    py: Python<'_>,
    path: PathBuf,
    motions: Vec<PyRef<'_, Motion>>,
    titles: Option<Vec<String>>,
) -> PyResult<()> {
    let titles = titles.unwrap_or_else(|| vec![String::new(); motions.len()]);
    if titles.len() != motions.len() {
        return Err(invalid(py, "titles", format!("{} captions for {} motions", titles.len(), motions.len())));
    }
    let cores: Vec<Core> = motions.iter().map(|motion| motion.core().clone()).collect();
    interruptible(py, move || {
        let clips: Vec<(&Core, &str)> = cores.iter().zip(&titles).map(|(core, title)| (core, title.as_str())).collect();
        picture::save_player(path, &clips)
    })
}
