//! Values of FBX: properties, times and angles.

use glam::{DMat3, DVec3};

use super::node::Node;

/// Ticks per second of FBX.
const TICKS: f64 = 46_186_158_000.0;

/// Time of a frame.
pub(super) fn ticks(frame: usize, fps: f32) -> i64 {
    (frame as f64 * TICKS / f64::from(fps)).round() as i64
}

/// A node `Properties70` of properties.
pub(super) fn properties(properties: impl IntoIterator<Item = Node>) -> Node {
    Node::new("Properties70").with_all(properties)
}

/// A property: name, type, subtype and flags. The value follows.
pub(super) fn property(name: &str, kind: &str, subtype: &str, flags: &str) -> Node {
    Node::new("P").text(name).text(kind).text(subtype).text(flags)
}

pub(super) fn integer(name: &str, value: i32) -> Node {
    property(name, "int", "Integer", "").int(value)
}

pub(super) fn number(name: &str, value: f64) -> Node {
    property(name, "double", "Number", "").double(value)
}

pub(super) fn time(name: &str, value: i64) -> Node {
    property(name, "KTime", "Time", "").long(value)
}

pub(super) fn text(name: &str, value: &str) -> Node {
    property(name, "KString", "", "").text(value)
}

/// Angles in degrees about x, y and z with `R = Rz Ry Rx`, nearest to those of the frame before. At the pole z is 0.
pub(super) fn euler(m: DMat3, before: DVec3) -> DVec3 {
    let r = |row: usize, col: usize| m.col(col)[row];
    let cos_y = r(0, 0).hypot(r(1, 0));
    let y = (-r(2, 0)).atan2(cos_y);
    let (x, z) =
        if cos_y > 1e-9 { (r(2, 1).atan2(r(2, 2)), r(1, 0).atan2(r(0, 0))) } else { ((-r(1, 2)).atan2(r(1, 1)), 0.0) };
    let angles = DVec3::new(x, y, z).map(f64::to_degrees);
    let near = |a: DVec3| a - ((a - before) / 360.0).round() * 360.0;
    let (one, other) = (near(angles), near(DVec3::new(angles.x + 180.0, 180.0 - angles.y, angles.z + 180.0)));
    if (other - before).length_squared() < (one - before).length_squared() { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_give_their_rotation_back_and_never_jump() {
        let rotation = |a: DVec3| {
            let [x, y, z] = a.to_array().map(f64::to_radians);
            DMat3::from_rotation_z(z) * DMat3::from_rotation_y(y) * DMat3::from_rotation_x(x)
        };
        for angles in [[10.0, 20.0, 30.0], [-170.0, -80.0, 95.0], [40.0, 90.0, 25.0], [40.0, -90.0, 0.0], [0.0; 3]] {
            let m = rotation(DVec3::from_array(angles));
            assert!(rotation(euler(m, DVec3::ZERO)).abs_diff_eq(m, 1e-7), "{angles:?}");
        }
        let mut before = DVec3::ZERO;
        for step in 0..400 {
            let turn = f64::from(step) * 7.0;
            let m = rotation(DVec3::new(turn, 35.0 * (0.1 * turn).to_radians().sin(), 0.3 * turn));
            let angles = euler(m, before);
            assert!(rotation(angles).abs_diff_eq(m, 1e-9));
            assert!((angles - before).abs().max_element() < 20.0, "frame {step}: {before} to {angles}");
            before = angles;
        }
    }
}
