//! Training runs from an experiment file: the release's YAML, data, the loop, and watching it for days.

pub mod csv;
mod file;
mod keys;
pub mod plot;
mod run;
mod samples;
mod sections;
pub mod tensorboard;
#[cfg(test)]
mod tests;

pub use file::{Data, Experiment, FileData};
pub use run::{Event, Finished, Resume, Run, StepLine};
