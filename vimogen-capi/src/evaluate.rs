//! Scores of a folder of motions.

use std::ffi::c_char;
use std::mem::offset_of;
use std::path::{Path, PathBuf};

use vimogen_core::mbench;
use vimogen_core::mbench::benchmark::{EvaluateOptions, evaluate_benchmark};
use vimogen_core::mbench::dimension::Dimension;
use vimogen_core::mbench::info::load_info;
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::mbench::vlm::{HttpJudge, Judge};
use vimogen_core::{Error, Result, progress};

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
    /// `MBench_eval_info.json`: score what it lists, each motion looked up as `<id>.npy`, `<id>.pt` and `<id>.mp4`.
    /// Default: NULL, which is every motion in the folder.
    pub info: *const c_char,
    /// With `info`: the folder for the results. Default: NULL, which is the folder's path with `-results` behind it.
    pub output: *const c_char,
}

// SAFETY: numbers and a pointer, the first field is the size.
unsafe impl Growing for vimogen_evaluate_params {
    const NAME: &'static str = "vimogen_evaluate_params";
    const SIZES: &'static [usize] = &[offset_of!(Self, info), size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_evaluate_params {
    fn defaults() -> Self {
        let (dimensions, info, output) = (std::ptr::null(), std::ptr::null(), std::ptr::null());
        Self { struct_size: size_of::<Self>() as u32, up_axis: 2, dimensions, info, output }
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

/// The texts of the parameters.
struct Asked<'a> {
    dimensions: Option<Vec<String>>,
    info: Option<&'a str>,
    output: Option<&'a str>,
}

fn report(folder: &str, asked: Asked<'_>, up_axis: i32) -> Result<String> {
    let up_axis = usize::try_from(up_axis).map_or_else(
        |_| Err(Error::invalid("up_axis", format!("{up_axis} is not an axis, use 0 (x), 1 (y) or 2 (z)"))),
        UpAxis::from_index,
    )?;
    match asked.info {
        None => mbench::evaluate(folder, asked.dimensions.as_deref(), up_axis)?.to_json(),
        Some(info) => benchmark(Path::new(folder), info, asked, up_axis),
    }
}

fn benchmark(folder: &Path, info: &str, asked: Asked<'_>, up_axis: UpAxis) -> Result<String> {
    let info = load_info(info)?;
    let names = asked.dimensions.as_ref();
    let parsed = names.map(|names| names.iter().map(|name| name.parse()).collect::<Result<Vec<Dimension>>>());
    let dimensions = parsed.transpose()?;
    let judge = HttpJudge::for_benchmark(&info, dimensions.as_deref())?;
    let whole = folder.canonicalize().map_err(|e| Error::io("read", folder, e))?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = asked.output.map_or_else(|| whole.with_file_name(format!("{name}-results")), PathBuf::from);
    let judge = judge.as_ref().map(|judge| judge as &dyn Judge);
    let options = EvaluateOptions { dimensions, up_axis, judge, ..EvaluateOptions::new(output, name) };
    evaluate_benchmark(folder, &info, &options, &mut progress::ignore)?.to_json()
}

/// Scores the motions in a folder (`.npy`, `.npz`, `.pt`) with MBench's motion-quality metrics, or with `info` in all its
/// dimensions.
///
/// `params`: NULL for the defaults. `json` receives the report, to be freed with `vimogen_string_free`: mean, deviation and
/// count by metric under `"dimensions"`, the values of each motion under `"motions"`. With `info`, `"dimensions"` holds
/// `"aggregate"` and `"per_motion"` of each, and `"missing"`, `"failed"` and `"skipped"` what was not measured; MBench's
/// files, a table and a page are written, and a second call goes on after a stop. Dimensions that are judged need a judge,
/// which `GEMINI_API_KEY`, or `OPENAI_BASE_URL`, `OPENAI_API_KEY` and `VIMOGEN_JUDGE_MODEL` name.
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
        let (dimensions, info, output) = unsafe {
            (
                optional_text("dimensions", params.dimensions)?,
                optional_text("info", params.info)?,
                optional_text("output", params.output)?,
            )
        };
        let dimensions = dimensions.map(|names| names.split(',').map(|name| name.trim().to_string()).collect());
        place.write(owned_text(report(folder, Asked { dimensions, info, output }, params.up_axis)?)?);
        Ok(())
    })
}
