//! Structs of options with defaults and ranges.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::NamedEnum;
use crate::error::{Error, Result};

/// Value of an option on its way between languages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// No value: the option is left open.
    None,
    /// True or false.
    Flag(bool),
    /// A count or a seed.
    Integer(u64),
    /// A real number.
    Number(f64),
    /// A lower and an upper bound.
    Pair(f64, f64),
    /// A name.
    Text(String),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Flag(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Pair(low, high) => write!(f, "({low}, {high})"),
            Self::Text(value) => write!(f, "{value:?}"),
        }
    }
}

/// Values that an option accepts; a pair has both in it, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// Upper bound, included.
    pub high: f64,
    /// Whether the lower bound is included.
    pub includes_low: bool,
}

impl Range {
    /// Values above `low`, up to and including `high`.
    pub const fn above(low: f64, high: f64) -> Self {
        Self { low, high, includes_low: false }
    }

    fn contains(&self, value: f64) -> bool {
        value <= self.high && if self.includes_low { value >= self.low } else { value > self.low }
    }

    fn accepts(&self, setting: &Setting) -> bool {
        match setting {
            Setting::None | Setting::Flag(_) | Setting::Text(_) => true,
            Setting::Integer(value) => self.contains(*value as f64),
            Setting::Number(value) => self.contains(*value),
            Setting::Pair(low, high) => self.contains(*low) && self.contains(*high) && low <= high,
        }
    }
}

impl From<RangeInclusive<usize>> for Range {
    fn from(range: RangeInclusive<usize>) -> Self {
        Self { low: *range.start() as f64, high: *range.end() as f64, includes_low: true }
    }
}

impl From<RangeInclusive<f64>> for Range {
    fn from(range: RangeInclusive<f64>) -> Self {
        Self { low: *range.start(), high: *range.end(), includes_low: true }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, includes_low } = self;
        if *includes_low { write!(f, "{low} to {high}") } else { write!(f, "above {low}, at most {high}") }
    }
}

/// Row of a table of options.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Name in Rust, C and Python; the command line's has dashes.
    pub name: &'static str,
    /// `bool`, `int`, `float`, `pair` or the name of a [`NamedEnum`].
    pub kind: &'static str,
    /// Whether the option may be left open.
    pub optional: bool,
    /// Default.
    pub default: Setting,
    /// Values that are accepted, if not all.
    pub range: Option<Range>,
    /// Documentation.
    pub doc: &'static str,
}

/// Type of an option: a plain value, or a struct of further options.
pub trait OptionValue: Sized {
    /// Name of the type, as in [`Field::kind`].
    fn kind() -> &'static str;

    /// Whether the option may be left open.
    fn optional() -> bool {
        false
    }

    /// The value for other languages.
    fn setting(&self) -> Setting;

    /// The value from another language.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another type or an unknown name.
    fn read(name: &'static str, setting: &Setting) -> Result<Self>;

    /// Rows of the table, with this value as the default.
    fn fields(&self, name: &'static str, range: Option<Range>, doc: &'static str) -> Vec<Field> {
        let (kind, optional) = (Self::kind(), Self::optional());
        vec![Field { name, kind, optional, default: self.setting(), range, doc }]
    }

    /// Names and values: one, or those of a struct of further options.
    fn settings(&self, name: &'static str) -> Vec<(&'static str, Setting)> {
        vec![(name, self.setting())]
    }

    /// Checks the value.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is out of range.
    fn check_range(&self, name: &'static str, range: Option<Range>) -> Result<()> {
        let setting = self.setting();
        match range {
            Some(range) if !range.accepts(&setting) => {
                let ascending = if matches!(setting, Setting::Pair(..)) { "ascending values, " } else { "" };
                Err(Error::invalid(name, format!("{setting} is out of range, expected {ascending}{range}")))
            }
            _ => Ok(()),
        }
    }

    /// Sets the option that is called `wanted`, and returns whether it is this one.
    ///
    /// # Errors
    /// Those of [`OptionValue::read`].
    fn assign(&mut self, name: &'static str, wanted: &str, setting: &Setting) -> Result<bool> {
        if name == wanted {
            *self = Self::read(name, setting)?;
        }
        Ok(name == wanted)
    }
}

/// Struct declared by `options!`.
pub trait OptionSet: Default {
    /// Rows of the table of options.
    fn fields() -> Vec<Field>;

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming the option that is out of range.
    fn check_ranges(&self) -> Result<()>;

    /// Names and values of all options.
    fn settings(&self) -> Vec<(&'static str, Setting)>;

    /// Sets an option by its name; returns false if there is none of that name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a value of another type.
    fn set(&mut self, name: &str, setting: &Setting) -> Result<bool>;
}

/// Declares a struct of options: field, builder, type, default and range of each in one line.
///
/// A struct that is a field of another one names it (`in Outer::field`) and then has its builders there, too.
///
/// ```ignore
/// options! {
///     /// Options of the sampler.
///     #[derive(Debug, Clone, PartialEq)]
///     pub struct SamplerOptions in GenerateOptions::sampler {
///         /// Number of steps.
///         num_inference_steps, with_num_inference_steps: usize = 50, in 1..=1000;
///         /// Weight of the prompt. `None`: the model's own.
///         guidance_scale, with_guidance_scale: Option<f32> = None, in 0.0..=100.0;
///     }
/// }
/// ```
#[cfg(any(feature = "model", feature = "render"))]
macro_rules! options {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident $(in $Outer:ident::$place:ident)? {
            $(
                $(#[doc = $doc:literal])*
                $field:ident, $with:ident: $Type:ident $(<$Inner:ty>)? = $default:expr $(, in $range:expr)?;
            )+
        }
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $Name {
            $(
                $(#[doc = $doc])*
                $(#[doc = concat!("\nAccepted: `", stringify!($range), "`.")])?
                pub $field: $Type $(<$Inner>)?,
            )+
        }

        impl Default for $Name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        impl $Name {
            $(
                #[doc = concat!("Sets [`", stringify!($Name), "::", stringify!($field), "`].")]
                pub fn $with(mut self, value: $crate::declare::options!(@given $Type $(<$Inner>)?)) -> Self {
                    self.$field = $crate::declare::options!(@value $Type, value);
                    self
                }
            )+
        }

        $crate::declare::options! {
            @outer $($Outer $place)?;
            $Name { $($field, $with: $Type $(<$Inner>)?;)+ }
        }

        impl $crate::declare::OptionSet for $Name {
            fn fields() -> Vec<$crate::declare::Field> {
                let default = Self::default();
                let mut fields = vec![];
                $(fields.extend($crate::declare::OptionValue::fields(
                    &default.$field,
                    stringify!($field),
                    $crate::declare::options!(@range $($range)?),
                    concat!($($doc, "\n",)* ""),
                ));)+
                fields
            }

            fn check_ranges(&self) -> $crate::error::Result<()> {
                $($crate::declare::OptionValue::check_range(
                    &self.$field,
                    stringify!($field),
                    $crate::declare::options!(@range $($range)?),
                )?;)+
                Ok(())
            }

            fn settings(&self) -> Vec<(&'static str, $crate::declare::Setting)> {
                let mut all = vec![];
                $(all.extend($crate::declare::OptionValue::settings(&self.$field, stringify!($field)));)+
                all
            }

            fn set(&mut self, name: &str, setting: &$crate::declare::Setting) -> $crate::error::Result<bool> {
                Ok(false $(|| $crate::declare::OptionValue::assign(&mut self.$field, stringify!($field), name, setting)?)+)
            }
        }

        $crate::declare::options!(@nested $Name $($Outer)?);
    };

    (@given Option<$Inner:ty>) => { $Inner };
    (@given $Type:ident) => { $Type };
    (@value Option, $value:ident) => { Some($value) };
    (@value $Type:ident, $value:ident) => { $value };
    (@range $range:expr) => { Some($crate::declare::Range::from($range)) };
    (@range) => { None };

    (@outer; $($rest:tt)*) => {};
    (@outer $Outer:ident $place:ident; $Name:ident { $($field:ident, $with:ident: $Type:ident $(<$Inner:ty>)?;)+ }) => {
        impl $Outer {
            $(
                #[doc = concat!("Sets [`", stringify!($Name), "::", stringify!($field), "`].")]
                pub fn $with(mut self, value: $crate::declare::options!(@given $Type $(<$Inner>)?)) -> Self {
                    self.$place = self.$place.$with(value);
                    self
                }
            )+
        }
    };

    (@nested $Name:ident) => {};
    (@nested $Name:ident $Outer:ident) => {
        impl $crate::declare::OptionValue for $Name {
            fn kind() -> &'static str {
                stringify!($Name)
            }
            fn setting(&self) -> $crate::declare::Setting {
                $crate::declare::Setting::None
            }
            fn read(name: &'static str, _: &$crate::declare::Setting) -> $crate::error::Result<Self> {
                Err($crate::error::Error::invalid(name, "set its options one by one"))
            }
            fn fields(&self, _: &'static str, _: Option<$crate::declare::Range>, _: &'static str) -> Vec<$crate::declare::Field> {
                <Self as $crate::declare::OptionSet>::fields()
            }
            fn settings(&self, _: &'static str) -> Vec<(&'static str, $crate::declare::Setting)> {
                $crate::declare::OptionSet::settings(self)
            }
            fn check_range(&self, _: &'static str, _: Option<$crate::declare::Range>) -> $crate::error::Result<()> {
                $crate::declare::OptionSet::check_ranges(self)
            }
            fn assign(&mut self, _: &'static str, name: &str, setting: &$crate::declare::Setting) -> $crate::error::Result<bool> {
                $crate::declare::OptionSet::set(self, name, setting)
            }
        }
    };
}
#[cfg(any(feature = "model", feature = "render"))]
pub(crate) use options;

/// Error of a value of another type.
fn mismatch<T: OptionValue>(name: &'static str, setting: &Setting) -> Error {
    let expected = match T::kind() {
        "bool" => "true or false",
        "int" => "a whole number, 0 or more",
        "float" => "a number",
        "pair" => "two numbers",
        _ => "a name",
    };
    Error::invalid(name, format!("{setting} is not {expected}"))
}

/// Makes plain types values of options.
macro_rules! plain_values {
    ($($Type:ty, $kind:literal, $to:expr, { $($setting:pat => $from:expr),+ };)+) => {
        $(impl OptionValue for $Type {
            fn kind() -> &'static str {
                $kind
            }
            fn setting(&self) -> Setting {
                $to(*self)
            }
            fn read(name: &'static str, setting: &Setting) -> Result<Self> {
                match *setting {
                    $($setting => Ok($from),)+
                    _ => Err(mismatch::<Self>(name, setting)),
                }
            }
        })+
    };
}

impl Setting {
    /// The value as JSON: a number that was a 32-bit float has no more digits than it needs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let short = |value: f64| {
            let single = value as f32;
            if f64::from(single) == value { single.to_string().parse().unwrap_or(value) } else { value }
        };
        match self {
            Self::Number(value) => short(*value).into(),
            other => serde_json::to_value(other).unwrap_or_default(),
        }
    }
}

plain_values! {
    bool, "bool", Setting::Flag, { Setting::Flag(value) => value };
    u64, "int", Setting::Integer, { Setting::Integer(value) => value };
    usize, "int", |value| Setting::Integer(value as u64), { Setting::Integer(value) => value as usize };
    f64, "float", Setting::Number, { Setting::Number(value) => value, Setting::Integer(value) => value as f64 };
    f32, "float", |value| Setting::Number(f64::from(value)),
        { Setting::Number(value) => value as f32, Setting::Integer(value) => value as f32 };
    (f64, f64), "pair", |(low, high)| Setting::Pair(low, high), { Setting::Pair(low, high) => (low, high) };
}

impl<E: NamedEnum> OptionValue for E {
    fn kind() -> &'static str {
        E::TYPE
    }
    fn setting(&self) -> Setting {
        Setting::Text(self.variant().name.into())
    }
    fn read(name: &'static str, setting: &Setting) -> Result<Self> {
        match setting {
            Setting::Text(text) => Self::from_name(text),
            _ => Err(mismatch::<Self>(name, setting)),
        }
    }
}

impl<T: OptionValue> OptionValue for Option<T> {
    fn kind() -> &'static str {
        T::kind()
    }
    fn optional() -> bool {
        true
    }
    fn setting(&self) -> Setting {
        self.as_ref().map_or(Setting::None, T::setting)
    }
    fn read(name: &'static str, setting: &Setting) -> Result<Self> {
        match setting {
            Setting::None => Ok(None),
            _ => T::read(name, setting).map(Some),
        }
    }
}
