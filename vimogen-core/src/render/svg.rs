//! Parts of SVG pictures: the frame, text, and axes.

use std::fmt::{Arguments, Write as _};

use super::html::escape_html;

/// An SVG picture in the making.
pub(crate) struct Svg(String);

impl Svg {
    /// A file of its own; `attributes` of the root element are markup.
    pub fn file(width: f64, height: f64, attributes: &str) -> Self {
        Self::new(width, height, &format!("xmlns=\"http://www.w3.org/2000/svg\" {attributes}"))
    }

    /// An element of an HTML page.
    #[cfg(feature = "mbench")]
    pub fn inline(width: f64, height: f64) -> Self {
        Self::new(width, height, "role=\"img\"")
    }

    fn new(width: f64, height: f64, attributes: &str) -> Self {
        Self(format!("<svg viewBox=\"0 0 {width} {height}\" {attributes}>\n"))
    }

    /// Adds markup.
    pub fn add(&mut self, markup: Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(markup);
        self.0.push('\n');
    }

    /// Adds a text, which is escaped; `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: &str, attributes: &str, text: &str) {
        let text = escape_html(text);
        self.add(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{attributes}>{text}</text>"));
    }

    /// The whole picture.
    pub fn finish(self) -> String {
        self.0 + "</svg>\n"
    }
}

/// A linear axis from values to pixels.
#[cfg(feature = "mbench")]
pub(crate) struct Axis {
    /// Minimum value.
    pub low: f64,
    /// Maximum value.
    pub high: f64,
    pixels: (f64, f64),
}

#[cfg(feature = "mbench")]
impl Axis {
    /// Spans the finite values; `None` if there are none. `pixels` are the positions of the smallest and the largest one.
    pub fn over(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Option<Self> {
        let extremes = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), extremes);
        let gap = 1e-6_f64.max(low.abs() * 1e-3);
        let upper = if high - low < 1e-12 { low + gap } else { high };
        (low <= high).then_some(Self { low, high: upper, pixels })
    }

    /// The pixel of a value.
    pub fn pixel(&self, value: f64) -> f64 {
        self.pixels.0 + (value - self.low) / (self.high - self.low) * (self.pixels.1 - self.pixels.0)
    }

    /// The value at a share of the axis, 0 to 1.
    pub fn value(&self, share: f64) -> f64 {
        self.low + share * (self.high - self.low)
    }
}

#[cfg(all(test, feature = "mbench"))]
mod tests {
    use super::*;

    #[test]
    fn an_axis_spans_its_finite_values_and_text_is_escaped() {
        let axis = Axis::over([3.0, f64::NAN, 1.0].into_iter(), (100.0, 0.0)).unwrap();
        assert_eq!((axis.pixel(1.0), axis.pixel(2.0), axis.value(1.0)), (100.0, 50.0, 3.0));
        assert!(Axis::over([f64::NAN].into_iter(), (0.0, 1.0)).is_none());
        assert!(Axis::over([2.0].into_iter(), (0.0, 1.0)).unwrap().pixel(2.0).is_finite());
        let mut svg = Svg::inline(10.0, 20.0);
        svg.text((1.0, 2.0), "end", "", "a < b");
        let want = "<svg viewBox=\"0 0 10 20\" role=\"img\">\n<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\">a &lt; b</text>\n</svg>\n";
        assert_eq!(svg.finish(), want);
    }
}
