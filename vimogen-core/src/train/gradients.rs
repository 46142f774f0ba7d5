//! Gradients on the host, by checkpoint name: for looking at them and for comparisons with other programs.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{FloatDType, Tensor};
use ndarray::{ArrayD, IxDyn};

use super::batch::{Draws, TrainBatch};
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Visit};
use crate::weights::mapping::{checkpoint_name, is_linear};

impl Trainer {
    /// The gradients of a batch's loss by the parameters' checkpoint names, without an update; Linear weights are
    /// `[out, in]` as in checkpoints. A parameter that the batch does not reach has no entry.
    ///
    /// # Errors
    /// As [`Trainer::train_step`].
    pub fn named_gradients(&self, batch: &TrainBatch, draws: &Draws) -> Result<BTreeMap<String, ArrayD<f32>>> {
        let (grads, _) = self.gradients(batch, draws)?;
        by_name(&self.dit, &grads)
    }
}

/// Brings gradients to the host.
pub(super) fn by_name(dit: &Dit, grads: &GradientsParams) -> Result<BTreeMap<String, ArrayD<f32>>> {
    let mut named = Named { grads, out: Ok(BTreeMap::new()) };
    named::visit(dit, &mut named);
    named.out
}

struct Named<'a> {
    grads: &'a GradientsParams,
    out: Result<BTreeMap<String, ArrayD<f32>>>,
}

impl Visit for Named<'_> {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(name);
        let (Some(grad), Ok(out)) = (self.grads.get::<D>(param.id), &mut self.out) else { return };
        match array(grad) {
            Ok(grad) => {
                let transposed = is_linear(&name, D);
                out.insert(name, if transposed { grad.t().as_standard_layout().into_owned() } else { grad });
            }
            Err(error) => self.out = Err(error),
        }
    }
}

fn array<const D: usize>(tensor: Tensor<D>) -> Result<ArrayD<f32>> {
    let shape = IxDyn(&tensor.dims());
    let failed = |reason: String| Error::Internal { reason };
    let values = tensor.cast(FloatDType::F32).try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))?;
    ArrayD::from_shape_vec(shape, values).map_err(|e| failed(e.to_string()))
}
