//! Bodies: the built-in neutral skeleton.
