//! Checks without a C compiler.

use std::ffi::CStr;
use std::fs;
use std::path::Path;
use std::ptr::null_mut;

use vimogen_core::Error;

use crate::edge::{Growing, Params};
use crate::evaluate::vimogen_evaluate_params;
use crate::generate::{
    VIMOGEN_MODEL_DEFAULT, vimogen_generate, vimogen_generate_params, vimogen_generate_params_init, vimogen_request,
};
use crate::load::vimogen_motion_load_params;
use crate::motion::{vimogen_joint, vimogen_pose, vimogen_quality, vimogen_smpl};
use crate::pipeline::{
    vimogen_load_params, vimogen_pipeline, vimogen_pipeline_free, vimogen_pipeline_info, vimogen_pipeline_load,
};
use crate::render::vimogen_render_params;
use crate::status::{STATUSES, guard, vimogen_last_error, vimogen_status, vimogen_status_name};
use crate::trainer::{vimogen_train_batch, vimogen_train_report, vimogen_trainer_params};
use crate::version::vimogen_version;

fn last_error() -> String {
    // SAFETY: the function returns a string that lives until the next failure on this thread.
    unsafe { CStr::from_ptr(vimogen_last_error()) }.to_string_lossy().into_owned()
}

#[test]
fn the_version_is_the_packages_and_ends_with_nul() {
    // SAFETY: vimogen_version returns a static string that ends with NUL.
    let version = unsafe { CStr::from_ptr(vimogen_version()) };
    assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_code_of_the_core_is_a_status_of_the_same_name_and_number() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vimogen-core/src/error.rs");
    let text = fs::read_to_string(path).unwrap();
    let table = text.split_once("\nerror_codes! {").unwrap().1.split_once('}').unwrap().0;
    let codes: Vec<(&str, i32)> = table
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
        .map(|(name, number)| (name, number.parse().unwrap()))
        .collect();
    let ours: Vec<(&str, i32)> =
        STATUSES.iter().skip(1).map(|(status, name)| (name.to_str().unwrap(), *status as i32)).collect();
    assert!(codes.len() > 10);
    assert_eq!(ours, codes);
    for (status, name) in STATUSES {
        assert_eq!(format!("{status:?}"), name.to_str().unwrap());
        // SAFETY: the function returns a static string.
        assert_eq!(unsafe { CStr::from_ptr(vimogen_status_name(status as i32)) }, name);
    }
    // SAFETY: as above.
    assert_eq!(unsafe { CStr::from_ptr(vimogen_status_name(-7)) }, c"unknown");
}

#[test]
fn a_panic_becomes_an_internal_error_with_its_message() {
    let status = guard(|| panic!("a bug in row {}", 7));
    assert_eq!(status, vimogen_status::Internal);
    assert!(last_error().contains("a bug in row 7"), "{}", last_error());
    assert_eq!(guard(|| std::panic::panic_any(3)), vimogen_status::Internal);
    assert!(last_error().contains("without a message"));
}

#[test]
fn the_last_error_is_the_threads_own_and_outlives_success() {
    let failed = guard(|| Err(Error::invalid("fps", "it is\0 negative")));
    assert_eq!(failed, vimogen_status::InvalidArgument);
    assert_eq!(last_error(), "invalid fps: it is negative");
    std::thread::spawn(|| assert_eq!(last_error(), "")).join().unwrap();
    assert_eq!(guard(|| Ok(())), vimogen_status::Ok);
    assert_eq!(last_error(), "invalid fps: it is negative");
}

#[test]
fn defaults_are_those_of_the_core_and_sizes_of_no_version_are_refused() {
    let size = size_of::<vimogen_generate_params>();
    let mut params = std::mem::MaybeUninit::<vimogen_generate_params>::uninit();
    // SAFETY: the pointer has room for the struct.
    let status = unsafe { vimogen_generate_params_init(params.as_mut_ptr(), size) };
    assert_eq!(status, vimogen_status::Ok);
    // SAFETY: filled above.
    let params = unsafe { params.assume_init() };
    assert_eq!((params.struct_size as usize, params.num_inference_steps, params.seed), (size, 50, 42));
    assert_eq!(params.guidance_scale, VIMOGEN_MODEL_DEFAULT);
    assert_eq!(params.solver, 0);
    for (wrong, remedy) in [(0, "_init"), (size - 4, "_init"), (size + 8, "update the library")] {
        let mut params = params;
        // SAFETY: a wrong size is refused before anything is written.
        let status = unsafe { vimogen_generate_params_init(&raw mut params, wrong) };
        assert_eq!(status, vimogen_status::InvalidArgument);
        assert!(last_error().contains(remedy), "{}", last_error());
    }
}

#[test]
fn an_unknown_solver_is_named() {
    let (mut params, mut pipeline, mut motion) = (vimogen_generate_params::defaults(), null_mut(), null_mut());
    params.solver = 9;
    // SAFETY: the pointers are valid, and what was made is freed.
    unsafe {
        assert_eq!(vimogen_pipeline_load(std::ptr::null(), std::ptr::null(), &raw mut pipeline), vimogen_status::Ok);
        let status = vimogen_generate(pipeline, c"a person jumps".as_ptr(), &params, &raw mut motion);
        assert_eq!(status, vimogen_status::InvalidArgument);
        vimogen_pipeline_free(pipeline);
    }
    assert!(last_error().contains("solver: 9 is not one of 0 (euler)") && motion.is_null(), "{}", last_error());
}

#[test]
fn misaligned_places_are_refused() {
    let mut bytes = [0u64; 4];
    let odd = (&raw mut bytes).cast::<u8>().wrapping_add(1).cast::<*mut vimogen_pipeline>();
    // SAFETY: a misaligned place is refused before anything is written.
    let status = unsafe { vimogen_pipeline_load(std::ptr::null(), std::ptr::null(), odd) };
    assert_eq!(status, vimogen_status::InvalidArgument);
    assert!(last_error().contains("multiple of 8"), "{}", last_error());
}

/// A program that was compiled for a shorter struct must keep running.
#[test]
#[cfg(target_pointer_width = "64")]
fn no_struct_loses_a_size_that_it_had() {
    fn had<T: Growing>(sizes: &[usize]) {
        assert!(T::SIZES.starts_with(sizes), "{} had the sizes {sizes:?}, now {:?}", T::NAME, T::SIZES);
        assert_eq!(T::SIZES.last(), Some(&size_of::<T>()), "{}", T::NAME);
        assert!(T::SIZES.is_sorted(), "{}", T::NAME);
    }
    had::<vimogen_load_params>(&[24]);
    had::<vimogen_pipeline_info>(&[40]);
    had::<vimogen_generate_params>(&[56]);
    had::<vimogen_request>(&[64]);
    had::<vimogen_motion_load_params>(&[48]);
    had::<vimogen_smpl>(&[32]);
    had::<vimogen_pose>(&[364]);
    had::<vimogen_quality>(&[20]);
    had::<vimogen_joint>(&[24]);
    had::<vimogen_render_params>(&[48]);
    had::<vimogen_evaluate_params>(&[16, 32, 104, 112]);
    had::<vimogen_trainer_params>(&[48]);
    had::<vimogen_train_batch>(&[104]);
    had::<vimogen_train_report>(&[48]);
}
