//! ASF and AMC, Acclaim's pair of text files: a skeleton, and a motion of it. CMU's motion capture database has this form.

mod motion;
mod pair;
mod read;
mod skeleton;

pub use read::{AsfAmc, load, load_with};

#[cfg(test)]
mod tests;
