//! Curves over time: eases, windows and Hermite splines.

/// Minimum-jerk ease: 0 below 0, 1 above 1, first and second derivative zero at both ends.
pub fn ease(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (10.0 + x * (6.0 * x - 15.0))
}

/// [`ease`] from time `a` to time `b`.
pub fn ramp(t: f32, a: f32, b: f32) -> f32 {
    ease((t - a) / (b - a).max(1e-3))
}

/// Up over `a..b`, down over `c..d`.
pub fn pulse(t: f32, [a, b, c, d]: [f32; 4]) -> f32 {
    ramp(t, a, b) - ramp(t, c, d)
}

/// Integral of [`ramp`] from the beginning: how far something has come whose speed rises from 0 to 1 over `a..b`.
pub fn ramp_integral(t: f32, a: f32, b: f32) -> f32 {
    let width = (b - a).max(1e-3);
    let x = ((t - a) / width).clamp(0.0, 1.0);
    let x4 = x * x * x * x;
    width * x4 * (2.5 + x * (x - 3.0)) + (t - b).max(0.0)
}

/// Linear interpolation.
pub fn mix(a: f32, b: f32, w: f32) -> f32 {
    a + (b - a) * w
}

/// Cubic Hermite spline through keys `(time, value, slope)`, constant before the first and after the last.
#[derive(Debug, Clone)]
pub struct Spline(pub Vec<(f32, f32, f32)>);

impl Spline {
    /// Value at `t`.
    pub fn at(&self, t: f32) -> f32 {
        let keys = &self.0;
        let next = keys.partition_point(|k| k.0 <= t);
        match (next.checked_sub(1).map(|i| keys[i]), keys.get(next)) {
            (None, Some(first)) => first.1,
            (Some(last), None) => last.1,
            (Some(a), Some(&b)) => hermite(a, b, t),
            (None, None) => 0.0,
        }
    }
}

fn hermite(a: (f32, f32, f32), b: (f32, f32, f32), t: f32) -> f32 {
    let h = b.0 - a.0;
    let x = (t - a.0) / h;
    let (x2, x3) = (x * x, x * x * x);
    let (ka, kb) = (2.0 * x3 - 3.0 * x2 + 1.0, 3.0 * x2 - 2.0 * x3);
    ka * a.1 + kb * b.1 + h * ((x3 - 2.0 * x2 + x) * a.2 + (x3 - x2) * b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_integral_is_the_integral_of_the_ramp() {
        let (mut sum, n) = (0.0f64, 20_000);
        for i in 0..n {
            sum += f64::from(ramp(3.0 * (i as f32 + 0.5) / n as f32, 0.5, 1.7)) * 3.0 / n as f64;
        }
        assert!((sum as f32 - ramp_integral(3.0, 0.5, 1.7)).abs() < 1e-3);
    }

    #[test]
    fn a_spline_passes_its_keys_and_is_constant_outside() {
        let spline = Spline(vec![(0.0, 1.0, 0.0), (1.0, 3.0, 2.0), (2.0, -1.0, 0.0)]);
        for (t, x) in [(-1.0, 1.0), (0.0, 1.0), (1.0, 3.0), (2.0, -1.0), (5.0, -1.0)] {
            assert!((spline.at(t) - x).abs() < 1e-6, "{t}");
        }
    }
}
