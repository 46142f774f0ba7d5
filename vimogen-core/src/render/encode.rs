//! Rendered clips as files: MP4, GIF, PNG.

use std::fs;
#[cfg(feature = "video")]
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;

use super::image::Image;
use super::palette::Palette;
use super::renderer::Renderer;
use super::{check_fps, gif};
use crate::error::{Error, Result};
use crate::format::{extension, unknown_extension, write_atomic};
use crate::process::{self, with_pool};
use crate::progress::{OnProgress, Stage, report};

/// Pictures in a contact sheet, and columns of it.
const SHEET: usize = 8;
const COLUMNS: usize = 4;
/// Gap between the pictures, pixels.
const GAP: usize = 4;
/// Number of pictures sampled for a GIF's palette.
const PALETTE_PICTURES: usize = 12;

/// Renders a clip to a file; the extension selects the format:
///
/// - `.mp4`: H.264 as browsers play it (feature `video`); even sides, at most 3840 x 2160
/// - `.gif`: 255 colours, at most 50 frames per second, loops
/// - `.png`: a contact sheet of 8 moments, in rows of 4; for one frame its picture
/// - none: a folder with one picture per frame, `00000.png` and so on
///
/// Drawing runs on all threads, in parallel with writing. A file appears when it is complete.
///
/// # Errors
/// [`Error::InvalidArgument`] for another extension, an `fps` outside 0.1 to 1000 or a size that the format cannot hold;
/// [`Error::NotFound`] if the folder does not exist, [`Error::Io`], [`Error::Cancelled`].
pub fn save(path: impl AsRef<Path>, renderer: &Renderer<'_>, fps: f32, on_progress: &mut OnProgress<'_>) -> Result<()> {
    let path = path.as_ref();
    check_fps(fps)?;
    match extension(path).as_str() {
        "mp4" => save_mp4(path, renderer, fps, on_progress),
        "gif" => save_gif(path, renderer, fps, on_progress),
        "png" => sheet(renderer, SHEET, on_progress)?.save_png(path),
        "" => save_folder(path, renderer, on_progress),
        _ => Err(unknown_extension(path, ["mp4", "gif", "png"])),
    }
}

/// A contact sheet of at most `moments` pictures, evenly spaced in time, left to right in rows of 4.
///
/// # Errors
/// [`Error::InvalidArgument`] unless `moments` is 1 to 64, those of [`Renderer::frame`], [`Error::Cancelled`].
pub fn sheet(renderer: &Renderer<'_>, moments: usize, on_progress: &mut OnProgress<'_>) -> Result<Image> {
    if !(1..=64).contains(&moments) {
        return Err(Error::invalid("moments", format!("{moments} pictures, a sheet holds 1 to 64")));
    }
    let mut pictures = Vec::new();
    each(renderer, &spread(renderer.len(), moments), on_progress, |_, picture| {
        pictures.push(picture);
        Ok(())
    })?;
    let columns = COLUMNS.min(pictures.len());
    Ok(Image::sheet(&pictures, columns, GAP))
}

/// At most `n` of `count` frames, from the first to the last.
fn spread(count: usize, n: usize) -> Vec<usize> {
    let n = n.min(count);
    if n < 2 { vec![0; n] } else { (0..n).map(|i| (i * (count - 1) + (n - 1) / 2) / (n - 1)).collect() }
}

fn save_folder(path: &Path, renderer: &Renderer<'_>, on_progress: &mut OnProgress<'_>) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io("create", path, e))?;
    let all: Vec<usize> = (0..renderer.len()).collect();
    each(renderer, &all, on_progress, |frame, picture| picture.save_png(path.join(format!("{frame:05}.png"))))
}

fn save_gif(path: &Path, renderer: &Renderer<'_>, fps: f32, on_progress: &mut OnProgress<'_>) -> Result<()> {
    let frames = gif::frames(renderer.len(), fps);
    let every = frames.get(1).copied().unwrap_or(1);
    let some: Vec<usize> = spread(frames.len(), PALETTE_PICTURES).into_iter().map(|i| frames[i]).collect();
    let palette = with_pool(|| some.into_par_iter().map(|i| renderer.frame(i)).collect::<Result<Vec<_>>>())?;
    let palette = Palette::of(&palette?);
    let (width, height) = renderer.size();
    write_atomic(path, |w| {
        let mut writer = gif::Writer::new(w, width, height, palette, fps / every as f32)?;
        each(renderer, &frames, on_progress, |_, picture| writer.add(&picture))?;
        Ok(writer.finish()?)
    })
    .map_err(|e| e.with_path(path))
}

#[cfg(feature = "video")]
fn save_mp4(path: &Path, renderer: &Renderer<'_>, fps: f32, on_progress: &mut OnProgress<'_>) -> Result<()> {
    let (width, height) = renderer.size();
    super::mp4::check(width, height)?;
    write_atomic(path, |w| {
        if renderer.len() == 1 {
            let mut film = Vec::new();
            film_of(&mut film, renderer, fps, on_progress)?;
            super::mp4::hold_one_picture(&mut film, fps);
            return w.write_all(&film);
        }
        Ok(film_of(w, renderer, fps, on_progress)?)
    })
    .map_err(|e| e.with_path(path))
}

#[cfg(feature = "video")]
fn film_of(w: impl Write, renderer: &Renderer<'_>, fps: f32, on_progress: &mut OnProgress<'_>) -> Result<()> {
    let (width, height) = renderer.size();
    let all: Vec<usize> = (0..renderer.len()).collect();
    let mut writer = super::mp4::Writer::new(w, width, height, fps)?;
    each(renderer, &all, on_progress, |_, picture| writer.add(&picture))?;
    writer.finish()
}

#[cfg(not(feature = "video"))]
fn save_mp4(path: &Path, _: &Renderer<'_>, _: f32, _: &mut OnProgress<'_>) -> Result<()> {
    Err(Error::invalid("file extension", format!("mp4 needs the feature `video`, path: {path:?}")))
}

/// Passes the pictures of `frames` to `take`, in order. Pictures are drawn on all threads, a few ahead of `take`, which runs
/// on the calling thread.
fn each(
    renderer: &Renderer<'_>,
    frames: &[usize],
    on_progress: &mut OnProgress<'_>,
    mut take: impl FnMut(usize, Image) -> Result<()>,
) -> Result<()> {
    if cfg!(target_family = "wasm") {
        // No threads.
        return frames.iter().enumerate().try_for_each(|(done, frame)| {
            take(*frame, renderer.frame(*frame)?)?;
            report(on_progress, Stage::Render, done + 1, frames.len())
        });
    }
    let ahead = process::threads().clamp(1, 16);
    std::thread::scope(|scope| {
        let (send, pictures) = sync_channel(1);
        let draws = scope.spawn(move || {
            for part in frames.chunks(ahead) {
                let draw = || part.par_iter().map(|frame| (*frame, renderer.frame(*frame))).collect::<Vec<_>>();
                let drawn = with_pool(draw).unwrap_or_else(|error| vec![(0, Err(error))]);
                // The receiver is dropped when `take` fails or the caller cancels.
                if send.send(drawn).is_err() {
                    return;
                }
            }
        });
        let outcome = pictures.into_iter().flatten().enumerate().try_for_each(|(done, (frame, picture))| {
            take(frame, picture?)?;
            report(on_progress, Stage::Render, done + 1, frames.len())
        });
        process::join([draws]);
        outcome
    })
}

/// The PNG files of a folder in the order of their names, such as the frames of a video.
///
/// # Errors
/// [`Error::NotFound`] for a folder that does not exist or has no PNG file, [`Error::Io`].
pub fn frames_of(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let missing = || Error::NotFound { what: "folder of PNG files".into(), path: folder.into() };
    let entries = fs::read_dir(folder).map_err(|_| missing())?;
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| extension(path) == "png").collect();
    files.sort();
    if files.is_empty() { Err(missing()) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use ndarray::Array3;

    use super::*;
    use crate::progress::ignore;
    use crate::render::{MeshSequence, RenderOptions};

    fn sequence(frames: usize) -> MeshSequence {
        let joints =
            Array3::from_shape_fn((frames, 22, 3), |(t, j, c)| (0.1 * t as f32 + j as f32 + 2.0 * c as f32).sin());
        MeshSequence::figure(joints.view()).unwrap()
    }

    #[test]
    fn moments_go_from_the_first_frame_to_the_last() {
        assert_eq!(spread(100, 4), [0, 33, 66, 99]);
        assert_eq!(spread(3, 8), [0, 1, 2]);
        assert_eq!(spread(1, 8), [0]);
    }

    #[test]
    fn every_format_is_written_and_reports_each_picture() {
        let (sequence, folder) = (sequence(5), tempfile::tempdir().unwrap());
        let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(48, 32)).unwrap();
        for (name, starts) in [("a.gif", &b"GIF89a"[..]), ("b.png", b"\x89PNG"), ("c.MP4", b"\0\0\0")] {
            let mut steps = vec![];
            save(folder.path().join(name), &renderer, 20.0, &mut |p| {
                steps.push((p.stage, p.step, p.total));
                ControlFlow::Continue(())
            })
            .unwrap();
            assert_eq!(steps, (1..=5).map(|i| (Stage::Render, i, 5)).collect::<Vec<_>>(), "{name}");
            assert!(fs::read(folder.path().join(name)).unwrap().starts_with(starts), "{name}");
        }
        save(folder.path().join("frames"), &renderer, 20.0, &mut ignore).unwrap();
        assert_eq!(frames_of(folder.path().join("frames")).unwrap().len(), 5);
        assert_eq!(frames_of(folder.path()).unwrap().len(), 1, "the sheet");
    }

    #[test]
    #[cfg(feature = "video")]
    fn a_video_of_one_picture_lasts_as_long_as_a_picture() {
        let (sequence, folder) = (sequence(1), tempfile::tempdir().unwrap());
        let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(48, 32)).unwrap();
        let path = folder.path().join("a.mp4");
        save(&path, &renderer, 20.0, &mut ignore).unwrap();
        let film = fs::read(path).unwrap();
        let word = |name: &[u8], at: usize| {
            let start = film.windows(4).position(|kind| kind == name).unwrap() + 4 + at;
            u32::from_be_bytes(film[start..start + 4].try_into().unwrap())
        };
        assert_eq!((word(b"mvhd", 12), word(b"mvhd", 16), word(b"tkhd", 20)), (1000, 50, 50));
        assert_eq!((word(b"mdhd", 12), word(b"mdhd", 16)), (90_000, 4500));
        assert_eq!((word(b"stts", 4), word(b"stts", 8), word(b"stts", 12)), (1, 1, 4500));
    }

    #[test]
    fn a_cancelled_video_leaves_no_file() {
        let (sequence, folder) = (sequence(40), tempfile::tempdir().unwrap());
        let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(48, 32)).unwrap();
        for name in ["a.gif", "a.mp4", "a.png"] {
            let stop =
                &mut |p: crate::Progress| if p.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            assert!(matches!(save(folder.path().join(name), &renderer, 20.0, stop), Err(Error::Cancelled)), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_impossible_format_is_refused_before_anything_is_drawn() {
        let (sequence, folder) = (sequence(2), tempfile::tempdir().unwrap());
        let renderer = Renderer::new(&sequence, &RenderOptions::default().with_size(49, 32)).unwrap();
        let message =
            |name: &str, fps: f32| save(folder.path().join(name), &renderer, fps, &mut ignore).unwrap_err().to_string();
        assert!(message("a.mp4", 20.0).contains("even"));
        assert!(message("a.avi", 20.0).contains("avi"));
        assert!(message("a.gif", 0.0).contains("frames per second"));
        assert!(matches!(frames_of(folder.path()), Err(Error::NotFound { .. })));
    }
}
