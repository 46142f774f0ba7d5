//! LoRA (arXiv 2106.09685): the weights stay as they are, and for some matrices a product of two thin ones is learnt
//! that is added to them, `W + alpha / rank * A B`. Little is trained, kept in the optimiser and saved.

use burn::module::{Lora, Module, Param, ParamGroup, ParamId};
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Map, Visit};
use crate::weights::mapping::checkpoint_name;

/// Part of the path of a parameter of an adapter.
pub(crate) const ADAPTER: &str = ".lora.";
/// Widest adapter.
const MAX_RANK: usize = 1024;

/// Which adapters are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// Columns of A and rows of B.
    pub rank: usize,
    /// The product counts `alpha / rank` times.
    pub alpha: f64,
    /// Parts of the checkpoint names of the Linear layers that get an adapter.
    pub targets: Vec<String>,
}

impl Default for LoraConfig {
    /// Rank 16 for the projections of all attention.
    fn default() -> Self {
        Self { rank: 16, alpha: 16.0, targets: vec!["attn".into()] }
    }
}

impl LoraConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field.
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

/// Gives the matrices their adapters, which change nothing yet: A is normal(0, 1 / rank), B is zero. A model that has
/// adapters stays as it is.
///
/// # Errors
/// [`Error::Config`] if a target is in no Linear layer's name.
pub(crate) fn attach(dit: Dit, config: &LoraConfig, seed: u64) -> Result<Dit> {
    let mut matrices = Matrices::default();
    named::visit(&dit, &mut matrices);
    if matrices.adapted {
        return Ok(dit);
    }
    let is = |name: &str, target: &String| name.contains(target.as_str());
    if let Some(target) = config.targets.iter().find(|target| !matrices.found.iter().any(|(name, _)| is(name, target)))
    {
        return Err(Error::config("lora.targets", format!("no Linear layer has {target:?} in its name")));
    }
    let chosen = matrices.found.into_iter().filter(|(name, _)| config.targets.iter().any(|target| is(name, target)));
    let ids: Vec<ParamId> = chosen.map(|(_, id)| id).collect();
    let lora = Lora::new(config.rank, config.alpha).set_param_group(ParamGroup::from_ids(ids));
    Ok(named::map(dit.apply_lora(lora), &mut Draw { seed, std: 1.0 / config.rank as f32 }))
}

/// Checkpoint names and ids of the matrices.
#[derive(Default)]
struct Matrices {
    found: Vec<(String, ParamId)>,
    /// Whether there are adapters.
    adapted: bool,
}

impl Visit for Matrices {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let name = checkpoint_name(name);
        self.adapted |= name.contains(ADAPTER);
        if D == 2 {
            self.found.push((name, param.id));
        }
    }
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
