//! Writing `.pt` files that `torch.load(weights_only=True, mmap=True)` reads.

use std::io::{self, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::atomic::FailsOnce;
use super::super::tensor::{DType, RawTensor};
use super::super::write_atomic;
use crate::error::{Error, Result};

/// Content of a `.pt` file.
#[derive(Debug, Clone)]
pub enum Tree<'a> {
    /// A tensor.
    Tensor(&'a RawTensor),
    /// A dict with text keys, in this order.
    Dict(Vec<(&'a str, Tree<'a>)>),
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text.
    Text(&'a str),
}

/// Writes a `.pt` file in PyTorch's zip form, every tensor on a 64-byte boundary.
///
/// # Errors
/// [`Error::InvalidArgument`] for a tensor of unsigned 16, 32 or 64-bit integers, for which old PyTorch has no storage;
/// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, tree: &Tree<'_>) -> Result<()> {
    let mut pickle = Pickler { out: b"\x80\x02".to_vec(), tensors: Vec::new() };
    pickle.tree(tree)?;
    pickle.out.push(b'.');
    write_atomic(path, |w| pickle.write_zip(w))
}

struct Pickler<'a> {
    out: Vec<u8>,
    tensors: Vec<&'a RawTensor>,
}

impl<'a> Pickler<'a> {
    fn tree(&mut self, tree: &Tree<'a>) -> Result<()> {
        match tree {
            Tree::Tensor(tensor) => self.tensor(tensor)?,
            Tree::Dict(entries) => {
                self.out.extend_from_slice(b"}(");
                for (key, value) in entries {
                    self.text(key);
                    self.tree(value)?;
                }
                self.out.push(b'u');
            }
            Tree::Int(i) => self.int(*i),
            Tree::Float(f) => {
                self.out.push(b'G');
                self.out.extend_from_slice(&f.to_be_bytes());
            }
            Tree::Text(s) => self.text(s),
        }
        Ok(())
    }

    /// `_rebuild_tensor_v2(('storage', class, key, 'cpu', numel), 0, size, stride, False, OrderedDict())`
    fn tensor(&mut self, tensor: &'a RawTensor) -> Result<()> {
        let class = storage_class(tensor.dtype()).ok_or_else(|| {
            Error::invalid("tensor", format!("PyTorch cannot hold {:?}; convert it to I64", tensor.dtype()))
        })?;
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.out.extend_from_slice(b"((");
        self.text("storage");
        self.global("torch", class);
        self.text(&self.tensors.len().to_string());
        self.text("cpu");
        self.size(tensor.bytes().len() / tensor.dtype().size());
        self.out.extend_from_slice(b"tQK\x00");
        self.sizes(tensor.shape());
        self.sizes(&contiguous_strides(tensor.shape()));
        self.out.push(0x89);
        self.global("collections", "OrderedDict");
        self.out.extend_from_slice(b")RtR");
        self.tensors.push(tensor);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) {
        self.out.extend_from_slice(format!("c{module}\n{name}\n").as_bytes());
    }

    fn text(&mut self, text: &str) {
        self.out.push(b'X');
        // A name of 4 GiB cannot be built from a Rust caller's parameters in any sensible program.
        self.out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.out.extend_from_slice(text.as_bytes());
    }

    fn int(&mut self, value: i64) {
        match i32::try_from(value) {
            Ok(small) => {
                self.out.push(b'J');
                self.out.extend_from_slice(&small.to_le_bytes());
            }
            Err(_) => {
                self.out.extend_from_slice(b"\x8a\x08");
                self.out.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    fn size(&mut self, value: usize) {
        self.int(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn sizes(&mut self, values: &[usize]) {
        self.out.push(b'(');
        values.iter().for_each(|v| self.size(*v));
        self.out.push(b't');
    }

    fn write_zip(&self, w: &mut (impl Write + Seek)) -> io::Result<()> {
        let mut zip = ZipWriter::new(FailsOnce::new(w));
        let mut file = |name: &str, bytes: &[u8]| -> io::Result<()> {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .with_alignment(64)
                .large_file(bytes.len() as u64 >= u64::from(u32::MAX));
            zip.start_file(format!("archive/{name}"), options)?;
            zip.write_all(bytes)
        };
        file("data.pkl", &self.out)?;
        file("byteorder", b"little")?;
        for (i, tensor) in self.tensors.iter().enumerate() {
            file(&format!("data/{i}"), tensor.bytes())?;
        }
        file("version", b"3\n")?;
        zip.finish()?;
        Ok(())
    }
}

fn storage_class(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F64 => "DoubleStorage",
        DType::F32 => "FloatStorage",
        DType::F16 => "HalfStorage",
        DType::BF16 => "BFloat16Storage",
        DType::I64 => "LongStorage",
        DType::I32 => "IntStorage",
        DType::I16 => "ShortStorage",
        DType::I8 => "CharStorage",
        DType::U8 => "ByteStorage",
        DType::Bool => "BoolStorage",
        DType::U64 | DType::U32 | DType::U16 => return None,
    })
}

/// Strides in elements, last axis fastest.
fn contiguous_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides: Vec<usize> =
        shape.iter().rev().scan(1usize, |s, d| Some(std::mem::replace(s, *s * d.max(&1)))).collect();
    strides.reverse();
    strides
}

#[cfg(test)]
mod tests {
    use super::super::super::tensor::TensorSource;
    use super::super::{Scalar, TorchFile};
    use super::*;

    fn tensor(dtype: DType, shape: &[usize]) -> RawTensor {
        let n: usize = shape.iter().product();
        RawTensor::new(dtype, shape.to_vec(), (0..n * dtype.size()).map(|i| (i % 100) as u8).collect()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pt");
        let (a, b, c) = (tensor(DType::F32, &[2, 3]), tensor(DType::BF16, &[0, 4]), tensor(DType::I64, &[]));
        let inner = Tree::Dict(vec![("b", Tree::Tensor(&b)), ("c", Tree::Tensor(&c))]);
        let entries =
            vec![("a", Tree::Tensor(&a)), ("inner", inner), ("step", Tree::Int(1 << 40)), ("s", Tree::Text("é"))];
        save(&path, &Tree::Dict(entries)).unwrap();
        let file = TorchFile::open(&path).unwrap();
        assert_eq!(file.names(), ["a", "inner.b", "inner.c"]);
        assert_eq!(file.read("a").unwrap(), a);
        assert_eq!(file.read("inner.b").unwrap(), b);
        assert_eq!(file.read("inner.c").unwrap(), c);
        assert_eq!(file.scalar("step"), Some(&Scalar::Int(1 << 40)));
        assert_eq!(file.scalar("s"), Some(&Scalar::Text("é".into())));
        assert!(file.read("z").is_err());
    }

    #[test]
    fn a_single_tensor_has_the_empty_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pt");
        let a = tensor(DType::F16, &[5, 1]);
        save(&path, &Tree::Tensor(&a)).unwrap();
        assert_eq!(super::super::load_tensor(&path, "motion").unwrap(), a);
        assert!(save(&path, &Tree::Tensor(&tensor(DType::U16, &[1]))).is_err());
    }
}
