//! The rules of the house that a compiler does not check: short files, rooms that import only from the floors below
//! them, documents whose links lead somewhere. The floors are those of ARCHITECTURE.md.

mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms (a file or a folder of `src`) from the ground up. Rooms of one floor may import each other, one way.
const FLOORS: &[&[&str]] = &[
    &["error", "declare", "process", "progress", "retry", "turns"],
    &["motion", "format"],
    &["body"],
    &["character", "edit", "model", "text", "sample", "weights"],
    &["device", "pipeline", "windows"],
    &["control", "data", "train", "mbench", "render", "io"],
    &["experiment"],
    &["schema"],
];

/// The only places that may name Burn; everything else works on plain arrays.
const TENSORS: &[&str] = &["model", "text", "sample", "weights", "device", "pipeline", "train", "mbench/nrdf"];

/// The only folder for hand-written CPU kernels. Apart from it, a file of the library is unsafe only to map memory.
const KERNELS: &str = "model/kernels";

const SOURCES: &[&str] = &["rs", "py", "js", "html", "c", "cpp", "hpp", "sh"];

const MAX_LINES: usize = 800;

#[test]
fn no_source_file_is_longer_than_800_lines() {
    let too_long: Vec<String> = files(&root(), SOURCES)
        .iter()
        .map(|path| (path, read(path).lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines; split it by topic", path.display()))
        .collect();
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn every_room_has_its_floor() {
    let unknown: Vec<String> = rooms().into_iter().filter(|room| floor(room).is_none()).collect();
    assert!(unknown.is_empty(), "give these rooms a floor, here and in ARCHITECTURE.md: {unknown:?}");
}

#[test]
fn a_room_imports_only_from_floors_below_or_one_way_from_its_own() {
    let imports = imports();
    let mut faults = Vec::new();
    for (room, others) in &imports {
        for (other, file) in others {
            if floor(other) > floor(room) {
                faults.push(format!("{file}: `{room}` uses `{other}`, which stands on a higher floor"));
            } else if floor(other) == floor(room) && imports.get(other).is_some_and(|back| back.contains_key(room)) {
                faults.push(format!("{file}: `{room}` and `{other}` use each other"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Groups of files that may use each other, and why.
const CIRCLES: &[(&[&str], &str)] =
    &[(&["format/torch/containers.rs", "format/torch/tree.rs"], "two halves of one recursive reader")];

#[test]
fn files_do_not_use_each_other_in_circles() {
    let faults: Vec<String> = circles::circles(&program_files())
        .into_iter()
        .filter(|group| !CIRCLES.iter().any(|(allowed, _)| allowed == group))
        .map(|group| format!("these files use each other: {}", group.join(", ")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_circle_of_files_is_seen_through_re_exports_and_groups() {
    let circle = |b: &str| {
        let files = [
            ("lib.rs", "pub mod room;"),
            ("room/mod.rs", "mod a;\nmod b;\nmod c;\npub use a::{First as Renamed, first};\nfn f() { b::f() }"),
            ("room/a.rs", "use super::{\n    b::Second,\n    c,\n};\npub struct First;"),
            ("room/b.rs", b),
            ("room/c.rs", "use super::f;"),
        ];
        circles::circles(&files.map(|(path, text)| (path.to_string(), text.to_string())))
    };
    assert_eq!(circle("use crate::room::Renamed;"), [["room/a.rs", "room/b.rs"]]);
    assert_eq!(circle("fn g() { super::a::first() }"), [["room/a.rs", "room/b.rs"]]);
    assert!(circle("use super::f;\nuse std::fs;").is_empty());
}

#[test]
fn only_the_rooms_that_compute_with_tensors_name_burn() {
    let faults: Vec<String> = library_files()
        .into_iter()
        .filter(|(path, text)| {
            let named = words(text).any(|word| word == "burn" || word.starts_with("burn_"));
            named && !TENSORS.iter().any(|room| within(path, room))
        })
        .map(|(path, _)| format!("{path}: names Burn; plain arrays belong here"))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_is_kernels_and_memory_maps_only() {
    let faults: Vec<String> = library_files()
        .into_iter()
        .filter(|(path, text)| {
            let maps = words(text).any(|word| word == "memmap2");
            // A page's security policy has a word of that name.
            let text = text.replace("unsafe-inline", "");
            words(&text).any(|word| word == "unsafe") && !within(path, KERNELS) && !maps
        })
        .map(|(path, _)| format!("{path}: unsafe code belongs to {KERNELS}"))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut dead = Vec::new();
    for path in files(&root(), &["md"]) {
        let text = without_code(&read(&path));
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty()) {
            if linked_file(&path, target).is_some_and(|file| !file.exists()) {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// The file of this repository that a link in `page` leads to, if it is one. The README's are absolute, for registries.
fn linked_file(page: &Path, target: &str) -> Option<PathBuf> {
    let site =
        ["https://github.com/vimogen/vimogen/blob/main/", "https://raw.githubusercontent.com/vimogen/vimogen/main/"];
    match site.iter().find_map(|prefix| target.strip_prefix(prefix)) {
        Some(file) => Some(root().join(file)),
        None => (!target.contains(':')).then(|| page.with_file_name("").join(target)),
    }
}

#[test]
fn every_golden_topic_has_a_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let code: String = files(&tests, &["rs"]).iter().map(|path| without_comments(&read(path))).collect();
    let topics = files(&root().join("tests/golden"), &["safetensors"]).into_iter();
    let unread: Vec<_> = topics
        .filter(|path| path.with_extension("json").exists())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .filter(|topic| !code.contains(&format!("Golden::open(\"{topic}\")")))
        .collect();
    assert!(unread.is_empty(), "no golden test reads {unread:?}");
}

#[test]
fn the_reader_of_imports_sees_paths_groups_and_root_exports() {
    let exports = root_exports("pub use motion::{Motion, layout::FPS};\npub use error::Error;");
    let text = "use crate::{error::Result, model::{Dit, config}, Motion};\nfn f() -> crate::sample::Sampler {}\n";
    let found = rooms_named(&without_comments(text), &exports);
    assert_eq!(found, ["error", "model", "motion", "sample"].map(String::from).into());
    assert_eq!(without_comments("a // crate::train\n/// crate::train\nb"), "a \n\nb\n");
    assert_eq!(without_code("[a](b)\n```cpp\n[&](int) {}\n```\n[c](d)"), "[a](b)\n[c](d)");
}

/// The workspace folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Our files with these extensions under `folder`, build outputs and hidden folders left out.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("folder entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let foreign = name.starts_with('.') || ["target", "out", "node_modules", "__pycache__"].contains(&&*name);
            if !foreign && !path.join("CACHEDIR.TAG").exists() {
                found.extend(files(&path, extensions));
            }
        } else if path.extension().is_some_and(|ext| extensions.iter().any(|e| ext == *e)) {
            found.push(path);
        }
    }
    found
}

/// Path and text of every file of the library, `lib.rs` too, without its tests.
fn program_files() -> Vec<(String, String)> {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let is_test = |path: &str| path.split('/').any(|part| part == "tests" || part.ends_with("tests.rs"));
    let files = library_files().into_iter().filter(|(path, _)| !is_test(path));
    let files = files.chain([("lib.rs".to_string(), without_comments(&read(&lib)))]);
    files.map(|(path, text)| (path, without_tests(&text).to_string())).collect()
}

/// The part of a file before its tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    let tests = text.match_indices("#[cfg(").find(|(at, _)| {
        let rest = &text[*at..];
        let head = rest.split('{').next().unwrap_or_default();
        head.lines().next().is_some_and(|line| line.contains("test")) && head.contains("mod ") && !head.contains(';')
    });
    tests.map_or(text, |(at, _)| &text[..at])
}

/// Path below `src` (with `/`) and text without comments of every file of the library but `lib.rs`.
fn library_files() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&src, &["rs"])
        .iter()
        .map(|path| {
            let below = path.strip_prefix(&src).expect("below src");
            let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            (parts.join("/"), without_comments(&read(path)))
        })
        .filter(|(path, _)| path != "lib.rs")
        .collect()
}

/// The room of a path below `src`: its folder, or the file itself.
fn room_of(path: &str) -> String {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs").to_string()
}

fn rooms() -> BTreeSet<String> {
    library_files().iter().map(|(path, _)| room_of(path)).collect()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// Room -> the other rooms it names -> a file that does.
fn imports() -> BTreeMap<String, BTreeMap<String, String>> {
    let exports = root_exports(&read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")));
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in library_files() {
        let room = room_of(&path);
        let others = rooms_named(&text, &exports).into_iter().filter(|other| *other != room && floor(other).is_some());
        found.entry(room.clone()).or_default().extend(others.map(|other| (other, path.clone())));
    }
    found
}

/// Leaves fenced code blocks out: a C++ lambda looks like a link.
fn without_code(text: &str) -> String {
    text.split("\n```").step_by(2).collect()
}

/// Cuts line comments off. `//` inside a string is cut too, which does not matter to these tests.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default().to_string() + "\n").collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Type -> room, from the `pub use room::{Type, ..};` lines of `lib.rs`.
fn root_exports(lib: &str) -> BTreeMap<String, String> {
    let text = without_comments(lib);
    let uses = text.split(';').filter_map(|statement| statement.rsplit_once("pub use ").map(|(_, path)| path));
    uses.flat_map(|path| {
        let mut names = words(path).skip_while(|word| *word == "crate").map(String::from);
        let room = names.next().unwrap_or_default();
        names.map(move |name| (name, room.clone()))
    })
    .collect()
}

/// The rooms that `crate::..` paths name, single or in a group, straight or through a re-export of `lib.rs`.
fn rooms_named(text: &str, exports: &BTreeMap<String, String>) -> BTreeSet<String> {
    let heads = text.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group_heads(group),
        None => words(rest).take(1).collect(),
    });
    heads.map(|head| exports.get(head).cloned().unwrap_or_else(|| head.to_string())).collect()
}

/// The first name of each member of a `{..}` group, whose opening brace is already taken off.
fn group_heads(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        let ends = depth == 0 && (c == ',' || c == '}');
        if ends {
            heads.extend(words(&group[start..at]).next());
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}
