//! Pickle files that hold a dict of arrays, such as body models: NumPy, and SciPy's and chumpy's wrappers of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use super::super::tensor::{DType, RawTensor, TensorInfo, TensorSource, no_such_tensor};
use super::super::{MAX_BYTES, read_bounded};
use super::joblib::JOBLIB_GLOBALS;
use super::numpy::{NUMPY_GLOBALS, array, objects};
use super::{Global, PLAIN_GLOBALS, View, bad, parse_known, unlisted};
use crate::error::Result;

/// Names in body models since 2015, in addition to NumPy's: sparse matrices, the wrapper of a variable, sets.
const WRAPPER_GLOBALS: &[Global] = &[
    Global::new("scipy.sparse.csc", "csc_matrix"),
    Global::new("scipy.sparse._csc", "csc_matrix"),
    Global::new("chumpy.ch", "Ch"),
    Global::new("chumpy", "Ch"),
    Global::new("__builtin__", "set"),
    Global::new("builtins", "set"),
];

/// Maximum number of entries of a dict.
const MAX_ENTRIES: usize = 4096;
/// Maximum bytes of all arrays together beyond the size of the file: room for unfolded sparse matrices.
const MAX_UNFOLDED: usize = 1 << 26;

/// A pickled dict of arrays and scalars. A single array has the name `""`.
#[derive(Debug, Default)]
pub struct PickleFile {
    arrays: Vec<(String, RawTensor)>,
    numbers: HashMap<String, f64>,
    /// Python names of the entries that were passed over.
    unknown: HashMap<String, String>,
}

impl PickleFile {
    /// Reads a file.
    ///
    /// Other entries are skipped: texts, lists, nested dicts, objects of other classes.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::Io`](crate::Error::Io),
    /// [`Error::TooLarge`](crate::Error::TooLarge), and [`Error::Format`](crate::Error::Format) for broken pickles and those
    /// that hold something else than NumPy arrays, `scipy.sparse.csc_matrix`, `chumpy.Ch` and plain data as a whole.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&read_bounded(path, MAX_BYTES)?).map_err(|e| e.with_path(path))
    }

    /// Reads a pickle that is in memory.
    ///
    /// # Errors
    /// As [`PickleFile::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let pickle = parse_known(bytes, &[PLAIN_GLOBALS, NUMPY_GLOBALS, WRAPPER_GLOBALS, JOBLIB_GLOBALS])?;
        if let Some(name) = pickle.root().as_unknown() {
            return Err(unlisted(name));
        }
        let mut out = Self::default();
        let mut left = bytes.len().saturating_mul(2).saturating_add(MAX_UNFOLDED);
        let Some(entries) = pickle.root().entries() else {
            out.take("", pickle.root(), &mut left)?;
            return Ok(out);
        };
        if entries.len() > MAX_ENTRIES {
            return Err(bad(format!("its dict has more than {MAX_ENTRIES} entries")));
        }
        for [key, value] in entries {
            if let Some(key) = key.as_str() {
                out.take(key, value, &mut left)?;
            }
        }
        Ok(out)
    }

    /// A number by its name.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    /// Keeps an entry if it is an array or a number. A repeated key replaces the one before, as in Python.
    fn take(&mut self, name: &str, value: View<'_, '_>, left: &mut usize) -> Result<()> {
        if let Some(number) = value.as_float().or_else(|| value.as_int().map(|i| i as f64)) {
            self.numbers.insert(name.into(), number);
        }
        if let Some(class) = value.as_unknown() {
            self.unknown.insert(name.into(), class.into());
        }
        let Some(tensor) = unwrapped(value)? else { return Ok(()) };
        *left = left.checked_sub(tensor.bytes().len()).ok_or_else(|| bad("it repeats its arrays too often"))?;
        match self.arrays.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = tensor,
            None => self.arrays.push((name.into(), tensor)),
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Result<&RawTensor> {
        let found = self.arrays.iter().find(|(n, _)| n == name).map(|(_, t)| t);
        found.ok_or_else(|| match self.unknown.get(name) {
            Some(class) => unlisted(class),
            None => no_such_tensor(name),
        })
    }
}

impl TensorSource for PickleFile {
    fn names(&self) -> Vec<String> {
        self.arrays.iter().map(|(name, _)| name.clone()).collect()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        Ok(self.get(name)?.info().clone())
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        Ok(Cow::Borrowed(self.get(name)?.bytes()))
    }
}

/// The array that a value is or wraps; `None` for other values, and for arrays of Python objects.
fn unwrapped(value: View<'_, '_>) -> Result<Option<RawTensor>> {
    match value.as_call().map_or("", |(class, _)| class.name) {
        _ if objects(value).is_some() => Ok(None),
        "Ch" => attribute(value, "x").map_or(Ok(None), array),
        "csc_matrix" => dense(value).map(Some),
        _ => array(value),
    }
}

/// Attribute of an object, from its `__setstate__` or `__dict__`.
fn attribute<'p, 'a>(object: View<'p, 'a>, name: &str) -> Option<View<'p, 'a>> {
    let state = object.state().filter(|state| state.count() <= 64)?;
    state.entries()?.into_iter().find(|[key, _]| key.as_str() == Some(name)).map(|[_, value]| value)
}

/// A sparse matrix, whose columns list their rows and values, as a dense one of `f64`.
fn dense(matrix: View<'_, '_>) -> Result<RawTensor> {
    let broken = || bad("it has a sparse matrix of unknown form");
    let part = |name: &str| attribute(matrix, name).ok_or_else(broken);
    let shape = part("_shape").or_else(|_| part("shape"))?.sizes().ok_or_else(broken)?;
    let [rows, columns] = shape[..] else { return Err(broken()) };
    let info = TensorInfo { dtype: DType::F64, shape };
    let bytes = info.bytes_within("sparse matrix", MAX_UNFOLDED as u64)?;
    let numbers = |name: &str| -> Result<Vec<f64>> { to_f64(&array(part(name)?)?.ok_or_else(broken)?) };
    let out_len = bytes / 8;
    let (starts, indices, data) = (numbers("indptr")?, numbers("indices")?, numbers("data")?);
    // No more values than places: the work is bounded by what the dense matrix is.
    if starts.len() != columns + 1 || indices.len() != data.len() || data.len() > out_len {
        return Err(broken());
    }
    let mut out = vec![0.0; out_len];
    for (column, bounds) in starts.windows(2).enumerate() {
        let (from, to) = (bounds[0] as usize, bounds[1] as usize);
        let entries = indices.get(from..to).zip(data.get(from..to)).ok_or_else(broken)?;
        for (row, value) in entries.0.iter().zip(entries.1) {
            let row = Some(*row as usize).filter(|row| *row < rows).ok_or_else(broken)?;
            out[row * columns + column] += value;
        }
    }
    RawTensor::new(info.dtype, info.shape, out.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// The elements as `f64`. Indices up to 2^53 are exact.
fn to_f64(tensor: &RawTensor) -> Result<Vec<f64>> {
    let bytes = tensor.bytes();
    Ok(match tensor.dtype() {
        DType::F64 => bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        DType::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
        DType::I64 => bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
        DType::I32 => bytes.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
        DType::U32 => bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b).into()).collect(),
        other => return Err(bad(format!("it has a sparse matrix with parts of type {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_name_is_refused_by_name() {
        let text = PickleFile::from_bytes(b"\x80\x02cchumpy.ch\ndepends_on\n.").unwrap_err().to_string();
        assert!(text.contains("chumpy.ch.depends_on"), "{text}");
    }

    #[test]
    fn an_entry_of_an_unknown_class_is_passed_over_and_named_when_it_is_asked_for() {
        // {'cfg': argparse.Namespace(), 'fps': 30}, with the state of the object
        let bytes = b"\x80\x02}(X\x03\0\0\0cfgcargparse\nNamespace\n)\x81}X\x01\0\0\0aK\x01sbX\x03\0\0\0fpsK\x1eu.";
        let file = PickleFile::from_bytes(bytes).unwrap();
        assert_eq!(file.number("fps"), Some(30.0));
        assert!(file.info("cfg").unwrap_err().to_string().contains("argparse.Namespace"));
    }

    #[test]
    fn numbers_and_a_bare_value_are_kept() {
        let file = PickleFile::from_bytes(
            b"\x80\x02}(X\x03\x00\x00\x00fpsK\x1eX\x01\x00\x00\x00fG?\xe0\x00\x00\x00\x00\x00\x00u.",
        );
        let file = file.unwrap();
        assert_eq!((file.number("fps"), file.number("f"), file.number("x")), (Some(30.0), Some(0.5), None));
        assert!(file.names().is_empty());
        assert_eq!(PickleFile::from_bytes(b"K\x07.").unwrap().number(""), Some(7.0));
    }

    #[test]
    fn a_sparse_matrix_without_its_parts_is_an_error() {
        // csc_matrix() whose state is {'_shape': (2, 2)}
        let head = b"\x80\x02cscipy.sparse.csc\ncsc_matrix\n)\x81}X\x06\x00\x00\x00_shapeK\x02K\x02\x86sb.";
        assert!(PickleFile::from_bytes(head).unwrap_err().to_string().contains("sparse matrix"));
    }
}
