#![no_main]

use vimogen_core::mbench::info::load_info;
use vimogen_core::mbench::nrdf::NrdfConfig;
use vimogen_core::mbench::prompts::load_prompts;
use vimogen_core::mbench::vlm::answer::{Verdict, choice, decision};
use vimogen_core_fuzz::with_file;

// The texts that MBench reads: its lists, the configuration of NRDF, what a judge answered.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    with_file(bytes, "json", |path| drop((load_info(path), load_prompts(path))));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (NrdfConfig::parse(text), Verdict::read(text), choice(text), decision(text));
    }
});
