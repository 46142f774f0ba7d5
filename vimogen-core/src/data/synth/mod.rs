//! Procedural captioned motion on the built-in skeleton.
