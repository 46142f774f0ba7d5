//! The objects of an FBX scene and what connects them.

use glam::{DMat3, DMat4, DVec3};

use super::node::Node;
use super::property::{euler, number, properties, property, ticks, time};
use crate::io::skinned::Skinned;
use crate::motion::layout::JOINTS;

const NAME: &str = "body";
/// Linear interpolation of keys.
const LINEAR: i32 = 4;
const GEOMETRY: i64 = 1_000_000;
const MESH: i64 = 1_000_001;
const MATERIAL: i64 = 1_000_002;
const SKIN: i64 = 1_000_003;
const POSE: i64 = 1_000_004;
const STACK: i64 = 1_000_005;
const LAYER: i64 = 1_000_006;

/// Kinds of objects of a joint; each has a number per joint.
#[derive(Clone, Copy)]
enum Of {
    Limb = 2,
    Attribute = 3,
    Cluster = 4,
    Turns = 5,
    Places = 6,
    /// Three per joint.
    TurnCurve = 10,
    PlaceCurve = 20,
}

fn id(of: Of, joint: usize) -> i64 {
    1_000_000 * of as i64 + joint as i64
}

/// Objects and connections.
pub(super) struct Objects {
    pub objects: Vec<Node>,
    pub connections: Vec<Node>,
    counts: Vec<(&'static str, i32)>,
}

impl Objects {
    /// The scene of a clip, in units of which a metre has `scale`.
    pub(super) fn new(clip: &Skinned<'_>, scale: f64) -> Self {
        let mut all = Self { objects: Vec::new(), connections: Vec::new(), counts: Vec::new() };
        let motions = (0..clip.rest.len()).map(|joint| Movement::new(clip, joint, scale)).collect::<Vec<_>>();
        all.mesh(clip, scale);
        for (joint, movement) in motions.iter().enumerate() {
            all.limb(clip, joint, movement, scale);
        }
        all.skin(clip, scale);
        all.pose(clip, scale);
        all.animation(clip, &motions);
        all
    }

    fn add(&mut self, kind: &'static str, object: Node) {
        match self.counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((kind, 1)),
        }
        self.objects.push(object);
    }

    fn connect(&mut self, child: i64, parent: i64) {
        self.connections.push(Node::new("C").text("OO").long(child).long(parent));
    }

    fn connect_to(&mut self, child: i64, parent: i64, property: &str) {
        self.connections.push(Node::new("C").text("OP").long(child).long(parent).text(property));
    }

    /// Counts of the objects by type.
    pub(super) fn definitions(&self) -> Node {
        let total = self.counts.iter().map(|(_, count)| count).sum::<i32>() + 1;
        let of = |kind: &str, count: i32| Node::new("ObjectType").text(kind).with(Node::new("Count").int(count));
        Node::new("Definitions")
            .with(Node::new("Version").int(100))
            .with(Node::new("Count").int(total))
            .with(of("GlobalSettings", 1))
            .with_all(self.counts.iter().map(|(kind, count)| of(kind, *count)))
    }

    fn mesh(&mut self, clip: &Skinned<'_>, scale: f64) {
        let corners: Vec<i32> =
            clip.body.faces().rows().into_iter().flat_map(|f| corners([f[0], f[1], f[2]])).collect();
        let layer = |kind: &'static str| {
            Node::new("LayerElement").with(Node::new("Type").text(kind)).with(Node::new("TypedIndex").int(0))
        };
        let element = |name: &'static str, version: i32, mapping: &str, reference: &str| {
            Node::new(name)
                .int(0)
                .with(Node::new("Version").int(version))
                .with(Node::new("Name").text(""))
                .with(Node::new("MappingInformationType").text(mapping))
                .with(Node::new("ReferenceInformationType").text(reference))
        };
        let normals = clip.normals().into_iter().flatten().map(f64::from);
        let geometry = Node::new("Geometry")
            .long(GEOMETRY)
            .named(NAME, "Geometry")
            .text("Mesh")
            .with(Node::new("Properties70").listing())
            .with(Node::new("GeometryVersion").int(124))
            .with(Node::new("Vertices").doubles(clip.vertices().into_iter().flatten().map(|v| f64::from(v) * scale)))
            .with(Node::new("PolygonVertexIndex").ints(&corners))
            .with(element("LayerElementNormal", 101, "ByVertice", "Direct").with(Node::new("Normals").doubles(normals)))
            .with(
                element("LayerElementMaterial", 101, "AllSame", "IndexToDirect")
                    .with(Node::new("Materials").ints(&[0])),
            )
            .with(
                Node::new("Layer")
                    .int(0)
                    .with(Node::new("Version").int(100))
                    .with(layer("LayerElementNormal"))
                    .with(layer("LayerElementMaterial")),
            );
        self.add("Geometry", geometry);
        let model = model(MESH, NAME, "Mesh", DVec3::ZERO, DVec3::ZERO)
            .with(Node::new("Shading").flag(true))
            .with(Node::new("Culling").text("CullingOff"));
        self.add("Model", model);
        let material = Node::new("Material")
            .long(MATERIAL)
            .named(NAME, "Material")
            .text("")
            .with(Node::new("Version").int(102))
            .with(Node::new("ShadingModel").text("lambert"))
            .with(Node::new("MultiLayer").int(0))
            .with(properties([property("DiffuseColor", "Color", "", "A").double(0.55).double(0.62).double(0.72)]));
        self.add("Material", material);
        self.connect(MESH, 0);
        self.connect(GEOMETRY, MESH);
        self.connect(MATERIAL, MESH);
    }

    /// A joint: its node in the hierarchy and what says that it is a joint.
    fn limb(&mut self, clip: &Skinned<'_>, joint: usize, movement: &Movement, scale: f64) {
        let (name, limb) = (&clip.names[joint], id(Of::Limb, joint));
        let still = clip.motion.len() == 1 || joint >= JOINTS;
        let first = |values: &[DVec3]| still.then(|| values.first().copied()).flatten();
        let place = first(&movement.places).unwrap_or(clip.offset(joint).as_dvec3() * scale);
        let turn = first(&movement.turns).unwrap_or_default();
        self.add("Model", model(limb, name, "LimbNode", place, turn));
        let attribute = Node::new("NodeAttribute")
            .long(id(Of::Attribute, joint))
            .named(name, "NodeAttribute")
            .text("LimbNode")
            .with(properties([number("Size", 0.05 * scale)]))
            .with(Node::new("TypeFlags").text("Skeleton"));
        self.add("NodeAttribute", attribute);
        self.connect(limb, clip.parent(joint).map_or(0, |parent| id(Of::Limb, parent)));
        self.connect(id(Of::Attribute, joint), limb);
    }

    fn skin(&mut self, clip: &Skinned<'_>, scale: f64) {
        let skin = Node::new("Deformer")
            .long(SKIN)
            .named(NAME, "Deformer")
            .text("Skin")
            .with(Node::new("Version").int(101))
            .with(Node::new("Link_DeformAcuracy").double(50.0));
        self.add("Deformer", skin);
        self.connect(SKIN, GEOMETRY);
        let weights = clip.weights();
        for joint in 0..clip.rest.len() {
            let own = weights.iter().enumerate().flat_map(|(vertex, all)| all.map(|(of, weight)| (vertex, of, weight)));
            let own = own.filter(|(_, of, weight)| usize::from(*of) == joint && *weight > 0.0);
            let (indices, weights): (Vec<i32>, Vec<f64>) =
                own.map(|(vertex, _, weight)| (vertex as i32, f64::from(weight))).unzip();
            let place = clip.rest[joint].as_dvec3() * scale;
            let mut cluster = Node::new("Deformer")
                .long(id(Of::Cluster, joint))
                .named(&clip.names[joint], "SubDeformer")
                .text("Cluster")
                .with(Node::new("Version").int(100))
                .with(Node::new("UserData").text("").text(""));
            if !indices.is_empty() {
                cluster = cluster.with(Node::new("Indexes").ints(&indices)).with(Node::new("Weights").doubles(weights));
            }
            let cluster = cluster
                .with(Node::new("Transform").doubles(DMat4::from_translation(-place).to_cols_array()))
                .with(Node::new("TransformLink").doubles(DMat4::from_translation(place).to_cols_array()));
            self.add("Deformer", cluster);
            self.connect(id(Of::Cluster, joint), SKIN);
            self.connect(id(Of::Limb, joint), id(Of::Cluster, joint));
        }
    }

    /// The pose in which the mesh is bound to the skeleton.
    fn pose(&mut self, clip: &Skinned<'_>, scale: f64) {
        let node = |node: i64, place: DVec3| {
            Node::new("PoseNode")
                .with(Node::new("Node").long(node))
                .with(Node::new("Matrix").doubles(DMat4::from_translation(place).to_cols_array()))
        };
        let joints = clip.rest.iter().enumerate();
        let pose = Node::new("Pose")
            .long(POSE)
            .named(NAME, "Pose")
            .text("BindPose")
            .with(Node::new("Type").text("BindPose"))
            .with(Node::new("Version").int(100))
            .with(Node::new("NbPoseNodes").int(1 + clip.rest.len() as i32))
            .with(node(MESH, DVec3::ZERO))
            .with_all(joints.map(|(joint, place)| node(id(Of::Limb, joint), place.as_dvec3() * scale)));
        self.add("Pose", pose);
    }

    fn animation(&mut self, clip: &Skinned<'_>, motions: &[Movement]) {
        let fps = clip.motion.fps();
        let end = ticks(clip.motion.len() - 1, fps);
        let span = ["LocalStart", "LocalStop", "ReferenceStart", "ReferenceStop"];
        let span = span.into_iter().zip([0, end, 0, end]).map(|(name, at)| time(name, at));
        // A null record ends both: one reader drops the animation otherwise.
        let stack = Node::new("AnimationStack").long(STACK).named("motion", "AnimStack").text("").listing();
        self.add("AnimationStack", stack.with(properties(span)));
        let layer = Node::new("AnimationLayer").long(LAYER).named("motion", "AnimLayer").text("").listing();
        self.add("AnimationLayer", layer);
        self.connect(LAYER, STACK);
        let times: Vec<i64> = (0..clip.motion.len()).map(|t| ticks(t, fps)).collect();
        for (joint, movement) in motions.iter().enumerate().take(JOINTS) {
            let (turns, places) = (id(Of::Turns, joint), id(Of::Places, joint));
            self.track(("R", "Lcl Rotation"), turns, joint, Of::TurnCurve, &times, &movement.turns);
            self.track(("T", "Lcl Translation"), places, joint, Of::PlaceCurve, &times, &movement.places);
        }
    }

    /// The curves of a property of a joint, unless it has none.
    fn track(
        &mut self,
        (name, property): (&str, &str),
        node: i64,
        joint: usize,
        curve: Of,
        times: &[i64],
        values: &[DVec3],
    ) {
        let Some(first) = values.first() else { return };
        let axes = ["d|X", "d|Y", "d|Z"];
        let start = axes
            .into_iter()
            .zip(first.to_array())
            .map(|(axis, value)| self::property(axis, "Number", "", "A").double(value));
        let curves =
            Node::new("AnimationCurveNode").long(node).named(name, "AnimCurveNode").text("").with(properties(start));
        self.add("AnimationCurveNode", curves);
        self.connect(node, LAYER);
        self.connect_to(node, id(Of::Limb, joint), property);
        for (axis, label) in axes.into_iter().enumerate() {
            let number = id(curve, 3 * joint + axis);
            let keys: Vec<f32> = values.iter().map(|value| value[axis] as f32).collect();
            let curve = Node::new("AnimationCurve")
                .long(number)
                .named("", "AnimCurve")
                .text("")
                .with(Node::new("Default").double(first[axis]))
                .with(Node::new("KeyVer").int(4008))
                .with(Node::new("KeyTime").longs(times))
                .with(Node::new("KeyValueFloat").floats(&keys))
                .with(Node::new("KeyAttrFlags").ints(&[LINEAR]))
                .with(Node::new("KeyAttrDataFloat").floats(&[0.0; 4]))
                .with(Node::new("KeyAttrRefCount").ints(&[keys.len() as i32]));
            self.add("AnimationCurve", curve);
            self.connect_to(number, node, label);
        }
    }
}

/// Angles of a joint relative to its parent, and places of the pelvis.
struct Movement {
    places: Vec<DVec3>,
    turns: Vec<DVec3>,
}

impl Movement {
    fn new(clip: &Skinned<'_>, joint: usize, scale: f64) -> Self {
        let mut before = DVec3::ZERO;
        let turn = |turn: &glam::Quat| {
            before = euler(DMat3::from_quat(turn.as_dquat().normalize()), before);
            before
        };
        let mut turns = clip.turns(joint);
        // The others do not move.
        turns.truncate(if joint < JOINTS { turns.len() } else { 1 });
        let turns = turns.iter().map(turn).collect();
        let places = if joint == 0 { clip.roots() } else { Vec::new() };
        Self { places: places.iter().map(|place| place.as_dvec3() * scale).collect(), turns }
    }
}

/// Corners of a triangle; the last is negated, which ends the polygon.
fn corners(face: [u32; 3]) -> [i32; 3] {
    [face[0] as i32, face[1] as i32, !(face[2] as i32)]
}

fn model(id: i64, name: &str, kind: &str, place: DVec3, turn: DVec3) -> Node {
    let vector =
        |name: &str, value: DVec3| property(name, name, "", "A").double(value.x).double(value.y).double(value.z);
    Node::new("Model").long(id).named(name, "Model").text(kind).with(Node::new("Version").int(232)).with(properties([
        property("InheritType", "enum", "", "").int(1),
        vector("Lcl Translation", place),
        vector("Lcl Rotation", turn),
        vector("Lcl Scaling", DVec3::ONE),
    ]))
}
