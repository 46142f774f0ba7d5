//! The section `model` of NRDF's `config.yaml`.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Maximum size of a configuration, bytes.
pub const MAX_CONFIG_BYTES: u64 = 1 << 16;

/// Activation between two layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `ln(1 + exp(beta x)) / beta`, and `x` itself where `beta x > 20`.
    Softplus {
        /// Sharpness of the bend.
        beta: f32,
    },
    /// `max(x, 0)`.
    Relu,
}

impl Activation {
    /// The function at `x`.
    pub fn at(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Softplus { beta } if beta * x > 20.0 => x,
            Self::Softplus { beta } => (beta * x).exp().ln_1p() / beta,
        }
    }
}

/// Sizes and activations of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct NrdfConfig {
    /// Parent of each joint of the encoder; parents come first.
    pub parents: Vec<Option<usize>>,
    /// Features per joint.
    pub features: usize,
    /// Activation of the encoder.
    pub encoder: Activation,
    /// Activation of the layers after it.
    pub decoder: Activation,
}

impl NrdfConfig {
    /// Reads the text of a `config.yaml`; sections other than `model` are ignored.
    ///
    /// # Errors
    /// [`Error::Config`] for a missing key or an unsupported value.
    pub fn parse(yaml: &str) -> Result<Self> {
        let keys = scalars(yaml);
        let get = |key: &str| {
            let found = keys.get(key).map(String::as_str);
            found.ok_or_else(|| Error::config(key, "is missing; give the config.yaml that belongs to the checkpoint"))
        };
        let parents = parents(get("model.StrEnc.smpl_mapping")?)?;
        let features = get("model.StrEnc.out_dim")?;
        let features = features.parse().ok().filter(|n| (1..=1024).contains(n));
        let features = features.ok_or_else(|| Error::config("model.StrEnc.out_dim", "is no number from 1 to 1024"))?;
        if keys.get("model.StrEnc.use").is_some_and(|used| !used.eq_ignore_ascii_case("true")) {
            return Err(Error::config(
                "model.StrEnc.use",
                "is not true; networks without the encoder are not supported",
            ));
        }
        let activation = |act: &'static str, beta: &'static str| match get(act)? {
            "softplus" => match get(beta)?.parse::<f32>() {
                Ok(beta) if beta.is_finite() && beta > 0.0 => Ok(Activation::Softplus { beta }),
                _ => Err(Error::config(beta, "is no number above 0")),
            },
            "relu" => Ok(Activation::Relu),
            other => Err(Error::config(act, format!("{other:?} is neither softplus nor relu"))),
        };
        let encoder = activation("model.StrEnc.act", "model.StrEnc.beta")?;
        let decoder = activation("model.DFNet.act", "model.DFNet.beta")?;
        Ok(Self { parents, features, encoder, decoder })
    }
}

/// `-1,-1,0`: the parent of each joint, -1 for none.
fn parents(list: &str) -> Result<Vec<Option<usize>>> {
    const KEY: &str = "model.StrEnc.smpl_mapping";
    let wrong = |what: &str| Error::config(KEY, format!("{what:?} is neither -1 nor an earlier joint"));
    let entries: Vec<&str> = list.trim_matches(['[', ']']).split(',').map(str::trim).collect();
    if entries.len() > 256 {
        return Err(Error::config(KEY, "lists more than 256 joints"));
    }
    let parent = |(joint, text): (usize, &&str)| match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(parent) => usize::try_from(parent).ok().filter(|p| *p < joint).map(Some).ok_or_else(|| wrong(text)),
        Err(_) => Err(wrong(text)),
    };
    entries.iter().enumerate().map(parent).collect()
}

/// The scalars of nested block mappings by dotted name, the subset of YAML in these files. Lists and multi-line texts are
/// ignored.
fn scalars(yaml: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(usize, &str)> = Vec::new();
    for line in yaml.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        let text = line.trim_start();
        let Some((key, value)) = text.split_once(':').filter(|_| !text.starts_with(['#', '-'])) else { continue };
        let indent = line.len() - text.len();
        open.retain(|(outer, _)| *outer < indent);
        open.push((indent, key.trim().trim_matches(['"', '\''])));
        let value = value.trim().trim_matches(['"', '\'']);
        if !value.is_empty() && open.len() <= 8 {
            let name = open.iter().map(|(_, key)| *key).collect::<Vec<_>>().join(".");
            found.insert(name, value.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const YAML: &str = "experiment:\n  act: other\nmodel: # the network\n  StrEnc:\n    use: true\n    \
        smpl_mapping: '-1, 0, 1'\n    out_dim: 6\n    act: softplus\n    beta: 100\n  DFNet:\n    act: \"relu\"\n";

    #[test]
    fn the_section_model_is_read_and_others_are_passed_over() {
        let config = NrdfConfig::parse(YAML).unwrap();
        let softplus = Activation::Softplus { beta: 100.0 };
        let parents = vec![None, Some(0), Some(1)];
        assert_eq!(config, NrdfConfig { parents, features: 6, encoder: softplus, decoder: Activation::Relu });
    }

    #[test]
    fn what_is_missing_or_not_supported_is_named() {
        let with = |from: &str, to: &str| NrdfConfig::parse(&YAML.replace(from, to)).unwrap_err().to_string();
        assert!(with("out_dim: 6", "outdim: 6").contains("model.StrEnc.out_dim"));
        assert!(with("out_dim: 6", "out_dim: 99999").contains("1024"));
        assert!(with("softplus", "swish").contains("swish"));
        assert!(with("beta: 100", "beta: 0").contains("model.StrEnc.beta"));
        assert!(with("-1, 0, 1", "-1, 1, 0").contains("smpl_mapping"), "a joint is its own parent");
        assert!(with("-1, 0, 1", "-1, -2").contains("-2"));
        assert!(with("use: true", "use: false").contains("StrEnc.use"));
        assert!(NrdfConfig::parse("").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_an_error_or_read(text in "(model|StrEnc|act|beta|[a-z]{0,3}|[-: #'\\n]){0,40}") {
            let _ = NrdfConfig::parse(&text);
            let _ = NrdfConfig::parse(&YAML.replace("100", &text));
        }
    }

    #[test]
    fn softplus_is_the_identity_beyond_20() {
        let f = Activation::Softplus { beta: 100.0 };
        assert_eq!(f.at(0.21), 0.21);
        assert!((f.at(0.0) - 2f32.ln() / 100.0).abs() < 1e-9);
        assert!(f.at(-50.0) >= 0.0 && f.at(-50.0) < 1e-30);
    }
}
