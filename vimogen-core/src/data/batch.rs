//! Samples of different lengths into one padded batch.

use ndarray::{Array1, Array2, ArrayD, ArrayView, Dimension, IxDyn, SliceInfoElem};

use crate::error::{Error, Result};
use crate::train::TrainBatch;

/// One training sample; normalised motion.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `(T, 276)`
    pub motion: Array2<f32>,
    /// Reference, `(T', 138)`; all zeros for samples that attend to the text.
    pub ref_motion: Array2<f32>,
    /// Encoded prompt, `(L, text_dim)`.
    pub prompt_embeds: Array2<f32>,
    /// Channels that count in the loss, `(276,)`: 1 or 0.
    pub motion_dim_mask: Array1<f32>,
    /// Whether the sample attends to its text.
    pub attend_to_text: bool,
}

/// Pads samples with zeros to the longest of the batch, each array by itself, and notes what is valid; `None` is left
/// out.
///
/// # Errors
/// [`Error::InvalidArgument`] if no sample is left.
pub fn collate(samples: &[Option<Sample>]) -> Result<TrainBatch> {
    let samples: Vec<&Sample> = samples.iter().flatten().collect();
    let lengths = |of: fn(&Sample) -> &Array2<f32>| samples.iter().map(|s| of(s).nrows()).collect::<Vec<_>>();
    let stack = |of: fn(&Sample) -> &Array2<f32>| pad_stack(samples.iter().map(|s| of(s).view()));
    let dim_masks = pad_stack(samples.iter().map(|s| s.motion_dim_mask.view()))?;
    Ok(TrainBatch {
        motion: fixed(stack(|s| &s.motion)?)?,
        motion_mask: lengths_to_mask(&lengths(|s| &s.motion)),
        prompt_embeds: fixed(stack(|s| &s.prompt_embeds)?)?,
        ref_motion: fixed(stack(|s| &s.ref_motion)?)?,
        ref_motion_mask: lengths_to_mask(&lengths(|s| &s.ref_motion)),
        motion_dim_mask: fixed(dim_masks)?,
        attend_to_text: samples.iter().map(|s| s.attend_to_text).collect(),
    })
}

fn fixed<D: Dimension>(array: ArrayD<f32>) -> Result<ndarray::Array<f32, D>> {
    let shape = array.shape().to_vec();
    array.into_dimensionality().map_err(|_| Error::shape("batch", "one axis more than its samples", &shape))
}

/// Stacks arrays along a new first axis, each axis padded with zeros at its end to the largest of the batch.
///
/// # Errors
/// [`Error::InvalidArgument`] for no array, [`Error::Shape`] for arrays of different numbers of axes.
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

/// 1 while the index is below the length and 0 after it.
///
/// # Shapes
/// - output: `[lengths, longest]`
pub fn lengths_to_mask(lengths: &[usize]) -> Array2<f32> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    Array2::from_shape_fn((lengths.len(), longest), |(i, t)| if t < lengths[i] { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_batch_and_mixed_axes_are_errors() {
        assert!(collate(&[]).is_err() && collate(&[None, None]).is_err());
        let (one, two) = (Array1::<f32>::zeros(3).into_dyn(), Array2::<f32>::zeros((2, 2)).into_dyn());
        assert!(matches!(pad_stack([one.view(), two.view()]), Err(Error::Shape { .. })));
    }
}
