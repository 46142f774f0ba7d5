//! Watching a forward pass: which parts ran, how often, and what they put out.
//!
//! Tests use it to compare intermediate values and to prove that nothing superfluous is computed. It costs one
//! thread-local check per watched part when nobody is watching.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use burn::tensor::Tensor;
use ndarray::{ArrayD, IxDyn};

/// The record of [`watch`] on the calling thread.
#[derive(Debug, Default, Clone)]
pub struct Trace {
    /// How often each part ran, by name such as `block` or `ref_block`.
    pub calls: BTreeMap<String, usize>,
    /// The last output of each part by its full name, such as `block0.self_attn`.
    pub values: BTreeMap<String, ArrayD<f32>>,
}

impl Trace {
    /// How often the part ran.
    pub fn count(&self, name: &str) -> usize {
        self.calls.get(name).copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct Watcher {
    trace: Trace,
    keep_values: bool,
    scope: Vec<String>,
}

thread_local! {
    static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
}

/// Runs `f` and reports what ran; `keep_values` also copies outputs to the host, which is slow.
pub fn watch<T>(keep_values: bool, f: impl FnOnce() -> T) -> (T, Trace) {
    WATCHER.set(Some(Watcher { keep_values, ..Watcher::default() }));
    let out = f();
    (out, WATCHER.take().map(|w| w.trace).unwrap_or_default())
}

/// Whether the calling thread is watched.
pub(crate) fn is_watched() -> bool {
    WATCHER.with_borrow(Option::is_some)
}

fn with(f: impl FnOnce(&mut Watcher)) {
    WATCHER.with_borrow_mut(|w| w.as_mut().map(f));
}

/// Counts a call of `name`.
pub(crate) fn count(name: &str) {
    add(name, 1);
}

/// Adds `n` to the count of `name`.
pub(crate) fn add(name: &str, n: usize) {
    with(|w| *w.trace.calls.entry(name.into()).or_insert(0) += n);
}

/// Counts a call of `kind`, prefixes the values recorded by `f` with `kind` and its number, and keeps the result.
pub(crate) fn numbered<const D: usize>(kind: &str, index: usize, f: impl FnOnce() -> Tensor<D>) -> Tensor<D> {
    count(kind);
    part(&format!("{kind}{index}"), f)
}

/// Prefixes the values recorded by `f` with `name`, and keeps the result under that name.
pub(crate) fn part<const D: usize>(name: &str, f: impl FnOnce() -> Tensor<D>) -> Tensor<D> {
    let Ok(out) = try_part::<D, Infallible>(name, || Ok(f()));
    out
}

/// [`part`] of a computation that can fail.
pub(crate) fn try_part<const D: usize, E>(
    name: &str,
    f: impl FnOnce() -> Result<Tensor<D>, E>,
) -> Result<Tensor<D>, E> {
    with(|w| w.scope.push(name.into()));
    let out = f();
    if let Ok(out) = &out {
        value("", out);
    }
    with(|w| {
        w.scope.pop();
    });
    out
}

/// Keeps the value of `f`, which is only called when values are kept: for what a fused kernel never puts out.
pub(crate) fn lazy<const D: usize>(name: &str, f: impl FnOnce() -> Tensor<D>) {
    if WATCHER.with_borrow(|w| w.as_ref().is_some_and(|w| w.keep_values)) {
        value(name, &f());
    }
}

/// Keeps the value `x` of the part `name` within the current scope; an empty name is the scope itself.
pub(crate) fn value<const D: usize>(name: &str, x: &Tensor<D>) {
    with(|w| {
        if !w.keep_values {
            return;
        }
        let mut path = w.scope.clone();
        if !name.is_empty() {
            path.push(name.into());
        }
        if let Ok(values) = x.clone().try_into_vec_as::<f32>()
            && let Ok(array) = ArrayD::from_shape_vec(IxDyn(&x.dims()), values)
        {
            w.trace.values.insert(path.join("."), array);
        }
    });
}
