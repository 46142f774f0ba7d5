//! TensorBoard event files with scalars.
//!
//! A file is a sequence of records, each a length, data and their masked CRC-32C; the data is a protocol-buffer message
//! `Event`. See TensorFlow's `core/lib/io/record_writer.h` and `core/util/event.proto` for the layout.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// Added to a rotated checksum, so that a checksum of data with checksums is not weak.
const MASK: u32 = 0xa282_ead8;
/// Field numbers of the messages, with their wire types (0 varint, 1 double, 2 bytes, 5 float) in the low three bits.
const WALL_TIME: u8 = 1 << 3 | 1;
const STEP: u8 = 2 << 3;
const FILE_VERSION: u8 = 3 << 3 | 2;
const SUMMARY: u8 = 5 << 3 | 2;
const SESSION_LOG: u8 = 7 << 3 | 2;
const STATUS: u8 = 1 << 3;
/// Status of a session that starts.
const START: u8 = 1;
const VALUE: u8 = 1 << 3 | 2;
const TAG: u8 = 1 << 3 | 2;
const SIMPLE_VALUE: u8 = 2 << 3 | 5;

/// A file of scalars that TensorBoard shows as curves.
pub struct EventWriter {
    file: File,
    path: PathBuf,
}

impl EventWriter {
    /// A new file in `folder`. Each run of a resumed training has its own; TensorBoard joins them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let (seconds, process) = (now() as u64, std::process::id());
        let free = (0..).map(|n| folder.join(format!("events.out.tfevents.{seconds}.vimogen.{process}.{n}")));
        for path in free.take(10_000) {
            match File::create_new(&path) {
                Ok(file) => {
                    let mut writer = Self { file, path };
                    writer.record(&[&[FILE_VERSION], &bytes(b"brain.Event:2")[..]].concat())?;
                    return Ok(writer);
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("create", &path, e)),
            }
        }
        Err(Error::internal(format!("no free name for an event file in {folder:?}")))
    }

    /// Notes that a run begins with this step: readers drop steps from it on that an earlier run wrote, so that repeated
    /// steps of a resumed run do not appear twice.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn start(&mut self, step: usize) -> Result<()> {
        let mut event = vec![STEP];
        event.extend(varint(step as u64));
        event.push(SESSION_LOG);
        event.extend(bytes(&[STATUS, START]));
        self.record(&event)
    }

    /// Adds the values of a step under the tags `group/name`. They are in the file when this returns.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn scalars<'a>(
        &mut self,
        step: usize,
        group: &str,
        values: impl Iterator<Item = (&'a str, f64)>,
    ) -> Result<()> {
        let mut summary = vec![];
        for (name, value) in values {
            let mut entry = vec![TAG];
            entry.extend(bytes(format!("{group}/{name}").as_bytes()));
            entry.push(SIMPLE_VALUE);
            entry.extend((value as f32).to_le_bytes());
            summary.push(VALUE);
            summary.extend(bytes(&entry));
        }
        let mut event = vec![STEP];
        event.extend(varint(step as u64));
        event.push(SUMMARY);
        event.extend(bytes(&summary));
        self.record(&event)
    }

    fn record(&mut self, event: &[u8]) -> Result<()> {
        let mut data = vec![WALL_TIME];
        data.extend(now().to_le_bytes());
        data.extend(event);
        let length = (data.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] = [&length, &masked(&length).to_le_bytes(), &data, &masked(&data).to_le_bytes()];
        self.file.write_all(&parts.concat()).map_err(|e| Error::io("write", &self.path, e))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64())
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = vec![];
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A length and the bytes.
fn bytes(data: &[u8]) -> Vec<u8> {
    let mut out = varint(data.len() as u64);
    out.extend(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_bytes_of_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalars(300, "t", [("a", 1.5)].into_iter()).unwrap();
        let data = std::fs::read(&writer.path).unwrap();
        let first = u64::from_le_bytes(data[..8].try_into().unwrap()) as usize;
        let second = &data[8 + 4 + first + 4..];
        let length = u64::from_le_bytes(second[..8].try_into().unwrap()) as usize;
        assert_eq!(second.len(), 8 + 4 + length + 4);
        let event = &second[12..12 + length];
        assert_eq!(event[0], 0x09);
        // Step 300 as a varint; a summary of one value: tag "t/a", 1.5 as a float.
        let rest = [&[0x10, 0xac, 0x02, 0x2a, 0x0c, 0x0a, 0x0a, 0x0a, 0x03][..], b"t/a", &[0x15, 0, 0, 0xc0, 0x3f]];
        assert_eq!(event[9..], rest.concat());
        let crc = u32::from_le_bytes(second[12 + length..].try_into().unwrap());
        assert_eq!(crc, masked(event));
    }

    #[test]
    fn a_run_that_begins_says_from_which_step_on_earlier_ones_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.start(301).unwrap();
        let data = std::fs::read(&writer.path).unwrap();
        // Step 301 as a varint; a session log of two bytes: its status, START.
        assert!(data[..data.len() - 4].ends_with(&[0x10, 0xad, 0x02, 0x3a, 0x02, 0x08, 0x01]), "{data:?}");
    }

    #[test]
    fn checksums_are_castagnoli_s_and_masked() {
        // RFC 3720, appendix B.4: 32 bytes of zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(masked(&[0; 32]), 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }
}
