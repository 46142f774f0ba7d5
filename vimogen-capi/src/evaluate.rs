//! Scores of a folder of motions.

use std::ffi::c_char;

use vimogen_core::mbench;
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::{Error, Result};

use crate::edge::{Growing, Params, Place, init, optional_params, optional_text, owned_text, text};
use crate::status::{guard, vimogen_status};

/// How motions are scored. Fill it with `vimogen_evaluate_params_init`, then change what you like.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_evaluate_params {
    /// Set by `vimogen_evaluate_params_init`.
    pub struct_size: u32,
    /// The axis that is height in files of joints: 0, 1 or 2. Default: 2, as the release measures.
    pub up_axis: i32,
    /// Names of metrics, separated by commas, such as `"Jitter_Degree,Foot_Sliding"`. Default: NULL, which is all.
    pub dimensions: *const c_char,
}

// SAFETY: numbers and a pointer, the first field is the size.
unsafe impl Growing for vimogen_evaluate_params {
    const NAME: &'static str = "vimogen_evaluate_params";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_evaluate_params {
    fn defaults() -> Self {
        Self { struct_size: size_of::<Self>() as u32, up_axis: 2, dimensions: std::ptr::null() }
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_evaluate_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_evaluate_params_init(
    params: *mut vimogen_evaluate_params,
    size: usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

fn report(folder: &str, dimensions: Option<&str>, up_axis: i32) -> Result<String> {
    let up_axis = usize::try_from(up_axis).map_or_else(
        |_| Err(Error::invalid("up_axis", format!("{up_axis} is not an axis, use 0 (x), 1 (y) or 2 (z)"))),
        UpAxis::from_index,
    )?;
    let names: Option<Vec<String>> =
        dimensions.map(|names| names.split(',').map(|name| name.trim().to_string()).collect());
    mbench::evaluate(folder, names.as_deref(), up_axis)?.to_json()
}

/// Scores the motions in a folder (`.npy`, `.npz`, `.pt`) with MBench's motion-quality metrics.
///
/// `params`: NULL for the defaults. `json` receives the report, to be freed with `vimogen_string_free`: mean, deviation and
/// count by metric under `"dimensions"`, the values of each motion under `"motions"`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_evaluate(
    folder: *const c_char,
    params: *const vimogen_evaluate_params,
    json: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (folder, params, place) =
            unsafe { (text("folder", folder)?, optional_params("params", params)?, Place::new("json", json)?) };
        // SAFETY: as above.
        let dimensions = unsafe { optional_text("dimensions", params.dimensions)? };
        place.write(owned_text(report(folder, dimensions, params.up_axis)?)?);
        Ok(())
    })
}
