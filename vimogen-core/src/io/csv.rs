//! Joint positions as a table, for spreadsheets and plots.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::error::Result;
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::motion::skeleton::JOINT_NAMES;

/// A line of names, then one line per frame: `frame`, `seconds`, and `pelvis_x`, `pelvis_y`, `pelvis_z` and so on for the 22
/// joints of [`crate::motion::skeleton`], metres, z up, with a point for decimals.
pub fn to_string(motion: &Motion) -> String {
    let mut text = String::from("frame,seconds");
    for name in JOINT_NAMES {
        // Writing to a String cannot fail.
        let _ = write!(text, ",{name}_x,{name}_y,{name}_z");
    }
    text.push('\n');
    for (t, frame) in motion.joints().outer_iter().enumerate() {
        let _ = write!(text, "{t},{:.6}", t as f64 / f64::from(motion.fps()));
        frame.iter().for_each(|x| {
            let _ = write!(text, ",{x:.6}");
        });
        text.push('\n');
    }
    text
}

/// Writes [`to_string`] to a file.
///
/// # Errors
/// [`NotFound`](crate::Error::NotFound) if the folder does not exist, [`Io`](crate::Error::Io).
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    let text = to_string(motion);
    write_atomic(path, |w| w.write_all(text.as_bytes()))
}
