//! Numbers that describe a movement.

use glam::Vec3;

use crate::action_check::track::{Track, max, min, peaks, reversals, share};
use crate::action_check::{LEFT, RIGHT};
use vimogen_core::motion::layout::FPS;
use vimogen_core::motion::skeleton::joint;

/// Measures of one arm: metres from the shoulder, outwards, ahead, up.
#[derive(Debug, Clone, Default)]
pub struct Hand {
    /// Share of time at shoulder height or above.
    pub up: f32,
    /// Share of time above the head.
    pub over: f32,
    /// Share of time more than 28 cm ahead.
    pub ahead: f32,
    /// Share of time stretched out aside.
    pub aside: f32,
    /// Share of time within 30 cm of the head.
    pub at_head: f32,
    /// Share of time at the chin: within 28 cm, lower than the head, in the middle.
    pub at_chin: f32,
    /// Share of time near the ear: next to the head and not above it.
    pub at_ear: f32,
    /// Share of time on the floor.
    pub floor: f32,
    /// Minimum height above the floor.
    pub low: f32,
    /// Greatest height above the shoulder.
    pub high: f32,
    /// Maximum and minimum way ahead.
    pub front: f32,
    pub rear: f32,
    /// Maximum and minimum outwards; negative across the body.
    pub out: f32,
    pub across: f32,
    /// Range of the height from the shoulder.
    pub rise: f32,
    /// Turns of the sideways path while it is up, of the height, of the way ahead.
    pub waves: f32,
    pub beats: f32,
    pub strokes: f32,
    /// Wide turns of the sideways path while it is up; small ones of the way ahead.
    pub sweeps: f32,
    pub pokes: f32,
    /// Share of time on the hip with the elbow out; with the elbow near the height of the shoulder.
    pub akimbo: f32,
    pub elbow_up: f32,
    /// Height, way ahead and outwards, on average.
    pub mean: Vec3,
    /// Length of its path a second.
    pub speed: f32,
}

/// Measures of a clip or a part of it, the asked side on the right.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    pub seconds: f32,
    /// Way of the pelvis: ahead, to the right, from the beginning to the end; farthest; metres a second along the path.
    pub ahead: f32,
    pub aside: f32,
    pub far: f32,
    pub speed: f32,
    /// Speed ahead over the last 60%.
    pub cruise: f32,
    /// Degrees turned to the right by the end, and the range of the heading.
    pub turned: f32,
    pub turning: f32,
    /// Maximum turn within a second, degrees.
    pub rush: f32,
    /// Greatest speed of the neck downwards, metres a second; range of its height.
    pub plunge: f32,
    pub chest: f32,
    /// Whether both hands hold something in front at the start, at the end.
    pub holds_first: f32,
    pub holds_last: f32,
    /// Height of the pelvis: at the start, the end, least, most, mean.
    pub start: f32,
    pub end: f32,
    pub low: f32,
    pub high: f32,
    pub height: f32,
    /// Height gained by the lower foot.
    pub climbed: f32,
    /// Up component of the trunk's direction: at the start, the end, least, mean.
    pub up_start: f32,
    pub up_end: f32,
    pub up_low: f32,
    pub upright: f32,
    /// Share of time lying: face up, face down, and that the chest points to the floor on hands.
    pub supine: f32,
    pub prone: f32,
    pub supine_end: f32,
    pub prone_end: f32,
    pub supine_start: f32,
    /// Share of time upside down.
    pub inverted: f32,
    /// Neck ahead of the pelvis: most, least, mean; to the right: most, least.
    pub bow: f32,
    pub back: f32,
    pub lean: f32,
    pub lean_right: f32,
    pub lean_left: f32,
    /// Reversals of the lean to the sides.
    pub sways: f32,
    /// Chest against hips, degrees: to the left most, to the right most, reversals.
    pub twist_left: f32,
    pub twist_right: f32,
    pub twists: f32,
    /// Feet: highest toes; both off the floor; how often; share of time with a foot up.
    pub toe: [f32; 2],
    pub air: f32,
    pub flights: f32,
    pub foot_up: [f32; 2],
    /// Highest knees; lowest knee.
    pub knee: [f32; 2],
    pub knee_low: f32,
    pub lifts: [f32; 2],
    /// Right foot, higher than 30 cm: most ahead; kicks ahead.
    pub kick: f32,
    pub kicks: f32,
    /// Share of time with both heels up.
    pub heels: f32,
    /// Ankles apart sideways: mean, most; one behind the other: most.
    pub width: f32,
    pub spread: f32,
    pub stride: f32,
    /// Head: share of time turned right, left; up, down; turns and nods; range.
    pub look_right: f32,
    pub look_left: f32,
    pub look_up: f32,
    pub look_down: f32,
    pub shakes: f32,
    pub nods: f32,
    /// Hands: left, right; least and mean distance of one another; turns of it.
    pub hand: [Hand; 2],
    pub apart: f32,
    pub between: f32,
    pub claps: f32,
    /// Share of time with both hands together, and ahead at one height.
    pub together: f32,
    pub both_ahead: f32,
    /// Shares of time: hands on the hips with elbows out; forearms crossed; the right hand at the forehead; fists up before
    /// the chin; the right forearm across before the face; one arm ahead and the other out; elbows level at right angles.
    pub hips: f32,
    pub crossed: f32,
    pub brow: f32,
    pub guard: f32,
    pub shield: f32,
    pub signals: f32,
    pub robot: f32,
    /// Share of time with both hands before the body.
    pub both_in_front: f32,
    /// Share of time with both hands out, low and palm-high, as in a shrug.
    pub shrugs: f32,
    /// Share of time with both hands low and close, before a bent body, as at a golf ball.
    pub addresses: f32,
    /// Thrusts of the right hand.
    pub knocks: f32,
    /// How much the hands do opposite things in height and way ahead, from -1 to 1.
    pub alternation: f32,
    /// How far the head is away from its place aside and down, most.
    pub duck: f32,
    /// Where the hands end after their fastest moment, to the right.
    pub swing_across: f32,
    /// Share of the time of the right hand's fastest moves in which the hands are together.
    pub hilt: f32,
    /// How far the hands go to the left from their highest to their lowest place.
    pub cut: f32,
    /// How often both hands go from far ahead to the chest.
    pub catches: f32,
    /// How often the pelvis goes down by 20 cm, bounces by 3 cm, moves aside by 5 cm.
    pub dips: f32,
    pub bounces: f32,
    pub shifts: f32,
}

impl Measures {
    /// Measures of a track.
    pub fn of(track: &Track) -> Self {
        let n = track.len();
        let at = |t: usize, j: usize| track.at(t, j);
        let trunk: Vec<Vec3> =
            (0..n).map(|t| (at(t, joint::NECK) - at(t, joint::PELVIS)).normalize_or_zero()).collect();
        let face: Vec<f32> = (0..n)
            .map(|t| {
                let right = at(t, joint::RIGHT_SHOULDER) - at(t, joint::LEFT_SHOULDER);
                trunk[t].cross(right).normalize_or_zero().z
            })
            .collect();
        let flat = |t: usize| trunk[t].z.abs() < 0.42;
        let sign = |b: bool| if b { 1.0 } else { 0.0 };
        let pelvis = track.pelvis();
        let upness: Vec<f32> = trunk.iter().map(|d| d.z).collect();
        let lean = track.series(|t| track.local(t, joint::NECK).y);
        let side = track.series(|t| track.local(t, joint::NECK).x);
        let twist = track.series(|t| {
            let s = track.local(t, joint::RIGHT_SHOULDER) - track.local(t, joint::LEFT_SHOULDER);
            s.y.atan2(s.x).to_degrees()
        });
        let supine = track.series(|t| sign(flat(t) && face[t] > 0.75));
        let prone = track.series(|t| sign(flat(t) && face[t] < -0.75));
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len().max(1) as f32;
        let last = n - 1;
        let toes = [track.toe(LEFT), track.toe(RIGHT)];
        let both = track.both_toes();
        let ground = |t: usize| both[t.min(last)];
        let tip = |t: usize| {
            // The head against the chest, seen from the shoulders.
            let right = at(t, joint::RIGHT_SHOULDER) - at(t, joint::LEFT_SHOULDER);
            let right = right.truncate().extend(0.0).normalize_or(Vec3::X);
            let ahead = Vec3::Z.cross(right);
            let v = at(t, joint::HEAD) - at(t, joint::NECK);
            Vec3::new(v.dot(right), v.dot(ahead), v.z)
        };
        // Heads are seen against the hips, since shoulders turn along.
        let head_x = track.series(|t| (track.local(t, joint::HEAD) - track.local(t, joint::NECK)).x);
        let head_y = track.series(|t| tip(t).y);
        let head_z = track.series(|t| tip(t).z);
        let path: f32 = (1..n).map(|t| at(t, 0).truncate().distance(at(t - 1, 0).truncate())).sum();
        let ankles = track.series(|t| at(t, joint::LEFT_ANKLE).z.min(at(t, joint::RIGHT_ANKLE).z));
        let aside = track.series(|t| (track.local(t, joint::RIGHT_ANKLE) - track.local(t, joint::LEFT_ANKLE)).x);
        let stride = track.series(|t| (track.local(t, joint::RIGHT_ANKLE) - track.local(t, joint::LEFT_ANKLE)).y.abs());
        let gap = track.series(|t| at(t, joint::LEFT_WRIST).distance(at(t, joint::RIGHT_WRIST)));
        let foot = track.series(|t| {
            let toe = track.local(t, joint::RIGHT_FOOT);
            if toe.z > 0.3 { toe.y } else { 0.0 }
        });
        let wide: Vec<f32> = twist.iter().map(|d| d / 100.0).collect();
        let hand = [LEFT, RIGHT].map(|arm| Hand::of(track, arm));
        let both_ahead = track.series(|t| {
            let (l, r) = (track.wrist(t, LEFT), track.wrist(t, RIGHT));
            sign(l.y.min(r.y) > 0.16 && (l.z - r.z).abs() < 0.14)
        });
        let head = |t: usize| track.local(t, joint::HEAD);
        let place = |t: usize, j: usize| track.local(t, j);
        let wrist = |t: usize, arm: usize| track.wrist(t, arm);
        let when = |f: &dyn Fn(usize) -> bool| (0..n).filter(|t| f(*t)).count() as f32 / n as f32;
        let hips = when(&|t| [LEFT, RIGHT].iter().all(|arm| akimbo(track, t, *arm)));
        let crossed = when(&|t| {
            let (l, r) = (place(t, joint::LEFT_WRIST), place(t, joint::RIGHT_WRIST));
            r.x - l.x < 0.02
                && l.y.min(r.y) > 0.06
                && (l.z - r.z).abs() < 0.2
                && wrist(t, LEFT).z.max(wrist(t, RIGHT).z) < 0.0
        });
        let brow = when(&|t| {
            let v = place(t, joint::RIGHT_WRIST) - head(t);
            v.length() < 0.38 && v.z > 0.02 && v.y > 0.0 && v.x > 0.0
        });
        let guard = when(&|t| {
            [LEFT, RIGHT].iter().all(|arm| {
                let v = place(t, joint::LEFT_WRIST + arm) - head(t);
                v.length() < 0.42 && v.z < 0.06 && v.y > 0.0
            })
        });
        let shield = when(&|t| {
            let v = place(t, joint::RIGHT_WRIST) - head(t);
            v.x < 0.08 && v.z > -0.04 && v.y > 0.10
        });
        let signals = when(&|t| {
            let pair = |a: usize, b: usize| {
                let (p, q) = (wrist(t, a), wrist(t, b));
                p.y > 0.36 && p.z.abs() < 0.26 && q.x > 0.28 && q.y < 0.26 && q.z > -0.3
            };
            pair(LEFT, RIGHT) || pair(RIGHT, LEFT)
        });
        let robot = when(&|t| {
            [LEFT, RIGHT].iter().all(|arm| {
                let (elbow, shoulder) = (place(t, joint::LEFT_ELBOW + arm), place(t, joint::LEFT_SHOULDER + arm));
                let bend = (place(t, joint::LEFT_WRIST + arm) - elbow)
                    .normalize_or_zero()
                    .dot((elbow - shoulder).normalize_or_zero());
                (elbow.z - shoulder.z).abs() < 0.12 && bend.abs() < 0.5
            })
        });
        let both_in_front = when(&|t| wrist(t, LEFT).y.min(wrist(t, RIGHT).y) > 0.08);
        let shrugs = when(&|t| {
            [LEFT, RIGHT].iter().all(|arm| {
                let (hand, elbow) = (wrist(t, *arm), place(t, joint::LEFT_ELBOW + arm));
                hand.x > 0.14
                    && hand.y > 0.08
                    && (-0.34..0.02).contains(&hand.z)
                    && elbow.z < place(t, joint::LEFT_SHOULDER + arm).z - 0.12
            })
        });
        let addresses = when(&|t| gap[t] < 0.2 && place(t, joint::RIGHT_WRIST).z < 0.93 && lean[t] > 0.12);
        let reach = track.series(|t| wrist(t, RIGHT).y);
        let middle = |x: &[f32]| x.iter().sum::<f32>() / n as f32;
        let opposite = |f: &dyn Fn(usize, usize) -> f32| {
            let (a, b) = (track.series(|t| f(t, LEFT)), track.series(|t| f(t, RIGHT)));
            let speeds = |x: Vec<f32>| x.windows(2).map(|w| w[1] - w[0]).collect::<Vec<f32>>();
            let (a, b) = (speeds(a), speeds(b));
            let (ma, mb) = (middle(&a), middle(&b));
            let dot = |x: &[f32], mx: f32, y: &[f32], my: f32| -> f32 {
                x.iter().zip(y).map(|(p, q)| (p - mx) * (q - my)).sum()
            };
            -dot(&a, ma, &b, mb) / (dot(&a, ma, &a, ma) * dot(&b, mb, &b, mb)).sqrt().max(1e-3)
        };
        let holds = |from: usize| {
            let held = |t: usize| {
                let (l, r) = (wrist(t, LEFT), wrist(t, RIGHT));
                l.y.min(r.y) > 0.12 && l.z.min(r.z) > -0.44 && at(t, 0).z > 0.8
            };
            if (from..(from + 3).min(n)).all(held) { 1.0 } else { 0.0 }
        };
        let second = FPS as usize;
        let rush =
            (0..n.saturating_sub(second)).map(|t| (track.yaw[t + second] - track.yaw[t]).abs()).fold(0.0, f32::max);
        let neck = track.series(|t| at(t, joint::NECK).z);
        let plunge = (0..n.saturating_sub(4)).map(|t| (neck[t] - neck[t + 4]) * FPS / 4.0).fold(0.0, f32::max);
        let alternation = opposite(&|t, arm| wrist(t, arm).z).max(opposite(&|t, arm| wrist(t, arm).y));
        let duck = max(&track.series(|t| (head(t).x + at(t, 0).x).min(1.56 - at(t, joint::HEAD).z)));
        let pace = |t: usize| place(t + 1, joint::RIGHT_WRIST).distance(place(t, joint::RIGHT_WRIST));
        let fastest = (0..last).max_by(|a, b| pace(*a).total_cmp(&pace(*b))).unwrap_or(0);
        let after = fastest..(fastest + 10).min(n);
        let swing_across =
            after.map(|t| 0.5 * (place(t, joint::RIGHT_WRIST).x + place(t, joint::LEFT_WRIST).x)).fold(9.0, f32::min);
        let around = fastest.saturating_sub(2)..(fastest + 3).min(n);
        let hilt = around.clone().filter(|t| gap[*t] < 0.24).count() as f32 / around.len().max(1) as f32;
        let middle_of = |t: usize| 0.5 * (place(t, joint::RIGHT_WRIST) + place(t, joint::LEFT_WRIST));
        let top = (0..n).max_by(|a, b| middle_of(*a).z.total_cmp(&middle_of(*b).z)).unwrap_or(0);
        let bottom = (top..n).take(14).min_by(|a, b| middle_of(*a).z.total_cmp(&middle_of(*b).z)).unwrap_or(top);
        let cut = middle_of(top).x - middle_of(bottom).x;
        let far: Vec<f32> = track.series(|t| wrist(t, LEFT).y.min(wrist(t, RIGHT).y));
        let mut catches = 0.0;
        for t in 0..n.saturating_sub(10) {
            let close = (t + 2..(t + 12).min(n))
                .any(|u| far[u] < 0.27 && far[u] > 0.08 && gap[u] < 0.32 && wrist(u, RIGHT).z < -0.06);
            if far[t] > 0.34 && gap[t] < 0.38 && close {
                catches += 1.0;
            }
        }
        let drop: Vec<f32> = pelvis.iter().map(|z| -z).collect();
        Self {
            seconds: n as f32 / FPS,
            ahead: track.end().y,
            aside: track.end().x,
            far: track.farthest(),
            speed: path * FPS / n as f32,
            cruise: track.cruise().y,
            turned: -track.turned(),
            turning: (max(&track.yaw) - min(&track.yaw)).to_degrees(),
            start: pelvis[0],
            end: pelvis[last],
            low: min(&pelvis),
            high: max(&pelvis),
            height: mean(&pelvis),
            climbed: ground(last) - ground(0),
            up_start: upness[0],
            up_end: upness[last],
            up_low: min(&upness),
            upright: mean(&upness),
            supine: mean(&supine),
            prone: mean(&prone),
            supine_end: supine[last],
            prone_end: prone[last],
            supine_start: supine[0],
            inverted: share(&upness, |u| u < -0.5),
            bow: max(&lean),
            back: min(&lean),
            lean: mean(&lean),
            lean_right: max(&side),
            lean_left: min(&side),
            sways: reversals(&side, 0.10) as f32,
            twist_left: max(&twist),
            twist_right: min(&twist),
            twists: reversals(&wide, 0.3) as f32,
            toe: [max(&toes[0]), max(&toes[1])],
            air: max(&both),
            flights: peaks(&both, 0.045, 0.062) as f32,
            foot_up: [0, 1].map(|f| share(&toes[f], |z| z > 0.12)),
            knee: [0, 1].map(|k| max(&track.series(|t| at(t, joint::LEFT_KNEE + k).z))),
            knee_low: min(&track.series(|t| at(t, joint::LEFT_KNEE).z.min(at(t, joint::RIGHT_KNEE).z))),
            lifts: [0, 1].map(|f| peaks(&toes[f], 0.07, 0.13) as f32),
            kick: max(&foot),
            kicks: peaks(&foot, 0.44, 0.55) as f32,
            heels: share(&ankles, |z| z > 0.112),
            width: mean(&aside),
            spread: max(&aside),
            stride: max(&stride),
            look_right: share(&head_x, |x| x > 0.022),
            look_left: share(&head_x, |x| x < -0.022),
            look_up: share(&head_y, |y| y < 0.022),
            look_down: share(&head_y, |y| y > 0.084),
            shakes: reversals(&head_x, 0.020) as f32,
            nods: reversals(&head_z, 0.011) as f32,
            apart: min(&gap),
            between: mean(&gap),
            claps: reversals(&gap, 0.08) as f32,
            together: share(&gap, |d| d < 0.2),
            both_ahead: mean(&both_ahead),
            dips: peaks(&drop, -0.72, -0.62) as f32,
            bounces: reversals(&pelvis, 0.03) as f32,
            rush: rush.to_degrees(),
            plunge,
            chest: max(&neck) - min(&neck),
            holds_first: holds(0),
            holds_last: holds(n.saturating_sub(3)),
            hips,
            crossed,
            brow,
            guard,
            shield,
            signals,
            robot,
            both_in_front,
            shrugs,
            addresses,
            knocks: peaks(&reach, 0.29, 0.33) as f32,
            alternation,
            duck,
            swing_across,
            hilt,
            cut,
            catches,
            shifts: reversals(&track.series(|t| at(t, 0).x), 0.05) as f32,
            hand,
        }
    }
}

/// Whether a hand is on the hip, its elbow out.
fn akimbo(track: &Track, t: usize, arm: usize) -> bool {
    let (hand, elbow) = (track.local(t, joint::LEFT_WRIST + arm), track.local(t, joint::LEFT_ELBOW + arm));
    elbow.x.abs() > hand.x.abs() + 0.05 && hand.x.abs() > 0.08 && hand.y < 0.17 && track.wrist(t, arm).z < -0.2
}

impl Hand {
    fn of(track: &Track, arm: usize) -> Self {
        let n = track.len();
        let path: Vec<Vec3> = (0..n).map(|t| track.wrist(t, arm)).collect();
        let of = |f: fn(&Vec3) -> f32| path.iter().map(f).collect::<Vec<f32>>();
        let (x, y, z) = (of(|p| p.x), of(|p| p.y), of(|p| p.z));
        let head = |t: usize| {
            let v = track.local(t, joint::LEFT_WRIST + arm) - track.local(t, joint::HEAD);
            if arm == LEFT { v * Vec3::new(-1.0, 1.0, 1.0) } else { v }
        };
        let is = |f: &dyn Fn(Vec3) -> bool| (0..n).filter(|t| f(head(*t))).count() as f32 / n as f32;
        let floor = track.series(|t| track.at(t, joint::LEFT_WRIST + arm).z);
        let raised: Vec<f32> = path.iter().filter(|p| p.z > -0.1).map(|p| p.x).collect();
        let near: Vec<f32> = path.iter().filter(|p| p.z > -0.25).map(|p| p.y).collect();
        let raised_elbow =
            |t: usize| track.local(t, joint::LEFT_ELBOW + arm).z > track.local(t, joint::LEFT_SHOULDER + arm).z - 0.12;
        let world: f32 = (1..n)
            .map(|t| track.local(t, joint::LEFT_WRIST + arm).distance(track.local(t - 1, joint::LEFT_WRIST + arm)))
            .sum();
        Self {
            up: share(&z, |z| z > -0.03),
            over: is(&|v| v.z > 0.08),
            ahead: share(&y, |y| y > 0.28),
            aside: share(&x, |x| x > 0.34),
            at_head: is(&|v| v.length() < 0.30),
            at_chin: is(&|v| v.length() < 0.29 && v.z < -0.02 && v.x < 0.12 && v.y > 0.045),
            at_ear: is(&|v| v.length() < 0.24 && (-0.16..0.04).contains(&v.z) && v.x > 0.05),
            floor: share(&floor, |z| z < 0.13),
            low: min(&floor),
            high: max(&z),
            front: max(&y),
            rear: min(&y),
            out: max(&x),
            across: min(&x),
            rise: max(&z) - min(&z),
            waves: reversals(&raised, 0.05) as f32,
            beats: reversals(&z, 0.07) as f32,
            strokes: reversals(&y, 0.10) as f32,
            sweeps: reversals(&raised, 0.13) as f32,
            pokes: reversals(&near, 0.055) as f32,
            akimbo: (0..n).filter(|t| akimbo(track, *t, arm)).count() as f32 / n as f32,
            elbow_up: (0..n).filter(|t| raised_elbow(*t)).count() as f32 / n as f32,
            mean: path.iter().sum::<Vec3>() / n as f32,
            speed: world * FPS / n as f32,
        }
    }
}
