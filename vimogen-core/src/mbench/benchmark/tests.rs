//! The benchmark over folders: lookup, resuming, a kill in the middle, files of results.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use ndarray::Array3;
use serde_json::Value;

use super::*;
use crate::error::{Error, Result};
use crate::format::torch::{Tree, save as save_torch};
use crate::format::{RawTensor, npy};
#[cfg(feature = "cpu")]
use crate::mbench::bodies::BodyFiles;
use crate::mbench::dimension::Dimension;
use crate::mbench::frames::UpAxis;
use crate::mbench::info::InfoEntry;
use crate::mbench::motion_files::with_joints;
use crate::mbench::vlm::{Answer, Judge, JudgeError};
use crate::motion::Motion;
use crate::motion::layout::{FEATURES, JOINTS};
use crate::progress;

/// Set for the process that the test kills.
const CHILD: &str = "VIMOGEN_TEST_CHILD_FOLDER";
const MOTIONS: u64 = 12;

/// Notes the videos it gets, and answers after a while.
#[derive(Default)]
struct Slow {
    pause: Duration,
    seen: Mutex<Vec<Vec<u8>>>,
    fails: bool,
}

impl Judge for Slow {
    fn name(&self) -> String {
        "slow".into()
    }

    fn ask(&self, question: &str, video: &[u8]) -> Result<Answer, JudgeError> {
        self.seen.lock().unwrap().push(video.to_vec());
        thread::sleep(self.pause);
        if self.fails && video == b"video 3" {
            return Err(JudgeError::Never { reason: "it shows nothing".into() });
        }
        // The right choice for motions of even number.
        let text =
            if video[video.len() - 1].is_multiple_of(2) && question.contains("- hop") { "It is: hop" } else { "no" };
        Ok(Answer { text: text.into(), pause: None })
    }
}

fn entry(dimension: Dimension, id: u64) -> InfoEntry {
    let auxiliary_info = vec!["walk".to_string(), "run".into()];
    InfoEntry { prompt: "hop".into(), dimension, id, auxiliary_info, category: "c".into(), motion_duration: 80.0 }
}

fn info(dimensions: &[Dimension], count: u64) -> Vec<InfoEntry> {
    dimensions.iter().flat_map(|dimension| (0..count).map(|id| entry(*dimension, id))).collect()
}

fn walk(speed: f32) -> RawTensor {
    let joints = Array3::from_shape_fn((9, JOINTS, 3), |(t, j, c)| (t * 3 + j) as f32 * speed * (c + 1) as f32);
    RawTensor::from_f32(joints.view().into_dyn())
}

fn videos(folder: &Path) {
    (0..MOTIONS).for_each(|id| fs::write(folder.join(format!("{id}.mp4")), format!("video {id}")).unwrap());
}

fn measure<'a>(folder: &Path, info: &'a [InfoEntry], options: EvaluateOptions<'a>) -> Result<Results> {
    evaluate(folder, &options.with_info(info), &mut progress::ignore)
}

fn into(folder: impl Into<PathBuf>) -> EvaluateOptions<'static> {
    EvaluateOptions::default().with_output(folder, "run")
}

#[test]
fn a_folder_without_an_info_file_gets_the_scores_of_its_motions_and_their_means() {
    let folder = tempfile::tempdir().unwrap();
    npy::save(folder.path().join("a.npy"), &walk(0.01)).unwrap();
    npy::save(folder.path().join("b.npy"), &walk(0.02)).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a motion").unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    let dimensions = vec![Dimension::DynamicDegree, Dimension::JitterDegree];
    let options = EvaluateOptions::default().with_dimensions(Some(dimensions));
    let results = evaluate(folder.path(), &options, &mut progress::ignore).unwrap();
    assert_eq!(results.dimensions.keys().collect::<Vec<_>>(), [&Dimension::JitterDegree, &Dimension::DynamicDegree]);
    let dynamic = &results.dimensions[&Dimension::DynamicDegree];
    let (a, b) = (&dynamic.per_motion[0], &dynamic.per_motion[1]);
    assert_eq!((a.file_name(), b.file_name()), ("a".into(), "b".into()));
    assert!(a.value > 0.0 && (b.value - 2.0 * a.value).abs() < 1e-6, "{a:?} {b:?}");
    let mean = dynamic.aggregate.over_motions;
    assert!((mean.mean - 1.5 * a.value).abs() < 1e-6 && mean.num_samples == 2);
    results.save_summary(folder.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["dimensions"]["Dynamic_Degree"]["num_samples"], 2);
    assert_eq!(report["motions"]["b"]["Dynamic_Degree"].to_string(), b.value.to_string());
    let all = evaluate(folder.path(), &EvaluateOptions::default(), &mut progress::ignore).unwrap();
    assert_eq!(all.dimensions.len(), 5);
}

#[test]
fn a_folder_without_a_motion_that_can_be_measured_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let fails = |folder: &Path| evaluate(folder, &EvaluateOptions::default(), &mut progress::ignore).unwrap_err();
    assert!(matches!(fails(&at("none")), Error::NotFound { .. }));
    assert!(matches!(fails(folder.path()), Error::NotFound { .. }));
    npy::save(at("a.npy"), &walk(0.01)).unwrap();
    let judged = EvaluateOptions::default().with_dimensions(Some(vec![Dimension::MotionGeneralizability]));
    let error = evaluate(folder.path(), &judged, &mut progress::ignore).unwrap_err().to_string();
    assert!(error.contains("Motion_Generalizability") && error.contains("info file"), "{error}");
    fs::write(at("a.npz"), "half").unwrap();
    assert!(fails(folder.path()).to_string().contains("one name"));
    fs::remove_file(at("a.npy")).unwrap();
    let error = fails(folder.path()).to_string();
    assert!(error.contains("none of the 1 motions") && error.contains("a.npz"), "{error}");
}

#[test]
fn files_that_cannot_be_measured_are_named_and_left_out_of_the_means() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    npy::save(at("a.npy"), &walk(0.01)).unwrap();
    npy::save(at("z.npy"), &walk(0.02)).unwrap();
    let scores = || evaluate(folder.path(), &EvaluateOptions::default(), &mut progress::ignore).unwrap();
    let clean = scores();
    let mut holes = Array3::<f32>::zeros((9, JOINTS, 3));
    holes[[4, 3, 1]] = f32::NAN;
    npy::save_f32(at("holes.npy"), holes.view().into_dyn()).unwrap();
    holes[[4, 3, 1]] = f32::INFINITY;
    npy::save_f32(at("infinite.npy"), holes.view().into_dyn()).unwrap();
    npy::save_f32(at("still.npy"), Array3::zeros((1, JOINTS, 3)).view().into_dyn()).unwrap();
    npy::save_f32(at("brief.npy"), Array3::zeros((2, JOINTS, 3)).view().into_dyn()).unwrap();
    npy::save_f32(at("mean.npy"), ndarray::Array1::zeros(276).view().into_dyn()).unwrap();
    fs::write(at("empty.npz"), "").unwrap();
    let results = scores();
    assert_eq!(results.dimensions, clean.dimensions.clone().into_iter().map(renumbered).collect());
    let failed: Vec<_> = results.failed_files().iter().map(|f| (PathBuf::from(f.file), f.reason.to_string())).collect();
    let reasons = [
        ("brief.npy", "2 frames"),
        ("empty.npz", "empty"),
        ("holes.npy", "[4, 3, 1]"),
        ("infinite.npy", "[4, 3, 1]"),
        ("mean.npy", "276"),
        ("still.npy", "1 frame"),
    ];
    assert_eq!(failed.len(), reasons.len());
    for ((file, reason), (name, word)) in failed.iter().zip(reasons) {
        assert!(
            file == &at(name) && reason.contains(word) && !reason.contains(&at(name).display().to_string()),
            "{file:?}: {reason}"
        );
    }
    let summary: Value = serde_json::from_str(&results.summary_json().unwrap()).unwrap();
    assert_eq!(summary["failed"][2]["file"], at("holes.npy").display().to_string());
    assert_eq!(summary["motions"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "z"]);
}

/// Positions in the folder of the test above, with the files that cannot be measured.
fn renumbered((dimension, mut result): (Dimension, DimensionResult)) -> (Dimension, DimensionResult) {
    result.per_motion.iter_mut().zip([0, 7]).for_each(|(motion, id)| motion.id = id);
    (dimension, result)
}

#[test]
fn a_reader_of_its_own_reads_the_motions_and_its_options_belong_to_the_results() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0.bvh"), "read by the test").unwrap();
    let info = info(&[Dimension::DynamicDegree], 1);
    let value = |settings: &str, speed: f32| {
        let steps = |(t, c): (usize, usize)| if (126..192).contains(&c) { t as f32 * speed } else { 0.0 };
        let features = |path: &Path| {
            assert!(path.ends_with("0.bvh"));
            let mut features = ndarray::Array2::from_shape_fn((9, FEATURES), steps);
            features.slice_mut(ndarray::s![.., 192..258]).fill(speed);
            Motion::from_features(features, 20.0)
        };
        let options = into(folder.path().join("out")).with_reader(Reader { settings, read: &features });
        measure(folder.path(), &info, options).unwrap().dimensions[&Dimension::DynamicDegree].per_motion[0].value
    };
    let slow = value("slow", 0.01);
    assert_eq!(value("slow", 0.03), slow, "the result of the earlier run");
    assert!((value("fast", 0.03) / slow - 3.0).abs() < 1e-3);
}

#[test]
fn of_a_motion_in_several_formats_the_features_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let motion = Motion::from_poses(&crate::edit::tests::strides(9), 20.0).unwrap();
    for name in ["a.npz", "a.bvh", "b.bvh"] {
        motion.save(folder.path().join(name)).unwrap();
    }
    let results = evaluate(folder.path(), &EvaluateOptions::default(), &mut progress::ignore).unwrap();
    let files: Vec<_> = results.dimensions[&Dimension::JitterDegree].per_motion.iter().collect();
    let names: Vec<_> = files.iter().map(|motion| Path::new(&motion.evaluation_file).file_name().unwrap()).collect();
    assert_eq!(names, ["a.npz", "b.bvh"]);
}

#[test]
fn files_are_looked_up_by_number_and_missing_or_broken_ones_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    npy::save(at("0.npy"), &walk(0.01)).unwrap();
    let tensor = walk(0.02);
    save_torch(at("1.pt"), &Tree::Dict(vec![("joints", Tree::Tensor(&tensor))])).unwrap();
    // The .npy comes first.
    npy::save(at("2.npy"), &walk(0.03)).unwrap();
    save_torch(at("2.pt"), &Tree::Dict(vec![("joints", Tree::Tensor(&tensor))])).unwrap();
    fs::write(at("3.npy"), "no array").unwrap();
    let info = info(&[Dimension::DynamicDegree, Dimension::JitterDegree, Dimension::MotionGeneralizability], 5);
    let results = measure(folder.path(), &info, into(at("out"))).unwrap();
    let dynamic = &results.dimensions[&Dimension::DynamicDegree];
    let values: Vec<f32> = dynamic.per_motion.iter().map(|motion| motion.value).collect();
    assert_eq!(dynamic.per_motion.iter().map(|motion| motion.id).collect::<Vec<_>>(), [0, 1, 2]);
    assert!((values[1] / values[0] - 2.0).abs() < 1e-4 && (values[2] / values[0] - 3.0).abs() < 1e-4, "{values:?}");
    assert_eq!(results.missing.iter().map(|missing| missing.id).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(results.missing[0].looked_for, ["4.npy", "4.pt"]);
    assert_eq!(results.failed.iter().map(|failure| failure.id).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(results.skipped.keys().collect::<Vec<_>>(), [&Dimension::MotionGeneralizability]);
    let direct = with_joints(
        &at("1.pt"),
        UpAxis::Z,
        |path| Motion::load(path),
        |joints| Dimension::DynamicDegree.measure(joints),
    )
    .unwrap();
    assert_eq!(values[1], direct.0);
}

#[test]
fn the_files_of_results_have_the_names_and_keys_of_mbench_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    videos(folder.path());
    (0..3).for_each(|id| npy::save(folder.path().join(format!("{id}.npy")), &walk(0.01 * id as f32)).unwrap());
    let judge = Slow::default();
    let info = info(&[Dimension::FootSliding, Dimension::MotionConditionConsistency], 3);
    let options = EvaluateOptions::default().with_output(folder.path(), "mine").with_judge(Some(&judge));
    let results = measure(folder.path(), &info, options).unwrap();
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap() };
    let eval = read("mine_eval_results.json");
    assert_eq!(eval["Foot_Sliding"]["aggregate"]["num_samples"], 3);
    assert_eq!(eval["Foot_Sliding"]["per_motion"][1]["id"], 1);
    for key in ["prompt", "value", "evaluation_file", "motion_duration"] {
        assert!(!eval["Foot_Sliding"]["per_motion"][1][key].is_null(), "{key}");
    }
    let judged = &eval["Motion_Condition_Consistency"]["aggregate"];
    assert_eq!((&judged["correct"], &judged["total"]), (&Value::from(2), &Value::from(3)));
    let by_motion = read("mine_per_motion_results.json");
    assert_eq!(by_motion["2"]["dimensions"]["Motion_Condition_Consistency"]["value"], 1.0);
    assert_eq!(read("mine_full_info.json").as_array().unwrap().len(), 6);
    assert_eq!(Results::load(folder.path().join("mine_eval_results.json")).unwrap(), results);
    assert_eq!(csv(&[&results]).lines().count(), 1 + 6);
    assert_eq!(table(&[&results, &results]).lines().count(), 4);
}

#[cfg(feature = "cpu")]
#[test]
fn bodies_are_fitted_to_joints_and_reports_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = crate::GenerateOptions::default().with_num_inference_steps(4).with_num_frames(4);
    let motion = crate::Pipeline::builtin().unwrap().generate("a person walks", &options).unwrap();
    npy::save(folder.path().join("0.npy"), &RawTensor::from_f32(motion.mbench_joints().view().into_dyn())).unwrap();
    motion.save(folder.path().join("1.npy")).unwrap();
    let info = info(&[Dimension::BodyPenetration, Dimension::PoseQuality], 2);
    let run =
        |bodies: BodyFiles| measure(folder.path(), &info, into(folder.path().join("out")).with_bodies(bodies)).unwrap();
    let plain = run(BodyFiles::default());
    assert_eq!(plain.skipped.keys().collect::<Vec<_>>(), [&Dimension::PoseQuality]);
    let poses: Vec<_> = plain.settings.poses.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(poses, [("features", 1), ("fitted-builtin", 1)]);
    assert!(plain.settings.bodies.as_ref().unwrap().contains("body neutral"));
    let nrdf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/nrdf_model");
    let files = BodyFiles { nrdf: Some(nrdf), ..BodyFiles::default() };
    let scorer = files.load().unwrap();
    let clip = scorer.open(folder.path().join("1.npy")).unwrap();
    let results = run(files);
    let quality = results.dimensions[&Dimension::PoseQuality].per_motion[1].value;
    assert_eq!(f64::from(quality), f64::from(scorer.pose_quality(&clip).unwrap().unwrap() as f32));
    let penetration = |results: &Results| results.dimensions[&Dimension::BodyPenetration].clone();
    assert_eq!(penetration(&results), penetration(&plain));
}

#[test]
fn a_second_run_measures_only_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    videos(folder.path());
    let info = info(&[Dimension::MotionGeneralizability], MOTIONS);
    let run = |judge: &Slow, seed: u64| {
        let options =
            EvaluateOptions::default().with_output(folder.path(), "run").with_judge(Some(judge)).with_seed(seed);
        let results = measure(folder.path(), &info, options).unwrap();
        (results, judge.seen.lock().unwrap().len())
    };
    let fails = Slow { fails: true, ..Slow::default() };
    let (first, asked) = run(&fails, 1);
    assert_eq!((asked, first.failed.len()), (MOTIONS as usize, 1));
    assert!(first.failed[0].reason.contains("it shows nothing"));
    assert_eq!(first.dimensions[&Dimension::MotionGeneralizability].aggregate.share.unwrap().total, 11);
    assert_eq!(run(&Slow::default(), 1).1, 1, "what failed is asked again");
    assert_eq!(run(&Slow::default(), 1).1, 0);
    fs::write(folder.path().join("5.mp4"), "another video 5").unwrap();
    assert_eq!(run(&Slow::default(), 1).1, 1);
}

#[test]
fn a_run_can_be_cancelled_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    videos(folder.path());
    let info = info(&[Dimension::MotionGeneralizability], MOTIONS);
    let judge = Slow { pause: Duration::from_millis(2), ..Slow::default() };
    let options = EvaluateOptions::default().with_output(folder.path(), "run").with_judge(Some(&judge));
    let options = options.with_jobs(Some(1)).with_info(&info);
    let mut at_five = |progress: crate::Progress| match progress.step {
        5 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = evaluate(folder.path(), &options, &mut at_five);
    assert!(matches!(stopped, Err(Error::Cancelled)));
    let mut steps = Vec::new();
    let mut note = |progress: crate::Progress| {
        steps.push((progress.step, progress.total));
        ControlFlow::Continue(())
    };
    evaluate(folder.path(), &options, &mut note).unwrap();
    assert_eq!(steps.first(), Some(&(5, 12)));
    assert_eq!(steps.last(), Some(&(12, 12)));
}

/// The child process that `a_kill_at_any_moment_loses_no_finished_result` kills.
#[test]
#[ignore = "the process that the test below kills"]
fn child_that_is_killed() {
    let folder = std::env::var(CHILD).unwrap();
    let judge = Slow { pause: Duration::from_millis(150), ..Slow::default() };
    let info = info(&[Dimension::MotionGeneralizability], MOTIONS);
    let options = EvaluateOptions::default().with_output(&folder, "run").with_judge(Some(&judge)).with_jobs(Some(2));
    measure(Path::new(&folder), &info, options).unwrap();
}

#[test]
fn a_kill_at_any_moment_loses_no_finished_result() {
    let folder = tempfile::tempdir().unwrap();
    videos(folder.path());
    let journal = folder.path().join("run_progress.jsonl");
    let finished = || fs::read_to_string(&journal).unwrap_or_default().matches('\n').count();
    let mut kills = 0;
    for wanted in [1, 3, 6] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "mbench::benchmark::tests::child_that_is_killed"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while finished() < wanted && start.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap(); // SIGKILL
        kills += usize::from(!child.wait().unwrap().success());
    }
    let before = finished();
    assert!(kills == 3 && (6..MOTIONS as usize).contains(&before), "{kills} killed, {before} finished");
    // The answers are kept too; without them only the journal can spare a question.
    fs::remove_dir_all(folder.path().join("judge-answers")).unwrap();
    let judge = Slow::default();
    let info = info(&[Dimension::MotionGeneralizability], MOTIONS);
    let options = EvaluateOptions::default().with_output(folder.path(), "run").with_judge(Some(&judge));
    let results = measure(folder.path(), &info, options).unwrap();
    assert_eq!(results.dimensions[&Dimension::MotionGeneralizability].per_motion.len(), MOTIONS as usize);
    let asked = judge.seen.lock().unwrap().iter().cloned().collect::<HashSet<_>>();
    assert_eq!(asked.len(), MOTIONS as usize - before);
}

#[test]
fn options_out_of_range_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let info = info(&[Dimension::JitterDegree], 2);
    let good = || into(folder.path().join("out"));
    let error = measure(folder.path(), &info, good()).unwrap_err().to_string();
    assert!(error.contains("0.npy"), "{error}");
    assert!(matches!(measure(&folder.path().join("none"), &info, good()), Err(Error::NotFound { .. })));
    for name in ["", "a/b", ".hidden"] {
        let named = good().with_output(folder.path().join("out"), name);
        assert!(measure(folder.path(), &info, named).unwrap_err().to_string().contains("name"), "{name}");
    }
    for jobs in [0, 1 << 20] {
        let many = good().with_jobs(Some(jobs));
        assert!(measure(folder.path(), &info, many).unwrap_err().to_string().contains("jobs"));
    }
    assert!(!folder.path().join("out").exists());
}
