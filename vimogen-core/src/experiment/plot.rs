//! Curves of a run as an SVG picture.

use std::fmt::Write;
use std::path::Path;

use crate::error::Result;
use crate::format::write_atomic;

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

/// The picture's text.
pub fn svg(title: &str, curves: &[Curve<'_>]) -> String {
    let good = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && *y > 0.0;
    let curves: Vec<Curve<'_>> =
        curves.iter().map(|(name, points)| (*name, thin(points.iter().copied().filter(good).collect()))).collect();
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let x = Axis::new(all().map(|p| p.0));
    let y = Axis::new(all().map(|p| p.1.log10()));
    let at = |(step, value): &(f64, f64)| {
        let (u, v) = (x.share(*step), y.share(value.log10()));
        (LEFT + u * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM))
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><text x=\"{LEFT}\" y=\"22\" \
         font-size=\"15\">{}</text>\n",
        escape(title)
    );
    for i in 0..=4 {
        let share = f64::from(i) / 4.0;
        let (px, py) = at(&(x.value(share), 10f64.powf(y.value(share))));
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {py:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>",
            LEFT - 6.0,
            py + 4.0,
            short(10f64.powf(y.value(share))),
            bottom + 18.0,
            x.value(share),
        );
    }
    for (i, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let path: Vec<String> = points.iter().map(at).map(|(px, py)| format!("{px:.1},{py:.1}")).collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" text-anchor=\"end\">{}</text>",
            path.join(" "),
            WIDTH - RIGHT,
            22.0 + 15.0 * i as f64,
            escape(name)
        );
    }
    out + "</svg>\n"
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The extent of an axis.
struct Axis {
    low: f64,
    span: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        if low <= high { Self { low, span: (high - low).max(1e-9) } } else { Self { low: 0.0, span: 1.0 } }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.low) / self.span
    }

    fn value(&self, share: f64) -> f64 {
        self.low + share * self.span
    }
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
