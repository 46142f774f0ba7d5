//! Which instructions the hand-written kernels may use: what the CPU has, or less where `VIMOGEN_CPU` says so.

use std::sync::OnceLock;

use crate::error::{Error, Result};

/// The environment variable that limits the instructions: a name of [`Level`].
pub const VARIABLE: &str = "VIMOGEN_CPU";

/// A set of instructions; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target has; on ARM that includes NEON.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
    /// 512-bit vectors and products of bf16 pairs.
    Avx512Bf16,
}

impl Level {
    /// All levels, from the least.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Avx512Bf16];

    /// The name in `VIMOGEN_CPU`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Bf16 => "avx512bf16",
        }
    }

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
            if !is_x86_feature_detected!("avx512bf16") {
                return Self::Avx512;
            }
            Self::Avx512Bf16
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Portable
    }

    /// The level that the kernels run at: the CPU's, limited by `VIMOGEN_CPU` as it was at the first call.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let limit = Self::limit().ok().flatten().unwrap_or(Self::Avx512Bf16);
            limit.min(Self::detect())
        })
    }

    /// Checks `VIMOGEN_CPU`. A level above the CPU's is no error: the CPU's own is used.
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
            Some(name) => Self::named(&name.to_string_lossy()).map(Some),
        }
    }

    fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::config(VARIABLE, format!("{name:?} is none of {known}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_their_names_and_nothing_else_is() {
        for level in Level::ALL {
            assert_eq!(Level::named(level.name()).unwrap(), level);
        }
        let text = Level::named("sse9").unwrap_err().to_string();
        assert!(text.contains("VIMOGEN_CPU") && text.contains("avx512bf16"), "{text}");
    }

    #[test]
    fn nothing_runs_above_what_the_cpu_has() {
        assert!(Level::current() <= Level::detect());
    }
}
