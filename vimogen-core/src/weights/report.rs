//! Report of loading: counts and names.

use std::fmt;

/// Maximum number of listed names per group; the rest is counted.
const SHOWN: usize = 8;

/// Outcome of [`crate::weights::load()`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Checkpoint names that were loaded.
    pub applied: Vec<String>,
    /// Parameters missing in the checkpoint, without being allowed to.
    pub missing: Vec<String>,
    /// Parameters missing in the checkpoint, as allowed.
    pub kept: Vec<String>,
    /// Unused names of the checkpoint.
    pub unused: Vec<String>,
    /// Unused names of the checkpoint, as allowed.
    pub ignored: Vec<String>,
    /// Tensors of another shape: name, expected, found; shapes as stored, Linear weights `[out, in]`.
    pub mismatched: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// The most similar unused name of each missing name.
    pub nearest: Vec<(String, String)>,
}

impl Report {
    /// Whether every parameter was found and every tensor used, apart from what was allowed.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.mismatched.is_empty()
    }

    /// Fills [`Report::nearest`].
    pub(crate) fn suggest(&mut self) {
        for missing in self.missing.iter().take(SHOWN) {
            let near = self.unused.iter().map(|u| (strsim::levenshtein(missing, u), u)).min();
            if let Some((d, name)) = near
                && d <= missing.len() / 3
            {
                self.nearest.push((missing.clone(), name.clone()));
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} applied", self.applied.len())?;
        list(f, "missing", &self.missing)?;
        list(f, "unused", &self.unused)?;
        let shapes: Vec<String> = self
            .mismatched
            .iter()
            .map(|(name, want, got)| format!("{name} (expected {want:?}, got {got:?})"))
            .collect();
        list(f, "wrong shape", &shapes)?;
        let near: Vec<String> = self.nearest.iter().map(|(name, like)| format!("{like} for {name}")).collect();
        list(f, "did the file mean", &near)
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, names: &[String]) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "; {} {what}: {}", names.len(), names[..names.len().min(SHOWN)].join(", "))?;
    if names.len() > SHOWN { write!(f, ", ...") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_names_what_is_wrong_and_suggests() {
        let mut report = Report {
            applied: vec!["a".into()],
            missing: vec!["blocks.0.ffn.0.weight".into()],
            unused: vec!["blocks.0.ffn.1.weight".into(), "other".into()],
            mismatched: vec![("b".into(), vec![2, 3], vec![3, 2])],
            ..Report::default()
        };
        report.suggest();
        assert!(!report.is_complete());
        let text = report.to_string();
        assert!(text.contains("1 missing: blocks.0.ffn.0.weight"), "{text}");
        assert!(text.contains("b (expected [2, 3], got [3, 2])"), "{text}");
        assert!(text.contains("blocks.0.ffn.1.weight for blocks.0.ffn.0.weight"), "{text}");
    }
}
