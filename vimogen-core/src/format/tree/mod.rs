//! Files of nested dicts, lists and arrays, whichever program packed them: npz, npy, `.pt`, pickles and joblib's pickles,
//! compressed or not. The container is found by its content, not by its extension.
//!
//! The structure is read at once, an array when it is asked for. Anything else is passed over by
//! itself: [`Value::Unknown`].

mod build;
mod inflate;
mod open;

use std::borrow::Cow;

#[cfg(test)]
pub(crate) use open::from_bytes;
pub(crate) use open::with_tree;

use super::npz::NpzFile;
use super::pickle::numpy::Stored;
use super::tensor::{RawTensor, TensorInfo, TensorSource, gather_from, negate};
use crate::error::Result;

/// A value of a file.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    None,
    /// An integer, or a truth value as 0 or 1.
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Array(Box<Array<'a>>),
    List(Vec<Value<'a>>),
    /// Keys are texts; integers are written out.
    Dict(Vec<(Cow<'a, str>, Value<'a>)>),
    /// Entries that were passed over, and why.
    Unknown(String),
}

/// An array that is read on demand.
#[derive(Debug)]
pub(crate) struct Array<'a> {
    info: TensorInfo,
    place: Place<'a>,
}

#[derive(Debug)]
enum Place<'a> {
    /// NumPy's, in a pickle or a `.npy` file.
    Stored(Stored<'a>),
    /// A file of an archive.
    Npz { file: &'a NpzFile, name: String },
    /// PyTorch's: part of a storage, offset and strides in elements.
    Storage { bytes: Cow<'a, [u8]>, offset: usize, strides: Vec<usize>, negated: bool },
}

impl Array<'_> {
    /// Sizes, outermost first; empty for a scalar.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    /// Element type and shape.
    pub(crate) fn info(&self) -> &TensorInfo {
        &self.info
    }

    /// The array, little-endian, last axis fastest.
    pub(crate) fn read(&self) -> Result<RawTensor> {
        match &self.place {
            Place::Stored(array) => array.read(),
            Place::Npz { file, name } => file.read(name),
            Place::Storage { bytes, offset, strides, negated } => {
                let bytes = gather_from("PyTorch", bytes, &self.info, *offset, strides)?.into_owned();
                let bytes = if *negated { negate(self.info.dtype, bytes) } else { bytes };
                RawTensor::new(self.info.dtype, self.info.shape.clone(), bytes)
            }
        }
    }

    /// The elements as `f32`.
    pub(crate) fn to_f32(&self) -> Result<Vec<f32>> {
        Ok(self.read()?.to_f32())
    }
}

impl<'a> Value<'a> {
    /// Keys and values of a dict, or nothing.
    pub(crate) fn entries(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        if let Self::Dict(entries) = self { entries } else { &[] }
    }

    /// The value of a key; the last one of several, as in Python.
    pub(crate) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether a dict has all these keys.
    pub(crate) fn has(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.get(key).is_some())
    }

    /// The elements of a list, or nothing.
    pub(crate) fn items(&self) -> &[Value<'a>] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// An array.
    pub(crate) fn array(&self) -> Option<&Array<'a>> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The shape of an array.
    pub(crate) fn shape(&self) -> Option<&[usize]> {
        self.array().map(Array::shape)
    }

    /// A number, or an array or list of one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            Self::Array(array) if array.info.checked_len() == Some(1) => {
                let tensor = array.read().ok()?;
                match tensor.dtype() {
                    super::DType::F64 => tensor.bytes().first_chunk().map(|b| f64::from_le_bytes(*b)),
                    super::DType::I64 => tensor.bytes().first_chunk().map(|b| i64::from_le_bytes(*b) as f64),
                    _ => tensor.to_f32().first().map(|v| (*v).into()),
                }
            }
            Self::List(items) if items.len() == 1 => items[0].number(),
            _ => None,
        }
    }

    /// A text, or an array or list of one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(items) if items.len() == 1 => items[0].text(),
            _ => None,
        }
    }

    /// The content in a few words, for messages: `dict of poses (60, 72), fps`.
    pub(crate) fn summary(&self) -> String {
        const SHOWN: usize = 8;
        match self {
            Self::Dict(entries) => {
                let mut names: Vec<String> = entries.iter().take(SHOWN).map(|(key, value)| entry(key, value)).collect();
                if entries.len() > SHOWN {
                    names.push(format!("{} more", entries.len() - SHOWN));
                }
                format!("a dict of {}", if names.is_empty() { "nothing".into() } else { names.join(", ") })
            }
            Self::List(items) => format!("a list of {} values", items.len()),
            Self::Array(array) => format!("an array of shape {:?}", array.shape()),
            Self::Unknown(reason) => reason.clone(),
            Self::None | Self::Int(_) | Self::Float(_) | Self::Text(_) => "a single value".into(),
        }
    }
}

fn entry(key: &str, value: &Value<'_>) -> String {
    let key: String = key.chars().take(60).collect();
    match value {
        Value::Array(array) => format!("{key:?} {:?}", array.shape()),
        Value::Dict(_) => format!("{key:?} (a dict)"),
        Value::List(items) => format!("{key:?} (a list of {})", items.len()),
        Value::Unknown(reason) => format!("{key:?} (not read: {})", reason.chars().take(250).collect::<String>()),
        _ => format!("{key:?}"),
    }
}
