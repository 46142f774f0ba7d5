//! The choice of trained parameters, by parts of their checkpoint names; all others are frozen.

use burn::module::{Param, ParamId};
use burn::tensor::{DType, Tensor};

use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Map, Visit};
use crate::weights::mapping::checkpoint_name;

/// Puts parameters on the autodiff device, trained ones with gradients. `Module::train` would leave out loaded ones.
pub(crate) struct Track<'a> {
    trainable: &'a [String],
}

impl<'a> Track<'a> {
    /// Trains parameters with one of the substrings in their checkpoint name; all if there are none.
    pub(crate) fn new(trainable: &'a [String]) -> Self {
        Self { trainable }
    }
}

fn chosen(trainable: &[String], name: &str) -> bool {
    let name = checkpoint_name(name);
    trainable.is_empty() || trainable.iter().any(|part| name.contains(part.as_str()))
}

impl Map for Track<'_> {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val().without_autodiff().autodiff();
        let value = if chosen(self.trainable, name) { value.require_grad() } else { value };
        Param::initialized(param.id, value)
    }
}

/// Checks that each substring chooses at least one parameter.
pub(crate) fn check(dit: &Dit, trainable: &[String]) -> Result<()> {
    let all = parameters(dit);
    match trainable.iter().find(|part| !all.iter().any(|parameter| parameter.name.contains(part.as_str()))) {
        None => Ok(()),
        Some(part) => Err(Error::config("trainable_modules", format!("no parameter has {part:?} in its name"))),
    }
}

/// A parameter of a model.
pub(crate) struct Parameter {
    pub id: ParamId,
    /// Name in the module, such as `blocks.3.ffn.fc1.bias`.
    pub path: String,
    /// Name in checkpoints.
    pub name: String,
    /// Number of axes.
    pub axes: usize,
    /// Number of values.
    pub size: usize,
    pub dtype: DType,
    pub trained: bool,
}

/// The parameters of a model, in its order.
pub(crate) fn parameters(dit: &Dit) -> Vec<Parameter> {
    let mut found = Parameters(vec![]);
    named::visit(dit, &mut found);
    found.0
}

struct Parameters(Vec<Parameter>);

impl Visit for Parameters {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        let (size, value) = (param.lazy_shape().num_elements(), param.val());
        let (dtype, trained) = (value.dtype(), value.is_require_grad());
        let (path, name) = (name.to_string(), checkpoint_name(name));
        self.0.push(Parameter { id: param.id, path, name, axes: D, size, dtype, trained });
    }
}
