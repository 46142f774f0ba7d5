//! Pickles, read without executing anything.
//!
//! A small machine for protocols 0 to 5 builds a flat list of nodes. A reference to a Python name that the caller's list
//! lacks is refused, or becomes a value without content, as does all that is made with it. A call of a listed name is
//! only *noted*: its meaning is up to the reader ([`numpy`], `.pt` files). No node owns another, so depth costs nothing,
//! and the number of nodes is bounded.

mod file;
mod joblib;
mod literal;
mod machine;
pub mod numpy;

use std::borrow::Cow;
use std::sync::Arc;

pub use file::PickleFile;
pub(crate) use joblib::JOBLIB_GLOBALS;

use crate::error::{Error, Result};

const FORMAT: &str = "pickle";

/// A Python name in a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Global {
    /// Module, such as `collections`.
    pub module: &'static str,
    /// Name within it, such as `OrderedDict`.
    pub name: &'static str,
}

impl Global {
    /// The name `module.name`.
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self { module, name }
    }

    /// Whether this is `name` of one of `modules`.
    pub fn is(self, modules: &[&str], name: &str) -> bool {
        self.name == name && modules.contains(&self.module)
    }
}

/// Names that plain data needs in old protocols.
pub const PLAIN_GLOBALS: &[Global] = &[
    Global::new("collections", "OrderedDict"),
    Global::new("collections", "defaultdict"),
    Global::new("builtins", "dict"),
    Global::new("__builtin__", "dict"),
    Global::new("builtins", "list"),
    Global::new("__builtin__", "list"),
    Global::new("_codecs", "encode"),
    Global::new("builtins", "bytes"),
    Global::new("__builtin__", "bytes"),
];

/// Names of the listed classes that are dicts.
const DICTS: [&str; 3] = ["OrderedDict", "defaultdict", "dict"];

/// Maximum length of an argument list or shape: shared ones may be read many times.
const MAX_SHORT: usize = 32;

/// Maximum length of a byte string that is read as text: each reading checks it for UTF-8.
const MAX_TEXT_BYTES: usize = 1 << 16;

/// Index of a node in its [`Pickle`].
type Id = u32;

/// One value of a pickle; containers hold indices.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dict(Vec<[Id; 2]>),
    Global(Global),
    Call(Box<Call>),
    /// A persistent id, by which `.pt` files refer to storages.
    Persistent(Id),
    /// An array whose bytes lie between the opcodes, as joblib writes it.
    Array(Box<numpy::Stored<'a>>),
    /// A name that is not listed, or what is made with it: nothing is known of its content.
    Unknown(Arc<str>),
}

/// A call in the pickle, noted and not executed.
#[derive(Debug)]
pub(crate) struct Call {
    function: Global,
    args: Id,
    state: Option<Id>,
    pairs: Vec<[Id; 2]>,
}

/// A parsed pickle.
#[derive(Debug)]
pub struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    root: Id,
    consumed: usize,
}

/// Parses the pickle at the start of `bytes`; `allowed` lists the names that are not refused.
///
/// # Errors
/// [`Error::Format`] for broken pickles, unknown opcodes, more than four million values, and any other name, which
/// is in the message.
pub fn parse<'a>(bytes: &'a [u8], allowed: &[&[Global]]) -> Result<Pickle<'a>> {
    machine::Machine::new(bytes, allowed, machine::Unlisted::Refused).run()
}

/// [`parse`] that passes over values made with names that are not listed; they are [`View::as_unknown`].
///
/// # Errors
/// As [`parse`], but for other names.
pub(crate) fn parse_known<'a>(bytes: &'a [u8], allowed: &[&[Global]]) -> Result<Pickle<'a>> {
    machine::Machine::new(bytes, allowed, machine::Unlisted::Unknown).run()
}

/// The error about a Python name that is not listed.
pub(crate) fn unlisted(name: &str) -> Error {
    bad(format!("it refers to {name}; only plain arrays are read and nothing is run: save arrays alone"))
}

impl<'a> Pickle<'a> {
    /// The value.
    pub fn root(&self) -> View<'_, 'a> {
        View { nodes: &self.nodes, id: self.root }
    }

    /// All persistent ids, in file order.
    pub(crate) fn persistents(&self) -> impl Iterator<Item = View<'_, 'a>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Persistent(id) => Some(View { nodes: &self.nodes, id: *id }),
            _ => None,
        })
    }

    /// Length of the pickle, bytes.
    pub fn consumed(&self) -> usize {
        self.consumed
    }
}

/// One value within a [`Pickle`].
#[derive(Debug, Clone, Copy)]
pub struct View<'p, 'a> {
    nodes: &'p [Node<'a>],
    id: Id,
}

impl<'p, 'a> View<'p, 'a> {
    pub(crate) fn node(self) -> &'p Node<'a> {
        &self.nodes[self.id as usize]
    }

    fn at(self, id: Id) -> Self {
        Self { nodes: self.nodes, id }
    }

    /// A text, or a Python 2 string of at most 64 KiB that is UTF-8.
    pub fn as_str(self) -> Option<&'p str> {
        match self.node() {
            Node::Text(s) => Some(s),
            Node::Bytes(b) if b.len() <= MAX_TEXT_BYTES => std::str::from_utf8(b).ok(),
            _ => None,
        }
    }

    /// An integer.
    pub fn as_int(self) -> Option<i64> {
        match self.node() {
            Node::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// A size: an integer of at least 0.
    pub fn as_usize(self) -> Option<usize> {
        self.as_int()?.try_into().ok()
    }

    /// A truth value; old protocols write 0 and 1.
    pub fn as_bool(self) -> Option<bool> {
        match self.node() {
            Node::Bool(b) => Some(*b),
            Node::Int(i) => Some(*i != 0),
            _ => None,
        }
    }

    /// Bytes, also in the disguise of `_codecs.encode(text, 'latin1')` and of `bytes()`.
    pub fn as_bytes(self) -> Option<Cow<'p, [u8]>> {
        match self.node() {
            Node::Bytes(b) => Some(Cow::Borrowed(b)),
            Node::Call(call) if call.function.is(&["_codecs"], "encode") => {
                let [text, codec] = self.as_call()?.1[..] else { return None };
                let latin1 = matches!(codec.as_str()?, "latin1" | "latin-1" | "iso-8859-1");
                let bytes = || text.as_str()?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>();
                if latin1 { Some(Cow::Owned(bytes()?)) } else { None }
            }
            Node::Call(call) if call.function.name == "bytes" => {
                self.as_call()?.1.is_empty().then_some(Cow::Borrowed(&[]))
            }
            _ => None,
        }
    }

    /// The elements of a list, tuple or set.
    pub fn items(self) -> Option<Vec<Self>> {
        match self.node() {
            Node::List(ids) | Node::Tuple(ids) | Node::Set(ids) => Some(ids.iter().map(|id| self.at(*id)).collect()),
            _ => None,
        }
    }

    /// A tuple or list of at most 32 sizes.
    pub fn sizes(self) -> Option<Vec<usize>> {
        match self.node() {
            Node::List(ids) | Node::Tuple(ids) if ids.len() <= MAX_SHORT => {
                ids.iter().map(|id| self.at(*id).as_usize()).collect()
            }
            _ => None,
        }
    }

    /// Keys and values of a dict, an `OrderedDict` or a `defaultdict`.
    pub fn entries(self) -> Option<Vec<[Self; 2]>> {
        let pairs = match self.node() {
            Node::Dict(pairs) => pairs,
            Node::Call(call) if DICTS.contains(&call.function.name) => &call.pairs,
            _ => return None,
        };
        Some(pairs.iter().map(|pair| pair.map(|id| self.at(id))).collect())
    }

    /// The Python name for whose sake the content of the value is unknown.
    pub(crate) fn as_unknown(self) -> Option<&'p str> {
        match self.node() {
            Node::Unknown(name) => Some(name),
            _ => None,
        }
    }

    /// A name.
    pub fn as_global(self) -> Option<Global> {
        match self.node() {
            Node::Global(g) => Some(*g),
            _ => None,
        }
    }

    /// The function and arguments of a call that was noted, if these are at most 32.
    pub fn as_call(self) -> Option<(Global, Vec<Self>)> {
        match self.node() {
            Node::Call(call) => {
                let args = self.at(call.args);
                if args.count() > MAX_SHORT { None } else { Some((call.function, args.items()?)) }
            }
            _ => None,
        }
    }

    /// Number of elements of a list, tuple, set or dict; 0 for anything else.
    pub fn count(self) -> usize {
        match self.node() {
            Node::List(ids) | Node::Tuple(ids) | Node::Set(ids) => ids.len(),
            Node::Dict(pairs) => pairs.len(),
            Node::Call(call) => call.pairs.len(),
            _ => 0,
        }
    }

    /// A number.
    pub fn as_float(self) -> Option<f64> {
        match self.node() {
            Node::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Argument of `__setstate__` of a called object.
    pub fn state(self) -> Option<Self> {
        match self.node() {
            Node::Call(call) => call.state.map(|id| self.at(id)),
            _ => None,
        }
    }

    /// The value behind a persistent id.
    pub fn as_persistent(self) -> Option<Self> {
        match self.node() {
            Node::Persistent(id) => Some(self.at(*id)),
            _ => None,
        }
    }
}

/// An error about the bytes of a pickle.
fn bad(reason: impl Into<String>) -> Error {
    Error::format(FORMAT, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(bytes: &[u8]) -> String {
        parse(bytes, &[PLAIN_GLOBALS]).expect_err("must be refused").to_string()
    }

    #[test]
    fn plain_values_of_all_protocols_are_read() {
        // pickle.dumps({'a': [1, 2.5, None, True], 'b': (-3, 'x')}, protocol=p) for p = 0, 2, 4
        let samples: [&[u8]; 3] = [
            b"(dp0\nVa\np1\n(lp2\nI1\naF2.5\naNaI01\nasVb\np3\n(I-3\nVx\np4\ntp5\ns.",
            b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88eX\x01\x00\x00\x00bq\x03J\xfd\xff\xff\xffX\x01\x00\x00\x00xq\x04\x86q\x05u.",
            b"\x80\x04\x95'\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88e\x8c\x01b\x94J\xfd\xff\xff\xff\x8c\x01x\x94\x86\x94u.",
        ];
        for bytes in samples {
            let pickle = parse(bytes, &[]).unwrap();
            let entries = pickle.root().entries().unwrap();
            assert_eq!(entries[0][0].as_str(), Some("a"));
            let list = entries[0][1].items().unwrap();
            assert_eq!(list[0].as_int(), Some(1));
            assert!(matches!(list[1].node(), Node::Float(2.5)));
            assert!(matches!(list[2].node(), Node::None));
            assert_eq!(list[3].as_bool(), Some(true));
            let pair = entries[1][1].items().unwrap();
            assert_eq!((pair[0].as_int(), pair[1].as_str()), (Some(-3), Some("x")));
            assert_eq!(pickle.consumed(), bytes.len());
        }
    }

    #[test]
    fn names_that_are_not_listed_are_refused_by_name() {
        // os.system('true') by GLOBAL, STACK_GLOBAL and INST
        let by_global = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.";
        let by_stack = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.";
        let by_inst = b"(S'true'\nios\nsystem\n.";
        assert!(reason(by_global).contains("os.system"));
        assert!(reason(by_stack).contains("posix.system"));
        assert!(reason(by_inst).contains("os.system"));
        assert!(reason(b"\x80\x02cbuiltins\neval\n.").contains("builtins.eval"));
        assert!(reason(b"\x82\x01.").contains("extension"));
    }

    #[test]
    fn calling_a_value_that_is_no_name_is_refused() {
        assert!(reason(b"K\x01)R.").contains("calls"));
    }

    #[test]
    fn bytes_in_disguise_are_bytes() {
        let bytes = b"\x80\x02c_codecs\nencode\nX\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1\x86R.";
        let pickle = parse(bytes, &[PLAIN_GLOBALS]).unwrap();
        assert_eq!(pickle.root().as_bytes().unwrap().as_ref(), b"a\xff");
    }

    #[test]
    fn deep_nesting_is_harmless() {
        let deep = [vec![b']'; 500_000], vec![b'a'; 499_999], vec![b'.']].concat();
        let pickle = parse(&deep, &[]).unwrap();
        assert_eq!(pickle.root().items().unwrap().len(), 1);
        assert!(reason(&[b'('; 500_000]).contains("ends"));
    }

    #[test]
    fn declared_lengths_beyond_the_bytes_are_errors() {
        for bytes in
            [&b"X\xff\xff\xff\x7fabc."[..], b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.", b"\x8b\xff\xff\xff\x7f."]
        {
            assert!(reason(bytes).contains("ends"), "{bytes:?}");
        }
        assert!(reason(b"T\xff\xff\xff\xff.").contains("negative"));
    }
}
