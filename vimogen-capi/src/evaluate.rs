//! Scores of a folder of motions.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use vimogen_core::mbench::benchmark::Reader;
use vimogen_core::mbench::bodies::BodyFiles;
use vimogen_core::mbench::info::load_info;
use vimogen_core::mbench::quality::UpAxis;
use vimogen_core::mbench::vlm::question::Templates;
use vimogen_core::mbench::vlm::{HttpJudge, Judge};
use vimogen_core::mbench::{Dimension, EvaluateOptions, evaluate};
use vimogen_core::{Error, Result};

use crate::edge::{Growing, Params, Place, init, optional_params, optional_text, owned_text, text};
use crate::generate::{notify, vimogen_progress_fn};
use crate::load::{Reading, vimogen_motion_load_params};
use crate::status::{guard, vimogen_status};

/// Options of scoring. Fill it with `vimogen_evaluate_params_init`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_evaluate_params {
    /// Set by `vimogen_evaluate_params_init`.
    pub struct_size: u32,
    /// Height axis of joint files: 0, 1 or 2. Default: 2, as in the release.
    pub up_axis: i32,
    /// Names of metrics, separated by commas, such as `"Jitter_Degree,Foot_Sliding"`. Default: NULL, which is all.
    pub dimensions: *const c_char,
    /// `MBench_eval_info.json`: its motions are scored, looked up as `<id>.npy`, `<id>.pt` and `<id>.mp4`. Default: NULL,
    /// which is every motion in the folder.
    pub info: *const c_char,
    /// With `info`: the folder for the results. Default: NULL, which is the folder's path with `-results` behind it.
    pub output: *const c_char,
    /// With `info`: SMPL file, such as `SMPL_NEUTRAL.pkl`, of fitted bodies. Default: NULL, the neutral body.
    pub body: *const c_char,
    /// With `info`: the folder of `gmm_08.pkl` and `neutral_smpl_mean_params.h5`. Default: NULL, built-in ones.
    pub priors: *const c_char,
    /// With `info`: the folder of an NRDF model, without which `Pose_Quality` is skipped. Default: NULL.
    pub nrdf: *const c_char,
    /// With `info`: a file with another wording of a judge's questions. Default: NULL.
    pub prompt_template: *const c_char,
    /// With `info`: prefix of the result files. Default: NULL, the folder's name.
    pub name: *const c_char,
    /// With `info`: called after each file measured and each question answered. Default: NULL.
    pub progress: vimogen_progress_fn,
    /// Passed to `progress`. Default: NULL.
    pub user_data: *mut c_void,
    /// Seed of the order of candidates in a question to a judge. Default: 42.
    pub seed: u64,
    /// Files or questions in parallel, 1 to 256. Default: 0, which is one file per core and 4 questions.
    pub jobs: u32,
    /// Not 0: NRDF is given the 21 body joints of its training instead of the release's rows. Default: 0.
    pub body_joints: i32,
    /// How motion files are read, all of them alike. Default: NULL, the defaults.
    pub reading: *const vimogen_motion_load_params,
}

// SAFETY: plain values and pointers, of which a NULL one is valid; the first field is the size.
unsafe impl Growing for vimogen_evaluate_params {
    const NAME: &'static str = "vimogen_evaluate_params";
    const SIZES: &'static [usize] =
        &[offset_of!(Self, info), offset_of!(Self, body), offset_of!(Self, reading), size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_evaluate_params {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            up_axis: 2,
            dimensions: null(),
            info: null(),
            output: null(),
            body: null(),
            priors: null(),
            nrdf: null(),
            prompt_template: null(),
            name: null(),
            progress: None,
            user_data: null_mut(),
            seed: EvaluateOptions::default().seed,
            jobs: 0,
            body_joints: 0,
            reading: null(),
        }
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

/// Parameters with their strings.
struct Arguments<'a> {
    params: vimogen_evaluate_params,
    dimensions: Option<Vec<String>>,
    info: Option<&'a str>,
    output: Option<&'a str>,
    body: Option<&'a str>,
    priors: Option<&'a str>,
    nrdf: Option<&'a str>,
    prompt_template: Option<&'a str>,
    name: Option<&'a str>,
    reading: Reading,
}

impl Arguments<'_> {
    /// # Safety
    /// Pointers in `params` are NULL, texts or parameters, by the conventions of the header.
    unsafe fn new(params: vimogen_evaluate_params) -> Result<Self> {
        // SAFETY: as ours.
        let text = |name, pointer| unsafe { optional_text(name, pointer) };
        let dimensions = text("dimensions", params.dimensions)?;
        Ok(Self {
            dimensions: dimensions.map(|names| names.split(',').map(|name| name.trim().to_string()).collect()),
            info: text("info", params.info)?,
            output: text("output", params.output)?,
            body: text("body", params.body)?,
            priors: text("priors", params.priors)?,
            nrdf: text("nrdf", params.nrdf)?,
            prompt_template: text("prompt_template", params.prompt_template)?,
            name: text("name", params.name)?,
            // SAFETY: as ours.
            reading: unsafe { Reading::new(&optional_params("reading", params.reading)?)? },
            params,
        })
    }

    fn report(&self, folder: &str) -> Result<String> {
        let folder = Path::new(folder);
        let info = self.info.map(load_info).transpose()?;
        let parse = |names: &Vec<String>| names.iter().map(|name| name.parse()).collect::<Result<Vec<Dimension>>>();
        let dimensions = self.dimensions.as_ref().map(parse).transpose()?;
        // Without the pointers of the parameters, which threads may not share.
        let reading = &self.reading;
        let read = |path: &Path| reading.load(path);
        let reader = Reader { settings: &reading.settings, read: &read };
        let defaults = EvaluateOptions::default().with_up_axis(self.up_axis()?).with_dimensions(dimensions);
        let defaults = defaults.with_reader(reader);
        let mut on_progress = |progress| notify(self.params.progress, self.params.user_data, progress);
        match &info {
            None => evaluate(folder, &defaults, &mut on_progress)?.summary_json(),
            Some(info) => {
                let judge = HttpJudge::for_benchmark(info, defaults.dimensions.as_deref())?;
                let judge = judge.as_ref().map(|judge| judge as &dyn Judge);
                evaluate(
                    folder,
                    &self.benchmark(folder, defaults)?.with_info(info).with_judge(judge),
                    &mut on_progress,
                )?
                .to_json()
            }
        }
    }

    fn up_axis(&self) -> Result<UpAxis> {
        let axis = self.params.up_axis;
        usize::try_from(axis).map_or_else(
            |_| Err(Error::invalid("up_axis", format!("{axis} is not an axis, use 0 (x), 1 (y) or 2 (z)"))),
            UpAxis::from_index,
        )
    }

    /// Options for an info file.
    fn benchmark<'a>(&self, folder: &Path, options: EvaluateOptions<'a>) -> Result<EvaluateOptions<'a>> {
        let whole = folder.canonicalize().map_err(|e| Error::io("read", folder, e))?;
        let folder_name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let output = self.output.map_or_else(|| whole.with_file_name(format!("{folder_name}-results")), PathBuf::from);
        let path = |text: Option<&str>| text.map(PathBuf::from);
        let params = &self.params;
        let bodies = BodyFiles {
            body: path(self.body),
            priors: path(self.priors),
            nrdf: path(self.nrdf),
            body_joints: params.body_joints != 0,
        };
        Ok(options
            .with_output(output, self.name.map_or(folder_name, String::from))
            .with_jobs((params.jobs != 0).then_some(params.jobs as usize))
            .with_templates(self.prompt_template.map_or_else(|| Ok(Templates::default()), Templates::load)?)
            .with_seed(params.seed)
            .with_bodies(bodies))
    }
}

/// Scores the motions in a folder, of all formats that are read, with MBench's motion-quality metrics, or with `info` in all
/// its dimensions.
///
/// `params`: NULL for the defaults. `json` receives the report, to be freed with `vimogen_string_free`: mean, deviation and
/// count by metric under `"dimensions"`, the values of each motion under `"motions"`; files that could not be measured, and
/// are left out, under `"failed"` with their reasons; doubts about other files under `"warnings"`. With `info`, `"dimensions"` holds
/// `"aggregate"` and `"per_motion"` of each, and `"missing"`, `"failed"` and `"skipped"` the rest; MBench's
/// files, a table and a page are written, and a second call continues after a stop. Judged dimensions need the environment
/// variable `GEMINI_API_KEY`, or `OPENAI_BASE_URL`, `OPENAI_API_KEY` and `VIMOGEN_JUDGE_MODEL`.
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
        let arguments = unsafe { Arguments::new(params)? };
        place.write(owned_text(arguments.report(folder)?)?);
        Ok(())
    })
}
