//! An array as bytes, and sources of named ones.

use std::borrow::Cow;

use half::{bf16, f16};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::MAX_BYTES;
use crate::error::{Error, Result};

/// Element type of a stored array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum DType {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl DType {
    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether this is a floating point type.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::BF16)
    }

    /// Converts little-endian elements to `f32`; trailing bytes that make no element are left out.
    ///
    /// Integers beyond 2^24 and `f64` are rounded to the nearest `f32`.
    pub fn to_f32(self, bytes: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], f: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            bytes.as_chunks::<N>().0.iter().map(|b| f(*b)).collect()
        }
        match self {
            Self::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
            Self::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
            Self::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
            Self::U64 => each(bytes, |b| u64::from_le_bytes(b) as f32),
            Self::U32 => each(bytes, |b| u32::from_le_bytes(b) as f32),
            Self::U16 => each(bytes, |b| u16::from_le_bytes(b).into()),
            Self::U8 => each(bytes, |[b]| b.into()),
            Self::Bool => each(bytes, |[b]| if b == 0 { 0.0 } else { 1.0 }),
        }
    }
}

/// Memory holds at most `isize::MAX` bytes, and an element has up to 8.
const MAX_ELEMENTS: usize = isize::MAX as usize / 8;

/// Element type and shape of a stored array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
}

impl TensorInfo {
    /// Number of elements; `None` if an array of this shape cannot be in memory.
    pub fn checked_len(&self) -> Option<usize> {
        // The sizes next to a zero count as well: ndarray refuses an empty array whose other sizes overflow.
        let others = self.shape.iter().filter(|d| **d > 0).try_fold(1usize, |n, d| n.checked_mul(*d))?;
        let elements = if self.shape.contains(&0) { 0 } else { others };
        (others <= MAX_ELEMENTS).then_some(elements)
    }

    /// Number of bytes, once it is known to be at most `limit`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] naming `what`.
    pub fn bytes_within(&self, what: &str, limit: u64) -> Result<usize> {
        let needed = self.checked_len().and_then(|n| n.checked_mul(self.dtype.size()));
        match needed {
            Some(n) if n as u64 <= limit => Ok(n),
            _ => Err(Error::TooLarge { what: what.into(), needed: needed.map_or(u64::MAX, |n| n as u64), limit }),
        }
    }
}

/// An array in the byte order of a file: little-endian, last axis fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTensor {
    info: TensorInfo,
    bytes: Vec<u8>,
}

impl RawTensor {
    /// An array from its bytes (little-endian, last axis fastest).
    ///
    /// # Errors
    /// [`Error::Shape`] if the bytes are not as many as type and shape need.
    pub fn new(dtype: DType, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Self> {
        let info = TensorInfo { dtype, shape };
        match info.bytes_within("tensor", u64::MAX) {
            Ok(n) if n == bytes.len() => Ok(Self { info, bytes }),
            _ => Err(Error::shape("tensor", format!("{} bytes of {dtype:?}", bytes.len()), &info.shape)),
        }
    }

    /// The bytes of an `f32` array, with its shape.
    pub fn from_f32(values: ArrayViewD<'_, f32>) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { info: TensorInfo { dtype: DType::F32, shape: values.shape().to_vec() }, bytes }
    }

    /// Element type and shape.
    pub fn info(&self) -> &TensorInfo {
        &self.info
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.info.dtype
    }

    /// Sizes, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    /// The bytes, little-endian, last axis fastest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The elements as `f32`; see [`DType::to_f32`].
    pub fn to_f32(&self) -> Vec<f32> {
        self.info.dtype.to_f32(&self.bytes)
    }

    /// The elements as an `f32` array of the same shape.
    pub fn to_array_f32(&self) -> ArrayD<f32> {
        let array = ArrayD::from_shape_vec(IxDyn(&self.info.shape), self.to_f32());
        array.unwrap_or_else(|_| unreachable!("bytes and shape were checked when the tensor was made"))
    }
}

/// Named arrays that are read one by one: a checkpoint that need not fit in memory.
pub trait TensorSource: Send + Sync {
    /// All names, in file order.
    fn names(&self) -> Vec<String>;

    /// Type and shape of one array, without reading it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the name is unknown.
    fn info(&self, name: &str) -> Result<TensorInfo>;

    /// The bytes of one array (little-endian, last axis fastest), borrowed where the file has them in this order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the name is unknown, [`Error::Format`] if the file is damaged there,
    /// [`Error::TooLarge`] beyond [`MAX_BYTES`].
    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>>;

    /// Releases the pages of an array that was copied and is not needed soon, if the file is mapped.
    fn release(&self, _name: &str) {}

    /// Reads one array, and releases it.
    ///
    /// # Errors
    /// As [`TensorSource::bytes`].
    fn read(&self, name: &str) -> Result<RawTensor> {
        let info = self.info(name)?;
        let tensor = RawTensor::new(info.dtype, info.shape, self.bytes(name)?.into_owned())?;
        self.release(name);
        Ok(tensor)
    }

    /// Reads one array as `f32`, last axis fastest, without an intermediate copy, and releases it; see
    /// [`DType::to_f32`].
    ///
    /// # Errors
    /// As [`TensorSource::bytes`].
    fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let values = self.info(name)?.dtype.to_f32(&self.bytes(name)?);
        self.release(name);
        Ok(values)
    }
}

/// The error of [`TensorSource`]s for a name they do not have.
pub(crate) fn no_such_tensor(name: &str) -> Error {
    Error::invalid("name", format!("the file has no tensor {name:?}; names() lists what it has"))
}

/// Maximum size of an array that is larger than its storage because its strides repeat elements.
const MAX_REPEATED: u64 = 1 << 28;

/// Bytes from the start of a storage to the end of the last element of an array with the given strides (in elements);
/// `None` if the sizes overflow.
pub(crate) fn extent(info: &TensorInfo, offset: usize, strides: &[usize]) -> Option<usize> {
    if strides.len() != info.shape.len() {
        return None;
    }
    if info.shape.contains(&0) {
        return Some(0);
    }
    let last =
        info.shape.iter().zip(strides).try_fold(offset, |at, (d, s)| (d - 1).checked_mul(*s)?.checked_add(at))?;
    last.checked_add(1)?.checked_mul(info.dtype.size())
}

/// The elements of an array with arbitrary strides (in elements, from `offset`) of `storage`, last axis fastest;
/// borrowed if the storage has them in this order.
///
/// # Errors
/// [`Error::Format`] of `format` if an element is outside `storage`, [`Error::TooLarge`] beyond 4 GiB, or beyond
/// 256 MiB if the storage is smaller than that.
pub(crate) fn gather_from<'s>(
    format: &'static str,
    storage: &'s [u8],
    info: &TensorInfo,
    offset: usize,
    strides: &[usize],
) -> Result<Cow<'s, [u8]>> {
    let needed = info.bytes_within("tensor", MAX_BYTES.min(MAX_REPEATED.max(storage.len() as u64)))?;
    let size = info.dtype.size();
    if needed == 0 {
        return Ok(Cow::Borrowed(&[]));
    }
    if extent(info, offset, strides).is_none_or(|end| end > storage.len()) {
        return Err(Error::format(format, format!("a tensor of shape {:?} lies outside its storage", info.shape)));
    }
    if is_contiguous(&info.shape, strides) {
        return Ok(Cow::Borrowed(&storage[offset * size..offset * size + needed]));
    }
    let mut out = Vec::with_capacity(needed);
    let mut index = vec![0usize; info.shape.len()];
    for _ in 0..needed / size {
        let at = index.iter().zip(strides).fold(offset, |at, (i, s)| at + i * s) * size;
        out.extend_from_slice(&storage[at..at + size]);
        advance(&mut index, &info.shape);
    }
    Ok(Cow::Owned(out))
}

/// The elements with the other sign; those of unsigned types and booleans are left as they are.
pub(crate) fn negate(dtype: DType, mut bytes: Vec<u8>) -> Vec<u8> {
    fn each<const N: usize>(bytes: &mut [u8], f: impl Fn([u8; N]) -> [u8; N]) {
        bytes.as_chunks_mut::<N>().0.iter_mut().for_each(|b| *b = f(*b));
    }
    match dtype {
        DType::F64 | DType::F32 | DType::F16 | DType::BF16 => {
            // Little-endian: the sign is the highest bit of the last byte.
            bytes.chunks_exact_mut(dtype.size()).filter_map(<[u8]>::last_mut).for_each(|last| *last ^= 0x80);
        }
        DType::I64 => each(&mut bytes, |b| i64::from_le_bytes(b).wrapping_neg().to_le_bytes()),
        DType::I32 => each(&mut bytes, |b| i32::from_le_bytes(b).wrapping_neg().to_le_bytes()),
        DType::I16 => each(&mut bytes, |b| i16::from_le_bytes(b).wrapping_neg().to_le_bytes()),
        DType::I8 => each(&mut bytes, |b| i8::from_le_bytes(b).wrapping_neg().to_le_bytes()),
        DType::U64 | DType::U32 | DType::U16 | DType::U8 | DType::Bool => {}
    }
    bytes
}

/// Whether strides (in elements) are those of a contiguous array, last axis fastest; axes of size 1 may have any stride.
fn is_contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(d, s)| {
        let fits = *d == 1 || *s == expected;
        expected *= d;
        fits
    })
}

/// Moves `index` to the next element, last axis fastest.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (i, d) in index.iter_mut().zip(shape).rev() {
        *i += 1;
        if *i < *d {
            return;
        }
        *i = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_converts_to_f32() {
        let cases: [(DType, Vec<u8>); 13] = [
            (DType::F64, 2f64.to_le_bytes().into()),
            (DType::F32, 2f32.to_le_bytes().into()),
            (DType::F16, f16::from_f32(2.0).to_le_bytes().into()),
            (DType::BF16, bf16::from_f32(2.0).to_le_bytes().into()),
            (DType::I64, 2i64.to_le_bytes().into()),
            (DType::I32, 2i32.to_le_bytes().into()),
            (DType::I16, 2i16.to_le_bytes().into()),
            (DType::I8, vec![2]),
            (DType::U64, 2u64.to_le_bytes().into()),
            (DType::U32, 2u32.to_le_bytes().into()),
            (DType::U16, 2u16.to_le_bytes().into()),
            (DType::U8, vec![2]),
            (DType::Bool, vec![2]),
        ];
        for (dtype, bytes) in cases {
            assert_eq!(bytes.len(), dtype.size());
            let want = if dtype == DType::Bool { 1.0 } else { 2.0 };
            assert_eq!(RawTensor::new(dtype, vec![], bytes).unwrap().to_f32(), [want], "{dtype:?}");
        }
    }

    #[test]
    fn shapes_and_bytes_must_agree() {
        assert!(RawTensor::new(DType::F32, vec![2, 3], vec![0; 24]).is_ok());
        assert!(RawTensor::new(DType::F32, vec![2, 3], vec![0; 23]).is_err());
        assert!(RawTensor::new(DType::F32, vec![usize::MAX, 8], vec![]).is_err());
        // Empty, but of a shape that no array in memory can have.
        assert!(RawTensor::new(DType::F32, vec![usize::MAX, 8, 0], vec![]).is_err());
        assert_eq!(RawTensor::new(DType::F32, vec![1 << 40, 0], vec![]).unwrap().to_array_f32().shape(), [1 << 40, 0]);
    }

    #[test]
    fn negated_elements_have_the_other_sign() {
        for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64, DType::I32, DType::I16, DType::I8] {
            let one = match dtype {
                DType::F64 => 1f64.to_le_bytes().to_vec(),
                DType::F32 => 1f32.to_le_bytes().to_vec(),
                DType::F16 => f16::ONE.to_le_bytes().to_vec(),
                DType::BF16 => bf16::ONE.to_le_bytes().to_vec(),
                _ => [&[1][..], &vec![0; dtype.size() - 1]].concat(),
            };
            assert_eq!(dtype.to_f32(&negate(dtype, one)), [-1.0], "{dtype:?}");
        }
        assert_eq!(negate(DType::U8, vec![1]), [1]);
    }

    #[test]
    fn gather_follows_strides_and_stays_inside() {
        let storage: Vec<u8> = (0..24).collect();
        let info = TensorInfo { dtype: DType::U8, shape: vec![2, 3] };
        assert_eq!(gather_from("t", &storage, &info, 4, &[3, 1]).unwrap().as_ref(), [4, 5, 6, 7, 8, 9]);
        assert_eq!(gather_from("t", &storage, &info, 0, &[1, 2]).unwrap().as_ref(), [0, 2, 4, 1, 3, 5]);
        assert_eq!(gather_from("t", &storage, &info, 0, &[0, 0]).unwrap().as_ref(), [0; 6]);
        assert!(gather_from("t", &storage, &info, 19, &[3, 1]).is_err());
        assert!(gather_from("t", &storage, &info, 0, &[usize::MAX, 1]).is_err());
        assert!(gather_from("t", &storage, &info, 0, &[1]).is_err());
        let huge = TensorInfo { dtype: DType::U8, shape: vec![1 << 40] };
        assert!(matches!(gather_from("t", &storage, &huge, 0, &[0]), Err(Error::TooLarge { .. })));
    }
}
