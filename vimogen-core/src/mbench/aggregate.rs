//! Summary of a dimension over many motions.

use serde::{Deserialize, Deserializer, Serialize};

/// Mean, population standard deviation and count of one metric over motions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Aggregate {
    /// Mean; 0 for no motions.
    #[serde(deserialize_with = "number_or_null")]
    pub mean: f32,
    /// Population standard deviation (divided by n); 0 for no motions.
    #[serde(deserialize_with = "number_or_null")]
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

    /// Adds the share of accepted motions, whose value is 1; that of the others is 0.
    pub fn with_share(self, values: &[f32]) -> Summary {
        let correct = values.iter().filter(|value| **value > 0.5).count();
        let accuracy = if values.is_empty() { 0.0 } else { correct as f64 / values.len() as f64 };
        Summary { over_motions: self, share: Some(Share { accuracy, correct, total: values.len() }) }
    }
}

/// Summary of a dimension in MBench's files: its [`Aggregate`], and the [`Share`] of a judged dimension.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Over all motions.
    #[serde(flatten)]
    pub over_motions: Aggregate,
    /// Of a dimension that a judge decides.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

/// Share of motions accepted by a judge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// `correct / total`; 0 for no motions.
    pub accuracy: f64,
    /// Accepted motions.
    pub correct: usize,
    /// Motions judged.
    pub total: usize,
}

/// Reads a number; `null`, the JSON form of NaN, is NaN.
pub(super) fn number_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(from)?.unwrap_or(f32::NAN))
}
