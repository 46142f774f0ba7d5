//! Training: batches, loss, optimiser, moving average, checkpoints
//! ([method, section 4](https://github.com/vimogen/vimogen/blob/main/docs/method.md#4-training)).

pub mod batch;
pub mod checkpoint;
pub mod collective;
pub mod config;
pub mod ema;
mod engine;
mod freeze;
mod grads;
mod join;
pub mod lora;
pub mod loss;
mod optimizer;
mod parallel;
mod recompute;
pub mod release;
pub mod trainer;

pub use batch::{NoiseDraw, TrainBatch};
pub use config::{LossWeighting, LrSchedule, Precision, TrainConfig};
pub use lora::LoraConfig;
pub use loss::LossValues;
pub use trainer::{StepReport, Trainer};

#[cfg(test)]
pub(crate) mod tests;
