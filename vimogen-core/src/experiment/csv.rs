//! A CSV table of a run, which a resumed run continues.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::format::{MAX_BYTES, read_bounded, write_atomic};

/// A CSV file whose first column is the step.
pub struct CsvLog {
    file: File,
    path: PathBuf,
    columns: usize,
}

impl CsvLog {
    /// Opens or makes the file; rows of steps after `steps_done`, which a resumed run repeats, are cut off.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Format`] if the file has other columns.
    pub fn open(path: &Path, columns: &[&str], steps_done: usize) -> Result<Self> {
        let header = format!("step,{}", columns.join(","));
        let kept = match read_bounded(path, MAX_BYTES) {
            Ok(bytes) => kept(&String::from_utf8_lossy(&bytes), &header, steps_done).map_err(|e| e.with_path(path))?,
            Err(Error::NotFound { .. }) => String::new(),
            Err(error) => return Err(error),
        };
        write_atomic(path, |w| write!(w, "{header}\n{kept}"))?;
        let file = OpenOptions::new().append(true).open(path).map_err(|e| Error::io("open", path, e))?;
        Ok(Self { file, path: path.to_path_buf(), columns: columns.len() })
    }

    /// Adds a row; `None` is an empty cell.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Internal`] unless there is one value per column.
    pub fn row(&mut self, step: usize, values: &[Option<f64>]) -> Result<()> {
        if values.len() != self.columns {
            return Err(Error::internal(format!("{} values for {} columns", values.len(), self.columns)));
        }
        let cells: String = values.iter().map(|v| v.map_or(",".into(), |v| format!(",{v}"))).collect();
        // One write, so that a killed run leaves whole rows.
        self.file.write_all(format!("{step}{cells}\n").as_bytes()).map_err(|e| Error::io("write", &self.path, e))
    }
}

fn kept(text: &str, header: &str, steps_done: usize) -> Result<String> {
    let mut lines = text.split_inclusive('\n');
    match lines.next() {
        None => return Ok(String::new()),
        Some(line) if line.trim_end() == header => {}
        Some(line) => {
            return Err(Error::format("CSV", format!("its columns are {:?}, expected {header:?}", line.trim_end())));
        }
    }
    let step = |line: &str| line.split(',').next().and_then(|cell| cell.parse::<usize>().ok());
    let whole = |line: &&str| line.ends_with('\n') && step(line).is_some_and(|step| step <= steps_done);
    Ok(lines.filter(whole).collect())
}

/// One column of a file, with its steps; empty cells are left out.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Format`] if there is no such column.
pub fn column(path: &Path, name: &str) -> Result<Vec<(f64, f64)>> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let place = lines.next().and_then(|header| header.split(',').position(|cell| cell == name));
    let place = place.ok_or_else(|| Error::format("CSV", format!("it has no column {name:?}")).with_path(path))?;
    let number = |line: &str, i: usize| line.split(',').nth(i).and_then(|cell| cell.parse::<f64>().ok());
    Ok(lines.filter_map(|line| Some((number(line, 0)?, number(line, place)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_table_loses_the_rows_that_are_done_again_and_the_half_row_of_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        let mut log = CsvLog::open(&path, &["loss", "text"], 0).unwrap();
        for step in [5, 10, 15] {
            log.row(step, &[Some(step as f64 / 2.0), None]).unwrap();
        }
        assert!(log.row(20, &[None]).is_err());
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"9,3").unwrap();
        let mut log = CsvLog::open(&path, &["loss", "text"], 10).unwrap();
        log.row(15, &[Some(1.0), Some(2.0)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "step,loss,text\n5,2.5,\n10,5,\n15,1,2\n");
        assert_eq!(column(&path, "text").unwrap(), [(15.0, 2.0)]);
        assert!(column(&path, "none").is_err());
        assert!(CsvLog::open(&path, &["other"], 10).is_err());
    }
}
