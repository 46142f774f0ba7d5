//! Smooth sequences by weighted least squares.

/// A sequence of values, one per frame, that minimises a sum of squares: of its second differences, of its distance from
/// places, of its steps. The normal equations have five diagonals and are solved in linear time.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// Lower triangle: the diagonal and the two entries to the left of it.
    rows: Vec<[f64; 3]>,
    right: Vec<f64>,
}

impl Curve {
    /// `frames` values whose second differences weigh `stiffness`, and whose distance from 0 weighs `pull`.
    pub fn new(frames: usize, stiffness: f64, pull: f64) -> Self {
        let mut curve = Self { rows: vec![[pull, 0.0, 0.0]; frames], right: vec![0.0; frames] };
        for t in 2..frames {
            curve.add(&[(t - 2, 1.0), (t - 1, -2.0), (t, 1.0)], 0.0, stiffness);
        }
        curve
    }

    /// Pulls the value of a frame to `value`.
    pub fn place(&mut self, t: usize, value: f64, weight: f64) {
        self.add(&[(t, 1.0)], value, weight);
    }

    /// Pulls the step from frame `t` to the next to `value`.
    pub fn step(&mut self, t: usize, value: f64, weight: f64) {
        self.add(&[(t, -1.0), (t + 1, 1.0)], value, weight);
    }

    /// Adds `weight (sum row - value)^2`; the row's frames are neighbours in ascending order.
    fn add(&mut self, row: &[(usize, f64)], value: f64, weight: f64) {
        for (i, (t, a)) in row.iter().enumerate() {
            self.right[*t] += weight * a * value;
            for (s, b) in &row[..=i] {
                self.rows[*t][t - s] += weight * a * b;
            }
        }
    }

    /// The values with the least sum: `L D L^T` of the matrix, without pivots, since it is positive definite.
    pub fn solve(&self) -> Vec<f64> {
        let n = self.rows.len();
        // Of each row the pivot, then the factors of the two rows before.
        let mut factors: Vec<[f64; 3]> = Vec::with_capacity(n);
        let mut x = self.right.clone();
        for (t, [diagonal, near, far]) in self.rows.iter().copied().enumerate() {
            let before = |back: usize| t.checked_sub(back).map_or([1.0, 0.0, 0.0], |s| factors[s]);
            let (one, two) = (before(1), before(2));
            let far = far / two[0];
            let near = (near - far * two[0] * one[1]) / one[0];
            let pivot = diagonal - near * near * one[0] - far * far * two[0];
            factors.push([pivot.max(1e-12), near, far]);
            x[t] -= near * t.checked_sub(1).map_or(0.0, |s| x[s]) + far * t.checked_sub(2).map_or(0.0, |s| x[s]);
        }
        for t in (0..n).rev() {
            x[t] /= factors[t][0];
            for after in t + 1..n.min(t + 3) {
                x[t] -= factors[after][after - t] * x[after];
            }
        }
        x
    }

    /// The values with the least sum that are at least `lowest`, to within `within`, found by pulling the frames that are
    /// below.
    pub fn solve_above(mut self, lowest: &[f64], within: f64) -> Vec<f64> {
        let mut x = self.solve();
        for _ in 0..ROUNDS {
            let below: Vec<usize> = (0..x.len()).filter(|t| x[*t] < lowest[*t] - within).collect();
            if below.is_empty() {
                break;
            }
            below.iter().for_each(|t| self.place(*t, lowest[*t], HOLD));
            x = self.solve();
        }
        x
    }
}

/// Rounds of pulling frames up.
const ROUNDS: usize = 16;
/// Weight of a frame that would be too low.
const HOLD: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_met_and_the_rest_bends_little() {
        let mut curve = Curve::new(40, 1.0, 1e-9);
        curve.place(10, 1.0, 1e6);
        curve.place(30, 3.0, 1e6);
        let x = curve.solve();
        // With two places the smoothest sequence is a line.
        assert!(x.iter().enumerate().all(|(t, v)| (v - t as f64 * 0.1).abs() < 1e-3), "{x:?}");
    }

    #[test]
    fn steps_are_kept_and_lower_bounds_hold() {
        let mut curve = Curve::new(30, 1.0, 1e-3);
        (10..15).for_each(|t| curve.step(t, 0.1, 1e5));
        let x = curve.solve();
        assert!((x[15] - x[10] - 0.5).abs() < 1e-3, "{x:?}");
        let mut lowest = vec![0.0; 30];
        lowest[20] = 2.0;
        let x = curve.solve_above(&lowest, 1e-2);
        assert!(x.iter().zip(&lowest).all(|(x, low)| *x > low - 0.05) && x[20] > 1.9, "{x:?}");
    }

    #[test]
    fn one_and_two_frames_are_solved_too() {
        for frames in 1..3 {
            let mut curve = Curve::new(frames, 1.0, 1e-3);
            curve.place(0, 2.0, 1.0);
            assert!((curve.solve()[0] - 2.0).abs() < 0.01);
        }
    }
}
