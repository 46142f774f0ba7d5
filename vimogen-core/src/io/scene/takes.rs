//! Files of several animations or bodies: which one is read.

use crate::error::{Error, Result};
use crate::motion::MotionSource;

/// Names in a message.
const NAMED: usize = 40;

/// The animation of one body.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Take {
    /// Number of the body in the file, and its name.
    pub body: (usize, String),
    /// Number of the animation in the file, and its name.
    pub animation: (usize, String),
}

/// Names of the takes, unique where the file's are: those of the animations, of the bodies, or of both.
pub(in crate::io) fn names(takes: &[Take]) -> Vec<String> {
    let one_body = takes.windows(2).all(|pair| pair[0].body.0 == pair[1].body.0);
    let one_animation = takes.windows(2).all(|pair| pair[0].animation.0 == pair[1].animation.0);
    let named = |what: &str, (number, name): &(usize, String)| {
        if name.is_empty() { format!("{what} {}", number + 1) } else { name.clone() }
    };
    let name = |take: &Take| match (one_body, one_animation) {
        (true, _) => named("animation", &take.animation),
        (false, true) => named("body", &take.body),
        (false, false) => format!("{}: {}", named("body", &take.body), named("animation", &take.animation)),
    };
    takes.iter().map(name).collect()
}

/// The take that `asked` selects: by its name, by that of its animation or body, or by its number from 1.
///
/// # Errors
/// [`Error::InvalidArgument`] that lists the names.
pub(in crate::io) fn find(takes: &[Take], names: &[String], asked: &str) -> Result<usize> {
    let same = |a: &str| a.eq_ignore_ascii_case(asked.trim());
    let by_name = names.iter().position(|name| name == asked).or_else(|| names.iter().position(|name| same(name)));
    let by_part = || takes.iter().position(|take| same(&take.animation.1) || same(&take.body.1));
    let by_number = || asked.trim().parse::<usize>().ok()?.checked_sub(1).filter(|n| *n < takes.len());
    by_name.or_else(by_part).or_else(by_number).ok_or_else(|| {
        let reason = format!("the file has no {asked:?}; it holds {} (or a number from 1)", list(names));
        Error::invalid("person", reason)
    })
}

/// Report on the take that was chosen.
pub(in crate::io) fn found(names: &[String], chosen: usize, asked: bool) -> MotionSource {
    if names.len() < 2 {
        return MotionSource::default();
    }
    let person = names[chosen].clone();
    let warning = (!asked).then(|| {
        format!(
            "the file holds {} animations, {person:?} was read; `person` selects another: {}",
            names.len(),
            list(names)
        )
    });
    MotionSource {
        person: Some(person),
        persons: names.to_vec(),
        warnings: warning.into_iter().collect(),
        ..MotionSource::default()
    }
}

fn list(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text += &format!(" and {} more", names.len() - NAMED);
    }
    text
}
