//! Walks over the parameters of a module by name.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Is shown each parameter with its dotted name, such as `blocks.3.ffn.fc1.bias`.
pub(crate) trait Visit {
    fn float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>);
}

/// Replaces each parameter, knowing its dotted name.
pub(crate) trait Map {
    fn float<const D: usize>(&mut self, name: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>>;
}

pub(crate) fn visit(module: &impl Module, visitor: &mut impl Visit) {
    module.visit(&mut Walk { path: vec![], inner: visitor });
}

pub(crate) fn map<M: Module>(module: M, mapper: &mut impl Map) -> M {
    module.map(&mut Walk { path: vec![], inner: mapper })
}

struct Walk<'a, T> {
    path: Vec<String>,
    inner: &'a mut T,
}

impl<T: Visit> ModuleVisitor for Walk<'_, T> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.inner.float(&self.path.join("."), param);
    }
}

impl<T: Map> ModuleMapper for Walk<'_, T> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.inner.float(&self.path.join("."), param)
    }
}
