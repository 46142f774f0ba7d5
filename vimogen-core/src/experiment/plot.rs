//! Curves of a run as an SVG picture.

use std::path::Path;

use crate::error::Result;
use crate::format::write_atomic;
use crate::render::svg::{Axis, Svg};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
/// Maximum points of a curve; neighbours are averaged.
const POINTS: usize = 700;
/// Readable on white and on black, and without telling red from green.
const COLOURS: [&str; 4] = ["#4477aa", "#ee6677", "#228833", "#ccbb44"];

/// A named curve of steps and values.
pub type Curve<'a> = (&'a str, Vec<(f64, f64)>);

/// Draws curves over steps, the values on a logarithmic axis; values that are not above 0 are left out.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn save(path: &Path, title: &str, curves: &[Curve<'_>]) -> Result<()> {
    let svg = svg(title, curves);
    write_atomic(path, |w| std::io::Write::write_all(w, svg.as_bytes()))
}

/// Draws as [`save`], into a string.
pub fn svg(title: &str, curves: &[Curve<'_>]) -> String {
    let good = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && *y > 0.0;
    let curves: Vec<Curve<'_>> =
        curves.iter().map(|(name, points)| (*name, thin(points.iter().copied().filter(good).collect()))).collect();
    let mut svg = Svg::file(WIDTH, HEIGHT, "font-family=\"sans-serif\" font-size=\"12\"");
    svg.add(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"));
    svg.text((LEFT, 22.0), "start", " font-size=\"15\"", title);
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let x = Axis::over(all().map(|p| p.0), (LEFT, right));
    let y = Axis::over(all().map(|p| p.1.log10()), (bottom, TOP));
    let (Some(x), Some(y)) = (x, y) else { return svg.finish() };
    for i in 0..=4 {
        let share = f64::from(i) / 4.0;
        let (step, height) = (x.value(share), y.pixel(y.value(share)));
        svg.add(format_args!("<path d=\"M{LEFT} {height:.1}H{right}\" stroke=\"#ddd\"/>"));
        svg.text((LEFT - 6.0, height + 4.0), "end", "", &short(10f64.powf(y.value(share))));
        svg.text((x.pixel(step), bottom + 18.0), "middle", "", &format!("{step:.0}"));
    }
    for (i, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let at = |(step, value): &(f64, f64)| format!("{:.1},{:.1}", x.pixel(*step), y.pixel(value.log10()));
        let points = points.iter().map(at).collect::<Vec<_>>().join(" ");
        svg.add(format_args!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{points}\"/>"));
        svg.text((right, 22.0 + 15.0 * i as f64), "end", &format!(" fill=\"{colour}\""), name);
    }
    svg.finish()
}

/// Averages neighbours until there are few enough.
fn thin(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(POINTS).max(1);
    let mean = |chunk: &[(f64, f64)]| {
        let n = chunk.len() as f64;
        (chunk.iter().map(|p| p.0).sum::<f64>() / n, chunk.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(size).map(mean).collect()
}

fn short(value: f64) -> String {
    if (0.01..1000.0).contains(&value) { format!("{value:.3}") } else { format!("{value:.1e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_runs_from_the_lower_left_to_the_upper_right_corner() {
        let svg = svg("a < b", &[("loss", vec![(0.0, 0.1), (5.0, f64::NAN), (10.0, 10.0), (11.0, 0.0)])]);
        assert!(svg.contains("points=\"64.0,320.0 744.0,40.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains(">loss<") && svg.ends_with("</svg>\n"));
        assert!(super::svg("empty", &[]).contains("</svg>"));
    }

    #[test]
    fn long_curves_are_averaged() {
        let thinned = thin((0..7000).map(|i| (f64::from(i), 2.0)).collect());
        assert_eq!((thinned.len(), thinned[0]), (700, (4.5, 2.0)));
    }
}
