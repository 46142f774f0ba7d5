//! Which of several persons is read.

use crate::error::{Error, Result};

/// Maximum number of persons that are listed.
const LISTED: usize = 100;

/// The person that is read, and the names of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chosen {
    pub(super) index: usize,
    pub(super) names: Vec<String>,
    pub(super) warning: Option<String>,
}

/// Chooses among persons with a name and a number of frames each: the asked one, or the one with most frames.
///
/// # Errors
/// [`Error::InvalidArgument`] that lists the persons, if the asked one is none of them; [`Error::Format`] if there is none.
pub(super) fn choose(persons: &[(String, usize)], asked: Option<&str>) -> Result<Chosen> {
    let names: Vec<String> = persons.iter().take(LISTED).map(|(name, _)| name.clone()).collect();
    let listed = || {
        let each: Vec<String> =
            persons.iter().take(LISTED).map(|(name, frames)| format!("{name} ({frames} frames)")).collect();
        each.join(", ")
    };
    if let Some(asked) = asked {
        let index = persons.iter().position(|(name, _)| name == asked.trim()).ok_or_else(|| {
            Error::invalid("person", format!("the file has no person {asked:?}; it has {}", listed()))
        })?;
        return Ok(Chosen { index, names, warning: None });
    }
    let longest = persons.iter().map(|(_, frames)| *frames).max().ok_or_else(|| super::bad("it has no person"))?;
    let index = persons.iter().position(|(_, frames)| *frames == longest).unwrap_or(0);
    let warning = (persons.len() > 1).then(|| {
        let name = &persons[index].0;
        format!(
            "the file has {} persons, {}: person {name} was read; person= (--person) chooses another",
            persons.len(),
            listed()
        )
    });
    Ok(Chosen { index, names, warning })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_read_with_a_warning_and_any_can_be_asked_for() {
        let persons = [("3".to_string(), 5), ("7".to_string(), 9)];
        let longest = choose(&persons, None).unwrap();
        assert!(longest.index == 1 && longest.warning.is_some_and(|w| w.contains("--person")));
        assert_eq!(choose(&persons, Some("3")).unwrap().index, 0);
        assert!(choose(&persons, Some("0")).unwrap_err().to_string().contains("3 (5 frames), 7 (9 frames)"));
        assert_eq!(choose(&persons[..1], None).unwrap().warning, None);
        assert!(choose(&[], None).is_err());
    }
}
