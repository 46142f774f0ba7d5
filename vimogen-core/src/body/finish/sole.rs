//! Heights of the body's surface above the ground.

use std::sync::OnceLock;

use glam::{Quat, Vec3};

use crate::body::{BodyModel, NEUTRAL};
use crate::motion::Skeleton;
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_FOOT, LEFT_KNEE, RIGHT_ANKLE, RIGHT_FOOT, RIGHT_KNEE};

/// Ankle and ball of each foot.
const FEET: [[usize; 2]; 2] = [[LEFT_ANKLE, LEFT_FOOT], [RIGHT_ANKLE, RIGHT_FOOT]];
/// Height of joints from which no point of the surface reaches the ground, metres; of knees.
const CLEAR: (f32, f32) = (0.25, 0.14);

/// A point of the surface: shares of joints and its offset from each in the rest pose, metres.
type Point = Vec<(usize, f32, Vec3)>;

/// The built-in body's surface: the points of each foot, and all others.
struct Surface {
    feet: [Vec<Point>; 2],
    rest: Vec<Point>,
}

fn surface() -> &'static Surface {
    static SURFACE: OnceLock<Surface> = OnceLock::new();
    SURFACE.get_or_init(|| {
        let body = BodyModel::neutral();
        let place = |values: &[f32], i: usize| Vec3::from_slice(&values[3 * i..]);
        let mut surface = Surface { feet: [vec![], vec![]], rest: vec![] };
        for (v, weights) in body.weights().iter().enumerate() {
            let at = place(body.rest_vertices(), v);
            let point: Point = weights
                .iter()
                .map(|(j, share)| (usize::from(*j), *share, at - place(body.rest_joints(), usize::from(*j))))
                .collect();
            let share = |of: &[usize; 2]| point.iter().filter(|p| of.contains(&p.0)).map(|p| p.1).sum::<f32>();
            match FEET.iter().position(|foot| share(foot) >= 0.5) {
                Some(foot) => surface.feet[foot].push(point),
                None => surface.rest.push(point),
            }
        }
        surface
    })
}

/// The surface of the built-in body on a skeleton.
pub(super) struct Worn {
    surface: &'static Surface,
    /// Size of the skeleton's legs against the built-in one's.
    scale: f32,
}

/// World rotations and places of the joints.
pub(crate) type Posed = ([Quat; JOINTS], [Vec3; JOINTS]);

/// The soles of the built-in body on a skeleton.
pub(crate) fn worn(skeleton: &Skeleton) -> impl Soles + 'static {
    Worn::on(skeleton)
}

/// Heights of a body's lowest points.
pub(crate) trait Soles {
    /// Height of the lowest point of a foot, metres.
    fn sole(&self, foot: usize, posed: &Posed) -> f32;

    /// Height of the lowest point of the body without its feet, metres; infinite if all joints are so high above `floor`
    /// that it cannot be below.
    fn trunk(&self, posed: &Posed, floor: f32) -> f32;
}

impl Worn {
    pub fn on(skeleton: &Skeleton) -> Self {
        let leg = |s: &Skeleton| -> f32 {
            [LEFT_KNEE, LEFT_ANKLE, RIGHT_KNEE, RIGHT_ANKLE].iter().map(|j| s.offsets[*j].length()).sum()
        };
        Self { surface: surface(), scale: (leg(skeleton) / leg(&NEUTRAL)).clamp(0.05, 20.0) }
    }

    fn lowest(&self, points: &[Point], (turns, places): &Posed) -> f32 {
        // Only heights are needed: the third row of each rotation.
        let up: [Vec3; JOINTS] = std::array::from_fn(|j| turns[j].inverse() * Vec3::Z * self.scale);
        let height =
            |point: &Point| point.iter().map(|(j, share, at)| share * (up[*j].dot(*at) + places[*j].z)).sum::<f32>();
        points.iter().map(height).fold(f32::INFINITY, f32::min)
    }
}

impl Soles for Worn {
    fn sole(&self, foot: usize, posed: &Posed) -> f32 {
        self.lowest(&self.surface.feet[foot], posed)
    }

    fn trunk(&self, posed: &Posed, floor: f32) -> f32 {
        let knees = [LEFT_KNEE, RIGHT_KNEE];
        let clear = |(j, place): (usize, &Vec3)| {
            let legs = FEET.as_flattened().contains(&j);
            let height = if knees.contains(&j) { CLEAR.1 } else { CLEAR.0 };
            legs || place.z - floor > height * self.scale
        };
        if posed.1.iter().enumerate().all(clear) {
            return f32::INFINITY;
        }
        self.lowest(&self.surface.rest, posed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{REST_TO_WORLD, SMPLX_ROOT};

    #[test]
    fn heights_are_those_of_the_worn_mesh() {
        let mut local = [Quat::IDENTITY; JOINTS];
        local[0] = Quat::from_mat3(&REST_TO_WORLD);
        local[LEFT_KNEE] = Quat::from_rotation_x(0.6);
        let posed = NEUTRAL.fk(Vec3::new(0.1, 0.2, 0.5), local);
        let worn = Worn::on(&NEUTRAL);
        let mut clip = crate::motion::codec::SmplMotion::zeros(1);
        clip.set_rotations(0, &local);
        crate::motion::codec::write_at(clip.transl.row_mut(0), 0, &(Vec3::new(0.1, 0.2, 0.5) - SMPLX_ROOT).to_array());
        let vertices = BodyModel::neutral().vertices(&clip).unwrap();
        let lowest = vertices.iter().skip(2).step_by(3).fold(f32::INFINITY, |m, z| m.min(*z));
        let ours = worn.sole(0, &posed).min(worn.sole(1, &posed)).min(worn.trunk(&posed, 0.4));
        assert!((lowest - ours).abs() < 1e-4, "{lowest} {ours}");
    }
}
