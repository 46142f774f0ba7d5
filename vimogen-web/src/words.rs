//! Metrics of a motion in words, with the table of `vimogen serve`.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use vimogen_core::Result;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::Motion;

/// Meaning, unit and bounds of each metric.
fn table() -> &'static Map<String, Value> {
    static TABLE: OnceLock<Map<String, Value>> = OnceLock::new();
    let text = include_str!("../../python/vimogen/studio/metrics.json");
    TABLE.get_or_init(|| serde_json::from_str(text).unwrap_or_default())
}

/// The metrics that a motion has; a single frame has none.
fn measured(motion: &Motion) -> Result<Vec<(&'static str, f64)>> {
    if motion.len() < 2 {
        return Ok(vec![]);
    }
    let quality = Quality::measure(motion.joints(), UpAxis::Z)?;
    Ok(quality.named().iter().map(|(name, value)| (*name, f64::from(*value))).collect())
}

fn about(name: &str) -> &'static str {
    table().get(name).and_then(|row| row["about"].as_str()).unwrap_or_default()
}

/// Name, value, unit, meaning and a word for each metric.
pub(crate) fn explained(motion: &Motion) -> Result<Vec<Value>> {
    Ok(measured(motion)?.into_iter().map(|(name, value)| explain(name, value)).collect())
}

fn explain(name: &str, value: f64) -> Value {
    let row = table().get(name).unwrap_or(&Value::Null);
    let unit = row["unit"].as_str().unwrap_or_default();
    if !value.is_finite() {
        let word = "not defined";
        return json!({ "name": name, "about": about(name), "value": null, "unit": unit, "shown": word, "word": word });
    }
    let bound = |name: &str| row[name].as_f64().unwrap_or_default();
    let word = match (bound("good"), bound("poor")) {
        (good, poor) if poor <= good => "",
        (good, _) if value <= good => "good",
        (_, poor) if value <= poor => "fair",
        _ => "poor",
    };
    let scaled = value * bound("factor");
    let shown = match !unit.is_empty() && 0.0 < scaled && scaled < 0.01 {
        true => "below 0.01".into(),
        false => short(scaled),
    };
    let shown = format!("{shown} {unit}");
    json!({ "name": name, "about": about(name), "value": value, "unit": unit, "shown": shown.trim(), "word": word })
}

/// A number of three digits.
fn short(value: f64) -> String {
    let exact = format!("{value:.2e}");
    let power: i32 = exact.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default();
    if !(-4..3).contains(&power) {
        return exact;
    }
    let text = format!("{value:.0$}", (2 - power) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// How the second motion differs from the first, metric by metric.
pub(crate) fn compared(first: &Motion, second: &Motion) -> Result<Vec<String>> {
    let pairs = std::iter::zip(measured(first)?, measured(second)?);
    let finite = pairs.filter(|((_, a), (_, b))| a.is_finite() && b.is_finite());
    Ok(finite.map(|((name, a), (_, b))| compare(about(name), a.abs(), b.abs())).collect())
}

fn compare(about: &str, a: f64, b: f64) -> String {
    let (low, high, more) = if a > b { (b, a, 'A') } else { (a, b, 'B') };
    if high < 1e-9 || high - low < 0.1 * high {
        format!("{about}: about the same")
    } else if low < 1e-9 {
        format!("{about}: only {more} has any")
    } else {
        format!("{about}: {:.1} times as much in {more}", high / low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let cases = [(0.0, "0"), (0.006543, "0.00654"), (12.0, "12"), (99.96, "100"), (0.5, "0.5"), (2346.0, "2.35e3")];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn every_metric_has_its_meaning() {
        let motion = crate::about::standing().unwrap();
        for row in explained(&motion).unwrap() {
            assert!(!row["about"].as_str().unwrap().is_empty(), "{row}");
        }
    }

    #[test]
    fn differences_are_said() {
        assert_eq!(compare("sliding", 1.0, 2.0), "sliding: 2.0 times as much in B");
        assert_eq!(compare("sliding", 1.0, 0.0), "sliding: only A has any");
        assert_eq!(compare("sliding", 1.0, 1.05), "sliding: about the same");
    }
}
