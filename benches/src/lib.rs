//! What the benchmarks share: the models, and the allocator of vimogen's programs, without which the CPU backend is up
//! to twice slower.

use vimogen_core::{Device, Dit, DitConfig, Pipeline};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A model with the words and frames that it is measured with.
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
