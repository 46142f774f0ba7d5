//! How well constraints are met by the built-in model, by kind: `cargo run --example constraints -- [TASKS]`.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::time::{Duration, Instant};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vimogen_core::control::Constraints;
use vimogen_core::glam::Vec3;
use vimogen_core::mbench::Dimension;
use vimogen_core::mbench::quality::{Quality, UpAxis};
use vimogen_core::motion::skeleton::{JOINT_NAMES, PARENTS};
use vimogen_core::{GenerateOptions, Motion, Pipeline, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FRAMES: usize = 100;
const PROMPTS: [&str; 5] = [
    "a person walks forward",
    "a person waves with the right hand",
    "a person walks backward slowly",
    "a person turns left",
    "a person jumps forward",
];
const KINDS: [&str; 6] = ["key poses", "in-between", "hand or foot", "way points", "path", "loop"];

fn main() -> Result<()> {
    let tasks: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200);
    let pipeline = Pipeline::builtin()?;
    println!("{tasks} tasks of each kind, means\n");
    println!(
        "| kind | raw, cm | landed, cm | worst landed, cm | sliding | free | jitter | free | second difference, cm | free | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for kind in KINDS {
        let mut row = Row::default();
        for seed in 0..tasks {
            row.add(&pipeline, kind, seed)?;
        }
        println!("| {kind} | {} |", row.cells().join(" | "));
    }
    Ok(())
}

/// Sums over the tasks of a kind.
#[derive(Default)]
struct Row {
    met: Vec<(f32, f32)>,
    /// Sliding, jitter and largest second difference, constrained and free.
    quality: [[f64; 3]; 2],
    time: [Duration; 2],
    tasks: usize,
}

impl Row {
    fn add(&mut self, pipeline: &Pipeline, kind: &str, seed: u64) -> Result<()> {
        let prompt = PROMPTS[seed as usize % PROMPTS.len()];
        let options = GenerateOptions::default().with_num_frames(FRAMES).with_seed(seed);
        let start = Instant::now();
        let free = pipeline.generate(prompt, &options)?;
        self.time[1] += start.elapsed();
        let other = pipeline.generate(prompt, &options.clone().with_seed(seed + 1000))?;
        let constraints = task(kind, &other, &mut ChaCha8Rng::seed_from_u64(seed));
        let start = Instant::now();
        let made = pipeline.generate_constrained(prompt, &constraints, &options)?;
        self.time[0] += start.elapsed();
        self.met.extend(made.met.iter().map(|met| (met.raw, met.landed)));
        for (sums, motion) in self.quality.iter_mut().zip([&made.motion, &free]) {
            let quality = Quality::measure(motion.joints(), UpAxis::Z)?;
            let of = |dimension: Dimension| quality.get(dimension);
            let values = [of(Dimension::FootSliding), of(Dimension::JitterDegree), largest_second_difference(motion)];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(value));
        }
        self.tasks += 1;
        Ok(())
    }

    fn cells(&self) -> Vec<String> {
        let mean = |f: fn(&(f32, f32)) -> f32| 100.0 * self.met.iter().map(f).sum::<f32>() / self.met.len() as f32;
        let worst = self.met.iter().map(|m| m.1).fold(0.0, f32::max);
        let quality = |which: usize, i: usize| self.quality[which][i] / self.tasks as f64;
        vec![
            format!("{:.2}", mean(|m| m.0)),
            format!("{:.3}", mean(|m| m.1)),
            format!("{:.2}", 100.0 * worst),
            format!("{:.4}", quality(0, 0)),
            format!("{:.4}", quality(1, 0)),
            format!("{:.4}", quality(0, 1)),
            format!("{:.4}", quality(1, 1)),
            format!("{:.1}", 100.0 * quality(0, 2)),
            format!("{:.1}", 100.0 * quality(1, 2)),
            format!("{:.2}", self.time[0].as_secs_f64() / self.time[1].as_secs_f64()),
        ]
    }
}

/// A random task, which takes poses and places from another motion of the same prompt.
fn task(kind: &str, other: &Motion, random: &mut impl Rng) -> Constraints {
    let pose = |t: usize| other.pose_at(t as f64 / 20.0);
    let none = Constraints::new();
    match kind {
        "key poses" => {
            let (a, b) = (random.random_range(20..50), random.random_range(60..95));
            none.pose(a, &pose(a)).pose(b, &pose(b))
        }
        "in-between" => (0..20).chain(80..100).fold(none, |all, t| all.pose(t, &pose(t))),
        "hand or foot" => {
            let joint = ["left_wrist", "right_wrist", "left_ankle", "right_ankle"][random.random_range(0..4usize)];
            let t = random.random_range(20..80);
            let j = JOINT_NAMES.iter().position(|name| *name == joint).unwrap_or(0);
            let place = |j: usize| Vec3::from_array(std::array::from_fn(|c| other.joints()[[t, j, c]]));
            // Within reach: some way back towards shoulder or hip, and aside.
            let upper = PARENTS[j].and_then(|middle| PARENTS[middle]).unwrap_or(0);
            let back = (place(upper) - place(j)) * random.random_range(0.05..0.3);
            let aside = Vec3::from_array(std::array::from_fn(|_| random.random_range(-0.03..0.03)));
            none.joint(joint, t..t + 1, (place(j) + back + aside).to_array())
        }
        "way points" => (1..5).fold(none, |all, i| {
            let t = 20 * i + 10;
            let near = pose(t).root.truncate().to_array().map(|v| v + random.random_range(-0.3..0.3));
            all.root(t, near)
        }),
        "path" => {
            let length = 1.0 + pose(99).root.truncate().length();
            let (turn, side) = (random.random_range(0.3..1.2f32), if random.random() { 1.0 } else { -1.0 });
            let arc = |s: f32| [side * length * (1.0 - (turn * s).cos()) / turn, length * (turn * s).sin() / turn];
            none.path(&(0..=10).map(|i| arc(i as f32 / 10.0)).collect::<Vec<_>>())
        }
        _ => none.looped(),
    }
}

/// Metres per frame squared, over all joints.
fn largest_second_difference(motion: &Motion) -> f32 {
    let joints = motion.joints();
    let bend = |t: usize, j: usize| {
        let d: Vec3 =
            std::array::from_fn(|c| joints[[t, j, c]] - 2.0 * joints[[t - 1, j, c]] + joints[[t - 2, j, c]]).into();
        d.length()
    };
    (2..motion.len()).flat_map(|t| (0..22).map(move |j| (t, j))).map(|(t, j)| bend(t, j)).fold(0.0, f32::max)
}
