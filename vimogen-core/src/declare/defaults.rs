//! Structs whose fields have defaults.

/// Declares a struct: field, type and default of each in one line, and after the field's name that of its builder, if it has
/// one; `with_name(into)` is a builder that takes what becomes the field's type. Unlike `options!`, other languages know
/// nothing of it.
///
/// ```ignore
/// defaults! {
///     /// Retries of failed questions.
///     #[derive(Debug, Clone)]
///     pub struct RetryPolicy {
///         /// Attempts per question.
///         attempts, with_attempts: u32 = 3;
///     }
/// }
/// ```
macro_rules! defaults {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident $(<$life:lifetime>)? {
            $($(#[$about:meta])* $field:ident $(, $with:ident $(($how:ident))?)?: $Type:ty = $default:expr;)+
        }
    ) => {
        $(#[$meta])*
        pub struct $Name $(<$life>)? {
            $($(#[$about])* pub $field: $Type,)+
        }

        impl $(<$life>)? Default for $Name $(<$life>)? {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        impl $(<$life>)? $Name $(<$life>)? {
            $($($crate::declare::defaults! { @builder $Name, $field, $with: $Type $(, $how)? })?)+
        }
    };
    (@builder $Name:ident, $field:ident, $with:ident: $Type:ty) => {
        #[doc = concat!("Sets [`", stringify!($Name), "::", stringify!($field), "`].")]
        pub fn $with(self, $field: $Type) -> Self {
            Self { $field, ..self }
        }
    };
    (@builder $Name:ident, $field:ident, $with:ident: $Type:ty, into) => {
        #[doc = concat!("Sets [`", stringify!($Name), "::", stringify!($field), "`].")]
        pub fn $with(self, $field: impl Into<$Type>) -> Self {
            Self { $field: $field.into(), ..self }
        }
    };
}
pub(crate) use defaults;
