//! Batches as padded arrays with masks: the form of the release, and of the array functions of Python and C.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, s};

use super::clips::{ArgumentNames, ClipBatch, Condition};
use crate::error::{Error, Result};
use crate::motion::layout::REFERENCE_FEATURES;

/// The conditions of a batch as padded arrays.
#[derive(Debug, Clone, Copy)]
pub struct ClipArrays<'a> {
    /// The arrays' names for error messages.
    pub names: &'static ArgumentNames,
    /// Encoded prompts, `[batch, rows, text_dim]`.
    pub text: ArrayView3<'a, f32>,
    /// `[batch, frames]`, not 0 at valid frames. Only their number counts, not their place. `None`: all.
    pub frame_mask: Option<ArrayView2<'a, f32>>,
    /// Normalised references, `[batch, frames, 138]`.
    pub reference: Option<ArrayView3<'a, f32>>,
    /// As `frame_mask`, of the references.
    pub reference_mask: Option<ArrayView2<'a, f32>>,
    /// Whether each clip attends to its text or to its reference. `None`: to its text exactly if its reference is all
    /// zeros.
    pub attend_to_text: Option<&'a [bool]>,
}

impl<'a> ClipArrays<'a> {
    /// Texts of full length without references.
    pub fn new(names: &'static ArgumentNames, text: ArrayView3<'a, f32>) -> Self {
        Self { names, text, frame_mask: None, reference: None, reference_mask: None, attend_to_text: None }
    }

    /// The batch of clips, padded to `frames`.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidArgument`] naming the array that does not fit, and those of [`ClipBatch::new`].
    pub fn clips(&self, batch: usize, frames: usize) -> Result<ClipBatch> {
        let names = self.names;
        if self.text.len_of(Axis(0)) != batch {
            return Err(Error::shape(names.text, format!("({batch}, L, text_dim)"), self.text.shape()));
        }
        if let Some(reference) = self.reference.filter(|r| r.shape()[..2] != [batch, frames]) {
            return Err(Error::shape(names.reference, format!("({batch}, {frames}, 138)"), reference.shape()));
        }
        let frame_lengths = lengths(names.frame_lengths, self.frame_mask, batch, frames)?;
        let reference_lengths = lengths(names.reference_lengths, self.reference_mask, batch, frames)?;
        let attend_to_text = self.flags(batch)?;
        let condition = |row: usize| match (attend_to_text[row], self.reference) {
            (true, _) => Ok(Condition::Text(self.text.index_axis(Axis(0), row).to_owned())),
            (false, Some(reference)) => Ok(Condition::Reference {
                channels: reference.index_axis(Axis(0), row).to_owned(),
                length: reference_lengths[row],
            }),
            (false, None) => {
                Err(Error::invalid(names.reference, format!("clip {row} attends to it, but there is none")))
            }
        };
        ClipBatch::named(names, (0..batch).map(condition).collect::<Result<_>>()?, frame_lengths)
    }

    fn flags(&self, batch: usize) -> Result<Vec<bool>> {
        match (self.attend_to_text, self.reference) {
            (Some(flags), _) if flags.len() == batch => Ok(flags.to_vec()),
            (Some(flags), _) => Err(Error::shape("attend_to_text", format!("({batch},)"), &[flags.len()])),
            (None, Some(reference)) => Ok(reference.outer_iter().map(|row| row.iter().all(|v| *v == 0.0)).collect()),
            (None, None) => Ok(vec![true; batch]),
        }
    }
}

/// A batch as arrays of its own: the reverse of [`ClipArrays`].
#[derive(Debug)]
pub struct PaddedClips {
    /// Encoded prompts, `[batch, rows, text_dim]`; zeros for clips that attend to a reference.
    pub text: Array3<f32>,
    /// `[batch, frames]`: 1 or 0.
    pub frame_mask: Array2<f32>,
    /// References, `[batch, frames, 138]`; zeros for clips that attend to a text.
    pub reference: Array3<f32>,
    /// `[batch, frames]`: 1 or 0.
    pub reference_mask: Array2<f32>,
    /// Whether each clip attends to its text.
    pub attend_to_text: Vec<bool>,
}

impl PaddedClips {
    /// The arrays of a batch that is padded to `frames`, with texts of width `text_dim`.
    pub fn new(clips: &ClipBatch, frames: usize, text_dim: usize) -> Self {
        let rows = clips.texts().next().map_or(1, |text| text.nrows());
        let mut text = Array3::zeros((clips.len(), rows, text_dim));
        let mut reference = Array3::zeros((clips.len(), frames, REFERENCE_FEATURES));
        let mut reference_lengths = clips.frame_lengths().to_vec();
        for (i, condition) in clips.conditions().iter().enumerate() {
            match condition {
                Condition::Text(rows) => text.index_axis_mut(Axis(0), i).assign(rows),
                Condition::Reference { channels, length } => {
                    reference.slice_mut(s![i, ..channels.nrows(), ..]).assign(channels);
                    reference_lengths[i] = *length;
                }
            }
        }
        Self {
            text,
            frame_mask: lengths_to_mask(clips.frame_lengths(), frames),
            reference,
            reference_mask: lengths_to_mask(&reference_lengths, frames),
            attend_to_text: clips.conditions().iter().map(Condition::is_text).collect(),
        }
    }
}

/// 1 while the index is below the length and 0 after it.
///
/// # Shapes
/// - output: `[lengths, frames]`
pub fn lengths_to_mask(lengths: &[usize], frames: usize) -> Array2<f32> {
    Array2::from_shape_fn((lengths.len(), frames), |(i, t)| if t < lengths[i] { 1.0 } else { 0.0 })
}

/// The number of valid frames of each clip.
fn lengths(name: &str, mask: Option<ArrayView2<'_, f32>>, batch: usize, frames: usize) -> Result<Vec<usize>> {
    let Some(mask) = mask else { return Ok(vec![frames; batch]) };
    if mask.dim() != (batch, frames) {
        return Err(Error::shape(name, format!("({batch}, {frames})"), mask.shape()));
    }
    Ok(mask.rows().into_iter().map(|row| row.iter().filter(|v| **v != 0.0).count()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAMES: ArgumentNames = ArgumentNames {
        text: "context",
        frame_lengths: "x_mask",
        reference: "ref_motion",
        reference_lengths: "ref_motion_mask",
    };

    #[test]
    fn an_all_zero_reference_is_a_text_unless_the_flags_say_otherwise() {
        let text = Array3::ones((2, 3, 4));
        let mut reference = Array3::zeros((2, 5, 138));
        reference[[1, 0, 0]] = 1.0;
        let mut mask = Array2::ones((2, 5));
        mask[[1, 2]] = 0.0;
        let arrays = ClipArrays {
            reference: Some(reference.view()),
            frame_mask: Some(mask.view()),
            reference_mask: Some(mask.view()),
            ..ClipArrays::new(&NAMES, text.view())
        };
        let clips = arrays.clips(2, 5).unwrap();
        assert_eq!(clips.frame_lengths(), [5, 4]);
        assert!(clips.conditions()[0].is_text());
        assert!(matches!(clips.conditions()[1], Condition::Reference { length: 4, .. }));
        let flags = [false, true];
        let clips = ClipArrays { attend_to_text: Some(&flags), ..arrays }.clips(2, 5).unwrap();
        assert_eq!(clips.conditions().iter().map(Condition::is_text).collect::<Vec<_>>(), flags);
    }

    #[test]
    fn errors_have_the_caller_s_words() {
        let (text, mask, reference) = (Array3::ones((2, 3, 4)), Array2::ones((2, 4)), Array3::ones((2, 4, 138)));
        let plain = ClipArrays::new(&NAMES, text.view());
        for (name, arrays) in [
            ("x_mask", ClipArrays { frame_mask: Some(mask.view()), ..plain }),
            ("ref_motion_mask", ClipArrays { reference_mask: Some(mask.view()), ..plain }),
            ("ref_motion", ClipArrays { reference: Some(reference.view()), ..plain }),
            ("ref_motion", ClipArrays { attend_to_text: Some(&[true, false]), ..plain }),
            ("attend_to_text", ClipArrays { attend_to_text: Some(&[true]), ..plain }),
            ("x_mask", ClipArrays { frame_mask: Some(Array2::zeros((2, 5)).view()), ..plain }),
        ] {
            let error = arrays.clips(2, 5).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(plain.clips(3, 5).unwrap_err().to_string().contains("context"));
    }
}
