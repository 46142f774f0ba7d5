//! Which parameters are trained: chosen by parts of their checkpoint names, the rest is frozen.

use burn::module::Param;
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::model::Dit;
use crate::model::named::{self, Map, Visit};
use crate::weights::mapping::checkpoint_name;

/// Puts parameters on the autodiff device, those that are trained with gradients; `Module::train` would leave out those
/// that were loaded.
pub(crate) struct Track<'a> {
    trainable: &'a [String],
}

impl<'a> Track<'a> {
    /// Trains what has one of the substrings in its checkpoint name; everything if there are none.
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
///
/// # Errors
/// [`Error::Config`] with the substring.
pub(crate) fn check(dit: &Dit, trainable: &[String]) -> Result<()> {
    let mut names = Names { found: vec![] };
    named::visit(dit, &mut names);
    match trainable.iter().find(|part| !names.found.iter().any(|name| name.contains(part.as_str()))) {
        None => Ok(()),
        Some(part) => Err(Error::config("trainable_modules", format!("no parameter has {part:?} in its name"))),
    }
}

struct Names {
    found: Vec<String>,
}

impl Visit for Names {
    fn float<const D: usize>(&mut self, name: &str, _: &Param<Tensor<D>>) {
        self.found.push(checkpoint_name(name));
    }
}
