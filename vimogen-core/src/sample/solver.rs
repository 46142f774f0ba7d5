//! Solvers of the flow `dx/dsigma = v(x, sigma)`: how a step from one noise level to the next is taken.

use burn::tensor::Tensor;

use super::flow::Schedule;
use crate::declare::named_enum;
use crate::error::Result;

named_enum! {
    /// Solver of the flow: how a step from one noise level to the next is taken. All use the same noise levels, so that
    /// step counts are comparable.
    ///
    /// ```
    /// use vimogen_core::Solver;
    /// assert_eq!("ab2".parse::<Solver>()?, Solver::Ab2);
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    pub enum Solver("solver", default Euler) {
        /// Along the velocity at the start of the step, as the release; first order.
        Euler = "euler",
        /// Along the mean of the velocities at both ends; second order, two evaluations per step. The last step, which
        /// ends where no model is trained (noise level 0), is Euler's.
        Heun = "heun",
        /// Adams-Bashforth, along the line through this velocity and the previous one; second order, one evaluation per
        /// step.
        Ab2 = "ab2",
        /// DPM-Solver++(2M) (arXiv 2211.01095, algorithm 2), which predicts the clean motion `x - sigma v` with
        /// `ln((1 - sigma) / sigma)` as time; second order, one evaluation per step. First and last step are Euler's.
        Dpmpp = "dpmpp",
    }
}

impl Solver {
    /// Evaluations of the network in a generation of `steps` steps.
    pub fn evaluations(self, steps: usize) -> usize {
        match self {
            Self::Heun => (2 * steps).saturating_sub(1),
            _ => steps,
        }
    }
}

/// A solver on its way down a schedule.
pub(crate) struct Integrator<'a> {
    solver: Solver,
    schedule: &'a Schedule,
    /// The velocity ([`Solver::Ab2`]) or clean motion ([`Solver::Dpmpp`]) of the step before.
    before: Option<Tensor<3>>,
}

impl<'a> Integrator<'a> {
    pub(crate) fn new(solver: Solver, schedule: &'a Schedule) -> Self {
        Self { solver, schedule, before: None }
    }

    /// Goes from level `index` to the next; `velocity(x, i)` evaluates the network at level `i`. Levels come in order.
    pub(crate) fn step(
        &mut self,
        index: usize,
        x: Tensor<3>,
        velocity: &mut dyn FnMut(Tensor<3>, usize) -> Result<Tensor<3>>,
    ) -> Result<Tensor<3>> {
        let v = velocity(x.clone(), index)?;
        let delta = self.schedule.delta(index);
        Ok(match self.solver {
            Solver::Euler => x + v * delta,
            Solver::Heun if index + 1 == self.schedule.len() => x + v * delta,
            Solver::Heun => {
                let end = velocity(x.clone() + v.clone() * delta, index + 1)?;
                x + (v + end) * (delta / 2.0)
            }
            Solver::Ab2 => match self.before.replace(v.clone()) {
                None => x + v * delta,
                Some(before) => {
                    let ahead = delta / (2.0 * self.schedule.delta(index - 1));
                    x + (v.clone() + (v - before) * ahead) * delta
                }
            },
            Solver::Dpmpp => self.dpmpp(index, x, v, delta),
        })
    }

    /// Euler's step, and the change of the clean motion since the step before carried on: with `s` the noise levels and
    /// `r` the step before in log-SNR by this one, the paper's update is `Euler + (1 - s'/s) / (2 r) (x0 - x0_before)`.
    fn dpmpp(&mut self, index: usize, x: Tensor<3>, v: Tensor<3>, delta: f64) -> Tensor<3> {
        let sigma = self.schedule.sigmas()[index];
        let clean = x.clone() - v.clone() * sigma;
        let euler = x + v * delta;
        let before = self.before.replace(clean.clone());
        match (before, self.inverse_ratio(index)) {
            (Some(before), Some(inverse)) => euler + (clean - before) * (-delta / sigma * inverse / 2.0),
            _ => euler,
        }
    }

    /// `1 / r` of [`Integrator::dpmpp`]; none where the log-SNR of a level is infinite (noise level 0 or 1).
    fn inverse_ratio(&self, index: usize) -> Option<f64> {
        let sigmas = self.schedule.sigmas();
        let log_snr = |i: usize| sigmas.get(i).map(|s| ((1.0 - s) / s).ln()).filter(|l| l.is_finite());
        let (before, now, next) = (log_snr(index.checked_sub(1)?)?, log_snr(index)?, log_snr(index + 1)?);
        Some((next - now) / (now - before))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use burn::tensor::{Device, TensorData};

    use super::*;

    /// Standard deviation of the data of the flow below.
    const DATA: f64 = 0.5;

    fn scalar(x: Tensor<3>) -> f64 {
        f64::from(x.into_scalar::<f32>())
    }

    /// Follows the exact flow of Gaussian data of deviation `DATA` from noise 1; gives the end and the evaluations. The
    /// state at level s has deviation `d(s) = sqrt((1 - s)^2 DATA^2 + s^2)`, so `x(s) = d(s)` and `v = x d'(s) / d(s)`.
    fn follow(solver: Solver, steps: usize, strength: f64) -> (f64, usize) {
        let schedule = Schedule::generation(steps, strength).unwrap();
        let evaluations = Cell::new(0);
        let deviation = |s: f64| ((1.0 - s).powi(2) * DATA.powi(2) + s * s).sqrt();
        let mut velocity = |x: Tensor<3>, level: usize| {
            evaluations.set(evaluations.get() + 1);
            let s = schedule.sigmas()[level];
            Ok(x * ((s - (1.0 - s) * DATA.powi(2)) / deviation(s).powi(2)))
        };
        let start = deviation(schedule.sigmas()[0]) as f32;
        let mut x = Tensor::<3>::from_data(TensorData::new(vec![start], [1, 1, 1]), &Device::flex());
        let mut integrator = Integrator::new(solver, &schedule);
        for step in 0..steps {
            x = integrator.step(step, x, &mut velocity).unwrap();
        }
        (scalar(x), evaluations.get())
    }

    #[test]
    fn every_solver_reaches_the_data_and_evaluates_as_often_as_it_says() {
        for solver in Solver::ALL {
            for strength in [1.0, 0.7] {
                let (end, evaluations) = follow(solver, 200, strength);
                assert!((end - DATA).abs() < 0.02, "{solver} at strength {strength} ends at {end}");
                assert_eq!(evaluations, solver.evaluations(200));
            }
        }
    }

    #[test]
    fn the_second_order_solvers_gain_more_from_twice_the_steps() {
        let error = |solver, steps| (follow(solver, steps, 0.7).0 - DATA).abs();
        let gain = |solver| error(solver, 20) / error(solver, 80);
        assert!((3.0..6.0).contains(&gain(Solver::Euler)), "euler gains {}", gain(Solver::Euler));
        // The log-SNR that dpmpp takes for time makes no smaller steps near noise level 0, however many there are.
        for (solver, least) in [(Solver::Heun, 9.0), (Solver::Ab2, 9.0), (Solver::Dpmpp, 6.0)] {
            assert!(gain(solver) > least, "{solver} gains {}", gain(solver));
            assert!(error(solver, 20) < error(Solver::Euler, 50), "{solver}: 20 steps against Euler's 50");
        }
    }

    #[test]
    fn names_come_back_and_unknown_ones_are_told_the_known() {
        for solver in Solver::ALL {
            assert_eq!(solver.to_string().parse::<Solver>().unwrap(), solver);
        }
        let text = "rk4".parse::<Solver>().unwrap_err().to_string();
        assert!(text.contains("rk4") && text.contains("euler, heun, ab2, dpmpp"), "{text}");
    }
}
