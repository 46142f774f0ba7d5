//! Default classes: attributes that elements of a class have without writing them.

use std::collections::BTreeMap;

use super::bad;
use super::tree::Element;
use crate::error::Result;

/// The class that holds for elements without one.
const MAIN: &str = "main";
/// Maximum depth of classes and number of elements of one. An attribute is looked for in all of them.
const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 64;

/// A class: its elements, and the class that it extends.
#[derive(Debug)]
struct Class<'a> {
    parent: Option<usize>,
    elements: Vec<&'a Element>,
}

/// All classes of a model.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    classes: Vec<Class<'a>>,
    names: BTreeMap<&'a str, usize>,
}

impl<'a> Defaults<'a> {
    /// Reads the `<default>` sections.
    pub fn new(root: &'a Element) -> Result<Self> {
        let mut defaults = Self { classes: vec![Class { parent: None, elements: vec![] }], names: [(MAIN, 0)].into() };
        for section in root.all("default") {
            defaults.section(section, None, 0)?;
        }
        Ok(defaults)
    }

    fn section(&mut self, section: &'a Element, parent: Option<usize>, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(bad(format!("default classes are nested more than {MAX_DEPTH} deep")));
        }
        let index = match (parent, section.get("class")) {
            (None, None | Some(MAIN)) => 0,
            (None, Some(name)) => return Err(bad(format!("the outermost default class is {name:?}, not {MAIN:?}"))),
            (Some(_), None) => return Err(bad("a <default> within another has no class")),
            (Some(parent), Some(name)) => {
                self.classes.push(Class { parent: Some(parent), elements: vec![] });
                if self.names.insert(name, self.classes.len() - 1).is_some() {
                    return Err(bad(format!("default class {name:?} is there twice")));
                }
                self.classes.len() - 1
            }
        };
        let elements = &mut self.classes[index].elements;
        elements.extend(section.children.iter().filter(|child| child.tag != "default"));
        if elements.len() > MAX_ELEMENTS {
            return Err(bad(format!("a default class has more than {MAX_ELEMENTS} elements")));
        }
        section.all("default").try_for_each(|child| self.section(child, Some(index), depth + 1))
    }

    /// An element with the defaults of its own class or, without one, of the class `inherited`.
    pub fn of<'e>(&'e self, element: &'e Element, inherited: Option<&str>) -> Result<Defaulted<'e>> {
        let class = self.class(element.get("class").or(inherited))?;
        Ok(Defaulted { element, defaults: self, class })
    }

    fn class(&self, name: Option<&str>) -> Result<usize> {
        let name = name.unwrap_or(MAIN);
        self.names.get(name).copied().ok_or_else(|| bad(format!("there is no default class {name:?}")))
    }
}

/// An element and its defaults.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaulted<'a> {
    pub element: &'a Element,
    defaults: &'a Defaults<'a>,
    class: usize,
}

impl<'a> Defaulted<'a> {
    /// An attribute: the element's, or that of its class, or of those that the class extends.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.sources().find_map(|element| element.get(name))
    }

    /// The element and those that give its defaults, nearest first.
    pub fn sources(&self) -> impl Iterator<Item = &'a Element> {
        let (classes, element) = (&self.defaults.classes, self.element);
        let up = std::iter::successors(Some(self.class), |class| classes[*class].parent);
        let of = move |class: usize| classes[class].elements.iter().rev().copied().filter(|e| e.tag == element.tag);
        std::iter::once(element).chain(up.flat_map(of))
    }
}
