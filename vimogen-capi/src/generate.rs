//! Generating motions.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use vimogen_core::body::Finish;
use vimogen_core::control::Constraints;
use vimogen_core::declare::NamedEnum;
use vimogen_core::sample::Smoothing;
use vimogen_core::{Error, GenerateOptions, Motion, Pipeline, Progress, Request, Result, Solver};

use crate::edge::{
    Growing, Params, Place, borrow, handle, init, optional_params, optional_text, params, room, slice, text, volume,
};
use crate::motion::vimogen_motion;
use crate::pipeline::vimogen_pipeline;
use crate::status::{guard, vimogen_status};

/// The model's own guidance scale or strength.
pub const VIMOGEN_MODEL_DEFAULT: f32 = -1.0;
/// The model's own finish.
pub const VIMOGEN_FINISH_OF_MODEL: i32 = -1;
/// Maximum number of requests in a batch.
pub const VIMOGEN_MAX_REQUESTS: usize = 65536;

/// A report of progress.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_progress {
    /// Size of this struct in the library.
    pub struct_size: u32,
    /// A `vimogen_stage`.
    pub stage: i32,
    /// Steps of the stage that are done, from 1.
    pub step: u64,
    /// Steps of the stage in this call.
    pub total: u64,
}

/// Called after each step, on the thread that made the call. Return 0 to go on; anything else stops the work, and the call
/// returns `VIMOGEN_STATUS_CANCELLED`. It must not throw and must not leave by `longjmp`.
pub type vimogen_progress_fn =
    Option<unsafe extern "C" fn(progress: *const vimogen_progress, user_data: *mut c_void) -> i32>;

/// Options of a generation. Fill it with `vimogen_generate_params_init`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_generate_params {
    /// Set by `vimogen_generate_params_init`.
    pub struct_size: u32,
    /// Frames of the motion, 2 to 72000. Default: 0, which is as many as the reference, or 100.
    pub num_frames: u32,
    /// Steps from noise to motion, 1 to 1000; each evaluates the network once (`VIMOGEN_SOLVER_HEUN`: twice). Default: 50.
    pub num_inference_steps: u32,
    /// Weight of the prompt, 0 to 100; 1 turns guidance off and halves the work. Default: `VIMOGEN_MODEL_DEFAULT`; any negative
    /// number is the model's own.
    pub guidance_scale: f32,
    /// Level of noise at which sampling starts, above 0 and at most 1. Default: `VIMOGEN_MODEL_DEFAULT`; any negative number
    /// is the model's own.
    pub strength: f64,
    /// Seed of the noise: the same seed and prompt give the same motion. Default: 42.
    pub seed: u64,
    /// Called after each step. Default: NULL.
    pub progress: vimogen_progress_fn,
    /// Passed to `progress`. Default: NULL.
    pub user_data: *mut c_void,
    /// Smoothing over time, a `vimogen_smoothing`. Default: `VIMOGEN_SMOOTHING_PER_CLIP`.
    pub smoothing: i32,
    /// Solver, a `vimogen_solver`. Default: `VIMOGEN_SOLVER_EULER`.
    pub solver: i32,
    /// Lowest noise level, 0 to 1, at which there is guidance. Default: 0.
    pub guidance_low: f64,
    /// Highest noise level, 0 to 1, at which there is guidance; steps outside cost half as much. Default: 1.
    pub guidance_high: f64,
    /// Finish, a `vimogen_finish`. Default: `VIMOGEN_FINISH_OF_MODEL`; any negative number is the model's own.
    pub finish: i32,
    /// Not 0: a motion from a prompt that is longer than the clips the model was trained on is made of overlapping windows.
    /// Default: 1.
    pub windows: i32,
}

// SAFETY: plain values and pointers, of which a NULL one is valid; the first field is the size.
unsafe impl Growing for vimogen_generate_params {
    const NAME: &'static str = "vimogen_generate_params";
    const SIZES: &'static [usize] =
        &[std::mem::offset_of!(Self, guidance_low), std::mem::offset_of!(Self, finish), size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_generate_params {
    fn defaults() -> Self {
        let options = GenerateOptions::default();
        Self {
            struct_size: size_of::<Self>() as u32,
            num_frames: 0,
            num_inference_steps: options.sampler.num_inference_steps as u32,
            guidance_scale: VIMOGEN_MODEL_DEFAULT,
            strength: VIMOGEN_MODEL_DEFAULT.into(),
            seed: options.seed,
            progress: None,
            user_data: std::ptr::null_mut(),
            smoothing: options.sampler.smoothing.number(),
            solver: options.sampler.solver.number(),
            guidance_low: 0.0,
            guidance_high: 1.0,
            finish: VIMOGEN_FINISH_OF_MODEL,
            windows: i32::from(options.windows),
        }
    }
}

impl vimogen_generate_params {
    pub(crate) fn options(&self) -> Result<GenerateOptions> {
        let mut options = GenerateOptions::default()
            .with_num_inference_steps(self.num_inference_steps as usize)
            .with_seed(self.seed)
            .with_smoothing(Smoothing::from_number(self.smoothing)?)
            .with_solver(Solver::from_number(self.solver)?)
            .with_windows(self.windows != 0);
        if self.num_frames != 0 {
            options = options.with_num_frames(self.num_frames as usize);
        }
        // NaN is passed on and refused.
        if self.guidance_scale.is_nan() || self.guidance_scale >= 0.0 {
            options = options.with_guidance_scale(self.guidance_scale);
        }
        if self.strength.is_nan() || self.strength >= 0.0 {
            options = options.with_strength(self.strength);
        }
        if (self.guidance_low, self.guidance_high) != (0.0, 1.0) {
            options = options.with_guidance_interval((self.guidance_low, self.guidance_high));
        }
        if self.finish >= 0 {
            options = options.with_finish(Finish::from_number(self.finish)?);
        }
        Ok(options)
    }
}

/// Hands a report to the caller's function, if there is one.
pub(crate) fn notify(callback: vimogen_progress_fn, user_data: *mut c_void, progress: Progress) -> ControlFlow<()> {
    let Some(callback) = callback else { return ControlFlow::Continue(()) };
    let report = vimogen_progress {
        struct_size: size_of::<vimogen_progress>() as u32,
        stage: progress.stage.number(),
        step: progress.step as u64,
        total: progress.total as u64,
    };
    // SAFETY: the caller gave a function of this type, which does not unwind, by the conventions of the header.
    match unsafe { callback(&raw const report, user_data) } {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_generate_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_params_init(
    params: *mut vimogen_generate_params,
    size: usize,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(params, size) })
}

/// Sets every field to its default, but `solver` and `num_inference_steps` to 40 of `VIMOGEN_SOLVER_AB2`, which are as exact as
/// the default's 50. `size` is `sizeof(vimogen_generate_params)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_params_init_fast(
    params: *mut vimogen_generate_params,
    size: usize,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        unsafe { init(params, size) }?;
        let fast = GenerateOptions::fast();
        // SAFETY: init checked the pointer and the size; both fields are within the smallest size there has been.
        unsafe {
            (*params).num_inference_steps = fast.sampler.num_inference_steps as u32;
            (*params).solver = fast.sampler.solver.number();
        }
        Ok(())
    })
}

fn run(pipeline: &Pipeline, requests: &[Request], params: &vimogen_generate_params) -> Result<Vec<Motion>> {
    pipeline.generate_with(requests, &params.options()?, &mut |progress| {
        notify(params.progress, params.user_data, progress)
    })
}

/// Generates one motion for a request that is made of the caller's arguments.
///
/// # Safety
/// The conventions of the header.
unsafe fn generate_one(
    pipeline: *const vimogen_pipeline,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
    request: impl FnOnce() -> Result<Request>,
) -> vimogen_status {
    guard(|| {
        // SAFETY: as ours.
        let (pipeline, params, place) = unsafe {
            (borrow("pipeline", pipeline)?, optional_params("params", params)?, Place::new("motion", motion)?)
        };
        let made = run(&pipeline.0, &[request()?], &params)?.pop();
        let made = made.ok_or_else(|| Error::Internal { reason: "a request gave no motion".into() })?;
        place.write(handle(vimogen_motion::new(made)));
        Ok(())
    })
}

/// Generates a motion from a prompt such as `"a person walks forward"`.
///
/// `params`: NULL for the defaults. `motion`: receives the motion, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate(
    pipeline: *const vimogen_pipeline,
    prompt: *const c_char,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe { generate_one(pipeline, params, motion, || Ok(Request::text(text("prompt", prompt)?))) }
}

/// Generates a motion from an encoded prompt, `[rows][text_dim]`: the result of `vimogen_pipeline_encode`, or of another
/// encoder for models without one. For the rest see `vimogen_generate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_from_embeddings(
    pipeline: *const vimogen_pipeline,
    embeddings: *const f32,
    rows: usize,
    text_dim: usize,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    unsafe {
        generate_one(pipeline, params, motion, || {
            Ok(Request::embeds(matrix("embeddings", embeddings, rows, text_dim)?))
        })
    }
}

/// Generates a motion from a prompt that meets constraints, given as JSON:
/// `{"constraints": [{"type": "root", "frame": 60, "position": [0.5, 2]}, {"type": "loop"}]}`; the kinds are in the book, under
/// "Direct a motion". A place out of reach is approached. For the rest see `vimogen_generate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_constrained(
    pipeline: *const vimogen_pipeline,
    prompt: *const c_char,
    constraints: *const c_char,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, prompt, constraints, params, place) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                text("prompt", prompt)?,
                text("constraints", constraints)?,
                optional_params("params", params)?,
                Place::new("motion", motion)?,
            )
        };
        let made = pipeline.0.generate_constrained_with(
            prompt,
            &Constraints::from_json(constraints)?,
            &params.options()?,
            &mut |progress| notify(params.progress, params.user_data, progress),
        )?;
        place.write(handle(vimogen_motion::new(made.motion)));
        Ok(())
    })
}

/// Generates a motion that follows another. Its frames are those of the reference at the model's frame rate, unless
/// `num_frames` is set. For the rest see `vimogen_generate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_from_reference(
    pipeline: *const vimogen_pipeline,
    reference: *const vimogen_motion,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    let request = || {
        // SAFETY: the caller keeps the conventions of the header.
        let reference = unsafe { borrow("reference", reference)? };
        Ok(Request::reference(reference.motion.clone()))
    };
    // SAFETY: as above.
    unsafe { generate_one(pipeline, params, motion, request) }
}

/// Copy of a `rows` x `columns` array.
///
/// # Safety
/// As [`slice`].
unsafe fn matrix(name: &'static str, data: *const f32, rows: usize, columns: usize) -> Result<Array2<f32>> {
    // SAFETY: as ours.
    let numbers = unsafe { slice(name, data, volume(name, &[rows, columns])?)? };
    let view = ArrayView2::from_shape((rows, columns), numbers);
    Ok(view.map_err(|_| Error::shape(name, "(rows, columns)", &[rows, columns]))?.to_owned())
}

/// One motion of a batch. Fill it with `vimogen_request_init`, then set one of `prompt`, `embeddings` and `reference`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct vimogen_request {
    /// Set by `vimogen_request_init`.
    pub struct_size: u32,
    /// Frames of this motion. Default: 0, which is that of `vimogen_generate_params`.
    pub num_frames: u32,
    /// A sentence. Default: NULL.
    pub prompt: *const c_char,
    /// An encoded prompt, `[rows][text_dim]`. Default: NULL.
    pub embeddings: *const f32,
    /// Rows of `embeddings`.
    pub rows: usize,
    /// Columns of `embeddings`.
    pub text_dim: usize,
    /// A motion to follow. Default: NULL.
    pub reference: *const vimogen_motion,
    /// Seed of this motion, if `has_seed`.
    pub seed: u64,
    /// Not 0: `seed` counts, and not that of `vimogen_generate_params`. Default: 0.
    pub has_seed: i32,
    /// Always 0.
    pub reserved: i32,
}

// SAFETY: plain values and pointers, the first field is the size.
unsafe impl Growing for vimogen_request {
    const NAME: &'static str = "vimogen_request";
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}

// SAFETY: as above.
unsafe impl Params for vimogen_request {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            num_frames: 0,
            prompt: std::ptr::null(),
            embeddings: std::ptr::null(),
            rows: 0,
            text_dim: 0,
            reference: std::ptr::null(),
            seed: 0,
            has_seed: 0,
            reserved: 0,
        }
    }
}

impl vimogen_request {
    /// # Safety
    /// The conventions of the header.
    unsafe fn request(&self) -> Result<Request> {
        let given = [!self.prompt.is_null(), !self.embeddings.is_null(), !self.reference.is_null()];
        if given.iter().filter(|given| **given).count() != 1 {
            let reason =
                "a motion has one source: set exactly one of prompt, embeddings and reference, leave the others NULL";
            return Err(Error::invalid("requests", reason));
        }
        // SAFETY: as ours.
        let mut request = unsafe {
            match (optional_text("prompt", self.prompt)?, self.reference.is_null()) {
                (Some(prompt), _) => Request::text(prompt),
                (None, false) => Request::reference(borrow("reference", self.reference)?.motion.clone()),
                (None, true) => Request::embeds(matrix("embeddings", self.embeddings, self.rows, self.text_dim)?),
            }
        };
        if self.num_frames != 0 {
            request = request.with_num_frames(self.num_frames as usize);
        }
        Ok(if self.has_seed != 0 { request.with_seed(self.seed) } else { request })
    }
}

/// Sets every field to its default. `size` is `sizeof(vimogen_request)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_request_init(request: *mut vimogen_request, size: usize) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { init(request, size) })
}

/// Generates many motions at once, which is faster than one after the other. Each is the same as if it were generated
/// alone, but for the rounding of sums.
///
/// `requests`: an array of `count` requests, 1 to `VIMOGEN_MAX_REQUESTS`, all filled by `vimogen_request_init`. `motions`:
/// room for `count` handles, each to be freed with `vimogen_motion_free`; written only if all succeed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_batch(
    pipeline: *const vimogen_pipeline,
    requests: *const vimogen_request,
    count: usize,
    params: *const vimogen_generate_params,
    motions: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        if !(1..=VIMOGEN_MAX_REQUESTS).contains(&count) {
            return Err(Error::invalid("count", format!("{count} is not in 1..={VIMOGEN_MAX_REQUESTS}")));
        }
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, params, places, requests) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                optional_params("params", params)?,
                room("motions", motions, count)?,
                read_requests(requests, count)?,
            )
        };
        let made = run(&pipeline.0, &requests, &params)?;
        if made.len() != count {
            return Err(Error::Internal { reason: "a request gave no motion".into() });
        }
        for (place, motion) in places.iter_mut().zip(made) {
            place.write(handle(vimogen_motion::new(motion)));
        }
        Ok(())
    })
}

/// The requests of an array whose elements have the size that the first one states: the caller's version of the struct.
///
/// # Safety
/// The conventions of the header.
unsafe fn read_requests(requests: *const vimogen_request, count: usize) -> Result<Vec<Request>> {
    // SAFETY: as ours.
    let stride = unsafe { params("requests", requests) }?.struct_size as usize;
    let mut read = Vec::with_capacity(count);
    for i in 0..count {
        // SAFETY: the array has `count` elements of this size, by the caller's promise.
        let request = unsafe { params("requests", requests.byte_add(i * stride))? };
        if request.struct_size as usize != stride {
            let reason = format!("the struct_size of request {i} is not that of request 0; call vimogen_request_init");
            return Err(Error::invalid("requests", reason));
        }
        // SAFETY: as above.
        read.push(unsafe { request.request()? });
    }
    Ok(read)
}
