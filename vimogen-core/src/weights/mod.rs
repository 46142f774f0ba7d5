//! Strict loading and saving of weights.
