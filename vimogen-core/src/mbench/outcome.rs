//! Result of one item of a run that continues after a failure.

/// A value, or the reason why this item has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The value.
    Done(T),
    /// The reason why there is no value. The run continues with the next item.
    Failed(String),
}

impl<T> Outcome<T> {
    /// Computes a further value, which may fail in turn.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Done(value) => next(value),
            Self::Failed(reason) => Outcome::Failed(reason),
        }
    }

    /// The value as a `Result`.
    ///
    /// # Errors
    /// The reason why there is no value.
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Failed(reason) => Err(reason),
        }
    }
}

impl<T, E: std::fmt::Display> From<Result<T, E>> for Outcome<T> {
    fn from(result: Result<T, E>) -> Self {
        result.map_or_else(|error| Self::Failed(error.to_string()), Self::Done)
    }
}
