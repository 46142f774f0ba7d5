//! Circles of files: files of which each uses, over others, itself. Paths are resolved through re-exports to the file
//! that declares an item.

use std::collections::{BTreeMap, BTreeSet};

/// A module, as the names from the crate's root down.
type Module = Vec<String>;

/// The files of a crate by module, and what they name.
struct Crate<'a> {
    texts: BTreeMap<Module, &'a str>,
    /// Module -> public name -> the path that it re-exports.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
}

/// Groups of files that use each other, by path below `src`, with `lib.rs` among `files`. A file that uses what a module
/// above it declares is a part of that module and makes no circle with it.
pub fn circles(files: &[(String, String)]) -> Vec<Vec<String>> {
    let paths: BTreeMap<Module, &str> = files.iter().map(|(path, _)| (module(path), path.as_str())).collect();
    let texts = files.iter().map(|(path, text)| (module(path), text.as_str())).collect();
    let mut source = Crate { texts, exports: BTreeMap::new() };
    source.exports = source.texts.keys().map(|module| (module.clone(), source.exports_of(module))).collect();
    let edges = source.texts.keys().map(|module| (module.clone(), source.uses_of(module))).collect();
    let circles = components(&edges).into_iter().filter(|group| group.len() > 1);
    circles.map(|group| group.iter().map(|module| paths[module].to_string()).collect()).collect()
}

fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { vec![] } else { path.split('/').map(String::from).collect() }
}

impl Crate<'_> {
    fn exports_of(&self, module: &Module) -> BTreeMap<String, Module> {
        let uses = statements(self.texts[module]).into_iter().filter(|(is_public, _)| *is_public);
        uses.flat_map(|(_, tree)| leaves(tree, &[]))
            .filter_map(|(name, path)| Some((name, self.absolute(module, &path)?)))
            .collect()
    }

    /// The files that one uses, except modules above it.
    fn uses_of(&self, module: &Module) -> BTreeSet<Module> {
        let text = self.texts[module];
        let imports = statements(text).into_iter().filter(|(is_public, _)| !is_public);
        let imported = imports.flat_map(|(_, tree)| leaves(tree, &[])).map(|(_, path)| path);
        let paths = imported.chain(paths(text)).filter_map(|path| self.absolute(module, &path));
        let used = paths.map(|path| self.declaring(&path, 0));
        used.filter(|other| !module.starts_with(other)).collect()
    }

    /// A path from the crate's root; none for one that leads out of the crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut start = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (start, rest) = (vec![], &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    start.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let is_child = self.texts.contains_key(&[module.clone(), vec![child.into()]].concat());
                return is_child.then(|| [start, rest.to_vec()].concat());
            }
        }
        Some([start, rest.to_vec()].concat())
    }

    /// The file that declares what a path names.
    fn declaring(&self, path: &[String], depth: usize) -> Module {
        let len = (0..=path.len()).rev().find(|len| self.texts.contains_key(&path[..*len])).unwrap_or(0);
        let (module, item) = path.split_at(len);
        let exported = item.first().and_then(|name| self.exports.get(module)?.get(name));
        match exported {
            Some(target) if depth < 8 => self.declaring(&[target, &item[1..]].concat(), depth + 1),
            _ => module.to_vec(),
        }
    }
}

/// `use` statements: whether they re-export, and their tree.
fn statements(text: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        let starts = statement.match_indices("use ").map(|(at, _)| at);
        let mut starts = starts.filter(|at| statement[..*at].ends_with(['\n', ' ', '\t', ')', '}']) || *at == 0);
        if let Some(at) = starts.next() {
            let line = statement[..at].rsplit('\n').next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with("pub") {
                found.push((line.starts_with("pub"), statement[at + 4..].trim()));
            }
        }
    }
    found
}

/// The names that a tree of `use` brings in, each with its path.
fn leaves(tree: &str, above: &[String]) -> Vec<(String, Vec<String>)> {
    let names = |path: &str| -> Vec<String> {
        path.split("::").map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
    };
    if let Some((head, group)) = tree.split_once('{') {
        let above = [above.to_vec(), names(head)].concat();
        let group = group.trim_end().trim_end_matches('}');
        return members(group).into_iter().flat_map(|member| leaves(member, &above)).collect();
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut path = [above.to_vec(), names(path)].concat();
    if path.last().is_some_and(|name| name == "self") && path.len() > 1 {
        path.pop();
    }
    let name = if alias.is_empty() { path.last().cloned().unwrap_or_default() } else { alias.trim().into() };
    vec![(name, path)]
}

/// The parts of a `{..}` group.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(group[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(group[start..].trim());
    found.retain(|member| !member.is_empty());
    found
}

/// All paths of two names and more that a text spells out.
fn paths(text: &str) -> impl Iterator<Item = Vec<String>> {
    let spelt = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    spelt.filter(|path| path.contains("::")).map(|path| {
        path.split("::").map(|name| name.trim_matches(':').to_string()).filter(|name| !name.is_empty()).collect()
    })
}

/// Strongly connected groups: each member reaches all others.
fn components(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = edges.keys().map(|from| (from, reach(edges, from))).collect();
    let mut groups: Vec<BTreeSet<Module>> = Vec::new();
    for (from, to) in &reached {
        if !groups.iter().any(|group| group.contains(*from)) {
            let others = to.iter().filter(|other| reached[**other].contains(from));
            groups.push(others.map(|other| (*other).clone()).chain([(*from).clone()]).collect());
        }
    }
    groups
}

fn reach<'a>(edges: &'a BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&Module> = edges[from].iter().collect();
    while let Some(next) = waiting.pop() {
        if seen.insert(next) {
            waiting.extend(&edges[next]);
        }
    }
    seen
}
