//! Motions on a character of the caller's.

use std::ffi::c_char;

use vimogen_core::Error;
use vimogen_core::io::{Character, RetargetOptions};

use crate::edge::{Place, borrow, borrow_mut, free, handle, optional_text, owned_text, text};
use crate::load::joint_map;
use crate::motion::vimogen_motion;
use crate::status::{guard, vimogen_status};

/// A skinned character to which motions are added as animations. One thread at a time may use it.
pub struct vimogen_character(Character);

/// Reads a character from a skinned `.glb`, `.gltf` or `.vrm` file (VRM 0 and 1) and finds its joints by VRM's names, by those
/// of known rigs, or by the shape of the skeleton.
///
/// `names`: for a skeleton that is not recognised, the names of its joints by ours, as in `vimogen_motion_load_params`; or NULL.
/// `character`: receives it, to be freed with `vimogen_character_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_character_open(
    path: *const c_char,
    names: *const c_char,
    character: *mut *mut vimogen_character,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (path, names, place) =
            unsafe { (text("path", path)?, optional_text("names", names)?, Place::new("character", character)?) };
        let names = names.map(joint_map).transpose()?;
        let options = RetargetOptions::default().with_names(names.as_ref());
        place.write(handle(vimogen_character(Character::open_with(path, &options)?)));
        Ok(())
    })
}

/// Makes a skeleton without a surface in the proportions of the neutral body, with the joint names of a well-known rig.
///
/// `name`: `"mixamo"`, `"unreal"`, `"unity"`, `"vrm"`, `"godot"`, `"rigify"`, `"makehuman"`, `"soma"` or `"cmu"`. `character`:
/// receives it, to be freed with `vimogen_character_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_character_preset(
    name: *const c_char,
    character: *mut *mut vimogen_character,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (name, place) = unsafe { (text("name", name)?, Place::new("character", character)?) };
        place.write(handle(vimogen_character(Character::preset(name)?)));
        Ok(())
    })
}

/// Adds a motion as an animation. Bones point as the motion's do, hips move by the length of the legs.
///
/// `name`: of the animation; one that the file has already gets a number after it. `plant` other than 0: standing feet do not
/// slide. `report`: NULL, or receives a JSON object, to be freed with `vimogen_string_free`: `"clip"` (the name), `"how"` the
/// joints were found, `"bones"`, `"missing"`, `"angles"` of the limbs against the motion in degrees, `"slide"` of standing
/// feet, `"scale"`, `"warnings"` and more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_character_add(
    character: *mut vimogen_character,
    motion: *const vimogen_motion,
    name: *const c_char,
    plant: i32,
    report: *mut *mut c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (character, motion, name) =
            unsafe { (borrow_mut("character", character)?, borrow("motion", motion)?, text("name", name)?) };
        let options = RetargetOptions::default().with_name(name).with_plant(plant != 0);
        let added = character.0.add_with(&motion.motion, &options)?;
        if !report.is_null() {
            // SAFETY: as above.
            let place = unsafe { Place::new("report", report)? };
            place.write(owned_text(serde_json::to_string_pretty(added).map_err(Error::internal)?)?);
        }
        Ok(())
    })
}

/// Writes the character with its animations as `.glb`, `.vrm` or `.gltf`; the rest of the file stays byte for byte. A preset with
/// one motion is written as `.bvh`, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_character_save(
    character: *const vimogen_character,
    path: *const c_char,
) -> vimogen_status {
    guard(|| {
        // SAFETY: the caller keeps the conventions of the header.
        let (character, path) = unsafe { (borrow("character", character)?, text("path", path)?) };
        character.0.save(path)
    })
}

/// Frees a character. NULL is allowed and does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vimogen_character_free(character: *mut vimogen_character) -> vimogen_status {
    // SAFETY: the caller keeps the conventions of the header.
    guard(|| unsafe { free("character", character) })
}
