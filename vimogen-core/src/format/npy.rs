//! NumPy's `.npy`: versions 1 to 3, both orders, both byte orders.

use std::io::{self, Read, Write};
use std::path::Path;

use ndarray::ArrayViewD;

use super::tensor::{DType, RawTensor, TensorInfo, gather_from};
use super::{MAX_BYTES, read_bounded, write_atomic};
use crate::error::{Error, Result};

const FORMAT: &str = "npy";
const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy refuses headers beyond 10,000 characters too.
const MAX_HEADER: usize = 1 << 16;
/// NumPy's own limit is 64.
const MAX_DIMENSIONS: usize = 32;

fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

/// Reads a file of at most 4 GiB.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`], and [`Error::Format`] for anything but a plain array of
/// integers, floats or booleans.
pub fn load(path: impl AsRef<Path>) -> Result<RawTensor> {
    let path = path.as_ref();
    decode(&read_bounded(path, MAX_BYTES)?).map_err(|e| e.with_path(path))
}

/// Writes an array; `BF16`, which NumPy lacks, becomes `F32`.
///
/// # Errors
/// [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, tensor: &RawTensor) -> Result<()> {
    write_atomic(path, |w| write(w, tensor))
}

/// Writes an `f32` array.
///
/// # Errors
/// As [`save`].
pub fn save_f32(path: impl AsRef<Path>, values: ArrayViewD<'_, f32>) -> Result<()> {
    save(path, &RawTensor::from_f32(values))
}

/// Reads an array from the bytes of a file; bytes after the array are ignored, as NumPy does.
///
/// # Errors
/// As [`load`].
pub fn decode(mut bytes: &[u8]) -> Result<RawTensor> {
    let header = Header::read(&mut bytes)?;
    header.array(bytes)
}

/// Writes an array in version 1 with the data 64-byte aligned; see [`save`].
///
/// # Errors
/// Those of `w`.
pub fn write(w: &mut impl Write, tensor: &RawTensor) -> io::Result<()> {
    write_header(w, descr(tensor.dtype()), tensor.shape())?;
    if tensor.dtype() != DType::BF16 {
        return w.write_all(tensor.bytes());
    }
    // NumPy has no bf16; every bf16 is an f32 whose low half is zero.
    tensor.bytes().as_chunks::<2>().0.iter().try_for_each(|b| w.write_all(&[0, 0, b[0], b[1]]))
}

/// Writes a text as NumPy's array of no dimensions and four bytes per character; the readers here do not read texts.
///
/// # Errors
/// Those of `w`.
pub fn write_text(w: &mut impl Write, text: &str) -> io::Result<()> {
    write_header(w, &format!("<U{}", text.chars().count().max(1)), &[])?;
    let padding = if text.is_empty() { Some('\0') } else { None };
    text.chars().chain(padding).try_for_each(|c| w.write_all(&u32::from(c).to_le_bytes()))
}

/// Writes texts as NumPy's array of one dimension.
///
/// # Errors
/// Those of `w`.
pub(super) fn write_texts(w: &mut impl Write, texts: &[String]) -> io::Result<()> {
    let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    write_header(w, &format!("<U{width}"), &[texts.len()])?;
    for text in texts {
        let padded = text.chars().chain(std::iter::repeat('\0')).take(width);
        padded.into_iter().try_for_each(|c| w.write_all(&u32::from(c).to_le_bytes()))?;
    }
    Ok(())
}

fn write_header(w: &mut impl Write, descr: &str, shape: &[usize]) -> io::Result<()> {
    let sizes = shape.iter().map(|d| format!("{d}, ")).collect::<String>();
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let start = MAGIC.len() + 4;
    header.extend(std::iter::repeat_n(' ', 63 - (start + header.len()) % 64));
    header.push('\n');
    let header_len = u16::try_from(header.len()).map_err(|_| io::Error::other("the shape is too long for npy"))?;
    w.write_all(MAGIC)?;
    w.write_all(&[1, 0])?;
    w.write_all(&header_len.to_le_bytes())?;
    w.write_all(header.as_bytes())
}

fn descr(dtype: DType) -> &'static str {
    match dtype {
        DType::F64 => "<f8",
        DType::F32 | DType::BF16 => "<f4",
        DType::F16 => "<f2",
        DType::I64 => "<i8",
        DType::I32 => "<i4",
        DType::I16 => "<i2",
        DType::I8 => "|i1",
        DType::U64 => "<u8",
        DType::U32 => "<u4",
        DType::U16 => "<u2",
        DType::U8 => "|u1",
        DType::Bool => "|b1",
    }
}

/// Element type and byte order (`true`: big-endian) of a NumPy type string such as `<f4`.
pub(crate) fn parse_descr(descr: &str) -> Result<(DType, bool)> {
    let mut chars = descr.chars();
    let big = match chars.next() {
        Some('<' | '|' | '=') => false,
        Some('>') => true,
        _ => return Err(unreadable(descr)),
    };
    let dtype = parse_kind(chars.as_str()).ok_or_else(|| unreadable(descr))?;
    Ok((dtype, big))
}

/// Element type of a NumPy type string without its byte order, such as `f4`.
pub(crate) fn parse_kind(kind: &str) -> Option<DType> {
    Some(match kind {
        "f8" => DType::F64,
        "f4" => DType::F32,
        "f2" => DType::F16,
        "i8" => DType::I64,
        "i4" => DType::I32,
        "i2" => DType::I16,
        "i1" => DType::I8,
        "u8" => DType::U64,
        "u4" => DType::U32,
        "u2" => DType::U16,
        "u1" => DType::U8,
        "b1" => DType::Bool,
        _ => return None,
    })
}

fn unreadable(descr: &str) -> Error {
    let hint = match descr.trim_start_matches(['<', '>', '|', '=']) {
        kind if kind.contains('O') => " (objects are pickled Python: save plain numbers instead)",
        "V2" => {
            " (bfloat16, which NumPy does not know: save array.astype(numpy.float32), or convert the file by \
             (numpy.load(path).view(\"u2\").astype(\"u4\") << 16).view(\"f4\"))"
        }
        _ => "",
    };
    let short: String = descr.chars().take(40).collect();
    bad(format!("elements of type {short:?} are not numbers or booleans{hint}"))
}

/// Turns big-endian elements of `size` bytes into little-endian ones, or back.
pub(crate) fn swap_bytes(bytes: &mut [u8], size: usize) {
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
}

/// Header of a `.npy` file: everything before the data.
pub(super) struct Header {
    pub(super) info: TensorInfo,
    pub(super) big_endian: bool,
    pub(super) fortran: bool,
}

/// A header before its element type is looked at.
pub(super) struct AnyHeader {
    descr: String,
    fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl AnyHeader {
    /// Reads everything up to the data.
    pub(super) fn read(r: &mut impl Read) -> Result<Self> {
        let cut_off = |e: io::Error| bad(format!("its header is cut off: {e}"));
        let mut start = [0; 8];
        r.read_exact(&mut start).map_err(cut_off)?;
        if !start.starts_with(MAGIC) {
            return Err(bad("it does not start with \\x93NUMPY"));
        }
        let mut len = [0; 4];
        let len_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            other => return Err(bad(format!("its version is {other}, not 1, 2 or 3"))),
        };
        r.read_exact(&mut len[..len_bytes]).map_err(cut_off)?;
        let len = u32::from_le_bytes(len) as usize;
        if len > MAX_HEADER {
            return Err(bad(format!("its header of {len} bytes is too long")));
        }
        let mut text = vec![0; len];
        r.read_exact(&mut text).map_err(cut_off)?;
        Self::parse(std::str::from_utf8(&text).map_err(|_| bad("its header is not UTF-8"))?)
    }

    /// Reads the Python dict literal `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, in any key order.
    fn parse(text: &str) -> Result<Self> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{').ok_or_else(|| bad("its header is not a dict"))?.trim_start();
        while !rest.starts_with('}') {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':').ok_or_else(|| bad("its header has a key alone"))?;
            let value = value.trim_start();
            rest = match key {
                "descr" => {
                    let (text, after) = if value.starts_with('[') {
                        return Err(bad("records (structured types) are not supported"));
                    } else {
                        quoted(value)?
                    };
                    descr = Some(text.to_string());
                    after
                }
                "fortran_order" => {
                    let (flag, after) = boolean(value)?;
                    fortran = Some(flag);
                    after
                }
                "shape" => {
                    let (sizes, after) = tuple(value)?;
                    shape = Some(sizes);
                    after
                }
                other => return Err(bad(format!("its header has the unknown key {other:?}"))),
            }
            .trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok(Self { descr, fortran, shape }),
            _ => Err(bad("its header lacks descr, fortran_order or shape")),
        }
    }

    /// Whether a pickle follows, of an array of Python objects.
    pub(super) fn is_objects(&self) -> bool {
        self.descr.trim_start_matches('|') == "O"
    }

    /// Characters of each element, if these are texts of four bytes per character.
    pub(super) fn characters(&self) -> Option<usize> {
        self.descr.strip_prefix("<U")?.parse().ok()
    }

    /// The header of an array of numbers.
    pub(super) fn numbers(self) -> Result<Header> {
        let (dtype, big_endian) = parse_descr(&self.descr)?;
        Ok(Header { info: TensorInfo { dtype, shape: self.shape }, big_endian, fortran: self.fortran })
    }
}

impl Header {
    /// Reads everything up to the data, which must be numbers.
    pub(super) fn read(r: &mut impl Read) -> Result<Self> {
        AnyHeader::read(r)?.numbers()
    }

    /// The bytes of the array at the start of `data`.
    pub(super) fn data<'d>(&self, data: &'d [u8]) -> Result<&'d [u8]> {
        let needed = self.info.bytes_within("npy array", MAX_BYTES)?;
        data.get(..needed).ok_or_else(|| {
            bad(format!(
                "its header declares shape {:?}, {needed} bytes, but only {} follow",
                self.info.shape,
                data.len()
            ))
        })
    }

    /// The array of this header at the start of `data`.
    pub(super) fn array(self, data: &[u8]) -> Result<RawTensor> {
        let data = self.data(data)?;
        let mut bytes = if self.fortran {
            gather_from(FORMAT, data, &self.info, 0, &fortran_strides(&self.info.shape))?.into_owned()
        } else {
            data.to_vec()
        };
        if self.big_endian {
            swap_bytes(&mut bytes, self.info.dtype.size());
        }
        RawTensor::new(self.info.dtype, self.info.shape, bytes)
    }
}

/// Strides in elements of an array whose first axis is fastest.
pub(crate) fn fortran_strides(shape: &[usize]) -> Vec<usize> {
    shape
        .iter()
        .scan(1usize, |stride, d| {
            let now = *stride;
            *stride = now.saturating_mul(*d);
            Some(now)
        })
        .collect()
}

/// A quoted string at the start of `text`, and what follows it.
fn quoted(text: &str) -> Result<(&str, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let mark = mark.ok_or_else(|| bad("its header has something else where a string belongs"))?;
    text[1..].split_once(mark).ok_or_else(|| bad("its header has a string without an end"))
}

/// `True` or `False` at the start of `text`, and what follows it.
fn boolean(text: &str) -> Result<(bool, &str)> {
    let yes = text.strip_prefix("True").map(|rest| (true, rest));
    yes.or_else(|| text.strip_prefix("False").map(|rest| (false, rest)))
        .ok_or_else(|| bad("fortran_order is neither True nor False"))
}

/// A tuple of sizes at the start of `text`, and what follows it.
fn tuple(text: &str) -> Result<(Vec<usize>, &str)> {
    let broken = || bad("its shape is not a tuple of sizes");
    let (inner, rest) = text.strip_prefix('(').and_then(|t| t.split_once(')')).ok_or_else(broken)?;
    let parts = inner.split(',').map(str::trim).filter(|p| !p.is_empty());
    // Python 2 wrote long integers as 3L.
    let sizes =
        parts.map(|p| p.trim_end_matches('L').parse::<usize>().map_err(|_| broken())).collect::<Result<Vec<_>>>()?;
    if sizes.len() > MAX_DIMENSIONS {
        return Err(bad(format!("it has {} dimensions, at most {MAX_DIMENSIONS} are read", sizes.len())));
    }
    Ok((sizes, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes()].concat();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn a_text_is_an_array_of_no_dimensions_and_four_bytes_a_character() {
        for (text, kind, data) in [("né", "<U2", "n\0\0\0\u{e9}\0\0\0"), ("", "<U1", "\0\0\0\0")] {
            let mut bytes = Vec::new();
            write_text(&mut bytes, text).unwrap();
            let header = String::from_utf8_lossy(&bytes[10..128]).into_owned();
            assert!(
                header.starts_with(&format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (), }}")),
                "{header}"
            );
            let data: Vec<u8> = data.chars().map(|c| c as u8).collect();
            assert_eq!(bytes[128..], data);
        }
    }

    #[test]
    fn arrays_come_back_as_they_were_written() {
        for shape in [vec![], vec![0], vec![5], vec![2, 3], vec![3, 0, 2], vec![2, 1, 2, 2]] {
            let n: usize = shape.iter().product();
            for dtype in [DType::F64, DType::F32, DType::F16, DType::I64, DType::I32, DType::U8, DType::Bool] {
                let bytes: Vec<u8> = (0..n * dtype.size()).map(|i| (i * 7 % 2) as u8).collect();
                let tensor = RawTensor::new(dtype, shape.clone(), bytes).unwrap();
                let mut out = Vec::new();
                write(&mut out, &tensor).unwrap();
                assert_eq!(decode(&out).unwrap(), tensor);
                assert_eq!((out.len() - tensor.bytes().len()) % 64, 0);
            }
        }
    }

    #[test]
    fn fortran_order_and_big_endian_are_turned() {
        let header = "{'shape': (2, 3), 'fortran_order': True, 'descr': '>i2'}";
        let data: Vec<u8> = [1i16, 4, 2, 5, 3, 6].iter().flat_map(|v| v.to_be_bytes()).collect();
        let tensor = decode(&file(header, &data)).unwrap();
        assert_eq!(tensor.to_f32(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn bf16_is_written_as_f32() {
        let half = half::bf16::from_f32(-1.5).to_le_bytes().to_vec();
        let mut out = Vec::new();
        write(&mut out, &RawTensor::new(DType::BF16, vec![1], half).unwrap()).unwrap();
        let back = decode(&out).unwrap();
        assert_eq!((back.dtype(), back.to_f32()), (DType::F32, vec![-1.5]));
    }

    #[test]
    fn damaged_files_say_what_is_wrong() {
        let cases = [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,), }", "npy array"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }", "only 8 follow"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "pickled"),
            ("{'descr': '<V2', 'fortran_order': False, 'shape': (1,), }", "view(\"u2\")"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "tuple of sizes"),
            ("{'descr': '<f4', 'fortran_order': False, }", "lacks"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ", "string"),
            ("{'a': 1}", "unknown key"),
        ];
        for (header, words) in cases {
            let text = decode(&file(header, &[0; 8])).unwrap_err().to_string();
            assert!(text.contains(words), "{header}: {text}");
        }
        assert!(decode(b"\x93NUMPY\x01").is_err() && decode(b"").is_err());
    }
}
