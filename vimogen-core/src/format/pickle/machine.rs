//! The stack machine of pickles.

use std::collections::HashMap;
use std::mem;

use super::joblib::{self, Wrapped};
use super::literal::{Reader, parse_line_int};
use super::{Call, Global, Id, Node, Pickle, View, bad, unlisted};
use crate::error::Result;

/// Maximum number of values in a pickle, and of stored values. A checkpoint of 2000 tensors has about 60,000.
const MAX_NODES: usize = 1 << 22;
/// Maximum number of pushes and marks together: opcodes of one byte that create no value add to both.
const MAX_PUSHES: usize = 3 * MAX_NODES;

/// Maximum nesting of pickles within pickles, as joblib writes arrays of objects.
const MAX_INNER: usize = 8;

/// Treatment of a Python name that is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlisted {
    /// An error.
    Refused,
    /// A value of which nothing is known.
    Unknown,
}

pub(super) struct Machine<'a, 'g> {
    reader: Reader<'a>,
    allowed: &'g [&'g [Global]],
    unlisted: Unlisted,
    inner: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// Stack heights at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    pushes: usize,
}

impl<'a, 'g> Machine<'a, 'g> {
    pub(super) fn new(bytes: &'a [u8], allowed: &'g [&'g [Global]], unlisted: Unlisted) -> Self {
        let reader = Reader::new(bytes);
        let (nodes, stack, marks, memo) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
        Self { reader, allowed, unlisted, inner: 0, nodes, stack, marks, memo, pushes: 0 }
    }

    pub(super) fn run(mut self) -> Result<Pickle<'a>> {
        let root = self.value()?;
        Ok(Pickle { nodes: self.nodes, root, consumed: self.reader.position() })
    }

    /// Runs up to STOP.
    fn value(&mut self) -> Result<Id> {
        loop {
            let op = self.reader.byte()?;
            if op == b'.' {
                return self.pop();
            }
            if let Some(node) = self.reader.literal(op)? {
                self.push(node)?;
                continue;
            }
            if !(self.stack_op(op)? || self.container(op)? || self.memo_op(op)? || self.call_op(op)?) {
                return Err(bad(format!("it has the unknown opcode {op:#04x}")));
            }
        }
    }

    fn push(&mut self, node: Node<'a>) -> Result<()> {
        if self.nodes.len() >= MAX_NODES {
            return Err(bad(format!("it holds more than {MAX_NODES} values")));
        }
        self.push_id(self.nodes.len() as Id)?;
        self.nodes.push(node);
        Ok(())
    }

    /// Puts a value on the stack that is a node already.
    fn push_id(&mut self, id: Id) -> Result<()> {
        self.grow()?;
        self.stack.push(id);
        Ok(())
    }

    fn push_mark(&mut self) -> Result<()> {
        self.grow()?;
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn grow(&mut self) -> Result<()> {
        self.pushes += 1;
        if self.pushes > MAX_PUSHES {
            Err(bad(format!("it uses its stack more than {MAX_PUSHES} times")))
        } else {
            Ok(())
        }
    }

    /// Stores the top of the stack to be referred to again.
    fn store(&mut self, key: u64) -> Result<()> {
        let id = self.top()?;
        if self.memo.insert(key, id).is_none() && self.memo.len() > MAX_NODES {
            return Err(bad(format!("it stores more than {MAX_NODES} values")));
        }
        Ok(())
    }

    /// Takes the top of the stack, which an open mark protects.
    fn pop(&mut self) -> Result<Id> {
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return Err(bad("it takes a value from an empty stack"));
        }
        self.stack.pop().ok_or_else(|| bad("it takes a value from an empty stack"))
    }

    /// The top of the stack, left there.
    fn top(&mut self) -> Result<Id> {
        let id = self.pop()?;
        self.stack.push(id);
        Ok(id)
    }

    /// Takes all values above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| bad("it has no open mark"))?;
        Ok(self.stack.split_off(mark))
    }

    /// Takes all values above the last mark as pairs.
    fn pop_pairs(&mut self) -> Result<Vec<[Id; 2]>> {
        let values = self.pop_mark()?;
        let (pairs, rest) = values.as_chunks::<2>();
        if rest.is_empty() { Ok(pairs.to_vec()) } else { Err(bad("a dict has a key without a value")) }
    }

    /// Opcodes that only move things on the stack, or do nothing here.
    fn stack_op(&mut self, op: u8) -> Result<bool> {
        match op {
            // PROTO, FRAME: the protocol shows in the opcodes, frames are a matter of buffering.
            0x80 => drop(self.reader.byte()?),
            0x95 => drop(self.reader.take(8)?),
            b'(' => self.push_mark()?,
            b'0' if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let id = self.top()?;
                self.push_id(id)?;
            }
            // READONLY_BUFFER
            0x98 => drop(self.top()?),
            0x97 => return Err(bad("it keeps its data in separate buffers; save it with an older protocol")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn container(&mut self, op: u8) -> Result<bool> {
        match op {
            b']' => self.push(Node::List(Vec::new()))?,
            b'l' => self.push_marked(Node::List)?,
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b't' => self.push_marked(Node::Tuple)?,
            0x85..=0x87 => self.short_tuple(usize::from(op - 0x84))?,
            b'}' => self.push(Node::Dict(Vec::new()))?,
            b'd' => {
                let pairs = self.pop_pairs()?;
                self.push(Node::Dict(pairs))?;
            }
            0x8f => self.push(Node::Set(Vec::new()))?,
            0x91 => self.push_marked(Node::Set)?,
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[[key, value]])?;
            }
            b'u' => {
                let pairs = self.pop_pairs()?;
                self.set_items(&pairs)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn push_marked(&mut self, make: impl FnOnce(Vec<Id>) -> Node<'a>) -> Result<()> {
        let items = self.pop_mark()?;
        self.push(make(items))
    }

    fn short_tuple(&mut self, len: usize) -> Result<()> {
        let mut items = (0..len).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        items.reverse();
        self.push(Node::Tuple(items))
    }

    fn append(&mut self, items: &[Id]) -> Result<()> {
        let list = self.top()?;
        match &mut self.nodes[list as usize] {
            Node::List(all) | Node::Set(all) => all.extend_from_slice(items),
            Node::Unknown(_) => {}
            _ => return Err(bad("it appends to a value that is no list")),
        }
        Ok(())
    }

    fn set_items(&mut self, pairs: &[[Id; 2]]) -> Result<()> {
        let dict = self.top()?;
        match &mut self.nodes[dict as usize] {
            Node::Dict(all) => all.extend_from_slice(pairs),
            Node::Call(call) => call.pairs.extend_from_slice(pairs),
            Node::Unknown(_) => {}
            _ => return Err(bad("it sets items of a value that is no dict")),
        }
        Ok(())
    }

    fn memo_op(&mut self, op: u8) -> Result<bool> {
        match op {
            b'g' | b'h' | b'j' => {
                let key = self.memo_key(op == b'g', op == b'h')?;
                let id = self.memo.get(&key).copied().ok_or_else(|| bad(format!("it never stored value {key}")))?;
                self.push_id(id)?;
            }
            b'p' | b'q' | b'r' => {
                let key = self.memo_key(op == b'p', op == b'q')?;
                self.store(key)?;
            }
            0x94 => self.store(self.memo.len() as u64)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn memo_key(&mut self, line: bool, short: bool) -> Result<u64> {
        if line {
            let key = parse_line_int(self.reader.line()?)?;
            return u64::try_from(key).map_err(|_| bad("it stores a value at a negative index"));
        }
        if short { Ok(self.reader.byte()?.into()) } else { Ok(self.reader.u32()?.into()) }
    }

    fn call_op(&mut self, op: u8) -> Result<bool> {
        match op {
            b'c' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                let global = self.global(module, name)?;
                self.push(global)?;
            }
            0x93 => self.stack_global()?,
            // REDUCE and NEWOBJ differ only in what would be called.
            b'R' | 0x81 => {
                let (args, function) = (self.pop()?, self.pop()?);
                self.call(function, args)?;
            }
            // NEWOBJ_EX: with named arguments, which no listed class takes.
            0x92 => {
                let (_, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(class, args)?;
            }
            b'i' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                let global = self.global(module, name)?;
                self.push_marked(Node::Tuple)?;
                let args = self.pop()?;
                self.push(global)?;
                let class = self.pop()?;
                self.call(class, args)?;
            }
            b'o' => self.object()?,
            b'b' => self.build()?,
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            b'P' => {
                let text = self.reader.text_line()?;
                self.push(text)?;
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            0x82..=0x84 => return Err(bad("it uses the extension registry, which no array needs")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The listed name, or what a name becomes that is not listed.
    fn global(&self, module: &[u8], name: &[u8]) -> Result<Node<'a>> {
        let mut listed = self.allowed.iter().flat_map(|list| list.iter());
        if let Some(global) = listed.find(|g| g.module.as_bytes() == module && g.name.as_bytes() == name) {
            return Ok(Node::Global(*global));
        }
        let short = |b: &[u8]| String::from_utf8_lossy(&b[..b.len().min(80)]).into_owned();
        let full = format!("{}.{}", short(module), short(name));
        match self.unlisted {
            Unlisted::Refused => Err(unlisted(&full)),
            Unlisted::Unknown => Ok(Node::Unknown(full.into())),
        }
    }

    fn stack_global(&mut self) -> Result<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Node::Text(name), Node::Text(module)) = (&self.nodes[name as usize], &self.nodes[module as usize]) else {
            return Err(bad("it refers to a name that is no text"));
        };
        let global = self.global(module.as_bytes(), name.as_bytes())?;
        self.push(global)
    }

    fn call(&mut self, function: Id, args: Id) -> Result<()> {
        let node = match (&self.nodes[function as usize], &self.nodes[args as usize]) {
            (Node::Unknown(name), _) => Node::Unknown(name.clone()),
            (Node::Global(function), Node::Tuple(_)) => call_node(*function, args),
            _ => return Err(bad("it calls a value that is no function")),
        };
        self.push(node)
    }

    /// OBJ: the class and its arguments above a mark.
    fn object(&mut self) -> Result<()> {
        let mut items = self.pop_mark()?.into_iter();
        let class = items.next().ok_or_else(|| bad("it makes an object without a class"))?;
        self.push(Node::Tuple(items.collect()))?;
        let args = self.pop()?;
        self.call(class, args)
    }

    /// BUILD: notes the state of a called object. The bytes of joblib's arrays follow it.
    fn build(&mut self) -> Result<()> {
        let (state, object) = (self.pop()?, self.top()?);
        let wrapper = match &mut self.nodes[object as usize] {
            Node::Call(call) => {
                call.state = Some(state);
                joblib::is_wrapper(call.function)
            }
            Node::Unknown(_) => false,
            _ => return Err(bad("it sets the state of a plain value")),
        };
        if !wrapper {
            return Ok(());
        }
        let node = match joblib::array(View { nodes: &self.nodes, id: state }, &mut self.reader)? {
            Wrapped::Numbers(array) => Node::Array(Box::new(array)),
            Wrapped::Objects => self.inner_pickle()?,
        };
        self.nodes[object as usize] = node;
        Ok(())
    }

    /// The value of a whole pickle that starts here, taken out of its place.
    fn inner_pickle(&mut self) -> Result<Node<'a>> {
        self.inner += 1;
        if self.inner > MAX_INNER {
            return Err(bad("it nests pickles too deep"));
        }
        let outer = (mem::take(&mut self.stack), mem::take(&mut self.marks), mem::take(&mut self.memo));
        let root = self.value()?;
        (self.stack, self.marks, self.memo) = outer;
        self.inner -= 1;
        Ok(mem::replace(&mut self.nodes[root as usize], Node::None))
    }
}

fn call_node<'a>(function: Global, args: Id) -> Node<'a> {
    Node::Call(Box::new(Call { function, args, state: None, pairs: Vec::new() }))
}
