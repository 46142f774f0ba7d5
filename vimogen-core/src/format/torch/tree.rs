//! From the pickle of a `.pt` file to its tensors.

use super::super::pickle::{Global, Node, Pickle, View, numpy};
use super::super::tensor::{DType, TensorInfo, extent};
use super::containers::Storages;
use super::{Contents, Entry, Place, Scalar, bad};
use crate::error::{Error, Result};

/// Maximum nesting of dicts and lists.
const MAX_DEPTH: usize = 32;
/// Maximum number of values visited: values may be shared, so a small pickle can describe a huge tree.
const MAX_VISITS: usize = 1 << 20;
/// Maximum bytes of all names together.
const MAX_NAMES: usize = 1 << 26;
/// Maximum length of a text that is kept as a [`Scalar`].
const MAX_TEXT: usize = 4096;
/// Maximum length of the key of a storage; PyTorch's keys are integers.
const MAX_KEY: usize = 64;

const UTILS: &[&str] = &["torch._utils"];
const TENSOR: &[&str] = &["torch._tensor"];
const STORAGE_MODULES: &[&str] = &["torch", "torch.cuda", "torch.storage"];

macro_rules! globals {
    ($($module:literal: $($name:literal)*;)*) => { &[$($(Global::new($module, $name),)*)*] };
}

/// Names of tensors and of plain settings.
pub(super) const TORCH_GLOBALS: &[Global] = globals! {
    "torch._utils": "_rebuild_tensor" "_rebuild_tensor_v2" "_rebuild_tensor_v3" "_rebuild_parameter"
        "_rebuild_parameter_with_state";
    "torch._tensor": "_rebuild_from_type_v2";
    "torch.nn.parameter": "Parameter" "Buffer";
    "torch": "Tensor" "Size" "device" "DoubleStorage" "FloatStorage" "HalfStorage" "BFloat16Storage" "LongStorage"
        "IntStorage" "ShortStorage" "CharStorage" "ByteStorage" "BoolStorage" "UntypedStorage" "float64" "float32"
        "float16" "bfloat16" "int64" "int32" "int16" "int8" "uint64" "uint32" "uint16" "uint8" "bool";
    "torch.cuda": "DoubleStorage" "FloatStorage" "HalfStorage" "BFloat16Storage" "LongStorage" "IntStorage"
        "ShortStorage" "CharStorage" "ByteStorage" "BoolStorage";
    "torch.storage": "UntypedStorage";
};

/// A storage as a persistent id names it: `('storage', class, key, location, numel[, view])`.
pub(super) struct StorageRef<'p> {
    pub(super) key: &'p str,
    /// `None`: bytes, typed by the tensor.
    dtype: Option<DType>,
    /// Elements by which a view into another storage is shifted; only very old files have it.
    shift: usize,
}

impl<'p> StorageRef<'p> {
    pub(super) fn parse(id: View<'p, '_>) -> Result<Self> {
        let broken = || bad("it refers to a storage in an unknown way");
        let parts = if id.count() <= 6 { id.items() } else { None }.ok_or_else(broken)?;
        let ([kind, class, key, _, _], view) = parts.split_first_chunk::<5>().ok_or_else(broken)?;
        let class = class.as_global().filter(|g| STORAGE_MODULES.contains(&g.module)).ok_or_else(broken)?;
        let dtype = storage_type(class).ok_or_else(broken)?;
        let key = key.as_str().filter(|key| key.len() <= MAX_KEY && kind.as_str() == Some("storage"));
        let key = key.ok_or_else(broken)?;
        let shift = view.first().and_then(|v| v.items()?.get(1)?.as_usize()).unwrap_or(0);
        Ok(Self { key, dtype, shift })
    }

    pub(super) fn element_size(&self) -> usize {
        self.dtype.map_or(1, DType::size)
    }
}

/// The element type of a storage class; `Some(None)` for untyped ones.
fn storage_type(class: Global) -> Option<Option<DType>> {
    Some(Some(match class.name {
        "DoubleStorage" => DType::F64,
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "LongStorage" => DType::I64,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "CharStorage" => DType::I8,
        "ByteStorage" => DType::U8,
        "BoolStorage" => DType::Bool,
        "UntypedStorage" => return Some(None),
        _ => return None,
    }))
}

/// The element type of `torch.float32` and the like.
fn element_type(global: Global) -> Option<DType> {
    Some(match global.name {
        "float64" => DType::F64,
        "float32" => DType::F32,
        "float16" => DType::F16,
        "bfloat16" => DType::BF16,
        "int64" => DType::I64,
        "int32" => DType::I32,
        "int16" => DType::I16,
        "int8" => DType::I8,
        "uint64" => DType::U64,
        "uint32" => DType::U32,
        "uint16" => DType::U16,
        "uint8" => DType::U8,
        "bool" => DType::Bool,
        _ => return None,
    })
}

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
        if let Some(tensor) = self.tensor(value, depth)? {
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
    fn tensor(&mut self, value: View<'_, '_>, depth: usize) -> Result<Option<(TensorInfo, Place)>> {
        let Some((function, args)) = value.as_call() else { return Ok(None) };
        self.rebuild(value, function, &args, depth)
    }

    fn rebuild(
        &mut self,
        value: View<'_, '_>,
        function: Global,
        args: &[View<'_, '_>],
        depth: usize,
    ) -> Result<Option<(TensorInfo, Place)>> {
        let broken = || bad(format!("{}.{} has unknown arguments", function.module, function.name));
        if depth > MAX_DEPTH {
            return Err(broken());
        }
        if function.is(UTILS, "_rebuild_parameter") || function.is(UTILS, "_rebuild_parameter_with_state") {
            return self.tensor(*args.first().ok_or_else(broken)?, depth + 1);
        }
        if function.is(TENSOR, "_rebuild_from_type_v2") {
            let inner = args.first().and_then(|f| f.as_global()).ok_or_else(broken)?;
            let inner_args =
                args.get(2).filter(|a| a.count() <= MAX_DEPTH).and_then(|a| a.items()).ok_or_else(broken)?;
            return self.rebuild(value, inner, &inner_args, depth + 1);
        }
        if UTILS.contains(&function.module) {
            return self.stored(args).map(Some);
        }
        numpy::array(value)?.map(|array| self.inline(array)).transpose()
    }

    fn inline(&mut self, array: super::RawTensor) -> Result<(TensorInfo, Place)> {
        let left = self.inline_left.checked_sub(array.bytes().len());
        self.inline_left = left.ok_or_else(|| bad("it repeats its NumPy arrays too often"))?;
        Ok((array.info().clone(), Place::Inline(array.into_bytes())))
    }

    /// `(storage, offset, size, stride, ...)`, with the element type in seventh place for untyped storages.
    fn stored(&self, args: &[View<'_, '_>]) -> Result<(TensorInfo, Place)> {
        let broken = || bad("it has a tensor of unknown form");
        let ([storage, offset, size, stride], rest) = args.split_first_chunk::<4>().ok_or_else(broken)?;
        let storage = StorageRef::parse(storage.as_persistent().ok_or_else(broken)?)?;
        let dtype = storage.dtype.or_else(|| element_type(rest.get(2)?.as_global()?)).ok_or_else(broken)?;
        let info = TensorInfo { dtype, shape: size.sizes().ok_or_else(broken)? };
        let strides = stride.sizes().filter(|s| s.len() == info.shape.len()).ok_or_else(broken)?;
        let offset = offset.as_usize().and_then(|o| o.checked_add(storage.shift)).ok_or_else(broken)?;
        let missing = || bad(format!("its storage {:?} is missing", storage.key));
        let range = self.storages.get(storage.key).cloned().ok_or_else(missing)?;
        match extent(&info, offset, &strides) {
            Some(end) if end <= range.len() => Ok((info, Place::Storage { range, offset, strides })),
            _ => Err(outside(&info, range.len())),
        }
    }
}

fn outside(info: &TensorInfo, have: usize) -> Error {
    bad(format!("it declares a tensor of shape {:?} in a storage of {have} bytes", info.shape))
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
