//! Distribution of the values of a dimension as SVG: a histogram per run, with the mean and its interval.

use crate::render::svg::{Axis, Svg};

/// Colours of runs, distinguishable with colour blindness (Okabe and Ito 2008).
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

/// Histograms over one axis, one below the other; only finite values count.
pub(super) fn histograms(rows: &[Row]) -> String {
    let values = rows.iter().flat_map(|row| row.values.iter().map(|value| f64::from(*value)));
    let Some(x) = Axis::over(values, (LEFT, WIDTH - LEFT)) else { return String::new() };
    let height = ROW * rows.len() as f64 + 24.0;
    let mut svg = Svg::inline(WIDTH, height);
    for (i, row) in rows.iter().enumerate() {
        let (base, colour) = (ROW * (i + 1) as f64, COLOURS[i % COLOURS.len()]);
        let counts = counts(&row.values, &x);
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        svg.add(format_args!("<g fill=\"{colour}\">"));
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let width = (WIDTH - 2.0 * LEFT) / BINS as f64;
            let tall = (ROW - 24.0) * *count as f64 / most;
            let (left, top, bar) = (LEFT + bin as f64 * width, base - tall, width - 1.0);
            svg.add(format_args!(
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{bar:.1}\" height=\"{tall:.1}\" opacity=\".55\"/>"
            ));
        }
        let right = WIDTH - LEFT;
        svg.add(format_args!("</g><line class=\"axis\" x1=\"{LEFT}\" x2=\"{right:.1}\" y1=\"{base}\" y2=\"{base}\"/>"));
        mark(&mut svg, row, colour, base - ROW + 14.0, &x);
    }
    svg.text((LEFT, height - 8.0), "start", "", &shown(x.value(0.0)));
    svg.text((WIDTH - LEFT, height - 8.0), "end", "", &shown(x.value(1.0)));
    svg.finish()
}

/// The mean as a point and its interval as a bar.
fn mark(svg: &mut Svg, row: &Row, colour: &str, y: f64, x: &Axis) {
    if !row.mean.is_finite() {
        return;
    }
    let at = x.pixel(row.mean);
    let (from, to) = row.interval.map_or((at, at), |(low, high)| (x.pixel(low), x.pixel(high)));
    svg.add(format_args!(
        "<line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"4\"/>\
         <circle cx=\"{at:.1}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>"
    ));
    // Next to point and bar, on the side with more room.
    let (anchor, text) = if to > WIDTH - 120.0 { ("end", from.min(at) - 10.0) } else { ("start", to.max(at) + 10.0) };
    svg.text((text, y + 4.0), anchor, "", &format!("mean {}", shown(row.mean)));
}

fn counts(values: &[f32], x: &Axis) -> [usize; BINS] {
    let mut counts = [0; BINS];
    for value in values.iter().filter(|value| value.is_finite()) {
        let bin = ((f64::from(*value) - x.low) / (x.high - x.low) * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    counts
}

/// A value, rounded for display.
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
    fn every_finite_value_is_in_a_bar_and_others_are_ignored() {
        let values = [0.0, 0.1, 0.1, 0.5, 1.0, f32::NAN, f32::INFINITY];
        assert_eq!(counts(&values, &Axis::over([0.0, 1.0].into_iter(), (0.0, 1.0)).unwrap()).iter().sum::<usize>(), 5);
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
