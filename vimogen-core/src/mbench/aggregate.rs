//! The figures MBench gives for a dimension over many motions.

use serde::Serialize;

/// Mean, population standard deviation and count of one metric over motions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Aggregate {
    /// Mean; 0 for no motions.
    pub mean: f32,
    /// Population standard deviation (divided by n); 0 for no motions.
    pub std: f32,
    /// Number of motions.
    pub num_samples: usize,
}

impl Aggregate {
    /// Aggregates the values of all motions. A NaN among them makes mean and deviation NaN.
    pub fn of(values: &[f32]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let n = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        Self { mean: mean as f32, std: variance.sqrt() as f32, num_samples: values.len() }
    }
}
