//! From the pickle of a `.pt` file to its tensors.

use super::super::pickle::{Node, Pickle, View, numpy, unlisted};
use super::super::tensor::TensorInfo;
use super::containers::Storages;
use super::rebuild::{Rebuilt, StorageRef};
use super::{Contents, Entry, Place, Scalar, bad};
use crate::error::Result;

/// Maximum nesting of dicts and lists.
const MAX_DEPTH: usize = 32;
/// Maximum number of values visited: values may be shared, so a small pickle can describe a huge tree.
const MAX_VISITS: usize = 1 << 20;
/// Maximum bytes of all names together.
const MAX_NAMES: usize = 1 << 26;
/// Maximum length of a text that is kept as a [`Scalar`].
const MAX_TEXT: usize = 4096;

/// Collects the tensors below a value.
pub(super) struct Walk<'s> {
    storages: &'s Storages,
    out: Contents,
    visits: usize,
    name_bytes: usize,
    /// Bytes of NumPy arrays that may still be copied out of the pickle.
    inline_left: usize,
}

impl<'s> Walk<'s> {
    pub(super) fn new(storages: &'s Storages) -> Self {
        Self { storages, out: Contents::default(), visits: 0, name_bytes: 0, inline_left: 0 }
    }

    pub(super) fn run(mut self, pickle: &Pickle<'_>) -> Result<Contents> {
        self.inline_left = pickle.consumed().saturating_mul(2);
        if let Some(name) = pickle.root().as_unknown() {
            return Err(unlisted(name));
        }
        self.visit(pickle.root(), String::new(), 0)?;
        Ok(self.out)
    }

    fn visit(&mut self, value: View<'_, '_>, name: String, depth: usize) -> Result<()> {
        self.visits += 1;
        self.name_bytes += name.len();
        if depth > MAX_DEPTH || self.visits > MAX_VISITS || self.name_bytes > MAX_NAMES {
            return Err(bad("its dicts and lists are nested too deep or hold too much"));
        }
        if let Some(entries) = value.entries() {
            return entries.iter().try_for_each(|[k, v]| match key(*k) {
                Some(key) => self.visit(*v, join(&name, key), depth + 1),
                // Entries that are passed over count too: the dict may be shared by many.
                None => {
                    self.visits += 1;
                    Ok(())
                }
            });
        }
        if let Some(items) = value.items() {
            let mut numbered = items.iter().enumerate();
            return numbered.try_for_each(|(i, v)| self.visit(*v, join(&name, i), depth + 1));
        }
        if let Some(class) = value.as_unknown() {
            self.out.unknown.insert(name, class.into());
            return Ok(());
        }
        if let Some(tensor) = self.tensor(value)? {
            return self.add(name, tensor);
        }
        if let Some(scalar) = scalar(value) {
            self.out.scalars.insert(name, scalar);
        }
        Ok(())
    }

    fn add(&mut self, name: String, (info, place): (TensorInfo, Place)) -> Result<()> {
        if self.out.index.insert(name.clone(), self.out.tensors.len()).is_some() {
            return Err(bad(format!("two of its tensors have the name {name:?}")));
        }
        self.out.tensors.push(Entry { name, info, place });
        Ok(())
    }

    /// The tensor or array that `value` makes; `None` if it makes something else.
    fn tensor(&mut self, value: View<'_, '_>) -> Result<Option<(TensorInfo, Place)>> {
        if let Some(tensor) = Rebuilt::parse(value)? {
            return self.stored(tensor).map(Some);
        }
        if numpy::objects(value).is_some() {
            return Ok(None);
        }
        numpy::array(value)?.map(|array| self.inline(array)).transpose()
    }

    fn inline(&mut self, array: super::RawTensor) -> Result<(TensorInfo, Place)> {
        let left = self.inline_left.checked_sub(array.bytes().len());
        self.inline_left = left.ok_or_else(|| bad("it repeats its NumPy arrays too often"))?;
        Ok((array.info().clone(), Place::Inline(array.into_bytes())))
    }

    fn stored(&self, tensor: Rebuilt<'_, '_>) -> Result<(TensorInfo, Place)> {
        let id = tensor.storage.as_persistent().ok_or_else(|| bad("it has a tensor of unknown form"))?;
        let storage = StorageRef::parse(id)?;
        let missing = || bad(format!("its storage {:?} is missing", storage.key));
        let range = self.storages.get(storage.key).cloned().ok_or_else(missing)?;
        let negated = tensor.negated;
        let (info, offset, strides) = tensor.place(storage.dtype, storage.shift, range.len())?;
        Ok((info, Place::Storage { range, offset, strides, negated }))
    }
}

/// A dict key as part of a name.
fn key<'p>(key: View<'p, '_>) -> Option<std::borrow::Cow<'p, str>> {
    key.as_str().map(Into::into).or_else(|| key.as_int().map(|i| i.to_string().into()))
}

fn join(parent: &str, child: impl std::fmt::Display) -> String {
    if parent.is_empty() { child.to_string() } else { format!("{parent}.{child}") }
}

fn scalar(value: View<'_, '_>) -> Option<Scalar> {
    Some(match value.node() {
        Node::Int(i) => Scalar::Int(*i),
        Node::Float(f) => Scalar::Float(*f),
        Node::Bool(b) => Scalar::Bool(*b),
        _ => Scalar::Text(value.as_str().filter(|s| s.len() <= MAX_TEXT)?.into()),
    })
}
