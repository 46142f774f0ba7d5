//! Weights packed for inference, in place of the parameters they were made of.
//!
//! A packed layer keeps one copy of its weights, in the order of the product. Its parameter is empty and unpacks them on
//! demand (for training, or on another device). Mapping the module drops the packed copy, so that the two cannot differ.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, ParamId,
};
use burn::tensor::{Device, Tensor};

use super::kernels::is_inference;
use super::kernels::linear::Packed;

/// Packed weights by the parameter that they replace.
pub(crate) type PackedWeights = HashMap<ParamId, Packed>;

/// The packed weights of a layer, if it has been packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Option<Arc<Packed>>);

impl Slot {
    pub(super) fn new(packed: Arc<Packed>) -> Self {
        Self(Some(packed))
    }

    /// The packed weights.
    pub(super) fn packed(&self) -> Option<Arc<Packed>> {
        self.0.clone()
    }

    /// The packed weights, if the kernels can multiply `x` with them.
    pub(crate) fn usable<const D: usize>(&self, x: &Tensor<D>) -> Option<&Arc<Packed>> {
        self.0.as_ref().filter(|_| is_inference(x))
    }
}

impl Module for Slot {
    fn collect_devices(&self, devices: Devices) -> Devices {
        devices
    }

    // Other devices cannot use packed weights.
    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn to_device(self, device: &Device) -> Self {
        if *device == Device::flex() { self } else { Self(None) }
    }

    fn visit<V: ModuleVisitor>(&self, _: &mut V) {}

    // The layer's parameter has been mapped just before, and may have new values.
    fn map<M: ModuleMapper>(self, _: &mut M) -> Self {
        Self(None)
    }

    fn train(self) -> Self {
        Self(None)
    }

    fn valid(&self) -> Self {
        self.clone()
    }

    fn materialize(self) -> Self {
        self
    }
}

impl ModuleDisplayDefault for Slot {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&if self.0.is_some() { "packed" } else { "plain" }).optional()
    }
}

impl ModuleDisplay for Slot {}
