//! A character's file with animations added to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::container::{Container, MAX_FILE, bad};
use super::super::nodes::Local;
use super::containers::{Parts, data_uri, glb, media_type};
use super::splice::{Json, Splices};
use crate::character::Keys;
use crate::error::{Error, Result};

/// Component type of glTF.
const F32: u32 = 5126;

/// An animation with its name.
pub(super) struct Clip {
    pub name: String,
    pub keys: Keys,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// As one binary file.
    pub glb: bool,
    /// With pictures and buffers of other files in it, since it will not be next to them.
    pub whole: bool,
}

/// The bytes of the file with `clips` after its own animations.
///
/// # Errors
/// [`Error::Format`] for buffers and pictures that are needed and missing, [`Error::TooLarge`].
pub(super) fn animated(parts: &Parts, file: &Container<'_>, clips: &[Clip], form: Form) -> Result<Vec<u8>> {
    let text = parts.text();
    let mut edit = Edit { file, root: Json::root(text), splices: Splices::default() };
    let new = New::of(file, clips);
    let binary = edit.buffers(parts, &new.data, form)?;
    if form.whole {
        edit.embed(form, binary.is_some())?;
    }
    let (buffer, start) = match &binary {
        Some(old) => (0, old.len()),
        None => (file.document.buffers.len(), 0),
    };
    let views: Vec<String> = new.views(buffer, start);
    edit.splices.append(edit.root, "bufferViews", &views);
    edit.splices.append(edit.root, "accessors", &new.accessors);
    edit.splices.append(edit.root, "animations", &new.animations);
    edit.free_matrices(clips);
    let text = edit.splices.apply(text);
    if !form.glb {
        return Ok(text.into_bytes());
    }
    let binary = binary.map_or_else(Vec::new, |mut binary| {
        binary.extend(&new.data);
        binary
    });
    // A binary chunk that no buffer uses stays as well.
    let binary = if binary.is_empty() { parts.binary().unwrap_or_default() } else { &binary };
    glb(&text, binary, parts.more())
}

/// Additions to the lists of a file.
#[derive(Default)]
struct New {
    data: Vec<u8>,
    /// Start and length of each clip's data.
    spans: Vec<(usize, usize)>,
    accessors: Vec<String>,
    animations: Vec<String>,
}

impl New {
    fn of(file: &Container<'_>, clips: &[Clip]) -> Self {
        let mut new = Self::default();
        for (n, clip) in clips.iter().enumerate() {
            let start = new.data.len();
            let first = file.document.accessors.len() + new.accessors.len();
            let view = file.document.buffer_views.len() + n;
            let animation = new.animation(clip, view, (first, start));
            new.animations.push(animation.to_string());
            new.spans.push((start, new.data.len() - start));
        }
        new
    }

    /// Adds the values of a clip, whose data begin at `start` and whose first accessor is `first`.
    fn animation(&mut self, clip: &Clip, view: usize, (first, start): (usize, usize)) -> Value {
        let Clip { name, keys } = clip;
        // An animation of length 0 is played by nobody: a single pose is held for a frame.
        let frames = keys.frames.max(2);
        let seconds = |frame: usize| frame as f32 / keys.fps;
        let times: Vec<[f32; 1]> = (0..frames).map(|frame| [seconds(frame)]).collect();
        let (least, most) = (json!([0.0]), json!([seconds(frames - 1)]));
        self.accessor(view, start, "SCALAR", &times, frames, json!({ "min": least, "max": most }));
        let (mut samplers, mut channels) = (Vec::new(), Vec::new());
        let mut add = |node: usize, path: &str| {
            channels.push(json!({ "sampler": samplers.len(), "target": { "node": node, "path": path } }));
            samplers.push(json!({ "input": first, "output": first + 1 + samplers.len(), "interpolation": "LINEAR" }));
        };
        for turning in &keys.turns {
            add(turning.node, "rotation");
            self.accessor(view, start, "VEC4", &turning.keys, frames, json!({}));
        }
        for moving in &keys.moves {
            add(moving.node, "translation");
            self.accessor(view, start, "VEC3", &moving.keys, frames, json!({}));
        }
        json!({ "name": name, "samplers": samplers, "channels": channels })
    }

    /// Adds a list of values; the last one is repeated up to `count`.
    fn accessor<const N: usize>(
        &mut self,
        view: usize,
        start: usize,
        kind: &str,
        keys: &[[f32; N]],
        count: usize,
        more: Value,
    ) {
        let mut accessor = json!({
            "bufferView": view,
            "byteOffset": self.data.len() - start,
            "componentType": F32,
            "count": count,
            "type": kind,
        });
        if let (Value::Object(accessor), Value::Object(more)) = (&mut accessor, more) {
            accessor.extend(more);
        }
        let last = keys.last().copied().unwrap_or([0.0; N]);
        for n in 0..count {
            keys.get(n).unwrap_or(&last).iter().for_each(|value| self.data.extend(value.to_le_bytes()));
        }
        self.accessors.push(accessor.to_string());
    }

    fn views(&self, buffer: usize, start: usize) -> Vec<String> {
        let view = |(offset, len): &(usize, usize)| {
            json!({ "buffer": buffer, "byteOffset": start + offset, "byteLength": len }).to_string()
        };
        self.spans.iter().map(view).collect()
    }
}

struct Edit<'a> {
    file: &'a Container<'a>,
    root: Json<'a>,
    splices: Splices,
}

impl Edit<'_> {
    /// Makes room for `data` in the buffers. Returns the bytes before it if it is in the binary chunk, as buffer 0.
    fn buffers(&mut self, parts: &Parts, data: &[u8], form: Form) -> Result<Option<Vec<u8>>> {
        let buffers = self.root.get("buffers").map_or_else(Vec::new, Json::items);
        let external = self.file.document.buffers.first().is_some_and(|buffer| buffer.uri.is_some());
        let old = match (buffers.first(), parts.binary().filter(|_| parts.is_glb())) {
            _ if !form.glb => None,
            (None, None) => Some(Vec::new()),
            (Some(_), Some(binary)) if !external => Some(binary.to_vec()),
            (Some(_), None) if !parts.is_glb() && external => Some(self.file.buffer(0)?.to_vec()),
            _ => None,
        };
        let Some(mut old) = old else {
            if let (false, Some(first), Some(binary), false) = (form.glb, buffers.first(), parts.binary(), external) {
                self.splices.member(
                    *first,
                    "uri",
                    &Value::from(data_uri("application/octet-stream", binary)).to_string(),
                );
            }
            let uri = data_uri("application/octet-stream", data);
            let buffer = json!({ "byteLength": data.len(), "uri": uri }).to_string();
            self.splices.append(self.root, "buffers", &[buffer]);
            return Ok(None);
        };
        old.resize(old.len().next_multiple_of(4), 0);
        let length = old.len() + data.len();
        match buffers.first() {
            Some(first) => {
                if let Some(own) = first.get("byteLength") {
                    self.splices.replace(own.span(), length.to_string());
                }
                if external {
                    self.splices.remove(*first, "uri");
                }
            }
            None => self.splices.append(self.root, "buffers", &[json!({ "byteLength": length }).to_string()]),
        }
        Ok(Some(old))
    }

    /// Puts the buffers and pictures of other files into the text, except the first buffer if it is in the binary chunk.
    fn embed(&mut self, form: Form, first_is_binary: bool) -> Result<()> {
        let mut left = MAX_FILE;
        for (list, skipped) in [("buffers", usize::from(first_is_binary && form.glb)), ("images", 0)] {
            let items = self.root.get(list).map_or_else(Vec::new, Json::items);
            for item in items.into_iter().skip(skipped) {
                let Some((span, uri)) = self.uri(item) else { continue };
                let bytes = self.file.load(&uri)?;
                left = left.checked_sub(bytes.len() as u64).ok_or_else(|| Error::TooLarge {
                    what: "buffers and pictures of the character".into(),
                    needed: MAX_FILE - left + bytes.len() as u64,
                    limit: MAX_FILE,
                })?;
                let kind = if list == "images" { media_type(&uri) } else { "application/octet-stream" };
                self.splices.replace(span, Value::from(data_uri(kind, &bytes)).to_string());
            }
        }
        Ok(())
    }

    /// Place and text of an item's URI, if it is another file.
    fn uri(&self, item: Json<'_>) -> Option<(std::ops::Range<usize>, String)> {
        let value = item.get("uri")?;
        let uri: String = serde_json::from_str(value.text()).ok()?;
        (!uri.starts_with("data:")).then_some((value.span(), uri))
    }

    /// Nodes that are animated have translation, rotation and scale; a matrix is taken apart.
    fn free_matrices(&mut self, clips: &[Clip]) {
        let turning = clips.iter().flat_map(|clip| clip.keys.turns.iter().map(|keys| keys.node));
        let moving = clips.iter().flat_map(|clip| clip.keys.moves.iter().map(|keys| keys.node));
        let animated: BTreeSet<usize> = turning.chain(moving).collect();
        let nodes = &self.file.document.nodes.0;
        if !animated.iter().any(|node| nodes[*node].matrix.is_some()) {
            return;
        }
        let items = self.root.get("nodes").map_or_else(Vec::new, Json::items);
        for node in animated.into_iter().filter(|node| nodes[*node].matrix.is_some()) {
            let Local { translation, rotation, scale } = Local::of(&nodes[node]);
            let list = |values: &[f64]| Value::from(values.to_vec()).to_string();
            let parts = format!(
                "\"translation\":{},\"rotation\":{},\"scale\":{}",
                list(&translation.to_array()),
                list(&rotation.to_array()),
                list(&scale.to_array())
            );
            let members = items.get(node).map_or_else(Vec::new, |node| node.members());
            if let Some((_, key, value)) = members.into_iter().find(|(key, ..)| key == "matrix") {
                self.splices.replace(key.start..value.span().end, parts);
            }
        }
    }
}

/// A name that no animation of the file has: the asked one, or with a number after it.
pub(super) fn free_name(file: &Container<'_>, clips: &[Clip], asked: &str) -> String {
    let own = file.document.animations.0.iter().map(|animation| animation.name.as_str());
    let taken: BTreeSet<&str> = own.chain(clips.iter().map(|clip| clip.name.as_str())).collect();
    let numbered = (2..).map(|n| format!("{asked} {n}"));
    std::iter::once(asked.to_string()).chain(numbered).find(|name| !taken.contains(name.as_str())).unwrap_or_default()
}

/// The error of a file that cannot be written with this ending.
pub(super) fn other_ending(ending: &str) -> Error {
    bad(format!("a character with animations is written as .glb, .vrm or .gltf, not as {ending:?}"))
}
