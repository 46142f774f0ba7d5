//! JSON text that is changed in place.
//!
//! Only for text that a parser has accepted: brackets match, and strings end.

use std::ops::Range;

/// A value within the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Json<'a> {
    /// The outermost value.
    pub(super) fn root(text: &'a str) -> Self {
        Self { text, start: blanks(text, 0) }
    }

    /// Where the value is in the text.
    pub(super) fn span(self) -> Range<usize> {
        self.start..end(self.text, self.start)
    }

    /// The value's text.
    pub(super) fn text(self) -> &'a str {
        self.text.get(self.span()).unwrap_or_default()
    }

    fn at(self, start: usize) -> Self {
        Self { start, ..self }
    }

    fn opens(self, bracket: u8) -> bool {
        self.text.as_bytes().get(self.start) == Some(&bracket)
    }

    /// Keys of an object with the places of key and value; empty for other values.
    pub(super) fn members(self) -> Vec<(String, Range<usize>, Self)> {
        let mut out = Vec::new();
        if !self.opens(b'{') {
            return out;
        }
        let mut at = blanks(self.text, self.start + 1);
        while self.text.as_bytes().get(at) == Some(&b'"') {
            let key = at..end(self.text, at);
            // After the key a colon, with blanks around it.
            let value = blanks(self.text, blanks(self.text, key.end) + 1);
            out.push((serde_json::from_str(&self.text[key.clone()]).unwrap_or_default(), key, self.at(value)));
            at = next(self.text, end(self.text, value));
        }
        out
    }

    /// The value of a key, the last of several.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.members().into_iter().rev().find(|(name, ..)| name == key).map(|(_, _, value)| value)
    }

    /// Items of a list; empty for other values.
    pub(super) fn items(self) -> Vec<Self> {
        let mut out = Vec::new();
        if !self.opens(b'[') {
            return out;
        }
        let mut at = blanks(self.text, self.start + 1);
        while self.text.as_bytes().get(at).is_some_and(|byte| *byte != b']') {
            out.push(self.at(at));
            at = next(self.text, end(self.text, at));
        }
        out
    }
}

/// The first place from `at` that is not blank.
fn blanks(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count()
}

/// The item after one that ends at `at`, or the closing bracket.
fn next(text: &str, at: usize) -> usize {
    let at = blanks(text, at);
    if text.as_bytes().get(at) == Some(&b',') { blanks(text, at + 1) } else { at }
}

/// The end of the value at `at`.
fn end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, at);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => (depth, at) = (depth - 1, at + 1),
            // A number or a word.
            _ if depth == 0 => {
                let rest = bytes[at..].iter();
                return at + rest.take_while(|byte| !b",]} \t\r\n".contains(byte)).count();
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The end of the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Changes of a text, which are made all at once.
#[derive(Debug, Default)]
pub(super) struct Splices(Vec<(Range<usize>, String)>);

impl Splices {
    /// Puts `new` in the place of a part of the text.
    pub(super) fn replace(&mut self, span: Range<usize>, new: impl Into<String>) {
        self.0.push((span, new.into()));
    }

    /// Adds items at the end of a list, which `root` has or gets.
    pub(super) fn append(&mut self, root: Json<'_>, list: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        let new = items.join(",");
        match root.get(list).filter(|list| list.opens(b'[')) {
            Some(list) => self.insert(list, &new, list.items().is_empty()),
            None => self.member(root, list, &format!("[{new}]")),
        }
    }

    /// Adds a member at the end of an object.
    pub(super) fn member(&mut self, object: Json<'_>, key: &str, value: &str) {
        self.insert(object, &format!("\"{key}\":{value}"), object.members().is_empty());
    }

    /// Inserts text before the closing bracket of a value.
    fn insert(&mut self, value: Json<'_>, new: &str, empty: bool) {
        let place = value.span().end.saturating_sub(1);
        // After the last item, so that blanks before the bracket stay there.
        let before = value.text[..place].trim_end_matches([' ', '\t', '\r', '\n']).len();
        let comma = if empty { "" } else { "," };
        self.replace(before..before, format!("{comma}{new}"));
    }

    /// Removes a member from an object, with its comma.
    pub(super) fn remove(&mut self, object: Json<'_>, key: &str) {
        let members = object.members();
        let Some(n) = members.iter().position(|(name, ..)| name == key) else { return };
        let (_, name, value) = &members[n];
        let span = match (members.get(n + 1), n.checked_sub(1)) {
            (Some((_, next, _)), _) => name.start..next.start,
            (None, Some(before)) => members[before].2.span().end..value.span().end,
            (None, None) => name.start..value.span().end,
        };
        self.replace(span, "");
    }

    /// The changed text.
    pub(super) fn apply(mut self, text: &str) -> String {
        // Stable: of several changes at one place the first stays first.
        self.0.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(text.len() + self.0.iter().map(|(_, new)| new.len()).sum::<usize>());
        let mut at = 0;
        for (span, new) in self.0 {
            out.push_str(text.get(at..span.start).unwrap_or_default());
            out.push_str(&new);
            at = span.end.max(at);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const TEXT: &str = r#" { "asset" : {"version":"2.0", "x\"}]": [1, [2], "]"]}, "n": [ 0.10, -1.50e+3 ,null ],
        "empty":[ ], "\u0062": {"uri" : "a.bin", "len":7 } }  "#;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_and_items_are_those_of_a_parser() {
        let root = Json::root(TEXT);
        let keys: Vec<String> = root.members().into_iter().map(|(key, ..)| key).collect();
        assert_eq!(keys, ["asset", "n", "empty", "b"]);
        let texts = |json: Json<'_>| json.items().iter().map(|item| &TEXT[item.span()]).collect::<Vec<_>>();
        assert_eq!(texts(root.get("n").unwrap()), ["0.10", "-1.50e+3", "null"]);
        assert!(texts(root.get("empty").unwrap()).is_empty() && texts(root).is_empty());
        assert_eq!(texts(root.get("asset").unwrap().get("x\"}]").unwrap()), ["1", "[2]", "\"]\""]);
        assert_eq!(root.span(), 1..TEXT.trim_end().len());
    }

    #[test]
    fn items_and_members_are_added_and_removed_and_the_rest_stays() {
        let root = Json::root(TEXT);
        let mut splices = Splices::default();
        splices.append(root, "n", &["1".into(), "{\"a\":2}".into()]);
        splices.append(root, "empty", &["3".into()]);
        splices.append(root, "new", &["4".into()]);
        splices.append(root, "none", &[]);
        let buffer = root.get("b").unwrap();
        splices.remove(buffer, "uri");
        splices.replace(buffer.get("len").unwrap().span(), "9");
        let out = splices.apply(TEXT);
        let got = value(&out);
        assert_eq!(got["n"], value(r#"[0.10, -1.50e+3, null, 1, {"a":2}]"#));
        assert_eq!((&got["empty"], &got["new"], &got["b"]), (&value("[3]"), &value("[4]"), &value(r#"{"len":9}"#)));
        assert_eq!(got["asset"], value(TEXT)["asset"]);
        assert!(out.contains("[ 0.10, -1.50e+3 ,null,1") && got.get("none").is_none());
    }

    #[test]
    fn the_last_and_the_only_member_can_be_removed() {
        for (text, want) in [(r#"{"a":1, "uri":"x"}"#, r#"{"a":1}"#), (r#"{ "uri" : "x" }"#, "{}")] {
            let mut splices = Splices::default();
            splices.remove(Json::root(text), "uri");
            assert_eq!(value(&splices.apply(text)), value(want));
        }
    }
}
