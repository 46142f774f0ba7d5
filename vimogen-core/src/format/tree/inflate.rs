//! Pickles that joblib compressed.

use std::io::Read;

use super::super::MAX_BYTES;
use crate::error::{Error, Result};

/// Unpacked bytes that are allowed regardless of the packed size.
const ALWAYS_ALLOWED: u64 = 1 << 28;
/// Beyond that, maximum ratio of unpacked to packed size. Deflate itself reaches 1032, motion about 1.2.
const MAX_RATIO: u64 = 100;
/// Start of files of joblib before 0.10, and length of the size that follows it.
const OLD: &[u8] = b"ZF";
const OLD_HEADER: usize = 21;

/// Compressions that are not read, by their first bytes.
const OTHERS: [(&[u8], &str); 5] = [
    (b"BZh", "bz2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
];

/// The unpacked bytes of a compressed file; `None` if it is not compressed.
pub(super) fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        let remedy = "in Python, joblib.dump(joblib.load(path), path) writes it without compression";
        return Err(Error::format("pickle", format!("it is compressed by {name}, which is not read; {remedy}")));
    }
    match bytes {
        [0x1f, 0x8b, ..] => bounded(flate2::read::MultiGzDecoder::new(bytes), bytes.len()).map(Some),
        // zlib: method 8, and a check that makes the first two bytes a multiple of 31. No pickle starts so.
        [0x78, second, ..] if (0x7800 + u16::from(*second)).is_multiple_of(31) => {
            bounded(flate2::read::ZlibDecoder::new(bytes), bytes.len()).map(Some)
        }
        _ if bytes.starts_with(OLD) => {
            let packed = bytes.get(OLD_HEADER..).unwrap_or_default();
            let packed = packed.strip_prefix(b" ").unwrap_or(packed);
            bounded(flate2::read::ZlibDecoder::new(packed), bytes.len()).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads to the end, which grows as bytes arrive and stops at the limit.
fn bounded(reader: impl Read, packed: usize) -> Result<Vec<u8>> {
    let limit = ALWAYS_ALLOWED.max((packed as u64).saturating_mul(MAX_RATIO)).min(MAX_BYTES);
    let mut out = Vec::new();
    let damaged = |e| Error::format("pickle", format!("its compressed data is damaged: {e}"));
    reader.take(limit + 1).read_to_end(&mut out).map_err(damaged)?;
    if out.len() as u64 > limit {
        return Err(Error::TooLarge { what: "unpacked pickle".into(), needed: out.len() as u64, limit });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_zlib_and_gzip_packed_is_unpacked_and_plain_bytes_are_left_alone() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(3));
        zlib.write_all(b"\x80\x04N.").unwrap();
        assert_eq!(unpack(&zlib.finish().unwrap()).unwrap().unwrap(), b"\x80\x04N.");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(3));
        gzip.write_all(b"\x80\x04N.").unwrap();
        assert_eq!(unpack(&gzip.finish().unwrap()).unwrap().unwrap(), b"\x80\x04N.");
        assert!(unpack(b"\x80\x04N.").unwrap().is_none());
        assert!(unpack(b"BZh91AY").unwrap_err().to_string().contains("joblib.dump"));
        assert!(unpack(b"\x78\x9c\x00garbage").is_err());
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..300 {
            zlib.write_all(&zeros).unwrap();
        }
        assert!(matches!(unpack(&zlib.finish().unwrap()), Err(Error::TooLarge { .. })));
    }
}
