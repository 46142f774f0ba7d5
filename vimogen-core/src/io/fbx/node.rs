//! Nodes of a binary FBX file, version 7.4, as bytes.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::error::{Error, Result};

const VERSION: u32 = 7400;
const HEAD: &[u8] = b"Kaydara FBX Binary  \0\x1a\0";
/// Length of the record that ends a list of nodes.
const NULL: usize = 13;
/// Bytes from which on an array is compressed.
const SMALL: usize = 128;
/// The file's id, and the footer that goes with it and with [`CREATED`].
pub(super) const FILE_ID: [u8; 16] =
    [0x28, 0xb3, 0x2a, 0xeb, 0xb6, 0x24, 0xcc, 0xc2, 0xbf, 0xc8, 0xb0, 0x2a, 0xa9, 0x2b, 0xfc, 0xf1];
pub(super) const CREATED: &str = "1970-01-01 10:00:00:000";
const FOOTER_ID: [u8; 16] =
    [0xfa, 0xbc, 0xab, 0x09, 0xd0, 0xc8, 0xd4, 0x66, 0xb1, 0x76, 0xfb, 0x83, 0x1c, 0xf7, 0x26, 0x7e];
const FOOTER_END: [u8; 16] =
    [0xf8, 0x5a, 0x8c, 0x6a, 0xde, 0xf5, 0xd9, 0x7e, 0xec, 0xe9, 0x0c, 0xe3, 0x75, 0x8f, 0x29, 0x0b];

/// A node: a name, values and nodes below it.
#[derive(Debug, Default)]
pub(super) struct Node {
    name: &'static str,
    count: u32,
    values: Vec<u8>,
    children: Vec<Node>,
    /// Whether a null record follows even without children: some readers drop such a node otherwise.
    list: bool,
}

impl Node {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    fn value(mut self, kind: u8, bytes: &[u8]) -> Self {
        self.values.push(kind);
        self.values.extend_from_slice(bytes);
        self.count += 1;
        self
    }

    pub(super) fn int(self, value: i32) -> Self {
        self.value(b'I', &value.to_le_bytes())
    }

    pub(super) fn long(self, value: i64) -> Self {
        self.value(b'L', &value.to_le_bytes())
    }

    pub(super) fn double(self, value: f64) -> Self {
        self.value(b'D', &value.to_le_bytes())
    }

    pub(super) fn flag(self, value: bool) -> Self {
        self.value(b'C', &[u8::from(value)])
    }

    pub(super) fn text(self, value: &str) -> Self {
        self.sized(b'S', value.as_bytes())
    }

    pub(super) fn raw(self, value: &[u8]) -> Self {
        self.sized(b'R', value)
    }

    /// The name of an object and its class.
    pub(super) fn named(self, name: &str, class: &str) -> Self {
        self.text(&format!("{name}\0\x01{class}"))
    }

    fn sized(self, kind: u8, value: &[u8]) -> Self {
        let len = value.len() as u32;
        self.value(kind, &[&len.to_le_bytes(), value].concat())
    }

    pub(super) fn ints(self, values: &[i32]) -> Self {
        self.array(b'i', values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(super) fn longs(self, values: &[i64]) -> Self {
        self.array(b'l', values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(super) fn floats(self, values: &[f32]) -> Self {
        self.array(b'f', values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(super) fn doubles(self, values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        self.array(b'd', values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// An array, compressed if that pays.
    fn array(self, kind: u8, count: usize, bytes: Vec<u8>) -> Self {
        let packed = (bytes.len() >= SMALL).then(|| zlib(&bytes)).flatten().filter(|packed| packed.len() < bytes.len());
        let (encoding, data) = packed.map_or((0u32, bytes), |packed| (1, packed));
        let sizes = [count as u32, encoding, data.len() as u32];
        let head: Vec<u8> = sizes.into_iter().flat_map(u32::to_le_bytes).collect();
        self.value(kind, &[head, data].concat())
    }

    pub(super) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// Ends the node with a null record also without children.
    pub(super) fn listing(self) -> Self {
        Self { list: true, ..self }
    }

    /// Bytes of the record.
    fn len(&self) -> u64 {
        let inner: u64 = self.children.iter().map(Self::len).sum();
        let end = if self.children.is_empty() && !self.list { 0 } else { NULL as u64 };
        NULL as u64 + self.name.len() as u64 + self.values.len() as u64 + inner + end
    }

    /// Appends the record. Offsets fit, since the whole file was measured.
    fn append(&self, out: &mut Vec<u8>) {
        let end = out.len() as u64 + self.len();
        for word in [end as u32, self.count, self.values.len() as u32] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.push(self.name.len() as u8);
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&self.values);
        self.children.iter().for_each(|child| child.append(out));
        if !self.children.is_empty() || self.list {
            out.extend_from_slice(&[0; NULL]);
        }
    }
}

fn zlib(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// The bytes of a file of these nodes.
///
/// # Errors
/// [`Error::TooLarge`] beyond the 4 GiB of the format.
pub(super) fn file(nodes: &[Node]) -> Result<Vec<u8>> {
    // Head and footer have less than 512 bytes.
    let (needed, limit) = (nodes.iter().map(Node::len).sum::<u64>() + 512, u64::from(u32::MAX));
    if needed > limit {
        return Err(Error::TooLarge { what: "fbx file".into(), needed, limit });
    }
    let mut out = [HEAD, &VERSION.to_le_bytes()].concat();
    nodes.iter().for_each(|node| node.append(&mut out));
    out.extend_from_slice(&[0; NULL]);
    out.extend_from_slice(&FOOTER_ID);
    out.extend_from_slice(&[0; 4]);
    // At least one byte of padding.
    let padding = 16 - out.len() % 16;
    out.resize(out.len() + padding, 0);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 120]);
    out.extend_from_slice(&FOOTER_END);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_says_where_it_ends_and_lists_end_with_a_null_record() {
        let inner = Node::new("B").int(3);
        let node = Node::new("A").text("x").with(inner);
        let bytes = file(&[node, Node::new("C").listing()]).unwrap();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        // The first node: 13 bytes, its name, its text of 6 bytes; in it a node of 13 + 1 + 5 bytes; a null record.
        let (start, end) = (27, 27 + 13 + 1 + 6 + 19 + 13);
        assert_eq!((word(start), word(start + 4), word(start + 8)), (end, 1, 6));
        assert!(bytes[end - 13..end].iter().all(|byte| *byte == 0));
        assert_eq!((word(end), &bytes[end + 13..end + 14]), (end + 27, &b"C"[..]));
        assert!(bytes[end + 14..end + 40].iter().all(|byte| *byte == 0));
    }
}
