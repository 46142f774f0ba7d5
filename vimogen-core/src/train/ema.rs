//! The moving average of the weights, which generation uses.

use std::any::Any;
use std::collections::{HashMap, VecDeque};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{FloatDType, Tensor};

use crate::model::Dit;
use crate::model::kernels::update::blend;

/// `decay * average + (1 - decay) * dit`, for each parameter that is trained; `average` keeps off the autodiff device.
pub fn update(average: Dit, dit: &Dit, decay: f64) -> Dit {
    let mut values = Values(HashMap::new());
    dit.visit(&mut values);
    average.map(&mut Mix { values: values.0, decay })
}

/// `average` with the parameter ids of `dit`, by which [`update`] matches them.
pub(crate) fn of(dit: &Dit, average: Dit) -> Dit {
    let mut ids = Ids(VecDeque::new());
    dit.visit(&mut ids);
    average.map(&mut ids)
}

/// The ids of one module, taken by the parameters of another in the same order.
struct Ids(VecDeque<ParamId>);

impl ModuleVisitor for Ids {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push_back(param.id);
    }
}

impl ModuleMapper for Ids {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = self.0.pop_front().unwrap_or(param.id);
        Param::initialized(id, param.val())
    }
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
        param.map(|average| blend(average, (*value).cast(FloatDType::F32), decay))
    }
}
