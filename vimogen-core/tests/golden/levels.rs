//! The golden tests of the network for each instruction level of the CPU and for several thread counts. A process selects
//! its level once, so each combination runs in its own process.

use std::process::Command;

use vimogen_core::model::kernels::cpu::{Level, VARIABLE};

/// Modules of this program whose tests run the network.
const NETWORK: [&str; 4] = ["dit::", "sampler::", "precision::", "weights::"];

fn run(level: Level, threads: usize) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(NETWORK)
        .env(VARIABLE, level.name())
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{} with {threads} threads:\n{text}", level.name());
    assert!(!text.contains("running 0 tests"), "no test is called {NETWORK:?}");
}

#[test]
fn the_network_matches_at_every_level_of_this_cpu() {
    for level in Level::ALL.into_iter().filter(|level| *level <= Level::detect()) {
        run(level, 2);
    }
}

#[test]
#[ignore = "needs a CPU with AVX-512 BF16: make test-levels"]
fn this_cpu_has_every_level() {
    assert_eq!(Some(&Level::detect()), Level::ALL.last(), "the levels above are not tested here");
}

#[test]
fn the_network_matches_with_one_thread_and_with_many() {
    for threads in [1, 5] {
        run(Level::detect(), threads);
    }
}
