//! The elements of a model, with the files that it includes put in their places.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};

use super::bad;
use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Maximum size of all files of a model, bytes. Meshes and pictures are files of their own, which are not read.
const MAX_BYTES: u64 = 8 << 20;
/// Maximum number of elements and texts of a file.
const MAX_NODES: u32 = 1 << 18;
/// Maximum depth of elements; MuJoCo's XML reader stops at 500.
const MAX_DEPTH: usize = 200;
/// Maximum number of included files.
const MAX_FILES: usize = 64;
/// Maximum number of attributes of an element and of declarations of namespaces: the parser compares them in pairs.
const MAX_ATTRIBUTES: usize = 256;
const MAX_NAMESPACES: usize = 16;

/// An element.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub tag: String,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Children with a tag.
    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.tag == tag)
    }

    /// Name for messages: `<joint name="knee">`.
    pub fn label(&self) -> String {
        match self.get("name").or(self.get("class")) {
            Some(name) => format!("<{} name={name:?}>", self.tag),
            None => format!("<{}>", self.tag),
        }
    }
}

/// Reads the root element from text; includes need the folder.
pub(super) fn read(text: &str, folder: Option<&Path>) -> Result<Element> {
    let mut files = Files { folder, seen: BTreeSet::new(), left: MAX_BYTES };
    files.charge(text.len() as u64)?;
    files.root(text)
}

/// The files of a model.
struct Files<'a> {
    folder: Option<&'a Path>,
    seen: BTreeSet<PathBuf>,
    left: u64,
}

impl Files<'_> {
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| Error::TooLarge {
            what: "a MuJoCo model with its includes".into(),
            needed: MAX_BYTES - self.left + bytes,
            limit: MAX_BYTES,
        })?;
        Ok(())
    }

    fn root(&mut self, text: &str) -> Result<Element> {
        let text = text.trim_start_matches('\u{feff}');
        check_text(text)?;
        let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|e| bad(e.to_string()))?;
        self.element(document.root_element(), 0)
    }

    fn element(&mut self, node: Node<'_, '_>, depth: usize) -> Result<Element> {
        if depth > MAX_DEPTH {
            return Err(bad(format!("its elements are nested more than {MAX_DEPTH} deep")));
        }
        let attributes = node.attributes().map(|a| (a.name().to_string(), a.value().to_string())).collect();
        let mut element = Element { tag: node.tag_name().name().to_string(), attributes, children: Vec::new() };
        for child in node.children().filter(Node::is_element) {
            if child.tag_name().name() == "include" {
                element.children.append(&mut self.include(child)?);
            } else {
                element.children.push(self.element(child, depth + 1)?);
            }
        }
        Ok(element)
    }

    /// The elements of an included file.
    fn include(&mut self, node: Node<'_, '_>) -> Result<Vec<Element>> {
        let name = node.attribute("file").ok_or_else(|| bad("an <include> has no file"))?;
        let folder = self.folder.ok_or_else(|| bad(format!("it includes a file, {name:?}, and is no file itself")))?;
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if name.contains(['\\', ':', '\0']) || !Path::new(name).components().all(inside) {
            return Err(bad(format!("include {name:?} is outside the folder of the model; move it there")));
        }
        let path = folder.join(name);
        if !self.seen.insert(path.components().collect()) {
            return Err(bad(format!("file {name:?} is included twice; MuJoCo takes it once")));
        }
        if self.seen.len() > MAX_FILES {
            return Err(bad(format!("it includes more than {MAX_FILES} files")));
        }
        let bytes = read_bounded(&path, self.left)?;
        self.charge(bytes.len() as u64)?;
        let text = String::from_utf8(bytes).map_err(|_| bad(format!("include {name:?} is not UTF-8")))?;
        Ok(self.root(&text)?.children)
    }
}

/// Refuses texts on which the parser would take quadratic time or memory.
fn check_text(text: &str) -> Result<()> {
    if text.matches("xmlns").nth(MAX_NAMESPACES).is_some() {
        return Err(bad("it declares too many XML namespaces; a MuJoCo model has none"));
    }
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with("!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end..]);
            continue;
        }
        let element = &rest[..rest.find('<').unwrap_or(rest.len())];
        if element.matches('=').nth(MAX_ATTRIBUTES).is_some() {
            return Err(bad(format!("an element has more than {MAX_ATTRIBUTES} attributes")));
        }
    }
    Ok(())
}
