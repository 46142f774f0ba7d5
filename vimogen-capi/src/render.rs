//! Pictures and videos of motions.

use std::ffi::{c_char, c_void};

use vimogen_core::Result;
use vimogen_core::body::BodyModel;
use vimogen_core::declare::NamedEnum;
use vimogen_core::render::{MeshSequence, RenderOptions, Renderer, Style, View, encode};

use crate::edge::{Growing, Params, borrow, init, optional_params, text};
use crate::generate::{notify, vimogen_progress_fn};
use crate::motion::vimogen_motion;
use crate::status::{guard, vimogen_status};

/// Options of pictures. Fill it with `vimogen_render_params_init`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_render_params {
    /// Set by `vimogen_render_params_init`.
    pub struct_size: u32,
    /// Width in pixels, 16 to 4096; even for `.mp4`. Default: 960.
    pub width: u32,
    /// Height in pixels, as `width`. Default: 960.
    pub height: u32,
    /// A `vimogen_view`. Default: `VIMOGEN_VIEW_AUTO`.
    pub view: i32,
    /// A `vimogen_style`. Default: `VIMOGEN_STYLE_LIT`.
    pub style: i32,
    /// Direction of the camera in degrees, from the front of the body to its right. Default: 35.
    pub yaw: f32,
    /// Downward angle of the camera in degrees, -10 to 89. Default: 12.
    pub pitch: f32,
    /// Not 0: a mannequin at the joint positions instead of a skinned body, which follows the rotations. Default: 0.
    pub figure: i32,
    /// Called after each picture. Default: NULL.
    pub progress: vimogen_progress_fn,
    /// Passed to `progress`. Default: NULL.
    pub user_data: *mut c_void,
}

// SAFETY: plain values and pointers that may be NULL; the first field is the size.
unsafe impl Growing for vimogen_render_params {
    const NAME: &'static str = "vimogen_render_params";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_render_params {
    fn defaults() -> Self {
        let options = RenderOptions::default();
        Self {
            struct_size: size_of::<Self>() as u32,
            width: options.width as u32,
            height: options.height as u32,
            view: options.view.number(),
            style: options.style.number(),
            yaw: options.yaw,
            pitch: options.pitch,
            figure: 0,
            progress: None,
            user_data: std::ptr::null_mut(),
        }
    }
}

impl vimogen_render_params {
    fn options(&self) -> Result<RenderOptions> {
        let (style, view) = (Style::from_number(self.style)?, View::from_number(self.view)?);
        let options = RenderOptions::default().with_size(self.width as usize, self.height as usize);
        Ok(options.with_style(style).with_view(view).with_angles(self.yaw, self.pitch))
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_render_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_render_params_init(params: *mut vimogen_render_params, size: usize) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

/// Draws the built-in body performing a motion, without a GPU or a display, in the format of the extension: `.mp4`
/// (H.264 as browsers play it), `.gif`, `.png` (a contact sheet of 8 moments; of one frame its picture); a path without
/// extension is a folder with one PNG per frame. `params`: NULL for the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_motion_render(
    motion: *const vimogen_motion,
    path: *const c_char,
    params: *const vimogen_render_params,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (motion, path, params) =
            unsafe { (borrow("motion", motion)?, text("path", path)?, optional_params("params", params)?) };
        let mut on_progress = |progress| notify(params.progress, params.user_data, progress);
        let sequence = match params.figure {
            0 => MeshSequence::body_with(&motion.motion, BodyModel::neutral(), &mut on_progress)?,
            _ => MeshSequence::figure(motion.motion.joints())?,
        };
        let renderer = Renderer::new(&sequence, &params.options()?)?;
        encode::save(path, &renderer, motion.motion.fps(), &mut on_progress)
    })
}
