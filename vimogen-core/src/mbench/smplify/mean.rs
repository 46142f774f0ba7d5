//! Start of the fit: the mean pose and shape.

use std::path::Path;

use hdf5_pure::File;

use super::parameters::{BODY, COUNT, Parameters};
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum file size, bytes; the published file has 5 kB.
const MAX_FILE_BYTES: u64 = 1 << 20;
const FORMAT: &str = "HDF5";

/// Initial pose and shape.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanParameters(Parameters);

impl MeanParameters {
    /// Reads `neutral_smpl_mean_params.h5`: the data sets `pose` (72) and `shape` (10).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`]; [`Error::Format`] for other contents.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::parse(read_bounded(path, MAX_FILE_BYTES)?).map_err(|e| e.with_path(path))
    }

    fn parse(bytes: Vec<u8>) -> Result<Self> {
        let bad = |reason: String| Error::format(FORMAT, reason);
        let file = File::from_bytes(bytes).map_err(|e| bad(e.to_string()))?;
        let read = |name: &str, len: usize| {
            let set = file.dataset(name).map_err(|e| bad(format!("data set {name:?}: {e}")))?;
            let shape = set.shape().map_err(|e| bad(format!("data set {name:?}: {e}")))?;
            if shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d)) != Some(len as u64) {
                return Err(bad(format!("data set {name:?} has the shape {shape:?}, not [{len}]")));
            }
            let values = set.read_f64().map_err(|e| bad(format!("data set {name:?}: {e}")))?;
            if values.len() == len && values.iter().all(|v| v.is_finite()) {
                Ok(values)
            } else {
                Err(bad(format!("data set {name:?} holds numbers that are not finite")))
            }
        };
        let (pose, betas) = (read("pose", BODY.end)?, read("shape", super::SHAPES)?);
        let mut x = Parameters::ZERO;
        x.0.iter_mut().zip(pose.iter().chain(&betas)).for_each(|(x, v)| *x = *v);
        Ok(Self(x))
    }

    /// The built-in start: standing upright, arms slightly away from the sides, average shape.
    pub fn builtin() -> Self {
        const ARMS_DOWN: f64 = 1.1;
        let mut x = Parameters([0.0; COUNT]);
        (x.0[3 * 16 + 2], x.0[3 * 17 + 2]) = (-ARMS_DOWN, ARMS_DOWN);
        Self(x)
    }

    /// The parameters, at the origin.
    pub fn parameters(&self) -> &Parameters {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use hdf5_pure::FileBuilder;
    use proptest::prelude::*;

    use super::*;

    fn file(pose: &[f64], shape: &[f64]) -> Vec<u8> {
        let mut builder = FileBuilder::new();
        builder.create_dataset("pose").with_f64_data(pose);
        builder.create_dataset("shape").with_f64_data(shape);
        builder.finish().unwrap()
    }

    #[test]
    fn pose_and_shape_are_read_in_order() {
        let pose: Vec<f64> = (0..72).map(f64::from).collect();
        let mean = MeanParameters::parse(file(&pose, &[0.5; 10])).unwrap();
        assert_eq!(mean.parameters().rotation(2).to_array(), [6.0, 7.0, 8.0]);
        assert_eq!(mean.parameters().betas(), [0.5; 10]);
        assert_eq!(mean.parameters().translation().to_array(), [0.0; 3]);
    }

    #[test]
    fn other_files_are_errors_that_say_why() {
        let text = |bytes: Vec<u8>| MeanParameters::parse(bytes).unwrap_err().to_string();
        assert!(text(file(&[0.0; 71], &[0.0; 10])).contains("pose"));
        assert!(text(file(&[0.0; 72], &[f64::NAN; 10])).contains("shape"));
        assert!(text(b"no hdf5".to_vec()).contains("HDF5"));
        assert!(matches!(MeanParameters::load("none.h5"), Err(Error::NotFound { .. })));
    }

    proptest! {
        #[test]
        fn damaged_files_are_errors_or_read(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            keep in any::<prop::sample::Index>(),
        ) {
            let mut bytes = file(&[0.1; 72], &[0.2; 10]);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = MeanParameters::parse(bytes.clone());
            bytes.truncate(keep.index(bytes.len()));
            let _ = MeanParameters::parse(bytes);
        }
    }
}
