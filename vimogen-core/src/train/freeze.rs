//! Which parameters are trained: chosen by parts of their checkpoint names, the rest is frozen.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::model::Dit;
use crate::weights::mapping::checkpoint_name;

/// Puts parameters on the autodiff device, those that are trained with gradients; `Module::train` would leave out those
/// that were loaded.
pub(crate) struct Track<'a> {
    trainable: &'a [String],
    path: Vec<String>,
}

impl<'a> Track<'a> {
    /// Trains what has one of the substrings in its checkpoint name; everything if there are none.
    pub(crate) fn new(trainable: &'a [String]) -> Self {
        Self { trainable, path: vec![] }
    }
}

fn chosen(trainable: &[String], path: &[String]) -> bool {
    let name = checkpoint_name(&path.join("."));
    trainable.is_empty() || trainable.iter().any(|part| name.contains(part.as_str()))
}

impl ModuleMapper for Track<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val().without_autodiff().autodiff();
        let value = if chosen(self.trainable, &self.path) { value.require_grad() } else { value };
        Param::initialized(param.id, value)
    }
}

/// Checks that each substring chooses at least one parameter.
///
/// # Errors
/// [`Error::Config`] with the substring.
pub(crate) fn check(dit: &Dit, trainable: &[String]) -> Result<()> {
    let mut names = Names { path: vec![], found: vec![] };
    dit.visit(&mut names);
    match trainable.iter().find(|part| !names.found.iter().any(|name| name.contains(part.as_str()))) {
        None => Ok(()),
        Some(part) => Err(Error::config("trainable_modules", format!("no parameter has {part:?} in its name"))),
    }
}

struct Names {
    path: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
        self.found.push(checkpoint_name(&self.path.join(".")));
    }
}
