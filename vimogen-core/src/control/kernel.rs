//! Metrics over time: how a correction at one frame moves the others.

/// Variance of the root's steps, metres^2 per frame^2, of the built-in model's walks.
const STEP_VARIANCE: f64 = 9e-5;
/// Variance of the root's place at the first frame, metres^2.
const START_VARIANCE: f64 = 2.5e-3;
/// Length over which steps of the root keep together, frames.
const STEP_LENGTH: f64 = 9.0;
/// Length over which poses keep together, frames.
const POSE_LENGTH: f64 = 6.0;
/// Share of a kernel's variance that frames do not share: without it systems of many rows are singular.
const OWN: f64 = 1e-4;

/// A weighted sum of frames.
pub(super) type Row = Vec<(usize, f64)>;

/// Matern 5/2 of two frames, 1 at distance 0.
fn matern(a: usize, b: usize, length: f64) -> f64 {
    let r = 5f64.sqrt() * a.abs_diff(b) as f64 / length;
    (1.0 + r + r * r / 3.0) * (-r).exp()
}

/// Covariance of poses.
fn poses(frames: usize) -> Vec<Vec<f64>> {
    let entry = |a: usize, b: usize| matern(a, b, POSE_LENGTH) + if a == b { OWN } else { 0.0 };
    (0..frames).map(|a| (0..frames).map(|b| entry(a, b)).collect()).collect()
}

/// Covariance of places: a correction is a smooth change of speed, which stays.
fn places(frames: usize) -> Vec<Vec<f64>> {
    let step = |a: usize, b: usize| matern(a, b, STEP_LENGTH) + if a == b { OWN } else { 0.0 };
    // Sums of steps before both frames, built row by row.
    let mut sums = vec![vec![0.0; frames]; frames];
    for a in 1..frames {
        for b in 1..frames {
            sums[a][b] = sums[a - 1][b] + sums[a][b - 1] - sums[a - 1][b - 1] + STEP_VARIANCE * step(a - 1, b - 1);
        }
    }
    sums.iter_mut().flatten().for_each(|v| *v += START_VARIANCE);
    sums
}

/// Corrections of all frames for a change of the rows' values, smallest in a metric: `K A^T (A K A^T)^-1`.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    rows: Vec<Row>,
    /// Weights of the rows for each frame.
    weights: Vec<Vec<f32>>,
}

impl Spread {
    /// Of rows on poses.
    pub(super) fn of_poses(rows: Vec<Row>, frames: usize) -> Self {
        Self::new(rows, &poses(frames))
    }

    /// Of rows on places.
    pub(super) fn of_places(rows: Vec<Row>, frames: usize) -> Self {
        Self::new(rows, &places(frames))
    }

    fn new(rows: Vec<Row>, kernel: &[Vec<f64>]) -> Self {
        // K A^T, frames x rows.
        let reach: Vec<Vec<f64>> = kernel
            .iter()
            .map(|of| rows.iter().map(|row| row.iter().map(|(frame, weight)| weight * of[*frame]).sum()).collect())
            .collect();
        let gram: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                (0..rows.len()).map(|i| row.iter().map(|(frame, weight)| weight * reach[*frame][i]).sum()).collect()
            })
            .collect();
        let factor = cholesky(gram);
        let weights = reach.iter().map(|of| solve(&factor, of).into_iter().map(|v| v as f32).collect()).collect();
        Self { rows, weights }
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The weights of the rows at a frame.
    pub(super) fn at(&self, frame: usize) -> &[f32] {
        &self.weights[frame]
    }
}

/// Lower factor of a symmetric positive definite matrix; a pivot that is lost in rounding is raised, which leaves out what
/// the rows before already say.
fn cholesky(mut m: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = m.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| m[i][k] * m[j][k]).sum();
            let rest = m[i][j] - sum;
            m[i][j] = if i == j { rest.max(1e-10 * m[i][i]).max(1e-14).sqrt() } else { rest / m[j][j] };
        }
    }
    m
}

/// Solves `L L^T x = b`.
fn solve(l: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - (0..i).map(|k| l[i][k] * x[k]).sum::<f64>()) / l[i][i];
    }
    for i in (0..n).rev() {
        x[i] = (x[i] - (i + 1..n).map(|k| l[k][i] * x[k]).sum::<f64>()) / l[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(spread: &Spread, change: &[f32], frames: usize) -> Vec<f32> {
        (0..frames).map(|t| spread.at(t).iter().zip(change).map(|(w, d)| w * d).sum()).collect()
    }

    #[test]
    fn a_correction_meets_its_rows_and_fades_away_from_them() {
        let rows = vec![vec![(10, 1.0)], vec![(30, 1.0)]];
        let moved = apply(&Spread::of_poses(rows, 60), &[1.0, -2.0], 60);
        assert!((moved[10] - 1.0).abs() < 1e-3 && (moved[30] + 2.0).abs() < 2e-3);
        assert!(moved[59].abs() < 1e-2 && (moved[11] - moved[10]).abs() < 0.1);
    }

    #[test]
    fn a_way_point_changes_the_speed_and_the_rest_of_the_path_goes_along() {
        let rows = vec![vec![(0, 1.0)], vec![(40, 1.0)]];
        let moved = apply(&Spread::of_places(rows, 80), &[0.0, 1.0], 80);
        assert!(moved[0].abs() < 1e-3 && (moved[40] - 1.0).abs() < 1e-3 && moved[79] > 0.9, "{moved:?}");
        let bends = moved.windows(3).map(|m| (m[0] - 2.0 * m[1] + m[2]).abs()).fold(0.0, f32::max);
        assert!(bends < 0.01, "{bends}");
    }

    #[test]
    fn every_frame_may_be_placed_and_repeated_rows_do_no_harm() {
        let all: Vec<Row> = (0..100).map(|t| vec![(t, 1.0)]).collect();
        let change: Vec<f32> = (0..100).map(|t| (t as f32 * 0.1).sin()).collect();
        let moved = apply(&Spread::of_places(all, 100), &change, 100);
        assert!(moved.iter().zip(&change).all(|(a, b)| (a - b).abs() < 1e-2), "{moved:?}");
        let twice = vec![vec![(5, 1.0)], vec![(5, 1.0)]];
        let moved = apply(&Spread::of_poses(twice, 10), &[1.0, 1.0], 10);
        assert!((moved[5] - 1.0).abs() < 1e-2, "{moved:?}");
    }
}
