//! Numbers and orientations.

use glam::{DMat3, DQuat, DVec3};

use super::bad;
use super::tree::Element;
use crate::error::{Error, Result};

/// Greatest number that is read; lengths are metres.
const MAX: f64 = 1e6;
/// Attributes that turn an element.
const TURNS: [&str; 5] = ["quat", "axisangle", "euler", "xyaxes", "zaxis"];

/// Numbers of an attribute, up to `N` of them; `None` without the attribute.
pub(super) fn numbers(element: &Element, name: &str, value: Option<&str>, most: usize) -> Result<Option<Vec<f64>>> {
    let Some(text) = value else { return Ok(None) };
    let fault = |why: &str| {
        let shown: String = text.chars().take(60).collect();
        bad(format!("{} has {name}={shown:?}, {why}", element.label()))
    };
    let mut values = Vec::new();
    for word in text.split_ascii_whitespace() {
        let value: f64 = word.parse().map_err(|_| fault("which are not numbers"))?;
        if !value.is_finite() || value.abs() > MAX {
            return Err(fault("a number beyond 1e6"));
        }
        if values.len() == most {
            return Err(fault(&format!("more than {most} numbers")));
        }
        values.push(value);
    }
    Ok(Some(values))
}

/// Exactly `N` numbers.
pub(super) fn exactly<const N: usize>(element: &Element, name: &str, value: Option<&str>) -> Result<Option<[f64; N]>> {
    let Some(values) = numbers(element, name, value, N)? else { return Ok(None) };
    let count = values.len();
    let fault = |_| bad(format!("{} has {count} numbers in {name}, not {N}", element.label()));
    Ok(Some(values.try_into().map_err(fault)?))
}

/// A vector.
pub(super) fn vector(element: &Element, name: &str, value: Option<&str>) -> Result<Option<DVec3>> {
    Ok(exactly::<3>(element, name, value)?.map(DVec3::from_array))
}

/// How the model writes angles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Angles {
    /// Radians of a unit.
    pub unit: f64,
    /// Axes of `euler`, 0 to 2 in their order, and whether each turns with the body.
    pub euler: [(usize, bool); 3],
}

impl Angles {
    /// The order of `eulerseq`: small letters turn with the body.
    pub fn sequence(text: &str) -> Result<[(usize, bool); 3]> {
        let axis = |letter: u8| {
            Some((b"xyz".iter().position(|a| *a == letter.to_ascii_lowercase())?, letter.is_ascii_lowercase()))
        };
        let axes: Option<Vec<_>> = text.bytes().map(axis).collect();
        let fault = || bad(format!("<compiler> has eulerseq={text:?}, not three letters of xyzXYZ"));
        axes.ok_or_else(fault)?.try_into().map_err(|_| fault())
    }

    /// The rotation of the nearest of some elements that has one: an own orientation replaces that of a class.
    pub fn turn<'e>(&self, sources: impl IntoIterator<Item = &'e Element>) -> Result<DQuat> {
        for element in sources {
            if let Some(name) = TURNS.into_iter().find(|name| element.get(name).is_some()) {
                if let Some(second) = TURNS.into_iter().find(|other| *other != name && element.get(other).is_some()) {
                    // `quat` gives way to the others, of which only one may be there.
                    if name != "quat" {
                        return Err(bad(format!("{} has both {name} and {second}", element.label())));
                    }
                    return self.one(element, second);
                }
                return self.one(element, name);
            }
        }
        Ok(DQuat::IDENTITY)
    }

    fn one(&self, element: &Element, name: &str) -> Result<DQuat> {
        let value = element.get(name);
        let short = || bad(format!("{} has a direction of length 0 in {name}", element.label()));
        let unit = |v: DVec3| v.try_normalize().ok_or_else(short);
        Ok(match name {
            "quat" => {
                let [w, x, y, z] = required(exactly::<4>(element, name, value)?)?;
                let turn = DQuat::from_xyzw(x, y, z, w);
                if turn.length() < 1e-14 {
                    return Err(short());
                }
                turn.normalize()
            }
            "axisangle" => {
                let [x, y, z, angle] = required(exactly::<4>(element, name, value)?)?;
                DQuat::from_axis_angle(unit(DVec3::new(x, y, z))?, angle * self.unit)
            }
            "euler" => {
                let angles = required(exactly::<3>(element, name, value)?)?;
                let about = |axis: usize, angle: f64| DQuat::from_axis_angle(DVec3::AXES[axis], angle * self.unit);
                self.euler.into_iter().zip(angles).fold(DQuat::IDENTITY, |turn, ((axis, own), angle)| {
                    if own { turn * about(axis, angle) } else { about(axis, angle) * turn }
                })
            }
            "xyaxes" => {
                let [a, b, c, d, e, f] = required(exactly::<6>(element, name, value)?)?;
                let x = unit(DVec3::new(a, b, c))?;
                let y = DVec3::new(d, e, f);
                let y = unit(y - x * x.dot(y))?;
                DQuat::from_mat3(&DMat3::from_cols(x, y, unit(x.cross(y))?)).normalize()
            }
            _ => {
                let z = unit(required(vector(element, name, value)?)?)?;
                // Of half a turn the axis is x, as in MuJoCo.
                let axis = DVec3::Z.cross(z).try_normalize().unwrap_or(DVec3::X);
                DQuat::from_axis_angle(axis, DVec3::Z.cross(z).length().atan2(z.z))
            }
        })
    }
}

fn required<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("an attribute that was found is missing"))
}
