//! A robot as a tree of bodies and joints, and its forward kinematics, which is that of MuJoCo's `mj_kinematics`.

use std::ops::Range;

use glam::{DQuat, DVec3};

/// Kind of a joint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JointKind {
    /// Position and unit quaternion (w, x, y, z) of the body in the world.
    Free,
    /// Unit quaternion (w, x, y, z).
    Ball,
    /// Metres along the axis.
    Slide,
    /// Radians about the axis.
    Hinge,
}

impl JointKind {
    /// Number of values in `qpos`.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Free => 7,
            Self::Ball => 4,
            Self::Slide | Self::Hinge => 1,
        }
    }
}

/// A joint, which moves its body against the parent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joint {
    pub name: String,
    pub kind: JointKind,
    pub body: usize,
    /// Place in the axes of the body.
    pub place: DVec3,
    /// Direction of hinges and slides in the axes of the body, of length 1.
    pub axis: DVec3,
    /// Minimum and maximum; of a ball the second is the maximum angle.
    pub range: Option<[f64; 2]>,
    /// Value in which the body is placed as the model says.
    pub reference: f64,
    /// First index in `qpos`.
    pub at: usize,
}

/// A solid of a body as points with a radius, in the axes of the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub points: Vec<DVec3>,
    pub radius: f64,
    /// Whether it collides.
    pub solid: bool,
}

/// A rigid body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub name: String,
    /// The body before it in the tree; the world has none.
    pub parent: Option<usize>,
    pub place: DVec3,
    pub turn: DQuat,
    /// Its joints, applied in this order.
    pub joints: Range<usize>,
    pub shapes: Vec<Shape>,
    /// Centre of mass, if the model gives it.
    pub centre: Option<DVec3>,
}

/// A robot. Body 0 is the world; parents come before their children. Metres, radians, z up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub name: String,
    pub bodies: Vec<Body>,
    pub joints: Vec<Joint>,
    /// Number of values of `qpos`.
    pub width: usize,
    /// Doubts about the model, one sentence each.
    pub doubts: Vec<String>,
}

/// Bodies and joints in the world.
#[derive(Debug, Clone, Default)]
pub(crate) struct Posed {
    pub places: Vec<DVec3>,
    pub turns: Vec<DQuat>,
    /// Place of each joint.
    pub anchors: Vec<DVec3>,
    /// Direction of each hinge and slide.
    pub axes: Vec<DVec3>,
    /// Rotation of the body after each joint.
    pub after: Vec<DQuat>,
}

impl Posed {
    pub(crate) fn point(&self, body: usize, point: DVec3) -> DVec3 {
        self.places[body] + self.turns[body] * point
    }
}

impl Model {
    /// The values in which the model is written.
    pub(crate) fn initial(&self) -> Vec<f64> {
        let mut q = vec![0.0; self.width];
        for joint in &self.joints {
            let body = &self.bodies[joint.body];
            match joint.kind {
                JointKind::Free => {
                    q[joint.at..joint.at + 3].copy_from_slice(&body.place.to_array());
                    put_turn(&mut q[joint.at + 3..joint.at + 7], body.turn);
                }
                JointKind::Ball => put_turn(&mut q[joint.at..joint.at + 4], DQuat::IDENTITY),
                JointKind::Slide | JointKind::Hinge => q[joint.at] = joint.reference,
            }
        }
        q
    }

    /// Places all bodies.
    pub(crate) fn pose(&self, q: &[f64], out: &mut Posed) {
        out.places.clear();
        out.turns.clear();
        out.anchors.resize(self.joints.len(), DVec3::ZERO);
        out.axes.resize(self.joints.len(), DVec3::Z);
        out.after.resize(self.joints.len(), DQuat::IDENTITY);
        for body in &self.bodies {
            let (mut place, mut turn) = match body.parent {
                Some(parent) => (out.point(parent, body.place), out.turns[parent] * body.turn),
                None => (body.place, body.turn),
            };
            for (j, joint) in
                self.joints[body.joints.clone()].iter().enumerate().map(|(k, joint)| (body.joints.start + k, joint))
            {
                let values = &q[joint.at..joint.at + joint.kind.width()];
                let anchor = place + turn * joint.place;
                let axis = turn * joint.axis;
                (out.anchors[j], out.axes[j]) = (anchor, axis);
                match joint.kind {
                    JointKind::Free => {
                        place = DVec3::from_slice(values);
                        turn = turn_of(&values[3..]);
                        out.anchors[j] = place;
                    }
                    JointKind::Slide => place += axis * (values[0] - joint.reference),
                    JointKind::Ball | JointKind::Hinge => {
                        turn *= match joint.kind {
                            JointKind::Ball => turn_of(values),
                            _ => DQuat::from_axis_angle(joint.axis, values[0] - joint.reference),
                        };
                        place = anchor - turn * joint.place;
                    }
                }
                out.after[j] = turn;
            }
            out.places.push(place);
            out.turns.push(turn.normalize());
        }
    }

    pub(crate) fn posed(&self, q: &[f64]) -> Posed {
        let mut out = Posed::default();
        self.pose(q, &mut out);
        out
    }

    /// A body and those above it.
    pub(crate) fn path_up(&self, body: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(body), |body| self.bodies[*body].parent)
    }

    /// Whether a body is another or below it.
    pub(crate) fn is_below(&self, body: usize, above: usize) -> bool {
        self.path_up(body).any(|body| body == above)
    }

    /// The lowest body that both hang on.
    pub(crate) fn meeting(&self, a: usize, b: usize) -> usize {
        self.path_up(a).find(|above| self.is_below(b, *above)).unwrap_or(0)
    }

    /// Joints of the bodies from below `top` down to `body`, which is below it.
    pub(crate) fn joints_down(&self, top: usize, body: usize) -> Vec<usize> {
        let mut path: Vec<usize> = self.path_up(body).take_while(|above| *above != top).collect();
        path.reverse();
        path.into_iter().flat_map(|body| self.bodies[body].joints.clone()).collect()
    }

    /// Height of the lowest point of some bodies' shapes; infinite without shapes.
    pub(crate) fn lowest(&self, posed: &Posed, which: impl Fn(usize, &Shape) -> bool) -> f64 {
        let mut low = f64::INFINITY;
        for (b, body) in self.bodies.iter().enumerate().skip(1) {
            let up = posed.turns[b].inverse() * DVec3::Z;
            for shape in body.shapes.iter().filter(|shape| which(b, shape)) {
                let height = |point: &DVec3| up.dot(*point) + posed.places[b].z - shape.radius;
                low = shape.points.iter().map(height).fold(low, f64::min);
            }
        }
        low
    }
}

/// The rotation of a quaternion (w, x, y, z), as MuJoCo normalises it.
pub(crate) fn turn_of(values: &[f64]) -> DQuat {
    let turn = DQuat::from_xyzw(values[1], values[2], values[3], values[0]);
    if turn.length_squared() < 1e-30 { DQuat::IDENTITY } else { turn.normalize() }
}

/// Writes a rotation as (w, x, y, z).
pub(crate) fn put_turn(values: &mut [f64], turn: DQuat) {
    values.copy_from_slice(&[turn.w, turn.x, turn.y, turn.z]);
}
