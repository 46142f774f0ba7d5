//! Captioned clips of a folder in memory, and samples drawn from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;
use rand::{Rng, RngExt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::mirror::mirrored_caption;
use super::pieces::{Piece, pieces};
use crate::data::dataset::check_shares;
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::motion::Motion;
use crate::motion::canonical::canonicalize;
use crate::motion::codec::{DecodeMode, decode};
use crate::motion::layout::{FEATURES, FPS};
use crate::motion::skeleton::joint;
use crate::motion::stats::StatsBuilder;

/// Maximum number of frames of all clips together, mirrored ones included: about 1.1 GB.
const MAX_FRAMES: usize = 1 << 20;
/// Height of the toe joint of a flat foot of the neutral skeleton, metres.
const TOE_HEIGHT: f32 = 0.025;
/// Share of the frames whose lowest ankle or toe may be below the floor.
const SUNK: f32 = 0.05;
const FEET: [usize; 4] = [joint::LEFT_ANKLE, joint::RIGHT_ANKLE, joint::LEFT_FOOT, joint::RIGHT_FOOT];

defaults! {
    /// A folder of captioned motions as a source of training clips; [`pieces`] describes its files.
    ///
    /// Clips may have any format that [`Motion::load`] reads. They are resampled to 20 frames per second, put on the bones of
    /// the neutral body, and placed at the origin facing +y, on the floor by their feet.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[non_exhaustive]
    pub struct CaptionedFolder {
        /// The folder.
        folder, with_folder(into): PathBuf = PathBuf::new();
        /// Share of the training samples that come from this folder.
        share, with_share: f64 = 1.0;
        /// Whether clips are also shown in a mirror, with left and right exchanged in their captions.
        mirror, with_mirror: bool = true;
        /// Minimum share of a clip that a random crop keeps; 1: clips are not cropped.
        crop, with_crop: f64 = 0.7;
        /// Minimum length of a clip, frames; shorter ones are left out.
        min_frames, with_min_frames: usize = 40;
        /// Maximum length of a clip, frames; longer ones are cropped.
        max_frames, with_max_frames: usize = 200;
        /// Share of the recordings that are kept from training, where the captions name no split.
        held_out, with_held_out: f64 = 0.0;
        /// Whether training goes on without a folder that does not exist.
        optional, with_optional: bool = false;
    }
}

impl CaptionedFolder {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
    pub fn check(&self) -> Result<()> {
        if self.folder.as_os_str().is_empty() {
            return Err(Error::config("clips.folder", "missing; it is the folder of motions and captions"));
        }
        check_shares(&[("clips.share", self.share), ("clips.crop", self.crop), ("clips.held_out", self.held_out)])?;
        if (2..=self.max_frames).contains(&self.min_frames) {
            return Ok(());
        }
        let reason = format!("{} is not in 2..=max_frames, {}", self.min_frames, self.max_frames);
        Err(Error::config("clips.min_frames", reason))
    }
}

/// Clips of a folder, in memory.
pub struct CaptionedClips {
    clips: Vec<Clip>,
    options: CaptionedFolder,
    /// Remarks about the clips, for people.
    notes: Vec<String>,
}

/// A clip with its captions, and its mirror image.
struct Clip {
    motion: Motion,
    captions: Vec<String>,
    mirrored: Option<(Motion, Vec<String>)>,
}

impl Clip {
    /// Frames in memory.
    fn frames(&self) -> usize {
        self.motion.len() + self.mirrored.as_ref().map_or(0, |(motion, _)| motion.len())
    }
}

impl CaptionedClips {
    /// Reads the clips for training, or with `held_out` those that are kept from it.
    ///
    /// # Errors
    /// Those of [`pieces`] and [`CaptionedFolder::check`]; [`Error::InvalidArgument`] if no clip can be used, or all together
    /// are too long to be kept in memory. A single clip that cannot be used is left out with a note.
    pub fn open(options: &CaptionedFolder, held_out: bool) -> Result<Self> {
        options.check()?;
        let all = pieces(&options.folder, options.held_out)?;
        let (total, kept) = (all.len(), all.into_iter().filter(|piece| piece.held_out == held_out));
        let mut by_file: BTreeMap<PathBuf, Vec<Piece>> = BTreeMap::new();
        for piece in kept {
            by_file.entry(piece.file.clone()).or_default().push(piece);
        }
        let files: Vec<(PathBuf, Vec<Piece>)> = by_file.into_iter().collect();
        // Once there are too many, the other files are not read.
        let frames = AtomicUsize::new(0);
        let count = |clips: &[Result<Clip>]| clips.iter().flatten().map(Clip::frames).sum();
        let of_file = |(file, pieces): &(PathBuf, Vec<Piece>)| {
            if frames.load(Ordering::Relaxed) > MAX_FRAMES {
                return vec![];
            }
            let clips = read(file, pieces, options);
            frames.fetch_add(count(&clips), Ordering::Relaxed);
            clips
        };
        let read: Vec<Vec<Result<Clip>>> = files.par_iter().map(of_file).collect();
        let (mut clips, mut notes) = (vec![], vec![]);
        for clip in read.into_iter().flatten() {
            match clip {
                Ok(clip) => clips.push(clip),
                Err(error) => notes.push(format!("a clip is left out: {error}")),
            }
        }
        let frames = frames.into_inner();
        if clips.is_empty() || frames > MAX_FRAMES {
            let reason = match notes.first() {
                _ if frames > MAX_FRAMES => {
                    format!("more than {MAX_FRAMES} frames, which are kept in memory; use a manifest, dataset.json")
                }
                Some(note) => format!("no clip of {:?} can be used; {note}", options.folder),
                None => format!("all {total} clips of {:?} are held out", options.folder),
            };
            return Err(Error::invalid("clips", reason));
        }
        let minutes = clips.iter().map(|clip| clip.motion.len()).sum::<usize>() as f32 / FPS / 60.0;
        notes.insert(0, format!("{} clips of {:?}, {minutes:.1} minutes", clips.len(), options.folder));
        Ok(Self { clips, options: options.clone(), notes })
    }

    /// Number of clips, without their mirror images.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one clip")]
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// A summary, and the clips that were left out with the reason.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The captions of all clips, each with its other wordings.
    pub fn captions(&self) -> impl Iterator<Item = &[String]> {
        self.clips.iter().map(|clip| &clip.captions[..])
    }

    /// The motion of a clip: on the neutral body, placed on the floor.
    ///
    /// # Panics
    /// If there is no clip of this number.
    pub fn motion(&self, index: usize) -> &Motion {
        &self.clips[index].motion
    }

    /// Statistics of all frames, mirror images included.
    ///
    /// # Errors
    /// Those of [`StatsBuilder::add`].
    pub(super) fn statistics(&self) -> Result<StatsBuilder> {
        let mut builder = StatsBuilder::new(FEATURES);
        for clip in &self.clips {
            builder.add(clip.motion.features())?;
            clip.mirrored.as_ref().map_or(Ok(()), |(motion, _)| builder.add(motion.features()))?;
        }
        Ok(builder)
    }

    /// A random crop of a random clip, placed at the origin facing +y at its own height, with one of its captions:
    /// features `[frames, 276]`, not normalised.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a crop that starts with one hip straight above the other.
    pub fn sample(&self, rng: &mut impl Rng) -> Result<(Array2<f32>, &str)> {
        let clip = &self.clips[rng.random_range(0..self.clips.len())];
        let (motion, captions) = match &clip.mirrored {
            Some((motion, captions)) if rng.random_bool(0.5) => (motion, captions),
            _ => (&clip.motion, &clip.captions),
        };
        let caption = &captions[rng.random_range(0..captions.len())];
        let frames = motion.len();
        let shortest = ((self.options.crop * frames as f64).ceil() as usize).max(self.options.min_frames);
        let longest = frames.min(self.options.max_frames);
        let length = rng.random_range(shortest.min(longest)..=longest);
        let start = rng.random_range(0..=frames - length);
        let features = if length == frames {
            motion.features().to_owned()
        } else {
            at_origin(&motion.slice(start..start + length)?)?
        };
        Ok((features, caption))
    }
}

/// The clips of a file, in the order of its pieces; one error for a file that cannot be read.
fn read(file: &Path, pieces: &[Piece], options: &CaptionedFolder) -> Vec<Result<Clip>> {
    match Motion::load(file) {
        Ok(motion) => {
            let named = |piece| clip(&motion, piece, options).map_err(|e| e.with_path(file));
            pieces.iter().map(named).collect()
        }
        Err(error) => vec![Err(error)],
    }
}

fn clip(motion: &Motion, piece: &Piece, options: &CaptionedFolder) -> Result<Clip> {
    let part = motion.trimmed(piece.start, piece.end)?;
    let part = if part.fps() == FPS { part } else { part.resample(FPS)? };
    if part.len() < options.min_frames {
        let reason = format!("{} frames from {} s, fewer than {}", part.len(), piece.start, options.min_frames);
        return Err(Error::invalid("min_frames", reason));
    }
    let motion = on_floor(&part.on_neutral_bones()?)?;
    let mirrored = match options.mirror {
        true => {
            let captions = piece.captions.iter().map(|caption| mirrored_caption(caption)).collect();
            Some((on_floor(&motion.mirrored()?)?, captions))
        }
        false => None,
    };
    Ok(Clip { motion, captions: piece.captions.clone(), mirrored })
}

/// The clip at the origin facing +y, with its standing feet on the floor. The height of the floor is that of the lowest
/// ankle or toe, apart from a twentieth of the frames.
fn on_floor(motion: &Motion) -> Result<Motion> {
    let joints = motion.joints();
    let low = |t: usize| FEET.iter().map(|j| joints[[t, *j, 2]]).fold(f32::INFINITY, f32::min);
    let mut lowest: Vec<f32> = (0..motion.len()).map(low).collect();
    lowest.sort_by(f32::total_cmp);
    let floor = lowest[(SUNK * lowest.len() as f32) as usize] - TOE_HEIGHT;
    Motion::from_features(placed(motion, floor)?, motion.fps())
}

/// The features of a clip at the origin facing +y, at its own height.
fn at_origin(motion: &Motion) -> Result<Array2<f32>> {
    placed(motion, 0.0)
}

/// The features of a clip at the origin facing +y, with height `floor` at 0.
fn placed(motion: &Motion, floor: f32) -> Result<Array2<f32>> {
    let mut smpl = decode(motion.features(), DecodeMode::EqualLength)?;
    // Canonical placement puts the first pelvis at height 0; where it was is added back.
    let height = smpl.joints[[0, 0, 2]] - floor;
    smpl = canonicalize(&smpl, false)?.smpl;
    smpl.joints.index_axis_mut(ndarray::Axis(2), 2).mapv_inplace(|z| z + height);
    smpl.transl.column_mut(2).mapv_inplace(|z| z + height);
    crate::motion::codec::encode(&smpl)
}
