//! Training runs from an experiment file: the release's YAML, data, the loop, and its reports.

mod csv;
mod file;
mod keys;
mod plot;
mod report;
mod resume;
mod run;
mod samples;
mod sections;
mod start;
mod tensorboard;
#[cfg(test)]
mod tests;
mod training_data;

pub use file::{Data, Experiment, FileData, MixedData};
pub use report::StepLine;
pub use resume::Resume;
pub use run::{Event, Finished, Run};
pub use start::Start;
