//! Shared by the benchmarks: the models, and the allocator of vimogen's programs, without which the CPU backend takes up
//! to twice the time.

use ndarray::{Array2, Array3};
use vimogen_core::device::Device;
use vimogen_core::model::{ClipBatch, Condition};
use vimogen_core::train::TrainBatch;
use vimogen_core::{Dit, DitConfig, Pipeline};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Frames of the training clips.
const FRAMES: usize = 100;

/// A model with its number of words and frames.
pub struct Subject {
    /// Name in reports.
    pub name: &'static str,
    /// The network.
    pub dit: Dit,
    /// Rows of text.
    pub words: usize,
}

/// The models to measure: the built-in one; a medium one with drawn weights; and, if `VIMOGEN_BENCH_FULL` is set, one
/// of the released size (9 GB of memory).
pub fn subjects() -> Vec<Subject> {
    let drawn = |name, config: DitConfig| {
        let device = Device::flex();
        let dit = Dit::new(&config, &device).expect("a preset is valid").init_weights(1, &device);
        Subject { name, dit, words: config.text_len }
    };
    let nano = Pipeline::builtin().expect("the built-in model loads").dit().clone();
    let words = nano.config().text_len;
    let mut subjects = vec![Subject { name: "nano", dit: nano, words }, drawn("small", DitConfig::small())];
    if std::env::var_os("VIMOGEN_BENCH_FULL").is_some() {
        subjects.push(drawn("full", DitConfig::vimogen_1_3b()));
    }
    subjects
}

/// An array of distinct values in -1..=1, `[rows, width]`.
pub fn wave(rows: usize, width: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, width), |(i, j)| ((i * 7 + j) as f32 * 0.37).sin())
}

/// Clips of 100 frames to train on: half of them attend to their text, the others to a reference.
pub fn train_batch(sizes: &DitConfig, clips: usize) -> TrainBatch {
    let condition = |i: usize| match i < clips / 2 {
        true => Condition::Text(wave(sizes.text_len, sizes.text_dim)),
        false => Condition::reference(wave(FRAMES, 138)),
    };
    let conditions = (0..clips).map(condition).collect();
    let conditions = ClipBatch::new(conditions, vec![FRAMES; clips]).expect("the clips fit each other");
    let wave = |(i, j, k): (usize, usize, usize)| ((i * 31 + j * 7 + k) as f32 * 0.37).sin();
    TrainBatch::new(Array3::from_shape_fn((clips, FRAMES, 276), wave), conditions)
}
