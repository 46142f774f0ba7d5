//! The skeleton: an ASF file.

use std::collections::HashMap;

use glam::{DMat3, DVec3};

use crate::error::Result;
use crate::io::text::{Words, quoted, utf8};

/// Maximum number of bones.
const MAX_BONES: usize = 1024;
/// Degrees of freedom of one bone: three rotations, three translations, its length.
const MAX_FREEDOMS: usize = 7;

/// A bone, or the root, which has no length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bone {
    pub name: String,
    /// Index of the bone that this one starts at the end of, which comes before; the root has none.
    pub parent: Option<usize>,
    /// From start to end at rest, in world axes, in the unit of [`Skeleton::length`].
    pub reach: DVec3,
    /// Axes of its rotations at rest.
    pub axes: DMat3,
    /// Order in which rotations about its axes are applied.
    pub order: [usize; 3],
    /// Meaning of each of its values in a frame.
    pub freedoms: Vec<Freedom>,
}

/// A value of a bone in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freedom {
    Translation(usize),
    Rotation(usize),
    /// The bone's length, which is not used.
    Length,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Skeleton {
    /// The root, then the bones, parents before their children.
    pub bones: Vec<Bone>,
    /// Factor of lengths: divided by it, the lengths of CMU's files (0.45) are inches.
    pub length: f64,
    /// Whether angles are radians.
    pub radians: bool,
}

impl Freedom {
    fn from_name(name: &[u8]) -> Option<Self> {
        let axis = |byte: &u8| b"xyz".iter().position(|axis| axis.eq_ignore_ascii_case(byte));
        match name {
            [b't' | b'T', letter] => axis(letter).map(Self::Translation),
            [b'r' | b'R', letter] => axis(letter).map(Self::Rotation),
            [b'l' | b'L'] => Some(Self::Length),
            _ => None,
        }
    }
}

/// Product of rotations about the axes of a frame, applied in this order, of angles in radians about x, y and z.
pub(super) fn rotation(order: [usize; 3], angles: DVec3) -> DMat3 {
    order.into_iter().fold(DMat3::IDENTITY, |turn, axis| {
        let angle = angles[axis];
        let next = match axis {
            0 => DMat3::from_rotation_x(angle),
            1 => DMat3::from_rotation_y(angle),
            _ => DMat3::from_rotation_z(angle),
        };
        next * turn
    })
}

impl Skeleton {
    /// Reads the bytes of an ASF file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let text = utf8(bytes);
        let mut words = Words::new("ASF", &text);
        let mut file = File { bones: Vec::new(), by_name: HashMap::new(), root: None, length: 1.0, radians: false };
        let mut parents = HashMap::new();
        while let Some(word) = words.next() {
            match word.to_ascii_lowercase().as_slice() {
                b":units" => file.units(&mut words)?,
                b":root" => file.root(&mut words)?,
                b":bonedata" => file.bone_data(&mut words)?,
                b":hierarchy" => parents = file.hierarchy(&mut words)?,
                [b':', ..] => skip_section(&mut words),
                _ => return Err(words.bad(format!("{}, expected a section such as :bonedata", quoted(word)))),
            }
        }
        file.sorted(&words, &parents)
    }
}

/// Passes all lines up to the next section.
fn skip_section(words: &mut Words<'_>) {
    words.skip_line();
    while words.peek().is_some_and(|word| !word.starts_with(b":")) {
        words.skip_line();
    }
}

/// Whether the section goes on.
fn in_section(words: &mut Words<'_>) -> bool {
    words.peek().is_some_and(|word| !word.starts_with(b":"))
}

/// The part that has been read; the bones in the order of the file.
struct File {
    bones: Vec<Bone>,
    by_name: HashMap<String, usize>,
    root: Option<Bone>,
    length: f64,
    radians: bool,
}

impl File {
    fn units(&mut self, words: &mut Words<'_>) -> Result<()> {
        while in_section(words) {
            match words.need("a unit")?.to_ascii_lowercase().as_slice() {
                b"length" => {
                    let length = words.number().filter(|length| *length > 1e-6);
                    self.length = length.ok_or_else(|| words.unexpected("a positive factor of lengths"))?;
                }
                b"angle" => self.radians = words.need("deg or rad")?.to_ascii_lowercase().starts_with(b"rad"),
                _ => words.skip_line(),
            }
        }
        Ok(())
    }

    fn root(&mut self, words: &mut Words<'_>) -> Result<()> {
        let mut root = bone("root");
        let mut angles = DVec3::ZERO;
        while in_section(words) {
            match words.need("a property of the root")?.to_ascii_lowercase().as_slice() {
                b"order" => root.freedoms = freedoms(words)?,
                b"axis" => root.order = order(words)?,
                b"orientation" => angles = self.angles(words)?,
                _ => words.skip_line(),
            }
        }
        root.axes = rotation(root.order, angles);
        self.root = Some(root);
        Ok(())
    }

    fn bone_data(&mut self, words: &mut Words<'_>) -> Result<()> {
        while in_section(words) {
            words.expect("begin")?;
            if self.bones.len() == MAX_BONES {
                return Err(words.bad(format!("more than {MAX_BONES} bones")));
            }
            let bone = self.bone(words)?;
            if self.by_name.insert(bone.name.clone(), self.bones.len()).is_some() || bone.name == "root" {
                return Err(words.bad(format!("a second bone {:?}", bone.name)));
            }
            self.bones.push(bone);
        }
        Ok(())
    }

    /// A bone, after `begin`.
    fn bone(&self, words: &mut Words<'_>) -> Result<Bone> {
        let mut out = bone("");
        let (mut direction, mut length, mut angles) = (DVec3::ZERO, 0.0, DVec3::ZERO);
        loop {
            match words.need("end of the bone")?.to_ascii_lowercase().as_slice() {
                b"name" => out.name = words.name().into_owned(),
                b"direction" => direction = vector(words)?,
                b"length" => length = words.number().ok_or_else(|| words.unexpected("the length of the bone"))?,
                b"axis" => {
                    angles = self.angles(words)?;
                    out.order = order(words)?;
                }
                b"dof" => out.freedoms = freedoms(words)?,
                b"end" => break,
                // Identity, mass, limits: parentheses over several lines.
                _ => words.skip_line(),
            }
        }
        if out.name.is_empty() {
            return Err(words.bad("a bone without a name"));
        }
        out.reach = direction.normalize_or_zero() * length;
        out.axes = rotation(out.order, angles);
        Ok(out)
    }

    /// Three angles of the file in radians.
    fn angles(&self, words: &mut Words<'_>) -> Result<DVec3> {
        let angles = vector(words)?;
        Ok(if self.radians { angles } else { angles.map(f64::to_radians) })
    }

    /// The parent's name by the bone's.
    fn hierarchy(&self, words: &mut Words<'_>) -> Result<HashMap<String, String>> {
        let mut parents = HashMap::new();
        while in_section(words) {
            let parent = text(words.need("the name of a bone")?);
            if ["begin", "end"].iter().any(|word| parent.eq_ignore_ascii_case(word)) {
                continue;
            }
            if parent != "root" && !self.by_name.contains_key(&parent) {
                return Err(words.bad(format!("the bone {parent:?} is not in :bonedata")));
            }
            while words.skip_blanks_of_line() {
                let child = text(words.need("the name of a bone")?);
                if !self.by_name.contains_key(&child) {
                    return Err(words.bad(format!("the bone {child:?} is not in :bonedata")));
                }
                if parents.insert(child.clone(), parent.clone()).is_some() {
                    return Err(words.bad(format!("the bone {child:?} hangs on two others")));
                }
            }
        }
        Ok(parents)
    }

    /// The bones with parents before their children.
    fn sorted(self, words: &Words<'_>, parents: &HashMap<String, String>) -> Result<Skeleton> {
        let root = self.root.ok_or_else(|| words.bad("the file has no :root"))?;
        if self.bones.is_empty() {
            return Err(words.bad("the file has no :bonedata"));
        }
        let mut bones = vec![root];
        let mut waiting = self.bones;
        while !waiting.is_empty() {
            let known: HashMap<&str, usize> = bones.iter().enumerate().map(|(i, b)| (b.name.as_str(), i)).collect();
            let above = |bone: &Bone| parents.get(&bone.name).and_then(|parent| known.get(parent.as_str())).copied();
            let (ready, rest): (Vec<Bone>, Vec<Bone>) = waiting.into_iter().partition(|bone| above(bone).is_some());
            let Some(_) = ready.first() else {
                return Err(words.bad(format!("the bone {:?} does not hang on the root in :hierarchy", rest[0].name)));
            };
            let ready: Vec<Bone> = ready.into_iter().map(|bone| Bone { parent: above(&bone), ..bone }).collect();
            bones.extend(ready);
            waiting = rest;
        }
        Ok(Skeleton { bones, length: self.length, radians: self.radians })
    }
}

fn bone(name: &str) -> Bone {
    let (reach, axes) = (DVec3::ZERO, DMat3::IDENTITY);
    Bone { name: name.into(), parent: None, reach, axes, order: [0, 1, 2], freedoms: Vec::new() }
}

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

fn vector(words: &mut Words<'_>) -> Result<DVec3> {
    let mut out = DVec3::ZERO;
    for axis in 0..3 {
        out[axis] = words.number().ok_or_else(|| words.unexpected("three numbers"))?;
    }
    Ok(out)
}

/// An order of rotations, such as `XYZ`.
fn order(words: &mut Words<'_>) -> Result<[usize; 3]> {
    let word = words.peek().unwrap_or_default().to_ascii_lowercase();
    let mut axes: Vec<usize> = word.iter().filter_map(|byte| b"xyz".iter().position(|axis| axis == byte)).collect();
    let order = <[usize; 3]>::try_from(axes.as_slice()).ok().filter(|_| word.len() == 3);
    axes.sort_unstable();
    let order = order.filter(|_| axes == [0, 1, 2]).ok_or_else(|| words.unexpected("an order of axes such as XYZ"))?;
    words.next();
    Ok(order)
}

/// The degrees of freedom on the rest of the line.
fn freedoms(words: &mut Words<'_>) -> Result<Vec<Freedom>> {
    let mut out = Vec::new();
    while words.skip_blanks_of_line() {
        let freedom = words.peek().and_then(Freedom::from_name).filter(|_| out.len() < MAX_FREEDOMS);
        out.push(freedom.ok_or_else(|| words.unexpected("a degree of freedom such as rx or TX"))?);
        words.next();
    }
    Ok(out)
}
