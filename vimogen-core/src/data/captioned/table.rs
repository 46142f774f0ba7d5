//! Tables of captions: CSV as spreadsheets write it, and JSON.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A row: its cells by the lower-case name of their column.
pub type Row = Map<String, Value>;

/// The rows of a CSV file whose first line names the columns. Cells are separated by commas, or by semicolons if the first
/// line has no comma; a quoted cell may contain separators, line ends and doubled quotes.
///
/// # Errors
/// [`Error::Format`] for a file without a line, a quote that is not closed, or a row with more cells than columns.
pub fn csv(text: &str, path: &Path) -> Result<Vec<Row>> {
    let wrong = |reason: String| Error::format("CSV", reason).with_path(path);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let separator = if !first.contains(',') && first.contains(';') { ';' } else { ',' };
    let mut lines = cells(text, separator).ok_or_else(|| wrong("a quote is not closed".into()))?.into_iter();
    let names: Vec<String> = lines.next().unwrap_or_default().iter().map(|name| name.trim().to_lowercase()).collect();
    if names.iter().all(String::is_empty) {
        return Err(wrong("its first line must name the columns, such as clip,caption".into()));
    }
    let mut rows = vec![];
    for (number, line) in lines.enumerate() {
        if line.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if line.len() > names.len() {
            let reason = format!(
                "row {}: {} cells for {} columns; quote cells with commas",
                number + 2,
                line.len(),
                names.len()
            );
            return Err(wrong(reason));
        }
        rows.push(names.iter().cloned().zip(line.into_iter().map(Value::String)).collect());
    }
    Ok(rows)
}

/// The cells of all lines; `None` if a quote is not closed.
fn cells(text: &str, separator: char) -> Option<Vec<Vec<String>>> {
    let (mut lines, mut line, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            c if quoted => cell.push(c),
            c if c == separator => line.push(std::mem::take(&mut cell)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            c => cell.push(c),
        }
    }
    if !(cell.is_empty() && line.is_empty()) {
        line.push(cell);
        lines.push(line);
    }
    (!quoted).then_some(lines)
}

/// The rows of a JSON file: a list of objects, or an object that gives each motion its caption or list of captions.
///
/// # Errors
/// [`Error::Format`] for anything else.
pub fn json(bytes: &[u8], path: &Path) -> Result<Vec<Row>> {
    let wrong = |reason: String| Error::format("JSON", reason).with_path(path);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let shape = "expected a list of objects, or an object of captions by motion";
    match serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))? {
        Value::Object(map) => Ok(map.into_iter().map(|(clip, caption)| row(clip, caption)).collect()),
        Value::Array(list) => {
            let object = |value| match value {
                Value::Object(row) => Ok(row),
                _ => Err(wrong(shape.into())),
            };
            list.into_iter().map(object).collect()
        }
        _ => Err(wrong(shape.into())),
    }
}

fn row(clip: String, caption: Value) -> Row {
    Row::from_iter([("clip".into(), clip.into()), ("caption".into(), caption)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Row>> {
        csv(text, Path::new("captions.csv"))
    }

    #[test]
    fn quoted_cells_may_have_commas_quotes_and_line_ends() {
        let rows = read("\u{feff}Clip,caption\r\na.bvh,\"turns, \"\"quickly\"\"\nagain\"\r\n\r\nb.bvh,walks").unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["caption"], "turns, \"quickly\"\nagain");
        assert_eq!((&rows[1]["clip"], &rows[1]["caption"]), (&"b.bvh".into(), &"walks".into()));
        assert_eq!(read("clip;caption\na.bvh;turns, walks").unwrap()[0]["caption"], "turns, walks");
    }

    #[test]
    fn the_fault_of_a_table_is_named() {
        for (text, want) in [("", "columns"), ("clip,caption\na,\"b", "quote"), ("clip,caption\na,b,c", "row 2")] {
            assert!(read(text).unwrap_err().to_string().contains(want), "{text:?}");
        }
        assert!(json(b"3", Path::new("captions.json")).is_err());
        assert!(json(b"[3]", Path::new("captions.json")).is_err());
    }

    #[test]
    fn json_is_a_list_or_a_map() {
        let path = Path::new("captions.json");
        let rows = json(br#"{"a.bvh": ["walks", "strolls"]}"#, path).unwrap();
        assert_eq!((&rows[0]["clip"], rows[0]["caption"][1].as_str()), (&"a.bvh".into(), Some("strolls")));
        assert_eq!(json(br#"[{"clip": "b", "text": "runs"}]"#, path).unwrap()[0]["text"], "runs");
    }
}
