//! Calls of PyTorch in a pickle: how a tensor is made of a storage.

use super::super::pickle::{Global, View};
use super::super::tensor::{DType, TensorInfo, extent};
use super::bad;
use crate::error::Result;

/// Maximum nesting of parameters and subclasses of tensors.
const MAX_DEPTH: usize = 32;
/// Maximum length of the key of a storage; PyTorch's keys are integers.
const MAX_KEY: usize = 64;

const UTILS: &[&str] = &["torch._utils"];
const TENSOR: &[&str] = &["torch._tensor"];
const STORAGE_MODULES: &[&str] = &["torch", "torch.cuda", "torch.storage"];

macro_rules! globals {
    ($($module:literal: $($name:literal)*;)*) => { &[$($(Global::new($module, $name),)*)*] };
}

/// Names of tensors and of plain settings.
pub(in crate::format) const TORCH_GLOBALS: &[Global] = globals! {
    "torch._utils": "_rebuild_tensor" "_rebuild_tensor_v2" "_rebuild_tensor_v3" "_rebuild_parameter"
        "_rebuild_parameter_with_state";
    "torch._tensor": "_rebuild_from_type_v2";
    "torch.nn.parameter": "Parameter" "Buffer";
    "torch": "Tensor" "Size" "device" "DoubleStorage" "FloatStorage" "HalfStorage" "BFloat16Storage" "LongStorage"
        "IntStorage" "ShortStorage" "CharStorage" "ByteStorage" "BoolStorage" "UntypedStorage" "float64" "float32"
        "float16" "bfloat16" "int64" "int32" "int16" "int8" "uint64" "uint32" "uint16" "uint8" "bool";
    "torch.cuda": "DoubleStorage" "FloatStorage" "HalfStorage" "BFloat16Storage" "LongStorage" "IntStorage"
        "ShortStorage" "CharStorage" "ByteStorage" "BoolStorage";
    "torch.storage": "UntypedStorage" "_load_from_bytes";
};

/// A storage as a persistent id names it: `('storage', class, key, location, numel[, view])`.
pub(in crate::format) struct StorageRef<'p> {
    pub(in crate::format) key: &'p str,
    /// `None`: bytes, typed by the tensor.
    pub(in crate::format) dtype: Option<DType>,
    /// Elements by which a view into another storage is shifted; only very old files have it.
    pub(in crate::format) shift: usize,
}

impl<'p> StorageRef<'p> {
    pub(in crate::format) fn parse(id: View<'p, '_>) -> Result<Self> {
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

/// A tensor as the call that makes it describes it.
pub(in crate::format) struct Rebuilt<'p, 'a> {
    /// The storage: a persistent id, or a call of `_load_from_bytes`.
    pub(in crate::format) storage: View<'p, 'a>,
    /// Whether the elements are those of the storage with the other sign.
    pub(in crate::format) negated: bool,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
    /// Element type of tensors in untyped storages.
    dtype: Option<DType>,
}

impl<'p, 'a> Rebuilt<'p, 'a> {
    /// The tensor that `value` makes; `None` if it makes something else.
    pub(in crate::format) fn parse(value: View<'p, 'a>) -> Result<Option<Self>> {
        let Some((mut function, mut args)) = value.as_call() else { return Ok(None) };
        for _ in 0..MAX_DEPTH {
            let broken = || bad(format!("{}.{} has unknown arguments", function.module, function.name));
            if function.is(UTILS, "_rebuild_parameter") || function.is(UTILS, "_rebuild_parameter_with_state") {
                let inner = args.first().and_then(|inner| inner.as_call());
                (function, args) = inner.ok_or_else(broken)?;
            } else if function.is(TENSOR, "_rebuild_from_type_v2") {
                let inner = args.first().and_then(|f| f.as_global()).ok_or_else(broken)?;
                let inner_args = args.get(2).filter(|a| a.count() <= MAX_DEPTH).and_then(|a| a.items());
                (function, args) = (inner, inner_args.ok_or_else(broken)?);
            } else if UTILS.contains(&function.module) {
                return Self::of_arguments(&args).map(Some);
            } else {
                return Ok(None);
            }
        }
        Err(bad("its tensors are nested too deep"))
    }

    /// `(storage, offset, size, stride, ...)`, with the element type in seventh place for untyped storages, and last the
    /// flags of views.
    fn of_arguments(args: &[View<'p, 'a>]) -> Result<Self> {
        let broken = || bad("it has a tensor of unknown form");
        let ([storage, offset, size, stride], rest) = args.split_first_chunk::<4>().ok_or_else(broken)?;
        let shape = size.sizes().ok_or_else(broken)?;
        let strides = stride.sizes().filter(|s| s.len() == shape.len()).ok_or_else(broken)?;
        let dtype = rest.get(2).and_then(|d| element_type(d.as_global()?));
        let flags = rest.last().filter(|f| f.count() <= MAX_DEPTH).and_then(|f| f.entries()).unwrap_or_default();
        let negated = flags.iter().any(|[flag, on]| flag.as_str() == Some("neg") && on.as_bool() == Some(true));
        Ok(Self { storage: *storage, negated, offset: offset.as_usize().ok_or_else(broken)?, shape, strides, dtype })
    }

    /// Type, shape, offset and strides (in elements) in a storage of `have` bytes whose elements are of type `dtype`, if
    /// it says so; the tensor starts `shift` elements further on.
    pub(in crate::format) fn place(
        self,
        dtype: Option<DType>,
        shift: usize,
        have: usize,
    ) -> Result<(TensorInfo, usize, Vec<usize>)> {
        let broken = || bad("it has a tensor of unknown form");
        let info = TensorInfo { dtype: dtype.or(self.dtype).ok_or_else(broken)?, shape: self.shape };
        let offset = self.offset.checked_add(shift).ok_or_else(broken)?;
        match extent(&info, offset, &self.strides) {
            Some(end) if end <= have => Ok((info, offset, self.strides)),
            _ => Err(bad(format!("it declares a tensor of shape {:?} in a storage of {have} bytes", info.shape))),
        }
    }
}
