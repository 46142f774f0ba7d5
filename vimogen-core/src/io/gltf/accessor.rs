//! Accessors of a glTF file: arrays of rows, of any component type.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use super::container::{Container, bad};
use super::json::{Accessor, BufferView};
use crate::error::Result;

/// Values allowed beyond one per byte of the buffers: an accessor without data is all zeros.
const SLACK: u64 = 1 << 16;
/// Compressions of buffer views.
pub(super) const COMPRESSED: [&str; 2] = ["EXT_meshopt_compression", "KHR_meshopt_compression"];

/// Rows of numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Rows {
    pub width: usize,
    pub values: Vec<f32>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// A row, with zeros behind its end.
    pub(super) fn row<const N: usize>(&self, row: usize) -> [f64; N] {
        let row = &self.values[row * self.width..][..self.width];
        std::array::from_fn(|c| row.get(c).map_or(0.0, |v| f64::from(*v)))
    }
}

/// Reads accessors, each once. Together they hold at most as many values as the file has bytes, however they overlap.
pub(super) struct Accessors<'a> {
    file: &'a Container<'a>,
    read: RefCell<HashMap<usize, Arc<Rows>>>,
    used: Cell<u64>,
}

impl<'a> Accessors<'a> {
    pub(super) fn new(file: &'a Container<'a>) -> Self {
        Self { file, read: RefCell::default(), used: Cell::new(0) }
    }

    /// The rows of an accessor of finite values.
    pub(super) fn rows(&self, index: usize) -> Result<Arc<Rows>> {
        if let Some(rows) = self.read.borrow().get(&index) {
            return Ok(rows.clone());
        }
        let accessor = self.file.document.accessors.get(index);
        let accessor = accessor.ok_or_else(|| bad(format!("there is no accessor {index}")))?;
        let rows = Arc::new(self.decode(accessor).map_err(|reason| bad(format!("accessor {index}: {reason}")))?);
        self.read.borrow_mut().insert(index, rows.clone());
        Ok(rows)
    }

    fn decode(&self, accessor: &Accessor) -> Result<Rows, String> {
        let width = width(&accessor.kind)?;
        let component = Component::new(accessor.component_type)?;
        if accessor.sparse.is_some() {
            return Err("it is sparse, which is not read; export the animation without sparse accessors".into());
        }
        let data = accessor.buffer_view.map(|view| self.view(view)).transpose()?;
        let left = SLACK.saturating_add(self.file.loaded()).saturating_sub(self.used.get());
        let count = accessor.count.checked_mul(width as u64).filter(|count| *count <= left);
        let count = count.ok_or("it has more values than the file has room for")?;
        self.used.set(self.used.get() + count);
        let Some((view, data)) = data else {
            return Ok(Rows { width, values: vec![0.0; count as usize] });
        };
        let size = component.size() as u64;
        let row = width as u64 * size;
        let stride = view.byte_stride.filter(|stride| *stride != 0).unwrap_or(row);
        let end = accessor.count.saturating_sub(1).checked_mul(stride);
        let end = end.and_then(|end| end.checked_add(accessor.byte_offset)?.checked_add(row));
        if accessor.count > 0 && (stride < row || end.is_none_or(|end| end > data.len() as u64)) {
            return Err("it reaches beyond its buffer view; the file is damaged".into());
        }
        let rows = (0..accessor.count).flat_map(|n| {
            let row = &data[(accessor.byte_offset + n * stride) as usize..][..row as usize];
            row.chunks_exact(size as usize).map(|bytes| component.value(bytes, accessor.normalized))
        });
        let values: Vec<f32> = rows.collect();
        if values.iter().all(|v| v.is_finite()) {
            Ok(Rows { width, values })
        } else {
            Err("it holds a value that is not finite".into())
        }
    }

    fn view(&self, index: usize) -> Result<(&'a BufferView, &'a [u8]), String> {
        let view =
            self.file.document.buffer_views.get(index).ok_or_else(|| format!("there is no buffer view {index}"))?;
        if let Some(name) = COMPRESSED.iter().find(|name| view.extensions.contains_key(**name)) {
            return Err(format!("its data is compressed ({name}), which is not read; export the file without it"));
        }
        let data = self.file.buffer(view.buffer).map_err(|e| e.to_string())?;
        let end = view.byte_offset.checked_add(view.byte_length).filter(|end| *end <= data.len() as u64);
        let end = end.ok_or("its buffer view reaches beyond the buffer; the file is damaged")?;
        Ok((view, &data[view.byte_offset as usize..end as usize]))
    }
}

fn width(kind: &str) -> Result<usize, String> {
    let widths = [("SCALAR", 1), ("VEC2", 2), ("VEC3", 3), ("VEC4", 4), ("MAT4", 16)];
    let found = widths.into_iter().find(|(name, _)| *name == kind);
    found.map(|(_, width)| width).ok_or_else(|| format!("type {kind:?} has no use for a skeleton"))
}

#[derive(Debug, Clone, Copy)]
enum Component {
    I8,
    U8,
    I16,
    U16,
    U32,
    F32,
}

impl Component {
    fn new(number: u32) -> Result<Self, String> {
        Ok(match number {
            5120 => Self::I8,
            5121 => Self::U8,
            5122 => Self::I16,
            5123 => Self::U16,
            5125 => Self::U32,
            5126 => Self::F32,
            _ => return Err(format!("component type {number} is not known")),
        })
    }

    fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::U32 | Self::F32 => 4,
        }
    }

    /// A value of `bytes`, which have the size of the component.
    fn value(self, bytes: &[u8], normalized: bool) -> f32 {
        let four: [u8; 4] = std::array::from_fn(|n| bytes.get(n).copied().unwrap_or(0));
        let (value, most) = match self {
            Self::F32 => return f32::from_le_bytes(four),
            Self::I8 => (f32::from(four[0] as i8), f32::from(i8::MAX)),
            Self::U8 => (f32::from(four[0]), f32::from(u8::MAX)),
            Self::I16 => (f32::from(i16::from_le_bytes([four[0], four[1]])), f32::from(i16::MAX)),
            Self::U16 => (f32::from(u16::from_le_bytes([four[0], four[1]])), f32::from(u16::MAX)),
            Self::U32 => (u32::from_le_bytes(four) as f32, u32::MAX as f32),
        };
        if normalized { (value / most).max(-1.0) } else { value }
    }
}
