//! AdamW over the parameters of a model. With ZeRO stage 1 (arXiv 1910.02054) the moments are shared out among processes:
//! each keeps the moments of its own parameters, updates these, and sends them to the others.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer as _};
use burn::tensor::{FloatDType, Tensor, TensorData};

use super::collective::{Collective, from_owners, to_first};
use super::config::{Precision, TrainConfig};
use super::freeze::{Parameter, parameters};
use super::grads::to_host;
use crate::error::{Error, Result};
use crate::format::{DType, TensorInfo, TensorSource, open_tensors, safetensors};
use crate::model::Dit;
use crate::model::kernels::{in_pool, update};

/// Suffixes of the stored tensors of a parameter.
const STORED: [&str; 3] = ["moment_1", "moment_2", "time"];

/// The optimizer's state. Clipping is done outside, over all gradients at once.
pub(crate) struct Optimizer {
    rule: Rule,
    moments: HashMap<ParamId, Moments>,
    /// Whether parameters are kept rounded.
    rounds: bool,
    /// The exact values of those that this process updates, flat.
    exact: HashMap<ParamId, Tensor<1>>,
}

/// Moments of one parameter, flat.
#[derive(Clone)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
    /// Updates so far.
    time: usize,
}

/// The update rule, AdamW.
struct Rule {
    /// For devices without a kernel of ours.
    burn: AdamW,
    betas: (f32, f32),
    eps: f32,
    weight_decay: f32,
}

impl Rule {
    fn new(config: &TrainConfig) -> Self {
        let burn = AdamWConfig::new()
            .with_beta_1(config.betas.0)
            .with_beta_2(config.betas.1)
            .with_epsilon(config.eps)
            .with_weight_decay(config.weight_decay)
            .build();
        Self { burn, betas: config.betas, eps: config.eps, weight_decay: config.weight_decay }
    }

    fn step(&self, lr: f64, value: Tensor<1>, grad: Tensor<1>, moments: Option<Moments>) -> (Tensor<1>, Moments) {
        if !(update::has_adamw(&value) && update::has_adamw(&grad)) {
            return self.by_burn(lr, value, grad, moments);
        }
        let time = moments.as_ref().map_or(0, |m| m.time) + 1;
        let pair = moments.map(|m| (m.first, m.second)).unwrap_or_else(|| (grad.zeros_like(), grad.zeros_like()));
        let (beta_1, beta_2) = self.betas;
        let keep = (1.0 - lr * f64::from(self.weight_decay)) as f32;
        let rule = update::AdamW { beta_1, beta_2, eps: self.eps, keep, lr: lr as f32, time: time as i32 };
        let (value, first, second) = update::adamw(&value, &grad, pair, rule);
        (value, Moments { first, second, time })
    }

    fn by_burn(&self, lr: f64, value: Tensor<1>, grad: Tensor<1>, moments: Option<Moments>) -> (Tensor<1>, Moments) {
        let state = moments.map(|m| AdamWState {
            momentum: AdaptiveMomentumState { time: m.time, moment_1: m.first, moment_2: m.second, max_moment_2: None },
        });
        let (value, state) = self.burn.step(lr, value, grad, state);
        let m = state.unwrap_or_else(|| unreachable!("AdamW always has moments")).momentum;
        (value, Moments { first: m.moment_1, second: m.moment_2, time: m.time })
    }
}

impl Optimizer {
    pub(crate) fn new(config: &TrainConfig) -> Self {
        let rounds = config.parameters == Precision::Bf16;
        Self { rule: Rule::new(config), moments: HashMap::new(), rounds, exact: HashMap::new() }
    }

    /// Updates the parameters that have a gradient. With `group` each process updates those that it owns.
    pub(crate) fn step(
        &mut self,
        lr: f64,
        dit: Dit,
        grads: GradientsParams,
        group: Option<&dyn Collective>,
    ) -> Result<Dit> {
        let owners = group.map(|group| owners(&dit, group.size()));
        let owned = |index: usize| match (&owners, group) {
            (Some(owners), Some(group)) => owners[index] == Some(group.rank()),
            _ => true,
        };
        let device = dit.device().inner();
        let mut update = Update { optimizer: self, lr, grads, owned: &owned, at: 0 };
        let dit = in_pool(&device, || dit.map(&mut update));
        match (&owners, group) {
            (Some(owners), Some(group)) => from_owners(group, owners, dit),
            _ => Ok(dit),
        }
    }

    /// Bytes of the moments, and of the exact values of rounded parameters, in this process.
    pub(crate) fn bytes(&self) -> usize {
        let moments = self.moments.values().flat_map(|m| [&m.first, &m.second]);
        moments.chain(self.exact.values()).map(|kept| kept.shape().num_elements()).sum::<usize>() * size_of::<f32>()
    }

    /// With bf16 parameters, rounds the trained ones and keeps their exact values.
    pub(crate) fn round(&mut self, dit: Dit) -> Dit {
        if !self.rounds {
            return dit;
        }
        dit.map(&mut Round { exact: &mut self.exact })
    }

    /// The model in f32, with the exact values that this process keeps.
    pub(crate) fn exact(&self, dit: Dit) -> Dit {
        if !self.rounds {
            return dit;
        }
        dit.map(&mut Restore { exact: &self.exact })
    }

    /// The model in f32, with all exact values. With `group` all must call this.
    pub(crate) fn whole(&self, dit: &Dit, group: Option<&dyn Collective>) -> Result<Dit> {
        let own = self.exact(dit.valid());
        match group.filter(|_| self.rounds) {
            Some(group) => from_owners(group, &owners(dit, group.size()), own),
            None => Ok(own),
        }
    }

    /// Writes the moments of all parameters. With `group` all processes must call this, and the moments are sent one after
    /// another to process 0; a process without a `path` only sends.
    pub(crate) fn save(&self, dit: &Dit, group: Option<&dyn Collective>, path: Option<&Path>) -> Result<()> {
        let all = parameters(dit);
        let mut times: Vec<f32> = all.iter().map(|p| self.moments.get(&p.id).map_or(0.0, |m| m.time as f32)).collect();
        if let Some(group) = group {
            group.all_reduce_sum(&mut times)?;
        }
        let stored: Vec<(&Parameter, f32)> = all.iter().zip(times).filter(|(_, time)| *time > 0.0).collect();
        let entry = |i: usize| -> Result<Vec<f32>> {
            let (parameter, time) = stored[i / STORED.len()];
            let own = self.moments.get(&parameter.id);
            let moment = match i % STORED.len() {
                0 => own.map(|m| &m.first),
                1 => own.map(|m| &m.second),
                _ => return Ok(vec![time]),
            };
            let values = moment.map(|m| to_host(m.clone())).transpose()?;
            match group {
                None => Ok(values.unwrap_or_default()),
                Some(group) => to_first(group, values, parameter.size),
            }
        };
        let asked = Cell::new(0);
        let written = path.map_or(Ok(()), |path| {
            write(path, &stored, |i| {
                asked.set(i + 1);
                entry(i)
            })
        });
        // The other processes send all moments, even if the file cannot be written.
        if group.is_some() {
            (asked.get()..stored.len() * STORED.len()).try_for_each(|i| entry(i).map(drop))?;
        }
        written
    }

    /// Drops the moments that other processes of the group own.
    pub(crate) fn share_out(&mut self, dit: &Dit, group: &dyn Collective) {
        for (parameter, owner) in parameters(dit).iter().zip(owners(dit, group.size())) {
            if owner != Some(group.rank()) {
                self.moments.remove(&parameter.id);
                self.exact.remove(&parameter.id);
            }
        }
    }

    /// Reads the moments of all parameters.
    pub(crate) fn load(&mut self, dit: &Dit, path: &Path) -> Result<()> {
        let source = open_tensors(path)?;
        for parameter in parameters(dit) {
            if let Some(moments) = read(source.as_ref(), &parameter, dit)? {
                self.moments.insert(parameter.id, moments);
            }
        }
        Ok(())
    }
}

/// The process that owns each trained parameter: contiguous parts of about the same size.
fn owners(dit: &Dit, size: usize) -> Vec<Option<usize>> {
    let all = parameters(dit);
    let trained = all.iter().filter(|parameter| parameter.trained);
    let total = trained.map(|parameter| parameter.size).sum::<usize>().max(1);
    let mut before = 0;
    let owner = |parameter: &Parameter| {
        let middle = before + parameter.size / 2;
        before += if parameter.trained { parameter.size } else { 0 };
        parameter.trained.then(|| (middle * size / total).min(size - 1))
    };
    all.iter().map(owner).collect()
}

struct Update<'a> {
    optimizer: &'a mut Optimizer,
    lr: f64,
    grads: GradientsParams,
    owned: &'a (dyn Fn(usize) -> bool + Sync),
    at: usize,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let at = self.at;
        self.at += 1;
        let Some(grad) = self.grads.remove::<D>(param.id) else { return param };
        if !(self.owned)(at) {
            return param;
        }
        let value = param.val().without_autodiff();
        let shape = value.shape();
        let flat = [shape.num_elements()];
        let moments = self.optimizer.moments.remove(&param.id);
        let exact = self.optimizer.exact.remove(&param.id);
        let rounded = exact.is_some();
        let before = exact.unwrap_or_else(|| value.reshape(flat));
        let grad = grad.reshape(flat).cast(FloatDType::F32);
        let (mut value, moments) = self.optimizer.rule.step(self.lr, before, grad, moments);
        if rounded {
            self.optimizer.exact.insert(param.id, value.clone());
            value = value.cast(FloatDType::BF16);
        }
        self.optimizer.moments.insert(param.id, moments);
        Param::initialized(param.id, value.reshape(shape).autodiff().require_grad())
    }
}

/// Replaces parameters that are trained by rounded ones.
struct Round<'a> {
    exact: &'a mut HashMap<ParamId, Tensor<1>>,
}

impl ModuleMapper for Round<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        if !value.is_require_grad() {
            return param;
        }
        let value = value.without_autodiff().cast(FloatDType::F32);
        self.exact.insert(param.id, value.clone().reshape([value.shape().num_elements()]));
        Param::initialized(param.id, value.cast(FloatDType::BF16).autodiff().require_grad())
    }
}

/// Replaces rounded parameters by their exact values.
struct Restore<'a> {
    exact: &'a HashMap<ParamId, Tensor<1>>,
}

impl ModuleMapper for Restore<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let old = param.val();
        let plain = old.clone().without_autodiff();
        let value = match self.exact.get(&param.id) {
            Some(exact) => exact.clone().reshape(plain.shape()),
            None => plain.cast(FloatDType::F32),
        };
        let value = if old.is_autodiff() { value.autodiff() } else { value };
        Param::initialized(param.id, if old.is_require_grad() { value.require_grad() } else { value })
    }
}

fn write(path: &Path, stored: &[(&Parameter, f32)], entry: impl Fn(usize) -> Result<Vec<f32>>) -> Result<()> {
    let mut infos = Vec::with_capacity(stored.len() * STORED.len());
    for (parameter, _) in stored {
        for (name, size) in STORED.into_iter().zip([parameter.size, parameter.size, 1]) {
            infos.push((format!("{}.{name}", parameter.path), TensorInfo { dtype: DType::F32, shape: vec![size] }));
        }
    }
    let infos: Vec<(&str, TensorInfo)> = infos.iter().map(|(name, info)| (name.as_str(), info.clone())).collect();
    let bytes = |i: usize| Ok(Cow::Owned(entry(i)?.iter().flat_map(|v| v.to_le_bytes()).collect()));
    safetensors::save_with(path, &infos, &[], bytes)
}

/// The stored moments of a parameter; `None` if it was never updated.
fn read(source: &dyn TensorSource, parameter: &Parameter, dit: &Dit) -> Result<Option<Moments>> {
    let [first, second, time] = STORED.map(|stored| format!("{}.{stored}", parameter.path));
    if source.info(&first).is_err() {
        return Ok(None);
    }
    let vector = |name: &str, size: usize| -> Result<Vec<f32>> {
        let values = source.read(name)?.to_f32();
        if values.len() != size {
            return Err(Error::format("checkpoint", format!("{name} has {} values, not {size}", values.len())));
        }
        Ok(values)
    };
    let tensor = |name: &str| -> Result<Tensor<1>> {
        let data = TensorData::new(vector(name, parameter.size)?, [parameter.size]);
        Ok(Tensor::from_data(data, &dit.device().without_autodiff()))
    };
    Ok(Some(Moments { first: tensor(&first)?, second: tensor(&second)?, time: vector(&time, 1)?[0] as usize }))
}
