//! Training: batches, loss, optimiser, moving average, checkpoints (docs/method.md section 4).

pub mod batch;
pub mod checkpoint;
pub mod config;
pub mod ema;
mod gradients;
pub mod loss;
pub mod optim;
mod parallel;
pub mod release;
pub mod trainer;

pub use batch::{Draws, TrainBatch};
pub use config::{LossWeighting, LrSchedule, TrainConfig};
pub use trainer::{StepReport, Trainer};
