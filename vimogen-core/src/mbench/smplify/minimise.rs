//! Damped Gauss-Newton steps (Levenberg-Marquardt) with Nielsen's rule for the damping.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::loss::{Loss, Quadratic, TorsoLoss};
use super::parameters::Parameters;

/// An objective to minimise.
pub(super) trait Objective {
    fn at(&self, x: &Parameters) -> f64;
    fn around(&self, x: &Parameters) -> Quadratic;
}

impl Objective for Loss<'_> {
    fn at(&self, x: &Parameters) -> f64 {
        self.value(x)
    }

    fn around(&self, x: &Parameters) -> Quadratic {
        self.quadratic(x)
    }
}

impl Objective for TorsoLoss<'_> {
    fn at(&self, x: &Parameters) -> f64 {
        self.value(x)
    }

    fn around(&self, x: &Parameters) -> Quadratic {
        self.quadratic(x)
    }
}

/// Relative gain of a step below which the iteration ends.
const ENOUGH: f64 = 1e-8;
const MAX_STEPS: usize = 200;
/// Damping above which no descent direction exists.
const MAX_DAMPING: f64 = 1e12;

/// Minimises from `x` over the parameters in `free`; the value never rises.
pub(super) fn minimise(objective: &impl Objective, mut x: Parameters, free: &[usize]) -> Parameters {
    let mut value = objective.at(&x);
    let (mut damping, mut growth) = (1e-3, 2.0);
    let mut slopes = None;
    for _ in 0..MAX_STEPS {
        let (gradient, hessian) = slopes.get_or_insert_with(|| restrict(objective.around(&x), free));
        let Some(step) = damped_step(gradient, hessian, damping) else {
            damping *= growth;
            continue;
        };
        let mut moved = x.clone();
        free.iter().zip(&step).for_each(|(i, d)| moved.0[*i] += d);
        let gain = value - objective.at(&moved);
        let expected = -(gradient.dot(&step) + 0.5 * step.dot(&(&*hessian * &step)));
        if gain > 0.0 {
            (x, value, slopes) = (moved, value - gain, None);
            damping *= (1.0 - (2.0 * gain / expected - 1.0).powi(3)).max(1.0 / 3.0);
            growth = 2.0;
            if gain <= ENOUGH * value.abs() {
                break;
            }
        } else {
            damping *= growth;
            growth *= 2.0;
            if damping > MAX_DAMPING || expected <= 1e-12 * value.abs() {
                break;
            }
        }
    }
    x
}

/// The rows and columns of the free parameters.
fn restrict(q: Quadratic, free: &[usize]) -> (DVector<f64>, DMatrix<f64>) {
    if free.len() == q.gradient.len() {
        (q.gradient, q.hessian)
    } else {
        (q.gradient.select_rows(free), q.hessian.select_rows(free).select_columns(free))
    }
}

/// The step to the minimum of the quadratic, its diagonal enlarged by the share `damping`; `None` if rounding makes the matrix
/// indefinite.
fn damped_step(gradient: &DVector<f64>, hessian: &DMatrix<f64>, damping: f64) -> Option<DVector<f64>> {
    let mut damped = hessian.clone();
    for i in 0..damped.nrows() {
        damped[(i, i)] *= 1.0 + damping;
    }
    Some(-Cholesky::new(damped)?.solve(gradient))
}
