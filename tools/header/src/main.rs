//! Compares `include/vimogen.h` with cbindgen's output for `vimogen-capi`; with `--write` it writes the file.
//!
//! The opening comment, with its program, is a copy of `vimogen-capi/src/header.h`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// Modules of the crate in the order of the header.
const MODULES: [&str; 15] = [
    "version", "status", "enums", "pipeline", "generate", "motion", "load", "edit", "character", "robot", "direct",
    "render", "evaluate", "trainer", "rotation",
];
/// Modules that export nothing.
const INTERNAL: [&str; 3] = ["allocator", "edge", "tests"];

fn main() -> ExitCode {
    let write = env::args().nth(1).is_some_and(|argument| argument == "--write");
    match run(write) {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(write: bool) -> Result<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("include/vimogen.h");
    let made = generate(&root.join("vimogen-capi"))?;
    if write {
        fs::write(&path, made).map_err(|e| format!("cannot write {path:?}: {e}"))?;
        return Ok("wrote include/vimogen.h".into());
    }
    let kept = fs::read_to_string(&path).map_err(|e| format!("cannot read {path:?}: {e}"))?;
    match first_difference(&kept, &made) {
        None => Ok("include/vimogen.h agrees with vimogen-capi".into()),
        Some(line) => Err(format!("include/vimogen.h is out of date from line {line} on; run: make header")),
    }
}

fn generate(crate_folder: &Path) -> Result<String, String> {
    let text = |name: &str| {
        let path: PathBuf = crate_folder.join(name);
        fs::read_to_string(&path).map_err(|e| format!("cannot read {path:?}: {e}"))
    };
    let mut config = cbindgen::Config::from_file(crate_folder.join("cbindgen.toml"))?;
    config.header = Some(text("src/header.h")?.trim_end().into());
    // Passed as int32_t, so that no function names them.
    let enums = text("src/enums.rs")?;
    let names = enums.lines().filter_map(|line| line.strip_prefix("pub enum ")?.strip_suffix(" {"));
    config.export.include.extend(names.map(String::from));
    // Sources by name: asking cargo for the crate's modules would resolve the whole workspace.
    check_modules(&text("src/lib.rs")?)?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for module in MODULES {
        builder = builder.with_src(crate_folder.join("src").join(format!("{module}.rs")));
    }
    let bindings = builder.generate().map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    String::from_utf8(bytes).map_err(|e| e.to_string())
}

/// No module of the crate is forgotten.
fn check_modules(lib: &str) -> Result<(), String> {
    let named = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    match named.filter(|name| !INTERNAL.contains(name)).find(|name| !MODULES.contains(name)) {
        None => Ok(()),
        Some(module) => Err(format!("vimogen-capi has the module {module:?}, which tools/header does not know")),
    }
}

/// Number of the first line that differs, from 1.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}
