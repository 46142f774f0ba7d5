//! Samples of different lengths into one padded batch.

use ndarray::{Array, Array1, Array2, Array3, ArrayD, ArrayView, Dimension, IxDyn, SliceInfoElem, s};

use super::corruption::{Corruption, DrawSource};
use crate::error::{Error, Result};
use crate::model::arrays::lengths_to_mask;
use crate::model::{ClipBatch, Condition};
use crate::text::padded;
use crate::train::TrainBatch;

/// One training sample; motions are normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `[frames, 276]`
    pub motion: Array2<f32>,
    /// Encoded caption, `[rows, text_dim]`.
    pub text: Array2<f32>,
    /// Motion to follow, `[frames, 138]`. `None`: the clip follows its caption.
    pub reference: Option<Array2<f32>>,
    /// Weight of each channel in the loss, `[276]`.
    pub channel_weights: Array1<f32>,
}

/// Corrupts the references and pads samples with zeros to the longest of the batch. A reference of which no frame is left
/// gives way to the caption.
///
/// # Errors
/// [`Error::InvalidArgument`] for no sample, [`Error::Shape`] or [`Error::NonFinite`] for samples that do not fit together.
pub fn collate(samples: Vec<Sample>, corruption: &Corruption, draws: &mut dyn DrawSource) -> Result<TrainBatch> {
    let motion: Array3<f32> = fixed(pad_stack(samples.iter().map(|s| s.motion.view()))?)?;
    let channel_weights = fixed(pad_stack(samples.iter().map(|s| s.channel_weights.view()))?)?;
    let frame_lengths = samples.iter().map(|s| s.motion.nrows()).collect();
    let rows = samples.iter().map(|s| s.text.nrows()).max().unwrap_or(0);
    let mut references = references(&samples, motion.dim().1, corruption, draws)?.into_iter();
    let condition = |sample: Sample| match sample.reference.and_then(|_| references.next()) {
        Some((channels, length)) if length > 0 => Ok(Condition::Reference { channels, length }),
        _ => Ok(Condition::Text(padded(&sample.text.view(), rows)?)),
    };
    let conditions = samples.into_iter().map(condition).collect::<Result<_>>()?;
    Ok(TrainBatch { motion, clips: ClipBatch::new(conditions, frame_lengths)?, channel_weights })
}

/// The corrupted references with the number of their frames that are left.
fn references(
    samples: &[Sample],
    frames: usize,
    corruption: &Corruption,
    draws: &mut dyn DrawSource,
) -> Result<Vec<(Array2<f32>, usize)>> {
    let given: Vec<_> = samples.iter().filter_map(|s| s.reference.as_ref()).collect();
    let Some(first) = given.first() else { return Ok(vec![]) };
    let lengths: Vec<usize> = given.iter().map(|reference| reference.nrows()).collect();
    let frames = lengths.iter().copied().fold(frames, usize::max);
    let mut channels = Array3::zeros((given.len(), frames, first.ncols()));
    for (mut row, reference) in channels.outer_iter_mut().zip(&given) {
        row.slice_mut(s![..reference.nrows(), ..]).assign(reference);
    }
    let mut mask = lengths_to_mask(&lengths, frames);
    corruption.apply(&mut channels, &mut mask, draws)?;
    let left = mask.rows().into_iter().map(|row| row.iter().filter(|v| **v != 0.0).count());
    Ok(channels.outer_iter().map(|row| row.to_owned()).zip(left).collect())
}

fn fixed<D: Dimension>(array: ArrayD<f32>) -> Result<Array<f32, D>> {
    let shape = array.shape().to_vec();
    array.into_dimensionality().map_err(|_| Error::shape("batch", "one axis more than its samples", &shape))
}

/// Stacks arrays along a new first axis, each axis padded with zeros at its end to the largest of the batch.
///
/// # Errors
/// [`Error::InvalidArgument`] for no array, [`Error::Shape`] for arrays that differ in the number of axes.
pub fn pad_stack<'a, D: Dimension>(arrays: impl IntoIterator<Item = ArrayView<'a, f32, D>>) -> Result<ArrayD<f32>> {
    let arrays: Vec<_> = arrays.into_iter().map(ArrayView::into_dyn).collect();
    let Some(first) = arrays.first() else {
        return Err(Error::invalid("samples", "there is none, a batch needs at least one"));
    };
    let mut shape = first.shape().to_vec();
    for array in &arrays {
        if array.ndim() != shape.len() {
            return Err(Error::shape("samples", format!("{} axes, as the first", shape.len()), array.shape()));
        }
        shape.iter_mut().zip(array.shape()).for_each(|(longest, d)| *longest = (*longest).max(*d));
    }
    shape.insert(0, arrays.len());
    let mut out = ArrayD::zeros(IxDyn(&shape));
    for (i, array) in arrays.iter().enumerate() {
        let valid = array.shape().iter().map(|d| SliceInfoElem::from(..*d));
        let place: Vec<_> = std::iter::once(SliceInfoElem::Index(i as isize)).chain(valid).collect();
        out.slice_mut(place.as_slice()).assign(array);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    use super::*;

    #[test]
    fn an_empty_batch_and_mixed_axes_are_errors() {
        assert!(collate(vec![], &Corruption::default(), &mut ChaCha12Rng::seed_from_u64(0)).is_err());
        let (one, two) = (Array1::<f32>::zeros(3).into_dyn(), Array2::<f32>::zeros((2, 2)).into_dyn());
        assert!(matches!(pad_stack([one.view(), two.view()]), Err(Error::Shape { .. })));
    }

    #[test]
    fn a_dropped_reference_gives_way_to_the_caption() {
        let sample = Sample {
            motion: Array2::ones((5, 276)),
            text: Array2::ones((3, 4)),
            reference: Some(Array2::ones((4, 138))),
            channel_weights: Array1::ones(276),
        };
        let of = |dropout_rate: f64| {
            let corruption = Corruption { dropout_rate, ..Corruption::default() };
            let batch = collate(vec![sample.clone()], &corruption, &mut ChaCha12Rng::seed_from_u64(0)).unwrap();
            batch.clips.conditions()[0].clone()
        };
        assert_eq!(of(1.0), Condition::Text(sample.text.clone()));
        assert!(matches!(of(0.0), Condition::Reference { length: 4, .. }));
    }
}
