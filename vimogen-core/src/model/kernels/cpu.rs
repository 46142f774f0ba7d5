//! The instructions of the hand-written kernels: the CPU's, limited by `VIMOGEN_CPU`.

use std::sync::OnceLock;

use crate::declare::named_enum;
use crate::error::{Error, Result};

/// The environment variable that limits the instructions: a name of [`Level`].
pub const VARIABLE: &str = "VIMOGEN_CPU";

named_enum! {
    /// Set of CPU instructions; each includes those before it.
    pub enum Level("VIMOGEN_CPU") {
        /// Instructions of every CPU of the target; on ARM they include NEON.
        Portable = "portable",
        /// 256-bit vectors with fused multiply-add.
        Avx2 = "avx2",
        /// 512-bit vectors.
        Avx512 = "avx512",
        /// 512-bit vectors, products of bf16 pairs and of quads of 8 bits.
        Avx512Bf16 = "avx512bf16",
    }
}

impl Level {
    /// The highest level of this machine's CPU.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
                return Self::Portable;
            }
            if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")) {
                return Self::Avx2;
            }
            if !(is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni")) {
                return Self::Avx512;
            }
            Self::Avx512Bf16
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Portable
    }

    /// The level of the kernels: the CPU's, limited by `VIMOGEN_CPU` as it was at the first call.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let limit = Self::limit().ok().flatten().unwrap_or(Self::Avx512Bf16);
            limit.min(Self::detect())
        })
    }

    /// Checks `VIMOGEN_CPU`. A level above the CPU's is not an error: the CPU's own is used.
    ///
    /// # Errors
    /// [`Error::Config`] if the variable is set to something that is not a level.
    pub fn check() -> Result<()> {
        Self::limit().map(|_| ())
    }

    fn limit() -> Result<Option<Self>> {
        match std::env::var_os(VARIABLE) {
            None => Ok(None),
            Some(name) if name.is_empty() => Ok(None),
            Some(name) => Self::from_variable(&name.to_string_lossy()).map(Some),
        }
    }

    fn from_variable(name: &str) -> Result<Self> {
        name.parse().map_err(|error: Error| Error::config(VARIABLE, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_their_names_and_nothing_else_is() {
        for level in Level::ALL {
            assert_eq!(Level::from_variable(level.name()).unwrap(), level);
        }
        let text = Level::from_variable("sse9").unwrap_err().to_string();
        assert!(text.contains("VIMOGEN_CPU") && text.contains("avx512bf16"), "{text}");
    }

    #[test]
    fn nothing_runs_above_what_the_cpu_has() {
        assert!(Level::current() <= Level::detect());
    }
}
