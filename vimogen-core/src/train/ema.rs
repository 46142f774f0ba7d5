//! The moving average of the weights, which is what generation uses.

use std::any::Any;
use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

use crate::model::Dit;
use crate::model::kernels::update::blend;

/// `decay * average + (1 - decay) * dit`, for each parameter that is trained; `average` keeps off the autodiff device.
pub fn update(average: Dit, dit: &Dit, decay: f64) -> Dit {
    let mut values = Values(HashMap::new());
    dit.visit(&mut values);
    average.map(&mut Mix { values: values.0, decay })
}

struct Values(HashMap<ParamId, Box<dyn Any>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if value.is_require_grad() {
            self.0.insert(param.id, Box::new(value.without_autodiff()));
        }
    }
}

struct Mix {
    values: HashMap<ParamId, Box<dyn Any>>,
    decay: f64,
}

impl ModuleMapper for Mix {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = self.values.remove(&param.id).and_then(|v| v.downcast::<Tensor<D>>().ok());
        // A frozen parameter is its own average.
        let Some(value) = value else { return param };
        let decay = self.decay;
        param.map(|average| blend(average, *value, decay))
    }
}
