//! The layers: one small network per joint, whose input includes the parent's features, then one network for all joints.

use ndarray::{Array1, Array2, ArrayView2, ArrayView3, Axis, concatenate, s};

use super::config::{Activation, NrdfConfig};
use crate::error::{Error, Result};
use crate::format::TensorSource;

/// Values per joint: a quaternion, w first.
const QUATERNION: usize = 4;
/// Key of the weights in a checkpoint.
const PREFIX: &str = "model_state_dict.";
/// Maximum width of a layer, checked before anything is allocated.
const MAX_WIDTH: usize = 1 << 14;
/// Maximum number of layers after the encoder.
const MAX_LAYERS: usize = 64;

/// `x W^T + b`.
#[derive(Debug, Clone)]
struct Linear {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    fn forward(&self, x: ArrayView2<'_, f32>, act: Activation) -> Array2<f32> {
        (x.dot(&self.weight.t()) + &self.bias).mapv_into(|v| act.at(v))
    }
}

/// Weights and activations.
#[derive(Debug, Clone)]
pub struct Network {
    config: NrdfConfig,
    joints: Vec<[Linear; 2]>,
    layers: Vec<Linear>,
}

impl Network {
    /// Takes the weights from a checkpoint. The decoder `dec.`, a part of NRDF's training, is not needed.
    ///
    /// # Errors
    /// [`Error::Weights`] for tensors that are missing, of another shape, or not known.
    pub fn load(config: NrdfConfig, file: &dyn TensorSource) -> Result<Self> {
        let mut taken = Taken { file, names: Vec::new() };
        let joints = config.parents.iter().enumerate().map(|(joint, parent)| {
            let inputs = QUATERNION + parent.map_or(0, |_| config.features);
            let first = taken.linear(&format!("enc.net.{joint}.net.0"), inputs)?;
            let second = taken.linear(&format!("enc.net.{joint}.net.2"), first.bias.len())?;
            if second.bias.len() == config.features {
                Ok([first, second])
            } else {
                Err(mismatch(format!("enc.net.{joint}.net.2 gives {} features", second.bias.len())))
            }
        });
        let joints = joints.collect::<Result<Vec<_>>>()?;
        let mut inputs = config.features * config.parents.len();
        let mut layers = Vec::new();
        while layers.len() < MAX_LAYERS && (layers.is_empty() || taken.has(&format!("dfnet.lin{}", layers.len()))) {
            let layer = taken.linear(&format!("dfnet.lin{}", layers.len()), inputs)?;
            inputs = layer.bias.len();
            layers.push(layer);
        }
        if inputs != 1 {
            return Err(mismatch(format!("the last layer gives {inputs} numbers, not one distance")));
        }
        taken.check_all_known()?;
        Ok(Self { config, joints, layers })
    }

    /// Joints of the encoder.
    pub fn joints(&self) -> usize {
        self.joints.len()
    }

    /// The features of all joints.
    ///
    /// # Shapes
    /// - quaternions: `[poses, joints, 4]`, w first
    /// - output: `[poses, joints * features]`
    pub fn encode(&self, quaternions: ArrayView3<'_, f32>) -> Array2<f32> {
        let width = self.config.features;
        let mut latent = Array2::zeros((quaternions.dim().0, width * self.joints.len()));
        for (joint, [first, second]) in self.joints.iter().enumerate() {
            let own = quaternions.index_axis(Axis(1), joint);
            let hidden = match self.config.parents[joint] {
                None => first.forward(own, self.config.encoder),
                Some(parent) => {
                    let above = latent.slice(s![.., parent * width..(parent + 1) * width]);
                    let both = concatenate![Axis(1), own, above];
                    first.forward(both.view(), self.config.encoder)
                }
            };
            let features = second.forward(hidden.view(), self.config.encoder);
            latent.slice_mut(s![.., joint * width..(joint + 1) * width]).assign(&features);
        }
        latent
    }

    /// The distance of each row of features, `[poses]`.
    pub fn distance(&self, latent: ArrayView2<'_, f32>) -> Array1<f32> {
        let mut x = latent.to_owned();
        for layer in &self.layers {
            x = layer.forward(x.view(), self.config.decoder);
        }
        x.index_axis_move(Axis(1), 0)
    }
}

/// A checkpoint and the names that were read from it.
struct Taken<'f> {
    file: &'f dyn TensorSource,
    names: Vec<String>,
}

impl Taken<'_> {
    fn has(&self, layer: &str) -> bool {
        self.file.info(&format!("{PREFIX}{layer}.weight")).is_ok()
    }

    /// Reads a layer of `inputs` inputs.
    fn linear(&mut self, layer: &str, inputs: usize) -> Result<Linear> {
        let weight = format!("{PREFIX}{layer}.weight");
        let shape = self.file.info(&weight).map_err(|_| mismatch(format!("{weight} is missing")))?.shape;
        let outputs = match shape[..] {
            [outputs @ 1..=MAX_WIDTH, width] if width == inputs => outputs,
            _ => return Err(mismatch(format!("{weight} has the shape {shape:?}, not [.., {inputs}]"))),
        };
        let bias = format!("{PREFIX}{layer}.bias");
        let weights = self.read(weight, &[outputs, shape[1]])?;
        let weight = Array2::from_shape_vec((outputs, shape[1]), weights).map_err(|e| mismatch(e.to_string()))?;
        Ok(Linear { weight, bias: Array1::from(self.read(bias, &[outputs])?) })
    }

    fn read(&mut self, name: String, shape: &[usize]) -> Result<Vec<f32>> {
        let info = self.file.info(&name).map_err(|_| mismatch(format!("{name} is missing")))?;
        if info.shape != shape {
            return Err(mismatch(format!("{name} has the shape {:?}, not {shape:?}", info.shape)));
        }
        let values = self.file.read_f32(&name)?;
        if values.iter().any(|v| !v.is_finite()) {
            return Err(mismatch(format!("{name} holds a number that is not finite")));
        }
        self.names.push(name);
        Ok(values)
    }

    fn check_all_known(&self) -> Result<()> {
        let decoder = format!("{PREFIX}dec.");
        let unknown: Vec<String> = self
            .file
            .names()
            .into_iter()
            .filter(|name| name.starts_with(PREFIX) && !name.starts_with(&decoder) && !self.names.contains(name))
            .collect();
        if unknown.is_empty() { Ok(()) } else { Err(mismatch(format!("not known: {}", unknown.join(", ")))) }
    }
}

fn mismatch(what: String) -> Error {
    Error::Weights { reason: format!("NRDF: {what}; do checkpoint and config.yaml belong together?") }
}
