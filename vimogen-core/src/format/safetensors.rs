//! safetensors files, one or several: memory-mapped and read lazily. A thin layer over the `safetensors` crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::backing::Backing;
use super::tensor::{DType, RawTensor, TensorInfo, TensorSource, no_such_tensor};
use super::{read_bounded, write_atomic};
use crate::error::{Error, Result};

const FORMAT: &str = "safetensors";
/// Maximum size of a `*.index.json`.
const MAX_INDEX: u64 = 1 << 26;

fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

/// One or several open safetensors files.
#[derive(Debug, Default)]
pub struct SafetensorsFile {
    files: Vec<Backing>,
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    metadata: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    info: TensorInfo,
    file: usize,
    range: Range<usize>,
}

impl SafetensorsFile {
    /// Opens a `.safetensors` file, or all files that a `.safetensors.index.json` names, by mapping them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the file or one it names, [`Error::Io`], and [`Error::Format`] for damaged files, element
    /// types that are not supported, and an index that names files in other folders or tensors that are not there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.extension().is_some_and(|e| e == "json") {
            return Self::open_index(path);
        }
        Backing::read(path, Self::new)
    }

    /// Reads a file that is already in memory.
    ///
    /// # Errors
    /// As [`SafetensorsFile::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::new(bytes.into())
    }

    fn new(backing: Backing) -> Result<Self> {
        let mut all = Self::default();
        all.add(backing)?;
        Ok(all)
    }

    /// The texts that the file's `__metadata__` holds.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn open_index(path: &Path) -> Result<Self> {
        let broken = |reason: String| bad(reason).with_path(path);
        let json: Value = serde_json::from_slice(&read_bounded(path, MAX_INDEX)?)
            .map_err(|e| broken(format!("its index is not JSON: {e}")))?;
        let map = json["weight_map"].as_object().ok_or_else(|| broken("its index has no weight_map".into()))?;
        let mut shards: Vec<&str> = Vec::new();
        for (name, file) in map {
            let file = file.as_str().filter(|f| Path::new(f).file_name().is_some_and(|n| n == *f));
            shards.push(file.ok_or_else(|| broken(format!("its index places {name:?} outside the folder")))?);
        }
        shards.sort_unstable();
        shards.dedup();
        let mut all = Self::default();
        for shard in shards {
            Backing::read(&path.with_file_name(shard), |backing| all.add(backing))?;
        }
        match map.keys().find(|name| !all.index.contains_key(*name)) {
            Some(name) => Err(broken(format!("no file of its index holds {name:?}"))),
            None => Ok(all),
        }
    }

    fn add(&mut self, backing: Backing) -> Result<()> {
        let (header, metadata) =
            SafeTensors::read_metadata(backing.as_ref()).map_err(|e| bad(format!("its header is damaged: {e}")))?;
        let start = header + 8;
        for name in metadata.offset_keys() {
            let Some(info) = metadata.info(&name) else { continue };
            let dtype = element_type(info.dtype)
                .ok_or_else(|| bad(format!("{name:?} has the unsupported element type {:?}", info.dtype)))?;
            if self.index.insert(name.clone(), self.entries.len()).is_some() {
                return Err(bad(format!("two files hold {name:?}")));
            }
            let range = start + info.data_offsets.0..start + info.data_offsets.1;
            let info = TensorInfo { dtype, shape: info.shape.clone() };
            self.entries.push(Entry { name, info, file: self.files.len(), range });
        }
        self.metadata.extend(metadata.metadata().clone().unwrap_or_default());
        self.files.push(backing);
        Ok(())
    }

    fn entry(&self, name: &str) -> Result<&Entry> {
        self.index.get(name).map(|i| &self.entries[*i]).ok_or_else(|| no_such_tensor(name))
    }
}

impl TensorSource for SafetensorsFile {
    fn names(&self) -> Vec<String> {
        self.entries.iter().map(|e| e.name.clone()).collect()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        Ok(self.entry(name)?.info.clone())
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        let entry = self.entry(name)?;
        let bytes = self.files[entry.file].as_ref().get(entry.range.clone());
        bytes.map(Cow::Borrowed).ok_or_else(|| bad(format!("{name:?} lies beyond the file")))
    }

    fn release(&self, name: &str) {
        if let Ok(entry) = self.entry(name) {
            self.files[entry.file].release(entry.range.clone());
        }
    }
}

pub(super) fn element_type(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U64 => DType::U64,
        Dtype::U32 => DType::U32,
        Dtype::U16 => DType::U16,
        Dtype::U8 => DType::U8,
        Dtype::BOOL => DType::Bool,
        _ => return None,
    })
}

fn type_name(dtype: DType) -> String {
    format!("{dtype:?}").to_uppercase()
}

/// Writes tensors that are all in memory; see [`save_with`].
///
/// # Errors
/// As [`save_with`].
pub fn save(path: impl AsRef<Path>, tensors: &[(&str, &RawTensor)], metadata: &[(&str, &str)]) -> Result<()> {
    let infos: Vec<_> = tensors.iter().map(|(name, t)| (*name, t.info().clone())).collect();
    save_with(path, &infos, metadata, |i| Ok(Cow::Borrowed(tensors[i].1.bytes())))
}

/// Writes tensors one by one, so that one at a time is in memory.
///
/// `bytes(i)` gives those of `tensors[i]`: little-endian, last axis fastest. PyTorch and every other reader of
/// safetensors can load the file; data starts on an 8-byte boundary and tensors follow in the given order.
///
/// # Errors
/// [`Error::InvalidArgument`] for a repeated name, [`Error::Shape`] for bytes that do not fit the shape, errors of
/// `bytes`, [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save_with<'b>(
    path: impl AsRef<Path>,
    tensors: &[(&str, TensorInfo)],
    metadata: &[(&str, &str)],
    mut bytes: impl FnMut(usize) -> Result<Cow<'b, [u8]>>,
) -> Result<()> {
    let (header, sizes) = header(tensors, metadata)?;
    write_atomic(path, |w| {
        write_header(w, &header)?;
        for (i, (name, info)) in tensors.iter().enumerate() {
            let data = bytes(i)?;
            if data.len() != sizes[i] {
                return Err(Error::shape(*name, format!("{} bytes", data.len()), &info.shape).into());
            }
            w.write_all(&data)?;
        }
        Ok(())
    })
}

/// The header's JSON, and the bytes of each tensor.
fn header(tensors: &[(&str, TensorInfo)], metadata: &[(&str, &str)]) -> Result<(String, Vec<usize>)> {
    let mut map = Map::new();
    if !metadata.is_empty() {
        map.insert("__metadata__".into(), metadata.iter().map(|(k, v)| (k.to_string(), json!(v))).collect());
    }
    let (mut start, mut sizes) = (0usize, Vec::with_capacity(tensors.len()));
    for (name, info) in tensors {
        let size = info.bytes_within(name, u64::MAX)?;
        let offsets = [start, start.saturating_add(size)];
        let entry = json!({ "dtype": type_name(info.dtype), "shape": info.shape, "data_offsets": offsets });
        if map.insert(name.to_string(), entry).is_some() {
            return Err(Error::invalid("tensors", format!("the name {name:?} occurs twice")));
        }
        start = offsets[1];
        sizes.push(size);
    }
    Ok((Value::Object(map).to_string(), sizes))
}

fn write_header(w: &mut impl Write, header: &str) -> io::Result<()> {
    let padded = header.len().next_multiple_of(8);
    w.write_all(&(padded as u64).to_le_bytes())?;
    w.write_all(header.as_bytes())?;
    w.write_all(&b"       "[..padded - header.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dtype: DType, shape: &[usize], fill: u8) -> RawTensor {
        let n: usize = shape.iter().product::<usize>() * dtype.size();
        RawTensor::new(dtype, shape.to_vec(), vec![fill; n]).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let (a, b, c) = (tensor(DType::BF16, &[3], 1), tensor(DType::F32, &[2, 2], 2), tensor(DType::I64, &[0], 0));
        save(&path, &[("b", &b), ("a", &a), ("é", &c)], &[("format", "pt")]).unwrap();
        let file = SafetensorsFile::open(&path).unwrap();
        assert_eq!(file.names().len(), 3);
        for (name, want) in [("a", &a), ("b", &b), ("é", &c)] {
            assert_eq!(&file.read(name).unwrap(), want);
            assert_eq!(file.read_f32(name).unwrap(), want.to_f32());
        }
        assert_eq!(file.metadata()["format"], "pt");
        assert!(save(&path, &[("a", &a), ("a", &a)], &[]).is_err());
    }

    #[test]
    fn an_index_opens_all_its_files_and_none_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (a, b) = (tensor(DType::F32, &[1], 1), tensor(DType::F32, &[2], 2));
        save(at("1.safetensors"), &[("a", &a)], &[]).unwrap();
        save(at("2.safetensors"), &[("b", &b)], &[]).unwrap();
        let index = |text: &str| {
            std::fs::write(at("i.json"), text).unwrap();
            SafetensorsFile::open(at("i.json"))
        };
        let file = index(r#"{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#).unwrap();
        assert_eq!((file.read("a").unwrap(), file.read("b").unwrap()), (a, b));
        assert!(matches!(index(r#"{"weight_map": {"a": "3.safetensors"}}"#), Err(Error::NotFound { .. })));
        for text in [
            r#"{"weight_map": {"a": "../1.safetensors"}}"#,
            r#"{"weight_map": {"a": "/etc/passwd"}}"#,
            r#"{"weight_map": {"c": "1.safetensors"}}"#,
            r#"{"weight_map": 3}"#,
            "nonsense",
        ] {
            assert!(matches!(index(text), Err(Error::Format { .. })), "{text}");
        }
    }

    #[test]
    fn errors_of_the_source_come_out_of_a_save_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let info = TensorInfo { dtype: DType::F32, shape: vec![2] };
        let failed = save_with(&path, &[("a", info.clone())], &[], |_| Err(no_such_tensor("a")));
        assert!(matches!(failed, Err(Error::InvalidArgument { .. })));
        let short = save_with(&path, &[("a", info)], &[], |_| Ok(Cow::Borrowed(&[0; 7])));
        assert!(matches!(short, Err(Error::Shape { .. })));
        assert!(!path.exists());
    }
}
