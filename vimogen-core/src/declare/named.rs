//! Enums whose variants have one name in every language.

use serde::Serialize;

use crate::error::{Error, Result};

/// A variant of a [`NamedEnum`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Its name in every language.
    pub name: &'static str,
    /// Other names that are read.
    pub aliases: &'static [&'static str],
    /// Its name in Rust.
    pub rust: &'static str,
    /// Its documentation.
    pub doc: &'static str,
}

/// An enum declared by `named_enum!`.
pub trait NamedEnum: Copy + Eq + 'static {
    /// Name of the enum in Rust.
    const TYPE: &'static str;
    /// Name of the argument that takes such a value, for errors.
    const ARGUMENT: &'static str;
    /// Documentation of the enum.
    const DOC: &'static str;
    /// Names and documentation, in the order of [`Self::all`].
    const VARIANTS: &'static [Variant];

    /// Every value; the position is its number in C, so new ones go to the end.
    fn all() -> &'static [Self];

    /// Reads a name or an alias, in any case.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] listing the names.
    fn from_name(text: &str) -> Result<Self> {
        let matches = |name: &&str| name.eq_ignore_ascii_case(text.trim());
        let known = |variant: &Variant| matches(&variant.name) || variant.aliases.iter().any(&matches);
        let found = Self::VARIANTS.iter().position(known).map(|position| Self::all()[position]);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::VARIANTS.iter().map(|variant| variant.name).collect();
            Error::invalid(Self::ARGUMENT, format!("{text:?} is not one of {}", names.join(", ")))
        })
    }

    /// The value with this number in C.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none.
    fn from_number(number: i32) -> Result<Self> {
        let found = usize::try_from(number).ok().and_then(|position| Self::all().get(position).copied());
        found.ok_or_else(|| {
            let known =
                Self::VARIANTS.iter().enumerate().map(|(number, variant)| format!("{number} ({})", variant.name));
            let known: Vec<_> = known.collect();
            Error::invalid(Self::ARGUMENT, format!("{number} is not one of {}", known.join(", ")))
        })
    }

    /// The number of the value in C.
    fn number(self) -> i32;

    /// Name and documentation.
    fn variant(self) -> &'static Variant {
        &Self::VARIANTS[self.number() as usize]
    }
}

/// Declares an enum with the name of each variant, the name of the argument that takes it, and its default.
///
/// ```ignore
/// named_enum! {
///     /// Way from one noise level to the next.
///     pub enum Solver("solver", default Euler) {
///         /// Along the velocity at the start of the step.
///         Euler = "euler",
///         /// DPM-Solver++(2M).
///         Dpmpp = "dpmpp" | "dpm++",
///     }
/// }
/// ```
macro_rules! named_enum {
    (
        $(#[doc = $about:literal])+
        pub enum $Name:ident($argument:literal $(, default $Default:ident)?) {
            $($(#[doc = $doc:literal])* $Variant:ident = $name:literal $(| $alias:literal)*,)+
        }
    ) => {
        $(#[doc = $about])+
        #[non_exhaustive]
        #[allow(non_camel_case_types, reason = "names of MBench")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Name {
            $(#[doc = concat!("`", $name, "`:")] $(#[doc = $doc])* $Variant,)+
        }

        impl $Name {
            /// Every value, in order.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Variant),+];

            /// The name in files, in text and in other languages.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $name),+ }
            }
        }

        impl $crate::declare::NamedEnum for $Name {
            const TYPE: &'static str = stringify!($Name);
            const ARGUMENT: &'static str = $argument;
            const DOC: &'static str = concat!($($about, "\n"),+);
            const VARIANTS: &'static [$crate::declare::Variant] = &[$($crate::declare::Variant {
                name: $name,
                aliases: &[$($alias),*],
                rust: stringify!($Variant),
                doc: concat!($($doc, "\n",)* ""),
            }),+];

            fn all() -> &'static [Self] {
                &Self::ALL
            }

            fn number(self) -> i32 {
                self as i32
            }
        }

        $(impl Default for $Name {
            fn default() -> Self {
                Self::$Default
            }
        })?

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $Name {
            type Err = $crate::error::Error;

            /// Reads a name, in any case.
            fn from_str(text: &str) -> $crate::error::Result<Self> {
                $crate::declare::NamedEnum::from_name(text)
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use named_enum;
