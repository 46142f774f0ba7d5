//! Folders of captioned motion, from files to batches.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::*;
use crate::data::procedural::{ProceduralDataset, Split};
use crate::data::{Batches, ConditionMix};
use crate::motion::codec::encode;
use crate::motion::layout::{FPS, TRANSL};
use crate::motion::skeleton::joint;
use crate::motion::{Motion, Stats};
use crate::text::WordEncoder;

/// A procedural clip of `frames` frames.
fn motion(index: u64, frames: usize) -> Motion {
    let clip = ProceduralDataset::new(5, Split::Train).sample_with_frames(index, frames);
    Motion::from_features(encode(&clip.motion).unwrap(), FPS).unwrap()
}

/// A folder with a table: two pieces of a walk, a whole clip in another folder, and one that is held out.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    for (name, index) in [("walk.bvh", 1), ("deep/jump.npz", 2), ("kept.npz", 3)] {
        motion(index, 120).save(folder.path().join(name)).unwrap();
    }
    let table = "clip,start_s,end_s,caption,variants,split\n\
        walk.bvh,0,3,\"a person waves the left hand, then walks\",someone raises the left hand,train\n\
        walk,3,6,a person walks,,train\njump.bvh,,,a person jumps,,train\nkept,,,a person kneels,,test\n";
    std::fs::write(folder.path().join("captions.csv"), table).unwrap();
    folder
}

fn clips(folder: &Path, held_out: bool) -> CaptionedClips {
    CaptionedClips::open(&CaptionedFolder::default().with_folder(folder), held_out).unwrap()
}

fn loader(folder: &Path, share: f64, procedural: bool, stats: Option<Stats>) -> MixedLoader {
    let clips = vec![(share, clips(folder, false))];
    let sources = Sources { procedural, clips, stats, null_text: Array2::zeros((32, 256)) };
    let encoder = Arc::new(WordEncoder::builtin().unwrap());
    MixedLoader::new(3, 6, ConditionMix::default(), encoder, sources).unwrap()
}

#[test]
fn a_table_names_pieces_of_files_and_keeps_recordings_apart() {
    let folder = folder();
    let found = pieces(folder.path(), 0.0).unwrap();
    let starts: Vec<(f64, Option<f64>)> = found.iter().map(|piece| (piece.start, piece.end)).collect();
    assert_eq!(starts, [(0.0, Some(3.0)), (3.0, Some(6.0)), (0.0, None), (0.0, None)]);
    assert_eq!(found[0].captions[1], "someone raises the left hand");
    assert_eq!(found[1].file, folder.path().join("walk.bvh"), "found without its extension");
    assert_eq!(found[2].file, folder.path().join("deep/jump.npz"), "found in a folder, under another extension");
    assert_eq!(found.iter().map(|piece| piece.held_out).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!((clips(folder.path(), false).len(), clips(folder.path(), true).len()), (3, 1));
}

#[test]
fn text_files_next_to_motions_are_captions_and_a_share_of_recordings_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..40 {
        motion(1, 40).save(folder.path().join(format!("{i:02}.npy"))).unwrap();
        std::fs::write(folder.path().join(format!("{i:02}.txt")), "a man walks#a/DET man/NOUN#0.0#0.0\n\nhe walks\n")
            .unwrap();
    }
    motion(1, 40).save(folder.path().join("without.npy")).unwrap();
    let found = pieces(folder.path(), 0.25).unwrap();
    assert_eq!((found.len(), &found[0].captions), (40, &vec!["a man walks".to_string(), "he walks".into()]));
    let held_out = found.iter().filter(|piece| piece.held_out).count();
    assert!((5..=16).contains(&held_out), "{held_out} of 40");
    assert_eq!(found, pieces(folder.path(), 0.25).unwrap());
    assert!(pieces(folder.path(), 0.0).unwrap().iter().all(|piece| !piece.held_out));
}

#[test]
fn the_fault_of_a_folder_is_named() {
    let folder = folder();
    let message = |table: &str| {
        std::fs::write(folder.path().join("captions.csv"), table).unwrap();
        pieces(folder.path(), 0.0).unwrap_err().to_string()
    };
    for (table, want) in [
        ("clip,caption\nnone,walks", "none"),
        ("clip,words\nwalk,walks", "caption"),
        ("file,caption,start\nwalk,walks,soon", "start_s"),
        ("clip,caption\nwalk,\n", "no motion"),
    ] {
        assert!(message(table).contains(want), "{table}: {}", message(table));
    }
    assert!(matches!(pieces(&folder.path().join("nowhere"), 0.0), Err(crate::Error::NotFound { .. })));
    let wrong = CaptionedFolder::default().with_folder(folder.path()).with_crop(1.5);
    assert!(wrong.check().unwrap_err().to_string().contains("crop"));
    assert!(CaptionedFolder::default().check().unwrap_err().to_string().contains("folder"));
}

#[test]
fn clips_that_cannot_be_used_are_left_out_with_a_note() {
    let folder = folder();
    std::fs::write(folder.path().join("deep/jump.npz"), b"damaged").unwrap();
    let clips = clips(folder.path(), false);
    assert_eq!(clips.len(), 2);
    assert!(clips.notes()[1].contains("jump.npz"), "{:?}", clips.notes());
    let long = CaptionedFolder::default().with_folder(folder.path()).with_min_frames(90);
    let error = CaptionedClips::open(&long, false).err().unwrap().to_string();
    assert!(error.contains("no clip"), "{error}");
}

#[test]
fn samples_start_at_the_origin_with_feet_on_the_floor_and_a_caption_of_their_side() {
    let folder = folder();
    let clips = clips(folder.path(), false);
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let mut lengths = std::collections::BTreeSet::new();
    let mut captions = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let (features, caption) = clips.sample(&mut rng).unwrap();
        captions.insert(caption.to_string());
        lengths.insert(features.nrows());
        let motion = Motion::from_features(features, FPS).unwrap();
        let joints = motion.joints();
        assert!(joints[[0, joint::PELVIS, 0]].abs() < 1e-4 && joints[[0, joint::PELVIS, 1]].abs() < 1e-4);
        assert!(joints[[0, joint::RIGHT_HIP, 0]] > joints[[0, joint::LEFT_HIP, 0]], "faces +y");
        let lowest = joints.rows().into_iter().map(|p| p[2]).fold(f32::INFINITY, f32::min);
        assert!((-0.1..0.3).contains(&lowest), "{lowest}");
    }
    assert!(lengths.iter().all(|n| (40..=120).contains(n)) && lengths.len() > 5, "{lengths:?}");
    for caption in ["a person waves the left hand, then walks", "someone raises the right hand", "a person jumps"] {
        assert!(captions.contains(caption), "{captions:?}");
    }
}

#[test]
fn a_batch_is_a_function_of_its_step_and_mixes_its_sources() {
    let folder = folder();
    // Given statistics need not be computed from the procedural data.
    let stats = || Stats::new(Array1::zeros(276), Array1::ones(276)).ok();
    let mixed = loader(folder.path(), 0.5, true, stats());
    let batch = mixed.batch(4).unwrap();
    let again = loader(folder.path(), 0.5, true, stats()).batch(4).unwrap();
    assert_eq!((&batch.motion, batch.clips.conditions()), (&again.motion, again.clips.conditions()));
    assert_ne!(batch.motion, mixed.batch(5).unwrap().motion);
    assert_eq!(batch.motion.dim().0, 6);
    let only = loader(folder.path(), 0.2, false, stats());
    for step in 0..8 {
        let lengths = only.batch(step).unwrap().clips.frame_lengths().to_vec();
        assert!(lengths.iter().all(|n| [40..=60, 84..=120].iter().any(|range| range.contains(n))), "{lengths:?}");
    }
    // Procedural clips of a batch share a length, those of the folder have their own.
    let lengths: std::collections::BTreeSet<usize> =
        (0..4).flat_map(|step| mixed.batch(step).unwrap().clips.frame_lengths().to_vec()).collect();
    assert!(lengths.len() > 4, "{lengths:?}");
}

#[test]
fn statistics_lie_between_those_of_the_sources() {
    let folder = folder();
    let height = |share, procedural| loader(folder.path(), share, procedural, None).stats().mean()[TRANSL.start + 2];
    let (clips, procedural, mixed) = (height(1.0, false), height(0.0, true), height(0.5, true));
    assert!((mixed - 0.5 * (clips + procedural)).abs() < 1e-3, "{clips} {procedural} {mixed}");
    let sources = Sources {
        procedural: true,
        clips: vec![(0.7, self::clips(folder.path(), false)), (0.7, self::clips(folder.path(), false))],
        stats: None,
        null_text: Array2::zeros((32, 256)),
    };
    let encoder = Arc::new(WordEncoder::builtin().unwrap());
    let error = MixedLoader::new(3, 6, ConditionMix::default(), encoder, sources).err().unwrap().to_string();
    assert!(error.contains("share"), "{error}");
}
