//! Sequences of prompts, changes of motions by prompts, and motion without an end.

use std::ffi::{c_char, c_void};

use vimogen_core::pipeline::{Part, Stream, StreamOptions, TextEdit};
use vimogen_core::{Error, Pipeline, Prompt, Result};

use crate::edge::{Place, borrow, borrow_mut, free, handle, optional_params, optional_text, slice, text};
use crate::generate::{notify, vimogen_generate_params};
use crate::motion::vimogen_motion;
use crate::pipeline::vimogen_pipeline;
use crate::status::{guard, vimogen_status};

/// Maximum number of prompts of a sequence.
const MAX_PARTS: usize = 65_536;

/// Generates one motion in which each of `count` prompts follows the one before, without a cut.
///
/// `seconds`: duration of each; NULL: 4 seconds. `params`: NULL for the defaults; `num_frames` is not used. `motion`: receives
/// the motion, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_sequence(
    pipeline: *const vimogen_pipeline,
    prompts: *const *const c_char,
    seconds: *const f64,
    count: usize,
    params: *const vimogen_generate_params,
    motion: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, params, place, parts) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                optional_params("params", params)?,
                Place::new("motion", motion)?,
                parts_of(prompts, seconds, count)?,
            )
        };
        let made = pipeline.0.sequence_with(&parts, &params.options()?, &mut |progress| {
            notify(params.progress, params.user_data, progress)
        })?;
        place.write(handle(vimogen_motion::new(made.motion)));
        Ok(())
    })
}

/// Goes on from the end of `motion`: the motion as it is, then `count` prompts, each after the other, without a cut.
///
/// `seconds`: duration of each prompt; NULL: 4 seconds. `params`: NULL for the defaults; `num_frames` is not used. `extended`:
/// receives the whole motion, to be freed with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_extend(
    pipeline: *const vimogen_pipeline,
    motion: *const vimogen_motion,
    prompts: *const *const c_char,
    seconds: *const f64,
    count: usize,
    params: *const vimogen_generate_params,
    extended: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, motion, params, place, parts) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                borrow("motion", motion)?,
                optional_params("params", params)?,
                Place::new("extended", extended)?,
                parts_of(prompts, seconds, count)?,
            )
        };
        let made = pipeline.0.extend_with(&motion.motion, &parts, &params.options()?, &mut |progress| {
            notify(params.progress, params.user_data, progress)
        })?;
        place.write(handle(vimogen_motion::new(made.motion)));
        Ok(())
    })
}

/// Prompts with their durations.
///
/// # Safety
/// `prompts` and `seconds`, unless they are NULL, have `count` values.
unsafe fn parts_of(prompts: *const *const c_char, seconds: *const f64, count: usize) -> Result<Vec<Part>> {
    if count > MAX_PARTS {
        return Err(Error::invalid("count", format!("{count} prompts, at most {MAX_PARTS}")));
    }
    // SAFETY: as above.
    let prompts = unsafe { slice("prompts", prompts, count)? };
    // SAFETY: as above.
    let seconds = if seconds.is_null() { None } else { Some(unsafe { slice("seconds", seconds, count)? }) };
    let mut parts = Vec::with_capacity(count);
    for (i, prompt) in prompts.iter().enumerate() {
        // SAFETY: as above.
        let part = Part::new(unsafe { text("prompts", *prompt)? });
        parts.push(seconds.map_or(part.clone(), |seconds| part.with_seconds(seconds[i])));
    }
    Ok(parts)
}

/// Changes what a motion shows, and keeps what the prompt and `source`, what it shows now, have in common.
///
/// `source`: NULL if that is not known. `strength`: how much may change, above 0 and at most 1; a negative number is 0.8.
/// `params`: NULL for the defaults; its own `strength` and `num_frames` are not used. `edited`: receives the motion, to be freed
/// with `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_edit(
    pipeline: *const vimogen_pipeline,
    motion: *const vimogen_motion,
    prompt: *const c_char,
    source: *const c_char,
    strength: f64,
    params: *const vimogen_generate_params,
    edited: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, motion, prompt, source, params, place) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                borrow("motion", motion)?,
                text("prompt", prompt)?,
                optional_text("source", source)?,
                optional_params("params", params)?,
                Place::new("edited", edited)?,
            )
        };
        let mut edit = TextEdit::default();
        edit.source = source.map(|source| Prompt::Text(source.into()));
        edit.strength = given(strength);
        let made = pipeline.0.edit_with(
            &motion.motion,
            Prompt::Text(prompt.into()),
            &edit,
            &params.options()?,
            &mut |progress| notify(params.progress, params.user_data, progress),
        )?;
        place.write(handle(vimogen_motion::new(made)));
        Ok(())
    })
}

/// Generates a motion like another, of the seed in `params`.
///
/// `prompt`: what it leans towards, or NULL. `strength`: how much it differs, above 0 and at most 1; a negative number is 0.4.
/// For the rest see `vimogen_generate_edit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_generate_variation(
    pipeline: *const vimogen_pipeline,
    motion: *const vimogen_motion,
    prompt: *const c_char,
    strength: f64,
    params: *const vimogen_generate_params,
    variation: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (pipeline, motion, prompt, params, place) = unsafe {
            (
                borrow("pipeline", pipeline)?,
                borrow("motion", motion)?,
                optional_text("prompt", prompt)?,
                optional_params("params", params)?,
                Place::new("variation", variation)?,
            )
        };
        let prompt = prompt.map(|prompt| Prompt::Text(prompt.into()));
        let options = params.options()?;
        let mut made =
            pipeline.0.variations_with(&motion.motion, 1, prompt, given(strength), &options, &mut |progress| {
                notify(params.progress, params.user_data, progress)
            })?;
        let made = made.pop().ok_or_else(|| Error::internal("a request gave no motion"))?;
        place.write(handle(vimogen_motion::new(made)));
        Ok(())
    })
}

/// A negative number leaves an option open; NaN is passed on and refused.
fn given(value: f64) -> Option<f64> {
    (value.is_nan() || value >= 0.0).then_some(value)
}

/// Motion without an end. One thread at a time may use it.
pub struct vimogen_stream(Stream<&'static Pipeline>);

/// Opens motion without an end that can be directed while it goes on.
///
/// `pipeline`: must not be freed before the stream. `num_inference_steps`: of each window; 0 is 6. `stream`: receives it, to be
/// freed with `vimogen_stream_free`. The same seed and the same wishes at the same frames give the same motion.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_open(
    pipeline: *const vimogen_pipeline,
    prompt: *const c_char,
    seed: u64,
    num_inference_steps: u32,
    stream: *mut *mut vimogen_stream,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header; the pipeline outlives the stream by those of this function.
        let (pipeline, prompt, place): (&'static vimogen_pipeline, _, _) =
            unsafe { (borrow("pipeline", pipeline)?, text("prompt", prompt)?, Place::new("stream", stream)?) };
        let mut options = StreamOptions::default().with_seed(seed);
        if num_inference_steps != 0 {
            options = options.with_num_inference_steps(num_inference_steps as usize);
        }
        place.write(handle(vimogen_stream(Stream::new(&pipeline.0, prompt, options)?)));
        Ok(())
    })
}

/// Frees a stream. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_free(stream: *mut vimogen_stream) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("stream", stream) })
}

/// The stream of a caller.
///
/// # Safety
/// The conventions of the header; nobody else uses the stream during the call.
unsafe fn of<'a>(stream: *mut vimogen_stream) -> Result<&'a mut Stream<&'static Pipeline>> {
    // SAFETY: as ours.
    Ok(unsafe { &mut borrow_mut("stream", stream)?.0 })
}

/// The next `frames` frames, which go on where the last ones ended. `block`: receives them, to be freed with
/// `vimogen_motion_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_next(
    stream: *mut vimogen_stream,
    frames: usize,
    block: *mut *mut vimogen_motion,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (stream, place) = unsafe { (of(stream)?, Place::new("block", block)?) };
        place.write(handle(vimogen_motion::new(stream.block(frames)?)));
        Ok(())
    })
}

/// Called with each block of a stream. The block belongs to the library and is valid during the call. It may direct the stream.
/// Return 0 to go on; anything else ends `vimogen_stream_run`. It must not throw and must not leave by `longjmp`.
pub type vimogen_stream_fn = Option<
    unsafe extern "C" fn(stream: *mut vimogen_stream, block: *const vimogen_motion, user_data: *mut c_void) -> i32,
>;

/// Calls `callback` with block after block of `frames` frames, until it returns something else than 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_run(
    stream: *mut vimogen_stream,
    frames: usize,
    callback: vimogen_stream_fn,
    user_data: *mut c_void,
) -> vimogen_status {
    let Some(callback) = callback else {
        return guard(|| Err(Error::invalid("callback", "it is NULL")));
    };
    loop {
        let mut block = std::ptr::null_mut();
        // SAFETY: the caller keeps the conventions of the header.
        let status = unsafe { vimogen_stream_next(stream, frames, &raw mut block) };
        if status as i32 != vimogen_status::Ok as i32 {
            return status;
        }
        // SAFETY: the caller gave a function of this type, which does not unwind, by the conventions of the header.
        let answer = unsafe { callback(stream, block, user_data) };
        // SAFETY: the block was made above and nobody keeps it.
        let status = unsafe { crate::motion::vimogen_motion_free(block) };
        if answer != 0 || status as i32 != vimogen_status::Ok as i32 {
            return status;
        }
    }
}

/// Sets what the person does from the next frame on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_set_prompt(
    stream: *mut vimogen_stream,
    prompt: *const c_char,
) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { of(stream)?.set_prompt(text("prompt", prompt)?) })
}

/// Turns the person to a heading, `degrees` to the left of the first one. It turns while it moves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_set_heading(stream: *mut vimogen_stream, degrees: f32) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { of(stream)?.set_heading(Some(degrees)) })
}

/// Leads the person to a place on the ground, metres to the right and forward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_set_target(stream: *mut vimogen_stream, x: f32, y: f32) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { of(stream)?.set_target(Some([x, y])) })
}

/// Ends the steering of `vimogen_stream_set_heading` and `vimogen_stream_set_target`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_release(stream: *mut vimogen_stream) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { of(stream)?.set_heading(None) })
}

/// Whether the person is within 0.4 m of its target: `reached` receives 1 or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_stream_reached(stream: *mut vimogen_stream, reached: *mut i32) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (stream, place) = unsafe { (of(stream)?, Place::new("reached", reached)?) };
        place.write(i32::from(stream.reached()));
        Ok(())
    })
}
