//! Weights in and out: checkpoint names, strict loading with a report, saving.

pub mod load;
pub mod mapping;
pub mod report;
pub mod save;

pub use load::{LoadOptions, WeightDtype, load};
pub use report::Report;
pub use save::{save, state_dict};
