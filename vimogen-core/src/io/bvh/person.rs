//! The persons of a BVH file: its roots, or the humans below one root.

use super::Bvh;
use super::joint::Joint;
use crate::error::{Error, Result};

/// Minimum number of joints of a human: legs, arms and a pelvis.
const HUMAN: usize = 11;

/// A root and the joints below it, or one of several humans below a root.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    /// Name of the topmost joint; a second person of the same name gets a number.
    pub name: String,
    /// The joints, parents before their children; of one of several humans also the joints above it.
    pub joints: Vec<usize>,
}

/// The roots of a file, in order; a root that several humans hang on gives each of them instead.
pub(super) fn persons(file: &Bvh, is_human: impl Fn(&Person) -> bool) -> Vec<Person> {
    let joints = file.joints();
    let roots: Vec<usize> = (0..joints.len()).filter(|j| joints[*j].parent.is_none()).collect();
    let mut persons: Vec<Person> = Vec::with_capacity(roots.len());
    for (i, start) in roots.iter().enumerate() {
        let end = roots.get(i + 1).copied().unwrap_or(joints.len());
        let humans = below(joints, *start, end).into_iter().filter(&is_human).collect::<Vec<_>>();
        if humans.len() > 1 {
            persons.extend(humans);
        } else {
            persons.push(Person { name: joints[*start].name.clone(), joints: (*start..end).collect() });
        }
    }
    number(&mut persons);
    persons
}

/// The parts of a root that are large enough for a human, where it has several: below it, or below the only joint that
/// hangs on it.
fn below(joints: &[Joint], root: usize, end: usize) -> Vec<Person> {
    let children = |above: usize| (above + 1..end).filter(|j| joints[*j].parent == Some(above)).collect::<Vec<_>>();
    let mut above = vec![root];
    let mut parts = children(root);
    while let [only] = parts[..] {
        above.push(only);
        parts = children(only);
    }
    let ends = parts.iter().skip(1).copied().chain([end]);
    let large = parts.iter().copied().zip(ends).filter(|(start, end)| end - start >= HUMAN);
    let person = |(start, end): (usize, usize)| {
        let joints_of = above.iter().copied().chain(start..end).collect();
        Person { name: joints[start].name.clone(), joints: joints_of }
    };
    let found: Vec<Person> = large.map(person).collect();
    if found.len() > 1 { found } else { Vec::new() }
}

/// Numbers the persons of one name, from the second on.
fn number(persons: &mut [Person]) {
    let names: Vec<String> = persons.iter().map(|person| person.name.clone()).collect();
    for (i, person) in persons.iter_mut().enumerate() {
        let same = names[..i].iter().filter(|name| **name == person.name).count();
        if same > 0 {
            person.name += &format!(" ({})", same + 1);
        }
    }
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
