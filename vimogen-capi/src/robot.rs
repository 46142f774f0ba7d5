//! Motions on a robot of the caller's.

use std::ffi::c_char;

use vimogen_core::Error;
use vimogen_core::io::{Robot, RobotLayout, RobotOptions};

use crate::edge::{Place, borrow, free, handle, optional_text, owned_text, text};
use crate::load::joint_map;
use crate::motion::vimogen_motion;
use crate::status::{guard, vimogen_status};

/// A humanoid robot whose joints follow motions. Threads may share it.
pub struct vimogen_robot(Robot);

/// Reads a robot from a MuJoCo model (`.xml`) and finds our joints by the names of its bodies.
///
/// `names`: for a robot that is not recognised, the names of its bodies by our joints as a JSON object, such as
/// `{"left_knee": "link_4"}`; or NULL. `robot`: receives it, to be freed with `vimogen_robot_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_robot_open(
    path: *const c_char,
    names: *const c_char,
    robot: *mut *mut vimogen_robot,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (path, names, place) =
            unsafe { (text("path", path)?, optional_text("names", names)?, Place::new("robot", robot)?) };
        let names = names.map(joint_map).transpose()?;
        place.write(handle(vimogen_robot(Robot::open_with(path, names.as_ref())?)));
        Ok(())
    })
}

/// Solves for the joint values that follow a motion, at its rate, and writes them as `.csv`, `.npz` or `.pkl`.
///
/// `layout`: of `.csv`, `"mujoco"`, `"lafan1"` or `"bones-seed"`; NULL is `"mujoco"`. `plant` other than 0: standing feet stand, and
/// nothing is below the ground. `velocity`: highest speed of a joint, radians or metres per second; 0 is the default of 20.
/// `report`: NULL, or receives a JSON object, to be freed with `vimogen_string_free`: `"violations"` of joint ranges (0),
/// `"max_velocity"`, `"mean_error"`, `"slide"`, `"penetration"`, `"bodies"`, `"missing"`, `"warnings"` and more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_robot_retarget(
    robot: *const vimogen_robot,
    motion: *const vimogen_motion,
    path: *const c_char,
    layout: *const c_char,
    plant: i32,
    velocity: f64,
    report: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (robot, motion, path, layout) = unsafe {
            (borrow("robot", robot)?, borrow("motion", motion)?, text("path", path)?, optional_text("layout", layout)?)
        };
        let layout: Option<RobotLayout> = layout.map(str::parse).transpose()?;
        let mut options = RobotOptions::default().with_plant(plant != 0);
        if velocity != 0.0 {
            options = options.with_velocity(velocity);
        }
        let done = robot.0.retarget_with(&motion.motion, &options)?;
        done.save(path, layout)?;
        if !report.is_null() {
            // SAFETY: as above.
            let place = unsafe { Place::new("report", report)? };
            place.write(owned_text(serde_json::to_string_pretty(done.report()).map_err(Error::internal)?)?);
        }
        Ok(())
    })
}

/// Frees a robot. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_robot_free(robot: *mut vimogen_robot) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("robot", robot) })
}
