//! Edits of a motion: turning, looping, joining, bending to a path.

use vimogen_core::{Motion, Result};

use crate::edge::{Place, borrow, handle, slice, volume};
use crate::motion::vimogen_motion;
use crate::status::{guard, vimogen_status};

/// Makes a motion of another.
///
/// # Safety
/// The conventions of the header.
unsafe fn edit(
    motion: *const vimogen_motion,
    edited: *mut *mut vimogen_motion,
    change: impl FnOnce(&Motion) -> Result<Motion>,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("edited", edited)?) };
        place.write(handle(vimogen_motion::new(change(&motion.motion)?)));
        Ok(())
    })
}

/// The seconds from `start` to `end` of a motion; an `end` below 0: to its end.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_trim(
    motion: *const vimogen_motion,
    start: f64,
    end: f64,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.trimmed(start, (end >= 0.0).then_some(end))) }
}

/// A motion turned about the vertical through its start, `degrees` counterclockwise from above: 90 turns to the left.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_turn(
    motion: *const vimogen_motion,
    degrees: f32,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.turned(degrees)) }
}

/// A motion shifted on the ground by `x` metres to the right and `y` forward in the world.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_move(
    motion: *const vimogen_motion,
    x: f32,
    y: f32,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.moved(x, y)) }
}

/// A motion with left and right exchanged, mirrored along its first heading.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_mirror(
    motion: *const vimogen_motion,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.mirrored()) }
}

/// One round of a motion as a loop: pose and velocity at its end are those of its start, while place and heading go on.
/// `blend`: seconds after the start in which the rest of the difference fades, such as 0.3.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_loop(
    motion: *const vimogen_motion,
    blend: f64,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| Ok(motion.looped(blend)?.motion)) }
}

/// A motion as a loop, see `vimogen_motion_loop`, played `times` times; it travels on.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_repeat(
    motion: *const vimogen_motion,
    times: usize,
    blend: f64,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.repeated(times, blend)) }
}

/// A motion, then its last pose for `seconds` more.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_hold(
    motion: *const vimogen_motion,
    seconds: f64,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.hold(seconds)) }
}

/// The same movement `factor` times as fast at the same frame rate: 2 halves the duration.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_retime(
    motion: *const vimogen_motion,
    factor: f32,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.retimed(factor)) }
}

/// A motion without shaking: a Gaussian mean over time, of a standard deviation of `seconds`, such as 0.05.
/// `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_smooth(
    motion: *const vimogen_motion,
    seconds: f32,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.smoothed(seconds)) }
}

/// A motion bent to a path on the ground: `count` points of x to the right and y forward, metres. The motion starts at the
/// first and ends at the last; the length may be 0.6 to 1.6 times that of its own path. `edited`: receives it, to be freed
/// with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_along(
    motion: *const vimogen_motion,
    points: *const f32,
    count: usize,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe {
        edit(motion, edited, |motion| {
            let len = volume("points", &[count, 2])?;
            motion.along(slice("points", points, len)?.as_chunks().0)
        })
    }
}

/// A motion, then `other`, which starts where the first ends and faces the same way. `blend`: seconds in which it takes
/// over, such as 0.3. `edited`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_then(
    motion: *const vimogen_motion,
    other: *const vimogen_motion,
    blend: f64,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.then(&borrow("other", other)?.motion, blend)) }
}

/// A motion with the upper body of `other`: spine, neck, head and arms, frame by frame. `edited`: receives it, to be freed
/// with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_with_upper_body(
    motion: *const vimogen_motion,
    other: *const vimogen_motion,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { edit(motion, edited, |motion| motion.with_upper_body(&borrow("other", other)?.motion)) }
}
