//! Questions to a judge, in our words or the user's.

use std::path::Path;

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::error::{Error, Result};
use crate::format::read_bounded;

/// Default wording of `Motion_Condition_Consistency`.
const CONSISTENCY: &str = "\
The video shows one person without any objects or scenery: judge by the movement of the body alone. Exactly one of the
motions in this list was asked for:

{candidates}

First say in one sentence what the body does. Then leave one line empty and end with a line of this form, the motion
copied from the list letter by letter:
The closest motion is: <motion>";

/// Default wording of `Motion_Generalizability`.
const GENERALIZABILITY: &str = "\
The video shows one person without any objects or scenery: judge by the movement of the body alone. The motion that was
asked for is:

{prompt}

Say in one sentence what the body does and whether somebody who knows the request would recognise it. Then end with one
line that is either
Answer: yes
or
Answer: no";

/// Default wording of the gate.
const GATE: &str = "\
The video shows one person without any objects or scenery: judge by the movement of the body alone. Does the movement
carry out this request, all of its parts and in their order?

{prompt}

Answer with JSON and nothing else:
{\"analysis\": \"<what the body does, and what is missing or wrong>\", \"matches\": <true or false>}";

/// Maximum size of a template file, bytes.
const MAX_TEMPLATE_BYTES: u64 = 1 << 18;

/// Wordings of the questions, with the slots `{prompt}` and `{candidates}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    /// `Motion_Condition_Consistency`, which needs `{candidates}`.
    pub consistency: String,
    /// `Motion_Generalizability`, which needs `{prompt}`.
    pub generalizability: String,
    /// The gate, which needs `{prompt}`.
    pub gate: String,
}

impl Default for Templates {
    fn default() -> Self {
        let [consistency, generalizability, gate] = [CONSISTENCY, GENERALIZABILITY, GATE].map(String::from);
        Self { consistency, generalizability, gate }
    }
}

impl Templates {
    /// Reads templates: a line `[Motion_Condition_Consistency]`, `[Motion_Generalizability]` or `[gate]` is followed by
    /// the wording. Questions without a section keep the default wording.
    ///
    /// # Errors
    /// [`Error::Format`] for text before the first such line or a template without its slot.
    pub fn parse(text: &str) -> Result<Self> {
        let mut templates = Self::default();
        let mut section: Option<fn(&mut Self) -> &mut String> = None;
        for line in text.lines() {
            let named: Option<fn(&mut Self) -> &mut String> = match line.trim() {
                "[Motion_Condition_Consistency]" => Some(|own| &mut own.consistency),
                "[Motion_Generalizability]" => Some(|own| &mut own.generalizability),
                "[gate]" => Some(|own| &mut own.gate),
                _ => None,
            };
            if let Some(named) = named {
                named(&mut templates).clear();
                section = Some(named);
            } else if let Some(section) = section {
                section(&mut templates).push_str(line);
                section(&mut templates).push('\n');
            } else if !line.trim().is_empty() {
                let reason = "it must begin with [Motion_Condition_Consistency], [Motion_Generalizability] or [gate]";
                return Err(Error::format("prompt template", reason));
            }
        }
        templates.checked()
    }

    /// Reads a file of templates; see [`Templates::parse`].
    ///
    /// # Errors
    /// Those of [`Templates::parse`], [`Error::NotFound`], [`Error::Io`], [`Error::TooLarge`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = String::from_utf8(read_bounded(path, MAX_TEMPLATE_BYTES)?);
        let text = text.map_err(|e| Error::format("prompt template", e.to_string()).with_path(path))?;
        Self::parse(&text).map_err(|error| error.with_path(path))
    }

    fn checked(mut self) -> Result<Self> {
        let slots = [
            ("Motion_Condition_Consistency", &mut self.consistency, "{candidates}"),
            ("Motion_Generalizability", &mut self.generalizability, "{prompt}"),
            ("gate", &mut self.gate, "{prompt}"),
        ];
        for (name, template, slot) in slots {
            *template = template.trim().to_string();
            if !template.contains(slot) {
                return Err(Error::format("prompt template", format!("[{name}] has no {slot}")));
            }
        }
        Ok(self)
    }

    /// The question which of the candidates a video shows; their random order depends on `seed` and `id`.
    pub fn ask_consistency(&self, prompt: &str, others: &[String], seed: u64, id: u64) -> String {
        let list: Vec<String> = shuffled(candidates(prompt, others), seed, id);
        let list: Vec<String> = list.into_iter().map(|motion| format!("- {motion}")).collect();
        self.consistency.replace("{candidates}", &list.join("\n"))
    }

    /// The question whether a video shows the prompt.
    pub fn ask_generalizability(&self, prompt: &str) -> String {
        self.generalizability.replace("{prompt}", prompt)
    }

    /// The question whether a reference motion shows the prompt.
    pub fn ask_gate(&self, prompt: &str) -> String {
        self.gate.replace("{prompt}", prompt)
    }
}

/// The motions to choose from: the prompt and the others, each once, sorted.
pub fn candidates(prompt: &str, others: &[String]) -> Vec<String> {
    let mut all: Vec<String> = others.iter().cloned().chain([prompt.to_string()]).collect();
    all.sort();
    all.dedup();
    all
}

/// The same order for the same seed and id, regardless of the other motions (Fisher and Yates).
fn shuffled(mut list: Vec<String>, seed: u64, id: u64) -> Vec<String> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(id);
    for last in (1..list.len()).rev() {
        list.swap(last, rng.random_range(0..=last));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others() -> Vec<String> {
        ["swim", "run", "walk", "jump", "sit", "bow", "kick", "wave", "spin"].map(String::from).to_vec()
    }

    #[test]
    fn candidates_are_shuffled_by_seed_and_motion_and_none_is_lost() {
        let ask = |seed, id| Templates::default().ask_consistency("clap", &others(), seed, id);
        assert_eq!(ask(1, 250), ask(1, 250));
        assert_ne!(ask(1, 250), ask(2, 250));
        assert_ne!(ask(1, 250), ask(1, 251));
        for motion in others().iter().chain([&"clap".to_string()]) {
            assert_eq!(ask(1, 250).matches(&format!("- {motion}\n")).count(), 1, "{motion}");
        }
    }

    #[test]
    fn every_place_in_the_list_is_as_likely_for_the_right_answer() {
        let place = |id| shuffled(candidates("clap", &others()), 7, id).iter().position(|m| m == "clap").unwrap();
        let mut counts = [0; 10];
        (0..2000).for_each(|id| counts[place(id)] += 1);
        assert!(counts.iter().all(|count| (150..250).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_file_may_replace_some_of_the_wordings() {
        let own = Templates::parse("\n[Motion_Generalizability]\nIs it {prompt}?\n\nAnswer: yes or no\n").unwrap();
        assert_eq!(own.ask_generalizability("a jump"), "Is it a jump?\n\nAnswer: yes or no");
        assert_eq!(own.gate, Templates::default().gate);
        for wrong in ["What is it?", "[gate]\nno slot", "[Motion_Condition_Consistency]\n{prompt}"] {
            assert!(matches!(Templates::parse(wrong), Err(Error::Format { .. })), "{wrong}");
        }
    }
}
