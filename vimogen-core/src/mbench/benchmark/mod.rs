//! Scores of a folder of motions: every motion in every dimension, or those that an info file lists, saved as they come.

mod journal;
mod options;
pub(super) mod results;
mod run;
mod task;
#[cfg(test)]
mod tests;

pub use options::{EvaluateOptions, Reader};
pub use results::{DimensionResult, FailedFile, Failure, Missing, MotionResult, Results, Settings, csv, table};
pub use run::evaluate;
