//! How the values of a dimension lie, as SVG: a histogram for each run, its mean and the interval of the mean.

use std::fmt::Write as _;

/// Colours of runs, told apart also without colour vision (Okabe and Ito 2008).
pub(super) const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"];

const WIDTH: f64 = 720.0;
const LEFT: f64 = 20.0;
const ROW: f64 = 84.0;
const BINS: usize = 40;

/// The values of one run.
pub(super) struct Row {
    pub values: Vec<f32>,
    pub mean: f64,
    pub interval: Option<(f64, f64)>,
}

/// Histograms over one axis, one below the other. Values that are not finite are left out.
pub(super) fn histograms(rows: &[Row]) -> String {
    let all = || rows.iter().flat_map(|row| row.values.iter().copied().filter(|value| value.is_finite()));
    let (low, high) = all().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return String::new();
    }
    let (low, mut high) = (f64::from(low), f64::from(high));
    if high - low < 1e-12 {
        high = low + 1e-6_f64.max(low.abs() * 1e-3);
    }
    let x = |value: f64| LEFT + (value - low) / (high - low) * (WIDTH - 2.0 * LEFT);
    let height = ROW * rows.len() as f64 + 24.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">");
    for (i, row) in rows.iter().enumerate() {
        let base = ROW * (i + 1) as f64;
        let counts = counts(&row.values, low, high);
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let colour = COLOURS[i % COLOURS.len()];
        let _ = write!(svg, "<g fill=\"{colour}\">");
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let width = (WIDTH - 2.0 * LEFT) / BINS as f64;
            let tall = (ROW - 24.0) * *count as f64 / most;
            let (left, top, bar) = (LEFT + bin as f64 * width, base - tall, width - 1.0);
            let _ = write!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{bar:.1}\" height=\"{tall:.1}\" opacity=\".55\"/>"
            );
        }
        svg.push_str("</g>");
        let _ =
            write!(svg, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{base}\" y2=\"{base}\"/>", WIDTH - LEFT);
        mark(&mut svg, row, colour, base - ROW + 14.0, &x);
    }
    let below = height - 8.0;
    let _ = write!(svg, "<text x=\"{LEFT}\" y=\"{below}\">{}</text>", shown(low));
    let _ =
        write!(svg, "<text x=\"{:.1}\" y=\"{below}\" text-anchor=\"end\">{}</text></svg>", WIDTH - LEFT, shown(high));
    svg
}

/// The mean as a point and its interval as a bar.
fn mark(svg: &mut String, row: &Row, colour: &str, y: f64, x: &impl Fn(f64) -> f64) {
    if !row.mean.is_finite() {
        return;
    }
    let at = x(row.mean);
    let (from, to) = row.interval.map_or((at, at), |(low, high)| (x(low), x(high)));
    let _ = write!(
        svg,
        "<line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"4\"/>\
         <circle cx=\"{at:.1}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>"
    );
    // Beside point and bar, on the side where there is room.
    let (anchor, text) = if to > WIDTH - 120.0 { ("end", from.min(at) - 10.0) } else { ("start", to.max(at) + 10.0) };
    let label = y + 4.0;
    let _ = write!(svg, "<text x=\"{text:.1}\" y=\"{label}\" text-anchor=\"{anchor}\">mean {}</text>", shown(row.mean));
}

fn counts(values: &[f32], low: f64, high: f64) -> [usize; BINS] {
    let mut counts = [0; BINS];
    for value in values.iter().filter(|value| value.is_finite()) {
        let bin = ((f64::from(*value) - low) / (high - low) * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    counts
}

/// A number to read, not to compute with.
pub(super) fn shown(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "no value".into(),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.5}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_in_a_bar_and_others_do_no_harm() {
        let values = [0.0, 0.1, 0.1, 0.5, 1.0, f32::NAN, f32::INFINITY];
        assert_eq!(counts(&values, 0.0, 1.0).iter().sum::<usize>(), 5);
        let row = || Row { values: values.to_vec(), mean: 0.34, interval: Some((0.1, 0.6)) };
        let svg = histograms(&[row(), row()]);
        assert_eq!(svg.matches("<rect").count(), 8);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(histograms(&[Row { values: vec![f32::NAN], mean: f64::NAN, interval: None }]), "");
        let flat = histograms(&[Row { values: vec![2.0, 2.0], mean: 2.0, interval: None }]);
        assert_eq!(flat.matches("<rect").count(), 1);
        assert!(!flat.contains("NaN"), "{flat}");
    }
}
