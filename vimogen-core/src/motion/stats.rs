//! Mean and standard deviation per channel: normalisation, and computing them over a data set.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::layout::FEATURES;
use crate::error::{Error, Result, check_finite};
use crate::format::{npy, read_bounded, write_atomic};

/// Smallest standard deviation that [`StatsBuilder::finish`] gives.
const STD_FLOOR: f64 = 1e-8;
/// Maximum size of a file of partial statistics, bytes.
const MAX_PARTIAL: u64 = 1 << 20;

/// Mean and standard deviation of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    mean: Array1<f32>,
    std: Array1<f32>,
}

impl Stats {
    /// Statistics from two arrays of equal length.
    ///
    /// # Errors
    /// [`Error::Shape`] for empty arrays or different lengths, [`Error::NonFinite`], and [`Error::InvalidArgument`] for
    /// a standard deviation that is not above 0.
    pub fn new(mean: Array1<f32>, std: Array1<f32>) -> Result<Self> {
        if mean.is_empty() || mean.len() != std.len() {
            return Err(Error::shape("std", format!("({},), the channels of mean", mean.len()), std.shape()));
        }
        check_finite("mean", &mean.view())?;
        check_finite("std", &std.view())?;
        match std.iter().position(|s| *s <= 0.0) {
            Some(i) => Err(Error::invalid("std", format!("channel {i} is {}, expected a number above 0", std[i]))),
            None => Ok(Self { mean, std }),
        }
    }

    /// Reads `mean.npy` and `std.npy`, 276 values each.
    ///
    /// # Errors
    /// As [`npy::load`] and [`Stats::new`]; [`Error::Shape`] for another number of channels.
    pub fn load(mean: impl AsRef<Path>, std: impl AsRef<Path>) -> Result<Self> {
        Self::new(load_row("mean", mean.as_ref())?, load_row("std", std.as_ref())?)
    }

    /// Writes both arrays as `.npy`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, mean: impl AsRef<Path>, std: impl AsRef<Path>) -> Result<()> {
        npy::save_f32(mean, self.mean.view().into_dyn())?;
        npy::save_f32(std, self.std.view().into_dyn())
    }

    /// Means, one per channel.
    pub fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// Standard deviations, one per channel, all above 0.
    pub fn std(&self) -> &Array1<f32> {
        &self.std
    }

    /// `(x - mean) / std`.
    ///
    /// # Shapes
    /// - features: `[frames, channels]`
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of channels.
    pub fn normalize(&self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        self.check(&features)?;
        Ok((&features - &self.mean) / &self.std)
    }

    /// `x * std + mean`, the inverse of [`Stats::normalize`].
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of channels.
    pub fn denormalize(&self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        self.check(&features)?;
        Ok(&features * &self.std + &self.mean)
    }

    fn check(&self, features: &ArrayView2<'_, f32>) -> Result<()> {
        if features.ncols() == self.mean.len() {
            return Ok(());
        }
        let expected = format!("(T, {}), the channels of the statistics", self.mean.len());
        Err(Error::shape("features", expected, features.shape()))
    }
}

fn load_row(name: &str, path: &Path) -> Result<Array1<f32>> {
    let array = npy::load(path)?.to_array_f32();
    match array.shape() {
        [FEATURES] => Ok(array.flatten().to_owned()),
        got => Err(Error::shape(name, "(276,)", got)),
    }
}

/// Computes [`Stats`] over clips given one after the other, in `f64` and without keeping them (Welford's method).
///
/// Builders that saw different clips can be [merged](StatsBuilder::merge), so a data set can be split over threads.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsBuilder {
    count: u64,
    mean: Array1<f64>,
    /// Sum of squared deviations from the mean.
    deviation: Array1<f64>,
}

/// A builder as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partial {
    count: u64,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl StatsBuilder {
    /// Writes what was seen as JSON, to be [merged](StatsBuilder::merge) with other parts of a data set.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let partial = Partial { count: self.count, mean: self.mean.to_vec(), deviation: self.deviation.to_vec() };
        write_atomic(path, |w| serde_json::to_writer(w, &partial).map_err(std::io::Error::other))
    }

    /// Reads what [`StatsBuilder::save`] wrote.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Format`] for anything else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bad = |reason: String| Error::format("statistics", reason).with_path(path);
        let partial: Partial =
            serde_json::from_slice(&read_bounded(path, MAX_PARTIAL)?).map_err(|e| bad(e.to_string()))?;
        let (mean, deviation) = (Array1::from(partial.mean), Array1::from(partial.deviation));
        let fits = !mean.is_empty() && mean.len() == deviation.len() && deviation.iter().all(|d| *d >= 0.0);
        match fits && partial.count < 1 << 52 {
            true => Ok(Self { count: partial.count, mean, deviation }),
            false => Err(bad("count, mean and deviation do not fit each other".into())),
        }
    }

    /// A builder for clips of `channels` channels.
    pub fn new(channels: usize) -> Self {
        Self { count: 0, mean: Array1::zeros(channels), deviation: Array1::zeros(channels) }
    }

    /// Frames seen so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes in all frames of a clip.
    ///
    /// # Shapes
    /// - features: `[frames, channels]`
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of channels, [`Error::NonFinite`]; the builder is unchanged then.
    pub fn add(&mut self, features: ArrayView2<'_, f32>) -> Result<()> {
        if features.ncols() != self.mean.len() {
            return Err(Error::shape("features", format!("(T, {})", self.mean.len()), features.shape()));
        }
        check_finite("features", &features)?;
        for row in features.rows() {
            self.count += 1;
            let n = self.count as f64;
            Zip::from(&mut self.mean).and(&mut self.deviation).and(row).for_each(|mean, deviation, x| {
                let before = f64::from(*x) - *mean;
                *mean += before / n;
                *deviation += before * (f64::from(*x) - *mean);
            });
        }
        Ok(())
    }

    /// Takes in everything that `other` has seen.
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of channels.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if other.mean.len() != self.mean.len() {
            return Err(Error::shape("other", format!("({},)", self.mean.len()), other.mean.shape()));
        }
        let (a, b) = (self.count as f64, other.count as f64);
        if other.count == 0 {
            return Ok(());
        }
        let total = a + b;
        Zip::from(&mut self.mean).and(&mut self.deviation).and(&other.mean).and(&other.deviation).for_each(
            |mean, deviation, other_mean, other_deviation| {
                let gap = other_mean - *mean;
                *mean += gap * b / total;
                *deviation += other_deviation + gap * gap * a * b / total;
            },
        );
        self.count += other.count;
        Ok(())
    }

    /// Mean and sample standard deviation (n - 1), the latter at least 1e-8.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for fewer than two frames.
    pub fn finish(&self) -> Result<Stats> {
        if self.count < 2 {
            return Err(Error::invalid("clips", format!("{} frames give no statistics, at least 2 do", self.count)));
        }
        let n = (self.count - 1) as f64;
        let std = self.deviation.mapv(|d| (d / n).sqrt().max(STD_FLOOR) as f32);
        Stats::new(self.mean.mapv(|m| m as f32), std)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;

    fn frames() -> Array2<f32> {
        Array2::from_shape_fn((40, 3), |(t, c)| ((t * 13 + c) as f32).sin() * 5.0 + 1000.0 * c as f32)
    }

    #[test]
    fn merging_parts_equals_seeing_all() {
        let x = frames();
        let mut whole = StatsBuilder::new(3);
        whole.add(x.view()).unwrap();
        let mut merged = StatsBuilder::new(3);
        for part in [x.slice(s![..1, ..]), x.slice(s![1..30, ..]), x.slice(s![30.., ..]), x.slice(s![..0, ..])] {
            let mut builder = StatsBuilder::new(3);
            builder.add(part).unwrap();
            merged.merge(&builder).unwrap();
        }
        let (a, b) = (whole.finish().unwrap(), merged.finish().unwrap());
        assert!((a.mean() - b.mean()).iter().chain((a.std() - b.std()).iter()).all(|d| d.abs() < 1e-6));
    }

    #[test]
    fn partial_statistics_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stats.json");
        let mut builder = StatsBuilder::new(3);
        builder.add(frames().view()).unwrap();
        builder.save(&path).unwrap();
        let (a, b) = (builder.finish().unwrap(), StatsBuilder::load(&path).unwrap().finish().unwrap());
        assert!((a.mean() - b.mean()).iter().chain((a.std() - b.std()).iter()).all(|d| d.abs() < 1e-6));
        std::fs::write(&path, r#"{"count": 4, "mean": [1.0], "deviation": [-1.0]}"#).unwrap();
        assert!(StatsBuilder::load(&path).unwrap_err().to_string().contains("stats.json"));
    }

    #[test]
    fn a_constant_channel_gets_the_floor_and_not_zero() {
        let mut builder = StatsBuilder::new(1);
        builder.add(array![[2.0], [2.0], [2.0]].view()).unwrap();
        assert_eq!(builder.finish().unwrap().std()[0], 1e-8);
    }

    #[test]
    fn denormalize_undoes_normalize() {
        let stats = Stats::new(array![1.0, -2.0, 900.0], array![0.5, 3.0, 20.0]).unwrap();
        let x = frames();
        let back = stats.denormalize(stats.normalize(x.view()).unwrap().view()).unwrap();
        assert!((&back - &x).iter().all(|d| d.abs() < 1e-3));
        assert!(stats.normalize(Array2::zeros((4, 2)).view()).is_err());
    }

    #[test]
    fn statistics_that_cannot_be_are_refused() {
        assert!(Stats::new(array![0.0], array![0.0]).is_err());
        assert!(Stats::new(array![0.0], array![-1.0]).is_err());
        assert!(Stats::new(array![f32::NAN], array![1.0]).is_err());
        assert!(Stats::new(array![0.0, 1.0], array![1.0]).is_err());
        assert!(StatsBuilder::new(2).finish().is_err());
        assert!(StatsBuilder::new(1).add(array![[f32::NAN]].view()).is_err());
    }
}
