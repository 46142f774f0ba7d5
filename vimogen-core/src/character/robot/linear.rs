//! A small least-squares problem with bounds.

/// Rounds of fixing values at their bounds.
const ROUNDS: usize = 8;

/// The step `x` with the least `x' H x / 2 + g' x` whose values are between `low` and `high`, nearly: values beyond a bound are
/// fixed there and the others solved again. `h` is symmetric and positive definite, its rows one after the other.
pub(super) fn bounded(h: &[f64], g: &[f64], low: &[f64], high: &[f64]) -> Vec<f64> {
    let n = g.len();
    let mut x = vec![0.0; n];
    let mut free: Vec<usize> = (0..n).collect();
    for round in 0..ROUNDS {
        let m = free.len();
        let mut matrix = vec![0.0; m * m];
        let mut right = vec![0.0; m];
        for (i, row) in free.iter().enumerate() {
            for (j, column) in free[..=i].iter().enumerate() {
                matrix[i * m + j] = h[row * n + column];
            }
            let fixed = (0..n).filter(|k| x[*k] != 0.0).map(|k| h[row * n + k] * x[k]);
            right[i] = -g[*row] - fixed.sum::<f64>();
        }
        cholesky(&mut matrix, &mut right);
        let beyond = |k: usize, value: f64| value < low[k] || value > high[k];
        if round + 1 == ROUNDS || free.iter().zip(&right).all(|(k, value)| !beyond(*k, *value)) {
            free.iter().zip(&right).for_each(|(k, value)| x[*k] = value.clamp(low[*k], high[*k]));
            break;
        }
        let mut left = Vec::with_capacity(m);
        for (k, value) in free.iter().zip(&right) {
            if beyond(*k, *value) {
                x[*k] = value.clamp(low[*k], high[*k]);
            } else {
                left.push(*k);
            }
        }
        free = left;
    }
    x
}

/// Solves `matrix x = right` in place by `L L'`; only the lower triangle is read.
fn cholesky(matrix: &mut [f64], right: &mut [f64]) {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let (above, row) = matrix.split_at(i * n);
            let other = if j == i { &row[..j] } else { &above[j * n..j * n + j] };
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            let value = matrix[i * n + j] - sum;
            matrix[i * n + j] = if i == j { value.max(1e-300).sqrt() } else { value / matrix[j * n + j] };
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| matrix[i * n + k] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| matrix[k * n + i] * right[k]).sum();
        right[i] = (right[i] - sum) / matrix[i * n + i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A'A of a 3 x 3 matrix with full rank.
    const H: [f64; 9] = [6.0, 2.0, 1.0, 2.0, 5.0, 2.0, 1.0, 2.0, 4.0];

    #[test]
    fn without_bounds_the_gradient_vanishes() {
        let g = [1.0, -2.0, 3.0];
        let x = bounded(&H, &g, &[-9.0; 3], &[9.0; 3]);
        for i in 0..3 {
            let gradient: f64 = (0..3).map(|j| H[i * 3 + j] * x[j]).sum::<f64>() + g[i];
            assert!(gradient.abs() < 1e-12, "{gradient}");
        }
    }

    #[test]
    fn a_value_at_its_bound_leaves_the_others_at_their_best() {
        let g = [1.0, -2.0, 3.0];
        let x = bounded(&H, &g, &[-9.0, -9.0, -0.5], &[9.0; 3]);
        assert_eq!(x[2], -0.5);
        for i in 0..2 {
            let gradient: f64 = (0..3).map(|j| H[i * 3 + j] * x[j]).sum::<f64>() + g[i];
            assert!(gradient.abs() < 1e-12, "{gradient}");
        }
    }
}
