//! safetensors files that are read tensor by tensor instead of being mapped.
//!
//! A mapped file that another program shortens ends the process with a signal. A file that is read gives an error, which a
//! long training survives.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;

use super::open_regular;
use super::safetensors::element_type;
use super::tensor::{RawTensor, TensorInfo, no_such_tensor};
use crate::error::{Error, Result};

/// Maximum size of a header, bytes; the `safetensors` crate has a similar one.
const MAX_HEADER: u64 = 1 << 28;

/// An open safetensors file, which is not mapped.
#[derive(Debug)]
pub struct PositionalFile {
    path: PathBuf,
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "files are in memory"))]
    file: File,
    /// Position of the first tensor.
    start: u64,
    metadata: Metadata,
}

impl PositionalFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`], and [`Error::Format`] for a damaged header or a file that is shorter than its
    /// header says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let io = |e| Error::io("read", path, e);
        let bad = |reason: String| Error::format("safetensors", reason).with_path(path);
        let mut file = open_regular(path)?;
        let length = file.metadata().map_err(io)?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(io)?;
        let size = u64::from_le_bytes(size);
        if size > MAX_HEADER.min(length.saturating_sub(8)) {
            return Err(bad(format!("its header has {size} bytes, the file {length}")));
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(io)?;
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|e| bad(format!("its header is damaged: {e}")))?;
        let end = metadata.tensors().values().map(|info| info.data_offsets.1).max().unwrap_or(0);
        let start = 8 + size;
        if start.checked_add(end as u64).is_none_or(|end| end > length) {
            return Err(bad(format!("its tensors end at byte {end} behind the header, the file has {length} bytes")));
        }
        Ok(Self { path: path.into(), file, start, metadata })
    }

    /// A text of the file's `__metadata__`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// Type and shape of a tensor.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such tensor, [`Error::Format`] for an unsupported type.
    pub fn info(&self, name: &str) -> Result<TensorInfo> {
        let info = self.metadata.info(name).ok_or_else(|| no_such_tensor(name))?;
        let dtype = element_type(info.dtype).ok_or_else(|| {
            let reason = format!("{name:?} has the unsupported element type {:?}", info.dtype);
            Error::format("safetensors", reason).with_path(&self.path)
        })?;
        Ok(TensorInfo { dtype, shape: info.shape.clone() })
    }

    /// Reads a tensor as `f32`.
    ///
    /// # Errors
    /// As [`PositionalFile::info`]; [`Error::Format`] for a tensor of another size than its shape, [`Error::Io`], also if
    /// the file has become shorter.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let info = self.info(name)?;
        let (begin, end) = self.metadata.info(name).ok_or_else(|| no_such_tensor(name))?.data_offsets;
        let size = info.bytes_within(name, u64::MAX)?;
        if end.checked_sub(begin) != Some(size) {
            let reason = format!("{name:?} does not have the {size} bytes of its shape");
            return Err(Error::format("safetensors", reason).with_path(&self.path));
        }
        let mut bytes = vec![0; size];
        self.read_at(self.start + begin as u64, &mut bytes).map_err(|e| Error::io("read", &self.path, e))?;
        Ok(RawTensor::new(info.dtype, info.shape, bytes)?.to_f32())
    }

    #[cfg(unix)]
    fn read_at(&self, position: u64, bytes: &mut [u8]) -> std::io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, position)
    }

    /// Each reader has a handle and so a position of its own.
    #[cfg(not(unix))]
    fn read_at(&self, position: u64, bytes: &mut [u8]) -> std::io::Result<()> {
        use std::io::{Seek, SeekFrom};
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(position))?;
        file.read_exact(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{DType, safetensors};

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("a.safetensors");
        let values = RawTensor::new(DType::F32, vec![2, 3], (0..24).collect()).unwrap();
        let halves = RawTensor::new(DType::BF16, vec![4], vec![0, 63, 128, 63, 0, 64, 64, 64]).unwrap();
        safetensors::save(&path, &[("a", &values), ("b", &halves)], &[("clip.7", "walk")]).unwrap();
        path
    }

    #[test]
    fn the_values_are_those_of_the_mapped_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let (file, mapped) = (PositionalFile::open(&path).unwrap(), safetensors::SafetensorsFile::open(&path).unwrap());
        for name in ["a", "b"] {
            use crate::format::TensorSource as _;
            assert_eq!(file.info(name).unwrap(), mapped.info(name).unwrap());
            assert_eq!(file.read_f32(name).unwrap(), mapped.read_f32(name).unwrap());
        }
        assert_eq!((file.text("clip.7"), file.text("clip.8")), (Some("walk"), None));
        assert!(file.read_f32("c").is_err());
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_open_gives_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let file = PositionalFile::open(&path).unwrap();
        let whole = std::fs::metadata(&path).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(whole - 6).unwrap();
        assert_eq!(file.read_f32("a").unwrap().len(), 6);
        assert!(matches!(file.read_f32("b"), Err(Error::Io { .. })));
        assert!(PositionalFile::open(&path).unwrap_err().to_string().contains("a.safetensors"));
    }

    #[test]
    fn damaged_headers_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.safetensors");
        let with_header = |header: &str| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        let huge = r#"{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 18446744073709551615]}}"#;
        for bytes in [vec![], vec![255; 8], vec![255; 40], with_header("{"), with_header("[]"), with_header(huge)] {
            std::fs::write(&path, &bytes).unwrap();
            assert!(PositionalFile::open(&path).is_err(), "{bytes:?}");
        }
        let mut wrong = with_header(r#"{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}"#);
        wrong.extend([0; 4]);
        std::fs::write(&path, &wrong).unwrap();
        assert!(PositionalFile::open(&path).and_then(|file| file.read_f32("a")).is_err());
    }
}
