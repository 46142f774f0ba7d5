//! Joint positions as a table, for spreadsheets and plots.

use std::io::{self, Write};
use std::path::Path;

use crate::error::{Result, check_finite};
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::motion::skeleton::JOINT_NAMES;

/// A line of names, then one line per frame: `frame`, `seconds`, and `pelvis_x`, `pelvis_y`, `pelvis_z` and so on for the 22
/// joints of [`crate::motion::skeleton`], metres, z up, with a point for decimals.
///
/// # Errors
/// Those of `w`.
pub fn write(w: &mut impl Write, motion: &Motion) -> io::Result<()> {
    w.write_all(b"frame,seconds")?;
    JOINT_NAMES.iter().try_for_each(|name| write!(w, ",{name}_x,{name}_y,{name}_z"))?;
    for (t, frame) in motion.joints().outer_iter().enumerate() {
        write!(w, "\n{t},{:.6}", t as f64 / f64::from(motion.fps()))?;
        frame.iter().try_for_each(|x| write!(w, ",{x:.6}"))?;
    }
    w.write_all(b"\n")
}

/// Writes a file, see [`write()`].
///
/// # Errors
/// [`NotFound`](crate::Error::NotFound) if the folder does not exist, [`Io`](crate::Error::Io),
/// [`NonFinite`](crate::Error::NonFinite) for joints that are not finite.
pub fn save(path: impl AsRef<Path>, motion: &Motion) -> Result<()> {
    check_finite("joints", &motion.joints())?;
    write_atomic(path, |w| write(w, motion))
}
