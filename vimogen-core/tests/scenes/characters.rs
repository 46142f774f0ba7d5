//! Characters of other makers, where they are at hand: `../shared/characters`, not part of the repository.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};

use vimogen_core::Motion;
use vimogen_core::io::LoadOptions;

fn character(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/characters");
    let path = std::env::var_os("VIMOGEN_CHARACTERS").map_or_else(beside, PathBuf::from).join(name);
    let found = path.exists();
    if !found {
        println!("skipped: there is no {}", path.display());
    }
    found.then_some(path)
}

#[test]
fn of_fifty_animations_of_a_mannequin_each_is_where_blender_has_it() {
    let Some(path) = character("quaternius-mannequin-animations.glb") else { return };
    let load = |name: &str, fps: Option<f32>| {
        Motion::load_with(&path, &LoadOptions::default().with_person(name).with_fps(fps)).expect(name)
    };
    // The place of the pelvis, the left ankle and the right wrist at 1/3 s, as Blender 4.5 imports the file.
    let walk = load("Walk_Loop", Some(30.0));
    let want = [(0, [-0.0305, -0.0501, 0.9123]), (7, [-0.0891, -0.0793, 0.1107]), (21, [0.2586, 0.0350, 0.9493])];
    for (joint, place) in want {
        for (axis, value) in place.into_iter().enumerate() {
            let got = walk.joints()[[10, joint, axis]];
            assert!((got - value).abs() < 1e-3, "joint {joint}, axis {axis}: {got}, not {value}");
        }
    }
    assert_eq!(walk.source().expect("source").persons.len(), 50);
    // Some have keys in few frames, whose rate only the other animations tell.
    for (name, frames) in [("Walk_Loop", 33), ("Walk", 17), ("Sit", 61), ("Roll_RM", 36)] {
        let motion = load(name, None);
        assert_eq!((motion.len(), motion.fps()), (frames, 24.0), "{name}");
    }
    // The first is a pose that stands still.
    assert_eq!(
        Motion::load(&path).expect("motion").source().expect("source").person.as_deref(),
        Some("Crouch_Fwd_Loop")
    );
}

#[test]
fn characters_without_animation_are_told_so() {
    for name in ["kenney-zombie.glb", "quaternius-male.glb"] {
        let Some(path) = character(name) else { return };
        let refused = Motion::load(path).expect_err("no animation").to_string();
        assert!(refused.contains("no animation"), "{refused}");
    }
}
