//! LoRA (arXiv 2106.09685): the weights stay as they are, and some matrices learn the product of two thin ones that is
//! added to them, `W + alpha / rank * A B`. Only the thin ones are trained, kept in the optimizer and saved.

use burn::module::{Lora, Module, Param, ParamGroup, ParamId};
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use super::freeze::{Parameter, parameters};
use crate::declare::defaults;
use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Map};

/// Part of the path of a parameter of an adapter.
pub(crate) const ADAPTER: &str = ".lora.";
/// Maximum rank of an adapter.
const MAX_RANK: usize = 1024;

defaults! {
    /// Adapters that are trained.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct LoraConfig {
        /// Columns of A and rows of B.
        rank, with_rank: usize = 16;
        /// Scale of the product, times `rank`.
        alpha, with_alpha: f64 = 16.0;
        /// Parts of the checkpoint names of the Linear layers that get an adapter.
        targets, with_targets: Vec<String> = vec!["attn".into()];
    }
}

impl LoraConfig {
    /// Checks the ranges.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=MAX_RANK).contains(&self.rank) {
            return Err(Error::config("lora.rank", format!("{} is not in 1..={MAX_RANK}", self.rank)));
        }
        if !(self.alpha > 0.0 && self.alpha <= 1e6) {
            return Err(Error::config("lora.alpha", format!("{} is not above 0 and at most a million", self.alpha)));
        }
        Ok(())
    }
}

/// Adds adapters to the matrices. They change nothing yet: A is normal(0, 1 / rank), B is zero. A model with adapters
/// stays as it is.
pub(crate) fn attach(dit: Dit, config: &LoraConfig, seed: u64) -> Result<Dit> {
    let all = parameters(&dit);
    if all.iter().any(|parameter| parameter.name.contains(ADAPTER)) {
        return Ok(dit);
    }
    let matrices = || all.iter().filter(|parameter| parameter.axes == 2);
    let is = |matrix: &Parameter, target: &String| matrix.name.contains(target.as_str());
    if let Some(target) = config.targets.iter().find(|target| !matrices().any(|matrix| is(matrix, target))) {
        return Err(Error::config("lora.targets", format!("no Linear layer has {target:?} in its name")));
    }
    let chosen = matrices().filter(|matrix| config.targets.iter().any(|target| is(matrix, target)));
    let ids: Vec<ParamId> = chosen.map(|matrix| matrix.id).collect();
    let lora = Lora::new(config.rank, config.alpha).set_param_group(ParamGroup::from_ids(ids));
    Ok(named::map(dit.apply_lora(lora), &mut Draw { seed, std: 1.0 / config.rank as f32 }))
}

/// Draws the A of each adapter on the host, from the seed and its own name: the same on every device.
struct Draw {
    seed: u64,
    std: f32,
}

impl Map for Draw {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !name.ends_with(".lora.a") {
            return param;
        }
        let key = name.bytes().fold(self.seed, |key, byte| key.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        let mut rng = ChaCha12Rng::seed_from_u64(key);
        let Ok(normal) = Normal::new(0.0, self.std) else { return param };
        let shape = param.lazy_shape();
        let values: Vec<f32> = normal.sample_iter(&mut rng).take(shape.num_elements()).collect();
        let device = param.val().device();
        Param::initialized(param.id, Tensor::from_data(TensorData::new(values, shape), &device))
    }
}
