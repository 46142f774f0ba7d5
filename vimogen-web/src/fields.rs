//! Fields of a request: read by name and type, and refused by name.

use std::cell::RefCell;

use serde_json::{Map, Value};
use vimogen_core::declare::{DEFAULT_SEED, NamedEnum, OptionSet, Setting};
use vimogen_core::motion::Motion;
use vimogen_core::sample::Preset;
use vimogen_core::{Error, GenerateOptions, Result};

use crate::store::Store;

/// Characters of a prompt that are read.
const MAX_PROMPT: usize = 2000;
/// Frames that one request may ask for.
pub(crate) const MAX_FRAMES: u64 = 20_000;

/// The fields of a request. Those that no task asks for are unknown.
pub(crate) struct Fields<'a> {
    values: &'a Map<String, Value>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    pub fn new(values: &'a Map<String, Value>) -> Self {
        Self { values, asked: RefCell::default() }
    }

    /// The value of a field; null is none.
    pub fn value(&self, name: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(name);
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub fn has(&self, name: &'static str) -> bool {
        self.value(name).is_some()
    }

    pub fn text(&self, name: &'static str) -> Result<Option<&'a str>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.as_str() {
            Some(text) if text.len() <= MAX_PROMPT => Ok(Some(text)),
            Some(text) => {
                Err(Error::invalid(name, format!("it has {} bytes, at most {MAX_PROMPT} are read", text.len())))
            }
            None => Err(wrong(name, value, "a text")),
        }
    }

    pub fn needed_text(&self, name: &'static str) -> Result<&'a str> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub fn number(&self, name: &'static str, low: f64, high: f64) -> Result<Option<f64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let found = value.as_f64().filter(|number| (low..=high).contains(number));
        found.map(Some).ok_or_else(|| wrong(name, value, &format!("a number from {low} to {high}")))
    }

    pub fn needed_number(&self, name: &'static str, low: f64, high: f64) -> Result<f64> {
        self.number(name, low, high)?.ok_or_else(|| missing(name))
    }

    pub fn integer(&self, name: &'static str, low: u64, high: u64) -> Result<Option<u64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let found = value.as_u64().filter(|number| (low..=high).contains(number));
        found.map(Some).ok_or_else(|| wrong(name, value, &format!("a whole number from {low} to {high}")))
    }

    pub fn flag(&self, name: &'static str) -> Result<Option<bool>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| wrong(name, value, "true or false"))
    }

    /// A value of an enum, by its name.
    pub fn named<E: NamedEnum>(&self, name: &'static str) -> Result<Option<E>> {
        self.text(name)?.map(E::from_name).transpose()
    }

    pub fn list(&self, name: &'static str) -> Result<Option<&'a [Value]>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_array().map(|list| Some(list.as_slice())).ok_or_else(|| wrong(name, value, "a list"))
    }

    /// Points on the ground.
    pub fn points(&self, name: &'static str) -> Result<Vec<[f32; 2]>> {
        let list = self.list(name)?.ok_or_else(|| missing(name))?;
        let point = |value: &Value| -> Option<[f32; 2]> {
            let [x, y] = value.as_array()?.as_slice() else { return None };
            Some([x.as_f64()? as f32, y.as_f64()? as f32])
        };
        list.iter().map(|value| point(value).ok_or_else(|| wrong(name, value, "a point such as [0.5, 2]"))).collect()
    }

    /// The motion that a field names.
    pub fn motion<'m>(&self, name: &'static str, motions: &'m Store) -> Result<&'m Motion> {
        motions.get(self.needed_text(name)?)
    }

    pub fn seed(&self) -> Result<u64> {
        Ok(self.integer("seed", 0, i64::MAX as u64)?.unwrap_or(DEFAULT_SEED))
    }

    /// Options of a generation: a preset, and the options that change it.
    pub fn options(&self) -> Result<GenerateOptions> {
        let mut options = GenerateOptions::preset(self.named::<Preset>("quality")?.unwrap_or_default());
        for field in GenerateOptions::fields() {
            if !["seed", "num_frames"].contains(&field.name)
                && let Some(value) = self.value(field.name)
            {
                let setting = setting(value).ok_or_else(|| wrong(field.name, value, "a name, a number or a pair"))?;
                options.set(field.name, &setting)?;
            }
        }
        options.check()?;
        Ok(options.with_seed(self.seed()?))
    }

    /// Fails if there are other fields.
    pub fn finish(&self) -> Result<()> {
        let asked = self.asked.borrow();
        match self.values.keys().find(|name| !asked.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let mut known: Vec<_> = asked.iter().filter(|name| **name != "task").copied().collect();
                known.dedup();
                let reason = format!("it has the unknown field {name:?}; fields are {}", known.join(", "));
                Err(Error::invalid("request", reason))
            }
        }
    }
}

fn setting(value: &Value) -> Option<Setting> {
    match value {
        Value::Bool(flag) => Some(Setting::Flag(*flag)),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => Some(Setting::Integer(whole)),
            None => number.as_f64().map(Setting::Number),
        },
        Value::String(text) => Some(Setting::Text(text.clone())),
        Value::Array(pair) => match pair.as_slice() {
            [low, high] => Some(Setting::Pair(low.as_f64()?, high.as_f64()?)),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn missing(name: &'static str) -> Error {
    Error::invalid(name, "it is missing")
}

pub(crate) fn wrong(name: &'static str, value: &Value, wanted: &str) -> Error {
    let shown: String = value.to_string().chars().take(60).collect();
    Error::invalid(name, format!("it is {shown}, expected {wanted}"))
}
