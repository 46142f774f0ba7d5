//! From the elements of a model to bodies and joints, by MuJoCo's rules.

use std::f64::consts::FRAC_PI_4;

use glam::{DQuat, DVec3};

use super::bad;
use super::defaults::{Defaulted, Defaults};
use super::tree::Element;
use super::values::{Angles, exactly, numbers, vector};
use crate::character::{Joint, JointKind, RobotBody as Body, RobotModel as Model, Shape};
use crate::error::Result;

/// Maximum number of bodies.
const MAX_BODIES: usize = 4096;
/// Maximum number of joints.
const MAX_JOINTS: usize = 4096;
/// Maximum number of geoms.
const MAX_SHAPES: usize = 16384;
/// Elements that make bodies which only MuJoCo's compiler knows.
const MAKERS: [&str; 4] = ["replicate", "composite", "flexcomp", "attach"];
/// Points of the rim of a cylinder.
const RIM: usize = 8;

/// Builds the model.
pub(super) fn compile(root: &Element) -> Result<Model> {
    if root.tag != "mujoco" {
        return Err(bad(format!(
            "its root is <{}>, not <mujoco>; a URDF becomes MJCF with MuJoCo's mj_saveLastXML",
            root.tag
        )));
    }
    let mut compiler =
        Compiler { angles: Angles { unit: 1f64.to_radians(), euler: Angles::sequence("xyz")? }, limits: true };
    root.all("compiler").try_for_each(|element| compiler.read(element))?;
    let defaults = Defaults::new(root)?;
    let world = Body { name: "world".into(), ..body(None) };
    let model = Model {
        name: root.get("model").unwrap_or("MuJoCo Model").to_string(),
        bodies: vec![world],
        joints: Vec::new(),
        width: 0,
        doubts: Vec::new(),
    };
    let mut builder = Builder { compiler, defaults: &defaults, model, geoms: 0 };
    for section in root.all("worldbody") {
        let scope = Scope { body: 0, place: DVec3::ZERO, turn: DQuat::IDENTITY, class: section.get("childclass") };
        builder.fill(section, scope)?;
    }
    builder.equalities(root);
    if builder.model.bodies.len() == 1 {
        return Err(bad("it has no bodies"));
    }
    Ok(builder.model)
}

/// The settings of `<compiler>` that kinematics need.
#[derive(Debug, Clone, Copy)]
struct Compiler {
    angles: Angles,
    /// Whether joints with a range are limited without saying so.
    limits: bool,
}

impl Compiler {
    fn read(&mut self, element: &Element) -> Result<()> {
        match element.get("angle") {
            Some("radian") => self.angles.unit = 1.0,
            Some("degree") => self.angles.unit = 1f64.to_radians(),
            Some(other) => return Err(bad(format!("<compiler> has angle={other:?}, not radian or degree"))),
            None => (),
        }
        if let Some(text) = element.get("eulerseq") {
            self.angles.euler = Angles::sequence(text)?;
        }
        self.limits = element.get("autolimits").map_or(self.limits, |text| text != "false");
        match element.get("coordinate") {
            Some("global") => {
                Err(bad("it has global coordinates, which MuJoCo no longer reads; save it with MuJoCo 2.2"))
            }
            _ => Ok(()),
        }
    }
}

/// Where elements are: their body, the frame around them, and the class that they inherit.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    body: usize,
    place: DVec3,
    turn: DQuat,
    class: Option<&'a str>,
}

struct Builder<'a> {
    compiler: Compiler,
    defaults: &'a Defaults<'a>,
    model: Model,
    /// Number of geoms, of meshes too.
    geoms: usize,
}

impl Builder<'_> {
    /// Joints and shapes of a body, then the bodies below it.
    fn fill(&mut self, element: &Element, scope: Scope<'_>) -> Result<()> {
        let first = self.model.joints.len();
        self.own(element, scope)?;
        self.model.bodies[scope.body].joints = match scope.body {
            0 => 0..0,
            _ => first..self.model.joints.len(),
        };
        self.below(element, scope)
    }

    fn own(&mut self, element: &Element, scope: Scope<'_>) -> Result<()> {
        for child in &element.children {
            match child.tag.as_str() {
                "joint" | "freejoint" => self.joint(child, scope)?,
                "geom" => {
                    self.geoms += 1;
                    if self.geoms > MAX_SHAPES {
                        return Err(bad(format!("it has more than {MAX_SHAPES} geoms")));
                    }
                    if let Some(shape) = self.shape(child, scope)? {
                        self.model.bodies[scope.body].shapes.push(shape);
                    }
                }
                "inertial" => {
                    let centre = vector(child, "pos", child.get("pos"))?;
                    self.model.bodies[scope.body].centre = centre.map(|centre| scope.place + scope.turn * centre);
                }
                "frame" => self.own(child, self.frame(child, scope)?)?,
                _ => (),
            }
        }
        Ok(())
    }

    fn below(&mut self, element: &Element, scope: Scope<'_>) -> Result<()> {
        for child in &element.children {
            match child.tag.as_str() {
                "body" => self.body(child, scope)?,
                "frame" => self.below(child, self.frame(child, scope)?)?,
                tag if MAKERS.contains(&tag) => {
                    return Err(bad(format!(
                        "{} is made by MuJoCo's compiler; load the model in MuJoCo and give the file of mj_saveLastXML",
                        child.label()
                    )));
                }
                _ => (),
            }
        }
        Ok(())
    }

    fn frame<'e>(&self, element: &'e Element, scope: Scope<'e>) -> Result<Scope<'e>> {
        let (place, turn) = self.pose(element, std::iter::once(element))?;
        Ok(Scope {
            place: scope.place + scope.turn * place,
            turn: scope.turn * turn,
            class: element.get("childclass").or(scope.class),
            ..scope
        })
    }

    fn pose<'e>(&self, element: &Element, sources: impl Iterator<Item = &'e Element>) -> Result<(DVec3, DQuat)> {
        let place = vector(element, "pos", element.get("pos"))?.unwrap_or_default();
        Ok((place, self.compiler.angles.turn(sources)?))
    }

    fn body(&mut self, element: &Element, scope: Scope<'_>) -> Result<()> {
        if self.model.bodies.len() >= MAX_BODIES {
            return Err(bad(format!("it has more than {MAX_BODIES} bodies")));
        }
        let (place, turn) = self.pose(element, std::iter::once(element))?;
        let index = self.model.bodies.len();
        self.model.bodies.push(Body {
            name: element.get("name").map_or_else(|| format!("body {index}"), str::to_string),
            place: scope.place + scope.turn * place,
            turn: (scope.turn * turn).normalize(),
            ..body(Some(scope.body))
        });
        let class = element.get("childclass").or(scope.class);
        self.fill(element, Scope { body: index, place: DVec3::ZERO, turn: DQuat::IDENTITY, class })
    }

    fn joint(&mut self, element: &Element, scope: Scope<'_>) -> Result<()> {
        if self.model.joints.len() >= MAX_JOINTS {
            return Err(bad(format!("it has more than {MAX_JOINTS} joints")));
        }
        if scope.body == 0 {
            return Err(bad(format!("{} belongs to the world, which does not move", element.label())));
        }
        let with = self.defaults.of(element, scope.class)?;
        let kind = match (element.tag.as_str(), with.get("type")) {
            ("freejoint", _) | (_, Some("free")) => JointKind::Free,
            (_, Some("ball")) => JointKind::Ball,
            (_, Some("slide")) => JointKind::Slide,
            (_, None | Some("hinge")) => JointKind::Hinge,
            (_, Some(other)) => {
                return Err(bad(format!("{} has type={other:?}, not free, ball, slide or hinge", element.label())));
            }
        };
        if kind == JointKind::Free && self.model.bodies[scope.body].parent != Some(0) {
            return Err(bad(format!("{} is free, and its body is below another", element.label())));
        }
        let unit = if kind == JointKind::Slide { 1.0 } else { self.compiler.angles.unit };
        let axis = vector(element, "axis", with.get("axis"))?.unwrap_or(DVec3::Z);
        let axis = axis.try_normalize().ok_or_else(|| bad(format!("{} has an axis of length 0", element.label())))?;
        let place = vector(element, "pos", with.get("pos"))?.unwrap_or_default();
        let reference = exactly::<1>(element, "ref", with.get("ref"))?.map_or(0.0, |[value]| value * unit);
        let index = self.model.joints.len();
        self.model.joints.push(Joint {
            name: element.get("name").map_or_else(|| format!("joint {index}"), str::to_string),
            kind,
            body: scope.body,
            place: scope.place + scope.turn * place,
            axis: scope.turn * axis,
            range: self.range(&with, kind)?.map(|range| range.map(|value| value * unit)),
            reference,
            at: self.model.width,
        });
        self.model.width += kind.width();
        Ok(())
    }

    /// The range of a limited joint, in the units of the model.
    fn range(&self, joint: &Defaulted<'_>, kind: JointKind) -> Result<Option<[f64; 2]>> {
        let element = joint.element;
        let range = exactly::<2>(element, "range", joint.get("range"))?.filter(|_| kind != JointKind::Free);
        let limited = match joint.get("limited") {
            Some("true") => true,
            Some("false") => false,
            _ if range.is_some() && !self.compiler.limits => {
                let reason = format!("{} has a range and no limited, and autolimits is false", element.label());
                return Err(bad(reason));
            }
            _ => range.is_some(),
        };
        let Some([low, high]) = range.or(limited.then_some([0.0, 0.0])).filter(|_| limited && kind != JointKind::Free)
        else {
            return Ok(None);
        };
        if kind == JointKind::Ball && (low != 0.0 || high <= 0.0) || kind != JointKind::Ball && low >= high {
            return Err(bad(format!("{} has the range {low} to {high}", element.label())));
        }
        Ok(Some([low, high]))
    }

    /// A primitive as points; `None` for meshes, planes and fields.
    fn shape(&self, element: &Element, scope: Scope<'_>) -> Result<Option<Shape>> {
        let with = self.defaults.of(element, scope.class)?;
        let kind = match (with.get("type"), with.get("mesh")) {
            (None, Some(_)) => "mesh",
            (kind, _) => kind.unwrap_or("sphere"),
        };
        let size = numbers(element, "size", with.get("size"), 3)?.unwrap_or_default();
        let at = |k: usize| size.get(k).copied().unwrap_or(0.0);
        let mut half = DVec3::new(at(0), at(1), at(2));
        if matches!(kind, "capsule" | "cylinder") {
            half = DVec3::new(at(0), at(0), at(1));
        }
        let (mut place, mut turn) = match vector(element, "pos", with.get("pos"))? {
            Some(place) => (place, DQuat::IDENTITY),
            None => (DVec3::ZERO, DQuat::IDENTITY),
        };
        if let Some([a, b, c, d, e, f]) = exactly::<6>(element, "fromto", with.get("fromto"))? {
            let (from, to) = (DVec3::new(a, b, c), DVec3::new(d, e, f));
            place = 0.5 * (from + to);
            half.z = 0.5 * from.distance(to);
            turn = (to - from).try_normalize().map_or(DQuat::IDENTITY, |z| DQuat::from_rotation_arc(DVec3::Z, z));
            if matches!(kind, "box" | "ellipsoid") && size.len() < 2 {
                half.y = half.x;
            }
        } else {
            turn *= self.compiler.angles.turn(with.sources())?;
        }
        let Some((points, radius)) = outline(kind, half) else { return Ok(None) };
        let points = points.into_iter().map(|point| scope.place + scope.turn * (place + turn * point)).collect();
        let collides = |name: &str| with.get(name).is_none_or(|value| value.trim() != "0");
        Ok(Some(Shape { points, radius, solid: collides("contype") || collides("conaffinity") }))
    }

    /// Doubts about joints that depend on others.
    fn equalities(&mut self, root: &Element) {
        let count = root.all("equality").map(|section| section.children.len()).sum::<usize>();
        if count > 0 {
            self.model.doubts.push(format!("the {count} equality constraints of the model are not kept"));
        }
    }
}

/// An empty body.
fn body(parent: Option<usize>) -> Body {
    Body {
        name: String::new(),
        parent,
        place: DVec3::ZERO,
        turn: DQuat::IDENTITY,
        joints: 0..0,
        shapes: Vec::new(),
        centre: None,
    }
}

/// Points of a primitive with these half sizes, and the radius around them.
fn outline(kind: &str, half: DVec3) -> Option<(Vec<DVec3>, f64)> {
    let signs = || [-1.0, 1.0].into_iter();
    match kind {
        "sphere" => Some((vec![DVec3::ZERO], half.x)),
        "capsule" => Some((signs().map(|sign| DVec3::Z * (sign * half.z)).collect(), half.x)),
        "cylinder" => {
            let rim = |sign: f64, k: usize| {
                let (sin, cos) = (k as f64 * FRAC_PI_4).sin_cos();
                DVec3::new(half.x * cos, half.x * sin, sign * half.z)
            };
            Some((signs().flat_map(|sign| (0..RIM).map(move |k| rim(sign, k))).collect(), 0.0))
        }
        "box" => {
            let corner = |x: f64, y: f64, z: f64| half * DVec3::new(x, y, z);
            let corners = signs().flat_map(|x| signs().flat_map(move |y| signs().map(move |z| corner(x, y, z))));
            Some((corners.collect(), 0.0))
        }
        "ellipsoid" => {
            let axes = DVec3::AXES.into_iter().flat_map(|axis| signs().map(move |sign| axis * sign));
            let corners = signs().flat_map(|x| signs().flat_map(move |y| signs().map(move |z| DVec3::new(x, y, z))));
            let points = axes.chain(corners.map(DVec3::normalize_or_zero));
            Some((points.map(|point| half * point).collect(), 0.0))
        }
        _ => None,
    }
}
