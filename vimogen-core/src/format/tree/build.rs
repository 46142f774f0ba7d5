//! From a pickle to a tree of values.

use std::borrow::Cow;

use super::super::pickle::{Node, View, numpy, unlisted};
use super::super::torch::{LegacyFile, Rebuilt, StorageRef, Storages};
use super::{Array, Place, Value};
use crate::error::{Error, Result};

/// Maximum nesting of dicts and lists.
const MAX_DEPTH: usize = 32;
/// Visits and copied bytes that are allowed regardless of the size of the file.
const ALWAYS: usize = 1 << 16;

fn bad(reason: impl Into<String>) -> Error {
    Error::format("pickle", reason)
}

/// Builds values of one file.
pub(super) struct Builder<'p> {
    /// The file, of which `storages` are parts.
    bytes: &'p [u8],
    storages: &'p Storages,
    /// Values may be shared, so a small pickle can describe a huge tree.
    visits_left: usize,
    /// Bytes that may still be copied out of the pickle, or parsed again.
    copies_left: usize,
}

impl<'p> Builder<'p> {
    /// A builder for a pickle of `len` bytes, whose persistent ids are `storages` of `bytes`.
    pub(super) fn new(bytes: &'p [u8], storages: &'p Storages, len: usize) -> Self {
        let left = len.saturating_mul(2).saturating_add(ALWAYS);
        Self { bytes, storages, visits_left: left, copies_left: left }
    }

    /// The value of a whole pickle.
    ///
    /// # Errors
    /// [`Error::Format`] if its root is an object of an unknown class, or if it repeats its values too often.
    pub(super) fn root(&mut self, root: View<'p, '_>) -> Result<Value<'p>> {
        match root.as_unknown() {
            Some(name) => Err(unlisted(name)),
            None => self.value(root, 0),
        }
    }

    fn value(&mut self, view: View<'p, '_>, depth: usize) -> Result<Value<'p>> {
        self.visit()?;
        if depth > MAX_DEPTH {
            return Ok(Value::Unknown("it is nested too deep".into()));
        }
        if let Some(entries) = view.entries() {
            let mut dict = Vec::with_capacity(entries.len());
            for [key, value] in entries {
                if let Some(key) = name(key) {
                    dict.push((key, self.value(value, depth + 1)?));
                } else {
                    self.visit()?;
                }
            }
            return Ok(Value::Dict(dict));
        }
        if let Some(items) = view.items().or_else(|| numpy::objects(view)) {
            let items = items.into_iter().map(|item| self.value(item, depth + 1));
            let mut items = items.collect::<Result<Vec<_>>>()?;
            // np.save of a dict makes an array of no dimensions.
            let scalar = numpy::objects(view).is_some() && items.len() == 1;
            return Ok(if scalar { items.swap_remove(0) } else { Value::List(items) });
        }
        match self.array(view) {
            Ok(Some(array)) => return Ok(Value::Array(Box::new(array))),
            Ok(None) => {}
            Err(reason) => return Ok(Value::Unknown(reason.to_string())),
        }
        Ok(plain(view))
    }

    fn visit(&mut self) -> Result<()> {
        self.visits_left = self.visits_left.checked_sub(1).ok_or_else(|| bad("it repeats its values too often"))?;
        Ok(())
    }

    fn copy(&mut self, bytes: usize) -> Result<()> {
        let left = self.copies_left.checked_sub(bytes);
        self.copies_left = left.ok_or_else(|| bad("it repeats its arrays too often"))?;
        Ok(())
    }

    /// The array or tensor that a value makes.
    fn array(&mut self, view: View<'p, '_>) -> Result<Option<Array<'p>>> {
        if let Some(tensor) = Rebuilt::parse(view)? {
            return self.tensor(tensor).map(Some);
        }
        let Some(stored) = numpy::stored(view)? else { return Ok(None) };
        if let Cow::Owned(bytes) = &stored.data {
            self.copy(bytes.len())?;
        }
        Ok(Some(Array { info: stored.info.clone(), place: Place::Stored(stored) }))
    }

    fn tensor(&mut self, tensor: Rebuilt<'p, '_>) -> Result<Array<'p>> {
        let (dtype, shift, bytes) = match tensor.storage.as_persistent() {
            Some(id) => {
                let storage = StorageRef::parse(id)?;
                let missing = || bad(format!("its storage {:?} is missing", storage.key));
                let range = self.storages.get(storage.key).cloned().ok_or_else(missing)?;
                (storage.dtype, storage.shift, Cow::Borrowed(&self.bytes[range]))
            }
            None => self.inner_storage(tensor.storage)?,
        };
        let negated = tensor.negated;
        let (info, offset, strides) = tensor.place(dtype, shift, bytes.len())?;
        Ok(Array { info, place: Place::Storage { bytes, offset, strides, negated } })
    }

    /// Type, shift and bytes of a storage that was pickled as a PyTorch file of its own.
    fn inner_storage(&mut self, storage: View<'p, '_>) -> Result<(Option<super::super::DType>, usize, Cow<'p, [u8]>)> {
        let broken = || bad("it has a tensor of unknown form");
        let (_, args) = storage.as_call().filter(|(f, _)| f.name == "_load_from_bytes").ok_or_else(broken)?;
        let bytes = args.first().and_then(|file| file.as_bytes()).ok_or_else(broken)?;
        let file = LegacyFile::read(&bytes)?;
        let id = file.object.root().as_persistent().ok_or_else(broken)?;
        let inner = StorageRef::parse(id)?;
        let range = file.storages.get(inner.key).cloned().ok_or_else(broken)?;
        let owned = matches!(bytes, Cow::Owned(_));
        self.copy(if owned { bytes.len() } else { bytes.len() - range.len() })?;
        let part = match &bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[range]),
            Cow::Owned(bytes) => Cow::Owned(bytes[range].to_vec()),
        };
        Ok((inner.dtype, inner.shift, part))
    }
}

/// A dict's key as a name; numbers are written out.
fn name<'p>(key: View<'p, '_>) -> Option<Cow<'p, str>> {
    if let Some(text) = key.as_str() {
        return Some(text.into());
    }
    let number = key.as_int().or_else(|| {
        let array = numpy::array(key).ok()??;
        (array.shape().is_empty() && !array.dtype().is_float()).then(|| array.to_f32().first().map(|v| *v as i64))?
    })?;
    Some(number.to_string().into())
}

fn plain<'p>(view: View<'p, '_>) -> Value<'p> {
    match view.node() {
        Node::None => Value::None,
        Node::Bool(b) => Value::Int((*b).into()),
        Node::Int(i) => Value::Int(*i),
        Node::Float(f) => Value::Float(*f),
        Node::Unknown(class) => Value::Unknown(format!("it is a {class}, which is not read")),
        _ => match view.as_str() {
            Some(text) => Value::Text(text.into()),
            None => Value::Unknown("it is no plain data".into()),
        },
    }
}
