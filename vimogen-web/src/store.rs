//! Motions by their content, as in `vimogen serve`.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};
use vimogen_core::motion::Motion;
use vimogen_core::{Error, Result};

/// Values of all motions that are kept; the oldest are forgotten beyond it.
const ROOM: usize = 32 << 20;
/// Letters of a name.
const LETTERS: usize = 20;

/// Motions in memory.
#[derive(Debug, Default)]
pub(crate) struct Store {
    motions: VecDeque<(String, Motion)>,
}

impl Store {
    /// Keeps a motion and gives its name, which depends on its values only.
    pub fn add(&mut self, motion: Motion) -> String {
        let name = name_of(&motion);
        self.motions.retain(|(other, _)| *other != name);
        self.motions.push_back((name.clone(), motion));
        let size =
            |motions: &VecDeque<(String, Motion)>| motions.iter().map(|(_, m)| m.features().len()).sum::<usize>();
        while self.motions.len() > 1 && size(&self.motions) > ROOM {
            self.motions.pop_front();
        }
        name
    }

    /// # Errors
    /// [`Error::NotFound`].
    pub fn get(&self, name: &str) -> Result<&Motion> {
        let found = self.motions.iter().find(|(other, _)| other == name).map(|(_, motion)| motion);
        found.ok_or_else(|| Error::NotFound { what: "motion".into(), path: name.into() })
    }
}

fn name_of(motion: &Motion) -> String {
    let mut digest = Sha256::new();
    for value in motion.features() {
        digest.update(value.to_le_bytes());
    }
    digest.update(motion.fps().to_string());
    let mut name: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    name.truncate(LETTERS);
    name
}
