//! Where a character's hips are and where its feet stand.

use glam::{Quat, Vec3};

use super::fit::Fit;
use crate::body::{Curve, JointPlaces as Posed, REST_TO_WORLD, Soles, Stands, body_low, plant_as, standing, worn};
use crate::motion::layout::JOINTS;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_FOOT, LEFT_HIP, PELVIS, RIGHT_ANKLE, RIGHT_HIP};
use crate::motion::{Pose, Skeleton};

/// Frames per second at which a curve's stiffness is 1.
const RATE: f32 = 20.0;
/// Weight that draws the hips back to their path: within about 30 frames at [`RATE`].
const BACK: f64 = 1e-3;

/// Steps in which toes are bent to the ground.
const BENDS: usize = 4;

/// The soles of a character: the points of its own feet or, where its surface is not known, those of the built-in body at
/// the heights of the character's ankles and toes. Toes that are below the ground bend and lift no foot.
struct OwnSoles {
    /// Points from the ankle in its axes, and from the ball in those of the toes.
    own: [Vec<Vec3>; 2],
    tips: [Vec<Vec3>; 2],
    /// Heights of the balls above the ground when the character stands.
    balls: [f32; 2],
    worn: Box<dyn Soles>,
    /// How much higher ankles and toes are than the built-in body's, metres of the clip.
    ankles: [f32; 2],
    toes: [f32; 2],
}

impl OwnSoles {
    fn new(fit: &Fit, source: &Skeleton) -> Self {
        let (theirs, ours) = (ankle_heights(fit), own_ankle_heights(source));
        let ankles = [0, 1].map(|foot| theirs[foot] - ours[foot]);
        let bone = |skeleton: &Skeleton, foot: usize| skeleton.offsets[LEFT_FOOT + foot].y;
        let toes = [0, 1].map(|foot| ankles[foot] + bone(&fit.skeleton, foot) - bone(source, foot));
        let points = |toes: bool| {
            [0, 1].map(|side| {
                let own = fit.soles.iter().filter(|(foot, _)| foot.side == side && foot.toes == toes);
                own.map(|(_, point)| *point).collect::<Vec<_>>()
            })
        };
        let balls = [0, 1].map(|foot| (theirs[foot] + bone(&fit.skeleton, foot)).clamp(0.0, theirs[foot].max(0.0)));
        Self { balls, own: points(false), tips: points(true), worn: Box::new(worn(&fit.skeleton)), ankles, toes }
    }

    /// The pose with ankles and toes at the heights of the built-in body's.
    fn lowered(&self, (turns, places): &Posed) -> Posed {
        let mut places = *places;
        for foot in 0..2 {
            let (ankle, toe) = (LEFT_ANKLE + foot, LEFT_FOOT + foot);
            places[ankle] -= turns[ankle] * Vec3::Y * self.ankles[foot];
            places[toe] -= turns[toe] * Vec3::Y * self.toes[foot];
        }
        (*turns, places)
    }
}

impl Soles for OwnSoles {
    fn sole(&self, foot: usize, posed: &Posed) -> f32 {
        let (ankle, ball) = (LEFT_ANKLE + foot, LEFT_FOOT + foot);
        let height = |point: &Vec3| (posed.1[ankle] + posed.0[ankle] * *point).z;
        match self.own[foot].iter().map(height).reduce(f32::min) {
            // A foot rolls over its ball.
            Some(low) => low.min(posed.1[ball].z - self.balls[foot]),
            None => self.worn.sole(foot, &self.lowered(posed)),
        }
    }

    fn trunk(&self, posed: &Posed, floor: f32) -> f32 {
        self.worn.trunk(posed, floor)
    }
}

/// The poses of a clip on the character, and when its feet stand.
#[derive(Debug)]
pub(super) struct Stood {
    /// In metres of the clip, the ground of the clip at height `floor`.
    pub poses: Vec<Pose>,
    pub stands: Stands,
    pub floor: f32,
}

/// Moves the poses of a clip on `source` to the character: the hip joints are over the ankles as in the clip, and with
/// `plant` standing feet do not slide.
pub(super) fn stand(fit: &Fit, source: &Skeleton, poses: &[Pose], fps: f32, plant: bool) -> Stood {
    let (stands, floor) = standing(source, poses, fps);
    let soles = OwnSoles::new(fit, source);
    let lift = 0.5 * (soles.ankles[0] + soles.ankles[1]);
    let hips = |skeleton: &Skeleton| 0.5 * (skeleton.offsets[LEFT_HIP] + skeleton.offsets[RIGHT_HIP]);
    let shift = hips(source) - hips(&fit.skeleton);
    let mut moved: Vec<Pose> = poses
        .iter()
        .map(|pose| Pose { root: pose.root + pose.rotations[PELVIS] * shift + Vec3::Z * lift, ..*pose })
        .collect();
    if plant {
        follow_feet(fit, &mut moved, fps, (&soles, floor), &stands);
        plant_as(&fit.skeleton, &mut moved, fps, (&soles, floor), &stands);
        moved.iter_mut().for_each(|pose| bend_toes(fit, pose, &soles, floor));
    }
    Stood { poses: moved, stands, floor }
}

/// Moves the hips so that feet that stand stay near their places without a turn of the legs: thighs and shins of another
/// ratio take the feet elsewhere. In the long run the hips stay on their path.
fn follow_feet(fit: &Fit, poses: &mut [Pose], fps: f32, (soles, floor): (&OwnSoles, f32), stands: &Stands) {
    let posed: Vec<Posed> = poses.iter().map(|pose| fit.skeleton.fk(pose.root, pose.rotations)).collect();
    let stiffness = f64::from(fps / RATE).powi(3);
    let mut curves: [Curve; 3] = std::array::from_fn(|_| Curve::new(poses.len(), stiffness, BACK));
    for (foot, stands) in stands.iter().enumerate() {
        let ball = |posed: &Posed| posed.1[LEFT_FOOT + foot];
        for (first, last) in stands {
            let stand = &posed[*first..=*last];
            for (t, now) in (*first..).zip(stand) {
                curves[2].place(t, f64::from(floor - soles.sole(foot, now)), 1.0);
            }
            for (t, pair) in (*first..).zip(stand.windows(2)) {
                let step = ball(&pair[1]) - ball(&pair[0]);
                (0..2).for_each(|axis| curves[axis].step(t, -f64::from(step[axis]), 1.0));
            }
        }
    }
    let [x, y, z] = curves.map(|curve| curve.solve());
    for (t, pose) in poses.iter_mut().enumerate() {
        pose.root += Vec3::new(x[t] as f32, y[t] as f32, z[t] as f32);
    }
}

/// Bends toes up that are below the ground.
fn bend_toes(fit: &Fit, pose: &mut Pose, soles: &OwnSoles, floor: f32) {
    let (turns, places) = fit.skeleton.fk(pose.root, pose.rotations);
    for (side, tips) in soles.tips.iter().enumerate() {
        let (ankle, toes) = (LEFT_ANKLE + side, LEFT_FOOT + side);
        let mut turn = turns[toes];
        for _ in 0..BENDS {
            let lowest = tips.iter().map(|tip| turn * *tip).min_by(|a, b| a.z.total_cmp(&b.z)).unwrap_or(Vec3::ZERO);
            let depth = floor - places[toes].z - lowest.z;
            let Some(ahead) = (turn * Vec3::Z).with_z(0.0).try_normalize() else { break };
            let reach = lowest.dot(ahead);
            // A ball that is below the ground itself is out of reach of its toes.
            if depth < 1e-4 || reach < 2.0 * depth {
                break;
            }
            turn = Quat::from_axis_angle(ahead.cross(Vec3::Z), depth.atan2(reach)) * turn;
        }
        pose.rotations[toes] = (turns[ankle].inverse() * turn).normalize();
    }
}

/// Heights of the character's ankles above its ground when it stands, metres of the clip: that of the lower one at rest, since
/// a foot may be raised.
fn ankle_heights(fit: &Fit) -> [f32; 2] {
    let lower = fit.ankles[0].min(fit.ankles[1]);
    [((lower - fit.ground) / fit.scale) as f32; 2]
}

/// Heights of the ankles of a clip's body above its soles when it stands.
fn own_ankle_heights(source: &Skeleton) -> [f32; 2] {
    let mut rotations = [Quat::IDENTITY; JOINTS];
    rotations[PELVIS] = Quat::from_mat3(&REST_TO_WORLD);
    let pose = Pose { root: Vec3::ZERO, rotations };
    let (_, places) = source.fk(pose.root, pose.rotations);
    let low = body_low(source, &pose);
    [LEFT_ANKLE, RIGHT_ANKLE].map(|ankle| places[ankle].z - low)
}
