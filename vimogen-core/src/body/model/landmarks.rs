//! Landmarks of SMPL-X files: 51 points of the face, each between the corners of a triangle.

use ndarray::{Array3, ArrayView3};

use super::BodyModel;
use super::fields::{bad, read, shape};
use crate::error::{Error, Result};
use crate::format::TensorSource;

/// Maximum number of landmarks; SMPL-X has 51.
const MAX_LANDMARKS: usize = 1 << 12;

/// A triangle and the shares of its corners.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Landmark {
    face: usize,
    shares: [f32; 3],
}

/// `lmk_faces_idx` and `lmk_bary_coords`; without the former there are none.
pub(super) fn read_all(source: &dyn TensorSource, faces: usize) -> Result<Vec<Landmark>> {
    const FACES: &str = "lmk_faces_idx";
    if !source.names().iter().any(|name| name == FACES) {
        return Ok(Vec::new());
    }
    let [count] = shape(source, FACES, [MAX_LANDMARKS])?;
    let shares = read(source, "lmk_bary_coords", &[count, 3])?;
    let landmark = |(face, shares): (&f32, &[f32; 3])| {
        if *face >= 0.0 && *face < faces as f32 {
            Ok(Landmark { face: *face as usize, shares: *shares })
        } else {
            Err(bad(format!("a landmark is on triangle {face}, and there are {faces}")))
        }
    };
    read(source, FACES, &[count])?.iter().zip(shares.as_chunks::<3>().0).map(landmark).collect()
}

impl BodyModel {
    /// Number of landmarks of the face: 51 for SMPL-X, 0 for bodies without.
    pub fn num_landmarks(&self) -> usize {
        self.landmarks.len()
    }

    /// The landmarks of the face on a posed surface, in the order of the file, `(T, n, 3)`.
    ///
    /// # Shapes
    /// - vertices: `[frames, V, 3]`, those of [`BodyModel::forward`]
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn landmarks(&self, vertices: ArrayView3<'_, f32>) -> Result<Array3<f32>> {
        let (frames, count, axes) = vertices.dim();
        if (count, axes) != (self.num_vertices(), 3) {
            return Err(Error::shape("vertices", format!("(T, {}, 3)", self.num_vertices()), vertices.shape()));
        }
        Ok(Array3::from_shape_fn((frames, self.landmarks.len(), 3), |(t, i, axis)| {
            let landmark = &self.landmarks[i];
            let corner = |c: usize| landmark.shares[c] * vertices[[t, self.faces[[landmark.face, c]] as usize, axis]];
            corner(0) + corner(1) + corner(2)
        }))
    }
}
