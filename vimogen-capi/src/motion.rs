//! Motions: frames, joints, poses for a rig, files.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use ndarray::ArrayView2;
use vimogen_core::body::REST_OFFSETS;
use vimogen_core::io::{FileFormat, SaveOptions};
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::layout;
use vimogen_core::motion::layout::FEATURES;
use vimogen_core::motion::rotation::wxyz_from_quat;
use vimogen_core::motion::skeleton::{JOINT_NAMES, PARENTS};
use vimogen_core::{Error, Motion, Result};

use crate::edge::{Growing, Place, borrow, free, handle, output, slice, text, volume};
use crate::status::{guard, vimogen_status};

/// Values per frame.
pub const VIMOGEN_FEATURES: usize = 276;
/// Joints of the skeleton.
pub const VIMOGEN_JOINTS: usize = 22;
/// Values per frame of a reference motion in training batches.
pub const VIMOGEN_REFERENCE_FEATURES: usize = 138;

const _: () = assert!(VIMOGEN_FEATURES == FEATURES && VIMOGEN_JOINTS == layout::JOINTS);
const _: () = assert!(VIMOGEN_REFERENCE_FEATURES == layout::REFERENCE_FEATURES);

/// Immutable motion. `const vimogen_motion *` may be used from several threads at once.
pub struct vimogen_motion {
    pub(crate) motion: Motion,
}

impl vimogen_motion {
    pub(crate) fn new(motion: Motion) -> Self {
        Self { motion }
    }
}

/// Reads a motion from `.npz` (also in the layout of AMASS), `.npy`, `.pt`, `.pth`, `.pkl`, `.pickle`, `.joblib`, `.bvh`,
/// `.amc`, `.glb`, `.gltf`, `.vrm`, `.vrma` or `.fbx`. `vimogen_motion_source` reports what was found,
/// `vimogen_motion_load_with` overrides it. `motion`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_load(path: *const c_char, motion: *mut *mut vimogen_motion) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (path, place) = unsafe { (text("path", path)?, Place::new("motion", motion)?) };
        place.write(handle(vimogen_motion::new(Motion::load(path)?)));
        Ok(())
    })
}

/// Makes a motion of features, `frames` x `channels` values, which are copied. `channels` must be `VIMOGEN_FEATURES`;
/// `fps`: frames per second, above 0 and at most 1000. `motion`: receives it, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_from_features(
    features: *const f32,
    frames: usize,
    channels: usize,
    fps: f32,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        let len = volume("features", &[frames, channels])?;
        // SAFETY: the caller keeps the conventions of the header.
        let (numbers, place) = unsafe { (slice("features", features, len)?, Place::new("motion", motion)?) };
        let view = ArrayView2::from_shape((frames, channels), numbers)
            .map_err(|_| Error::shape("features", "(frames, channels)", &[frames, channels]))?;
        place.write(handle(vimogen_motion::new(Motion::from_features(view.to_owned(), fps)?)));
        Ok(())
    })
}

/// A motion whose joints follow from its rotations and whose root follows from its steps; of a generated motion these
/// disagree slightly. `lock_feet` other than 0: standing feet stay in place and above the ground. `refitted`: receives it,
/// to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_refit(
    motion: *const vimogen_motion,
    lock_feet: i32,
    refitted: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("refitted", refitted)?) };
        place.write(handle(vimogen_motion::new(motion.motion.refit(lock_feet != 0)?)));
        Ok(())
    })
}

/// Frees a motion and all its arrays. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_free(motion: *mut vimogen_motion) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("motion", motion) })
}

/// The number of frames, at least 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_frames(motion: *const vimogen_motion, frames: *mut usize) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("frames", frames)?) };
        place.write(motion.motion.len());
        Ok(())
    })
}

/// Frames per second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_fps(motion: *const vimogen_motion, fps: *mut f32) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("fps", fps)?) };
        place.write(motion.motion.fps());
        Ok(())
    })
}

/// Lends an array of a motion to C: `data` and `len` receive it.
///
/// # Safety
/// The conventions of the header.
unsafe fn lend(
    motion: *const vimogen_motion,
    data: *mut *const f32,
    len: *mut usize,
    array: impl FnOnce(&vimogen_motion) -> Option<&[f32]>,
) -> vimogen_status {
    guard(|| {
        // SAFETY: as ours.
        let (motion, data, len) =
            unsafe { (borrow("motion", motion)?, Place::new("data", data)?, Place::new("len", len)?) };
        let numbers = array(motion).ok_or_else(|| Error::Internal { reason: "an array is not contiguous".into() })?;
        data.write(numbers.as_ptr());
        len.write(numbers.len());
        Ok(())
    })
}

/// The features, `[frames][VIMOGEN_FEATURES]`. `data` receives the array, which belongs to the motion and lives as long as
/// it; `len` the number of floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_features(
    motion: *const vimogen_motion,
    data: *mut *const f32,
    len: *mut usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { lend(motion, data, len, |motion| motion.motion.features().to_slice()) }
}

/// Joint positions, `[frames][VIMOGEN_JOINTS][3]`, metres, z up. `data` receives the array, which belongs to the motion
/// and lives as long as it; `len` the number of floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_joints(
    motion: *const vimogen_motion,
    data: *mut *const f32,
    len: *mut usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { lend(motion, data, len, |motion| motion.motion.joints().to_slice()) }
}

/// Rotations of the joints as unit quaternions w, x, y, z, `[frames][VIMOGEN_JOINTS][4]`, without jumps of sign from frame
/// to frame.
///
/// Those of joints 1 to 21 are relative to their parents. That of joint 0, the pelvis, takes the rest pose (x to the
/// person's left, y up, z forward) to the world, where z is up. `data` receives the array, which belongs to the motion
/// and lives as long as it; `len` the number of floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_local_rotations(
    motion: *const vimogen_motion,
    data: *mut *const f32,
    len: *mut usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { lend(motion, data, len, |motion| motion.motion.local_rotations().to_slice()) }
}

/// Positions of the pelvis, `[frames][3]`, metres, z up: the translation of a rig's root. `data` receives the array, which
/// belongs to the motion and lives as long as it; `len` the number of floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_root_positions(
    motion: *const vimogen_motion,
    data: *mut *const f32,
    len: *mut usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { lend(motion, data, len, |motion| motion.motion.root_positions().to_slice()) }
}

/// A motion as parameters of the SMPL body. The arrays belong to the motion and live as long as it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_smpl {
    /// Number of frames.
    pub frames: usize,
    /// Root orientation, axis-angle, `[frames][3]`.
    pub global_orient: *const f32,
    /// Rotations of the 21 body joints relative to their parents, axis-angle, `[frames][63]`.
    pub body_pose: *const f32,
    /// SMPL's translation, `[frames][3]`, metres, z up: not the position of the pelvis.
    pub transl: *const f32,
}

// SAFETY: a number and pointers.
unsafe impl Growing for vimogen_smpl {
    const NAME: &'static str = "vimogen_smpl";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

/// The parameters of the SMPL body. `size` is `sizeof(vimogen_smpl)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_smpl(
    motion: *const vimogen_motion,
    smpl: *mut vimogen_smpl,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, output("smpl", smpl, size)?) };
        let smpl = motion.motion.smpl();
        place.write(vimogen_smpl {
            frames: smpl.len(),
            global_orient: smpl.global_orient.as_ptr(),
            body_pose: smpl.body_pose.as_ptr(),
            transl: smpl.transl.as_ptr(),
        });
        Ok(())
    })
}

/// The pose of one moment.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_pose {
    /// Position of the pelvis, metres, z up.
    pub root: [f32; 3],
    /// Unit quaternions w, x, y, z, as in `vimogen_motion_local_rotations`.
    pub rotations: [[f32; 4]; VIMOGEN_JOINTS],
}

// SAFETY: plain values.
unsafe impl Growing for vimogen_pose {
    const NAME: &'static str = "vimogen_pose";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

/// The pose at a moment, `seconds` from the first frame, interpolated between frames: for a rig with
/// its own frame rate. Before the first frame it is the first pose, after the last frame the last; NaN is an error. `size` is
/// `sizeof(vimogen_pose)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_pose_at(
    motion: *const vimogen_motion,
    seconds: f64,
    pose: *mut vimogen_pose,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, output("pose", pose, size)?) };
        if seconds.is_nan() {
            return Err(Error::invalid("seconds", "it is NaN, expected the seconds since the first frame"));
        }
        let pose = motion.motion.pose_at(seconds);
        let rotations = pose.rotations.map(wxyz_from_quat);
        place.write(vimogen_pose { root: pose.root.to_array(), rotations });
        Ok(())
    })
}

/// Derives a motion from another one.
///
/// # Safety
/// The conventions of the header.
unsafe fn derive(
    motion: *const vimogen_motion,
    derived: *mut *mut vimogen_motion,
    make: impl FnOnce(&Motion) -> Result<Motion>,
) -> vimogen_status {
    guard(|| {
        // SAFETY: as ours.
        let (motion, place) = unsafe { (borrow("motion", motion)?, Place::new("derived", derived)?) };
        place.write(handle(vimogen_motion::new(make(&motion.motion)?)));
        Ok(())
    })
}

/// The same movement at another frame rate, of the same duration. `derived`: receives a new motion, to be freed with
/// `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_resample(
    motion: *const vimogen_motion,
    fps: f32,
    derived: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { derive(motion, derived, |motion| motion.resample(fps)) }
}

/// `count` frames from frame `first` on. `derived`: receives a new motion, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_slice(
    motion: *const vimogen_motion,
    first: usize,
    count: usize,
    derived: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { derive(motion, derived, |motion| motion.slice(first..first.saturating_add(count))) }
}

/// Writes a motion in the format that the extension names: `.bvh` (centimetres, y up), `.glb`, `.usda` and
/// `.usdz` (metres, y up, worn by the built-in body), `.fbx` (the same in centimetres), `.vrma` (for VRM avatars), `.npz` (AMASS layout and features), `.npy`, `.pt` and `.pth` (features), `.csv` (joints, metres, z up),
/// `.html` (a player with quality metrics), `.svg` (a strip of poses), `.mp4`, `.gif` and `.png` (as
/// `vimogen_motion_render` draws them by default). The folder must exist; a file of that name is replaced once the new one
/// is complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_save(motion: *const vimogen_motion, path: *const c_char) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, path) = unsafe { (borrow("motion", motion)?, text("path", path)?) };
        motion.motion.save(path)
    })
}

/// Writes the joint positions as MBench reads them: a `.npy` array (frames, 22, 3), metres, y up. The folder must exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_save_mbench_joints(
    motion: *const vimogen_motion,
    path: *const c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, path) = unsafe { (borrow("motion", motion)?, text("path", path)?) };
        motion.motion.save_mbench_joints(path)
    })
}

/// Writes a page that plays a motion in a browser, offline, with `title` and MBench's quality metrics.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_save_html(
    motion: *const vimogen_motion,
    path: *const c_char,
    title: *const c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, path, title) = unsafe { (borrow("motion", motion)?, text("path", path)?, text("title", title)?) };
        motion.motion.save_as(FileFormat::Html, path, &SaveOptions::default().with_title(title))
    })
}

/// MBench's motion-quality metrics of one motion; for all but `dynamic_degree` lower is better.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_quality {
    /// Acceleration of the joints.
    pub jitter_degree: f32,
    /// Movement of the joints.
    pub dynamic_degree: f32,
    /// Depth of the feet below the ground.
    pub ground_penetration: f32,
    /// Share of frames with floating feet.
    pub foot_floating: f32,
    /// Distance that planted feet slide.
    pub foot_sliding: f32,
}

// SAFETY: plain values.
unsafe impl Growing for vimogen_quality {
    const NAME: &'static str = "vimogen_quality";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

/// Measures a motion of at least 2 frames. `size` is `sizeof(vimogen_quality)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_quality(
    motion: *const vimogen_motion,
    quality: *mut vimogen_quality,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, place) = unsafe { (borrow("motion", motion)?, output("quality", quality, size)?) };
        let quality = Quality::measure(motion.motion.joints(), UpAxis::Z)?;
        place.write(vimogen_quality {
            jitter_degree: quality.get(Dimension::JitterDegree),
            dynamic_degree: quality.get(Dimension::DynamicDegree),
            ground_penetration: quality.get(Dimension::GroundPenetration),
            foot_floating: quality.get(Dimension::FootFloating),
            foot_sliding: quality.get(Dimension::FootSliding),
        });
        Ok(())
    })
}

/// A joint of the skeleton.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_joint {
    /// SMPL's name, such as `"left_knee"`; static.
    pub name: *const c_char,
    /// Index of the parent; -1 for the pelvis.
    pub parent: i32,
    /// Offset from the parent in the rest pose of the neutral built-in body, metres: x to the person's left, y up, z
    /// forward.
    pub rest_offset: [f32; 3],
}

// SAFETY: plain values and a pointer.
unsafe impl Growing for vimogen_joint {
    const NAME: &'static str = "vimogen_joint";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

/// Describes joint `index`, below `VIMOGEN_JOINTS`; a parent has a lower index than its children. `size` is
/// `sizeof(vimogen_joint)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_skeleton_joint(
    index: usize,
    joint: *mut vimogen_joint,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let place = unsafe { output("joint", joint, size)? };
        let joint = joints().get(index);
        let joint = joint.ok_or_else(|| Error::invalid("index", format!("{index} is not below {VIMOGEN_JOINTS}")))?;
        place.write(vimogen_joint { name: joint.name.as_ptr(), parent: joint.parent, rest_offset: joint.rest_offset });
        Ok(())
    })
}

struct Joint {
    name: CString,
    parent: i32,
    rest_offset: [f32; 3],
}

fn joints() -> &'static [Joint] {
    static JOINTS: OnceLock<Vec<Joint>> = OnceLock::new();
    JOINTS.get_or_init(|| {
        let joint = |j: usize| Joint {
            name: CString::new(JOINT_NAMES[j]).unwrap_or_default(),
            parent: PARENTS[j].map_or(-1, |parent| parent as i32),
            rest_offset: REST_OFFSETS[j].to_array(),
        };
        (0..VIMOGEN_JOINTS).map(joint).collect()
    })
}
