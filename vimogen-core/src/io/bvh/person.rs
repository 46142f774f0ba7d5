//! The persons of a BVH file: its roots.

use std::ops::Range;

use super::Bvh;
use crate::error::{Error, Result};

/// A root and the joints below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    /// Name of the root; a second root of the same name gets a number.
    pub name: String,
    pub joints: Range<usize>,
}

/// The roots of a file, in order.
pub(super) fn persons(file: &Bvh) -> Vec<Person> {
    let joints = file.joints();
    let roots: Vec<usize> = (0..joints.len()).filter(|j| joints[*j].parent.is_none()).collect();
    let mut persons: Vec<Person> = Vec::with_capacity(roots.len());
    for (i, start) in roots.iter().enumerate() {
        let end = roots.get(i + 1).copied().unwrap_or(joints.len());
        let same = roots[..i].iter().filter(|root| joints[**root].name == joints[*start].name).count();
        let number = if same > 0 { format!(" ({})", same + 1) } else { String::new() };
        persons.push(Person { name: format!("{}{number}", joints[*start].name), joints: *start..end });
    }
    persons
}

/// Index of the person that is asked for: by name, by the name's namespace (`two` for `two:Hips`), or by number, from 1.
///
/// # Errors
/// [`Error::InvalidArgument`] with the names of all.
pub(super) fn asked(names: &[String], person: &str) -> Result<usize> {
    let person = person.trim();
    let namespace = |name: &String| name.split_once(':').is_some_and(|(space, _)| space.eq_ignore_ascii_case(person));
    let by_name = names.iter().position(|name| name.eq_ignore_ascii_case(person));
    let by_number = || person.parse::<usize>().ok()?.checked_sub(1).filter(|i| *i < names.len());
    by_name.or_else(|| names.iter().position(namespace)).or_else(by_number).ok_or_else(|| {
        let listed: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
        let reason = format!("the file has no person {person:?}; it has {} (numbers count from 1)", listed.join(", "));
        Error::invalid("person", reason)
    })
}
