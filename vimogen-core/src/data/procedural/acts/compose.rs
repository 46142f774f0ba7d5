//! From a script to a clip: takes in order, arms over a gait, restlessness, the floor, the solver.

use glam::{Mat3, Vec2, Vec3};

use super::act::Script;
use super::families::{Cue, Entry, Place, entry, take};
use super::figure::{Figure, sunk};
use super::keys::Take;
use super::life::{Freedom, Life, follow_through};
use super::manner::{Manner, Person};
use crate::body::SMPLX_ROOT;
use crate::data::procedural::Side;
use crate::data::procedural::compose::{lower_pelvis, write};
use crate::data::procedural::curve::{ease, mix};
use crate::data::procedural::rig::{LEFT, Pose, RIGHT};
use crate::data::procedural::rng::Rng;
use crate::motion::codec::SmplMotion;
use crate::motion::layout::FPS;
use crate::motion::rotation::axis_angle_from_matrix;

/// How much faster than usual movements may be done to fit into a clip.
const HURRY: f32 = 1.22;
/// Seconds over which one movement takes over from another.
const BLEND: f32 = 0.25;

/// A clip of `frames` frames at 20 per second that shows `script`, as the person of a seed does it; `None` if it takes
/// longer.
pub fn show(script: &Script, frames: usize, seed: u64) -> Option<SmplMotion> {
    let mut rng = Rng::new(seed, 0);
    let person = Person::draw(&mut rng);
    clip(script, frames, person, &mut rng)
}

/// The share of a clip of `frames` frames that the movements of `script` take; `None` if they need more than all of it.
pub fn fill(script: &Script, frames: usize, person: Person) -> Option<f32> {
    let length = (frames.max(2) - 1) as f32 / FPS;
    let takes = takes(script, length, person)?;
    Some((takes.iter().map(|take| take.length).sum::<f32>() / length).min(1.0))
}

/// A clip of `frames` frames that shows `script` as a person does it; `None` if it takes longer.
pub fn clip(script: &Script, frames: usize, person: Person, rng: &mut Rng) -> Option<SmplMotion> {
    let mut figures = figures(script, frames, person, rng)?;
    let free = freedom(script);
    let life = Life::draw(frames, rng);
    follow_through(&mut figures);
    for (t, figure) in figures.iter_mut().enumerate() {
        life.stir(figure, t, free);
    }
    clear_floor(&mut figures);
    let mut motion = solve(&figures);
    recentre(&mut motion);
    Some(motion)
}

fn freedom(script: &Script) -> Freedom {
    let of = |f: fn(&Entry) -> f32| script.all().map(|act| f(&entry(act.kind))).fold(1.0, f32::min);
    Freedom { head: of(|e| e.free.0), body: of(|e| e.free.1) }
}

fn figures(script: &Script, frames: usize, person: Person, rng: &mut Rng) -> Option<Vec<Figure>> {
    let length = (frames.max(2) - 1) as f32 / FPS;
    // Half of the open movements are under way from the first frame, and some go on beyond the last.
    let (early, late) = if goes_on(script) {
        (if rng.chance(0.45) { rng.range(0.6, 1.6) } else { 0.0 }, if rng.chance(0.6) { 1.2 } else { 0.0 })
    } else {
        (0.0, 0.0)
    };
    let takes = takes(script, length + early + late, person)?;
    let total: f32 = takes.iter().map(|take| take.length).sum();
    let length = length + early + late;
    let rate = (total / length).max(1.0);
    // The body stands for the rest of the time, before and after.
    let spare = (length - total / rate).max(0.0);
    let before = spare * rng.range(0.0, 0.5) - early;
    let mut out = Vec::with_capacity(frames);
    let (mut place, mut yaw, mut start, mut at) = (Vec2::ZERO, 0.0f32, before, 0);
    let manners: Vec<Manner> = script.acts.iter().map(|act| Manner::of(act, person)).collect();
    let rooted = |take: &Take, t: f32, place: Vec2, yaw: f32| (take.at)(t).moved(place, yaw);
    for t in (0..frames).map(|t| t as f32 / FPS) {
        while at + 1 < takes.len() && (t - start) * rate > takes[at].length {
            let last = rooted(&takes[at], takes[at].length, place, yaw);
            (place, yaw) = (last.pose.pelvis.truncate(), last.pose.yaw);
            start += takes[at].length / rate;
            at += 1;
        }
        let local = (t - start).max(0.0) * rate;
        let mut figure = rooted(&takes[at], local, place, yaw);
        manners[at].hold(&mut figure);
        if at > 0 && t - start < BLEND {
            // Postures differ from act to act.
            let mut before = figure;
            manners[at].hold(&mut before);
            let mut other = rooted(&takes[at], local, place, yaw);
            manners[at - 1].hold(&mut other);
            figure = other.toward(figure, ease((t - start) / BLEND));
        }
        out.push(figure);
    }
    if let Some(arms) = &script.arms {
        let manner = Manner::of(arms, person);
        let cue = Cue { act: arms, manner, room: length, returns: false };
        let gesture = take(&cue);
        for (t, figure) in out.iter_mut().enumerate() {
            let mut over = (gesture.at)(t as f32 / FPS);
            manner.hold(&mut over);
            overlay(figure, &over, arms.side);
        }
    }
    Some(out)
}

/// Movements, as long as they need and the clip has room for.
fn takes(script: &Script, length: f32, person: Person) -> Option<Vec<Take>> {
    let n = script.acts.len();
    let make = |i: usize, room: f32| {
        let act = &script.acts[i];
        let room = act.seconds.map_or(room, f32::from);
        let returns = i + 1 < n || act.seconds.is_some();
        take(&Cue { act, manner: Manner::of(act, person), room, returns })
    };
    let open: Vec<bool> =
        script.acts.iter().map(|a| entry(a.kind).open && a.count.is_none() && a.seconds.is_none()).collect();
    let shortest: Vec<Take> = (0..n).map(|i| make(i, 0.0)).collect();
    let least: Vec<f32> = shortest.iter().map(|take| take.length).collect();
    let total: f32 = joined(shortest).iter().map(|take| take.length).sum();
    if total > length * HURRY {
        return None;
    }
    let wide = open.iter().filter(|o| **o).count();
    let spare = (length - total).max(0.0);
    let share = if wide > 0 { spare / wide as f32 } else { 0.0 };
    let fitted = |i: usize| if open[i] && share > 0.0 { make(i, least[i] + share) } else { make(i, 0.0) };
    Some(joined((0..n).map(fitted).collect()))
}

/// Movements that each begin in the pose that the one before ends in.
fn joined(takes: Vec<Take>) -> Vec<Take> {
    let mut out: Vec<Take> = Vec::with_capacity(takes.len());
    for take in takes {
        let next = match out.last() {
            Some(before) => take.after((before.at)(before.length)),
            None => take,
        };
        out.push(next);
    }
    out
}

/// Whether a clip shows a single movement without beginning or end.
fn goes_on(script: &Script) -> bool {
    let act = &script.acts[0];
    let e = entry(act.kind);
    let whole = act.kind == super::act::Kind::WalkAndReturn;
    script.acts.len() == 1
        && e.open
        && !whole
        && e.place == Place::Anywhere
        && act.count.is_none()
        && act.seconds.is_none()
}

/// The arms, or one of them, of a gesture over a figure, as far as they have left their hanging place.
fn overlay(figure: &mut Figure, gesture: &Figure, side: Option<Side>) {
    let idle = Pose::default();
    let head = gesture.pose.head - idle.head;
    if head.length() > 0.1 {
        figure.pose.head += head * ease((head.length() - 0.1) / 0.2);
    }
    for arm in [LEFT, RIGHT] {
        let wanted = match side {
            Some(Side::Left) => arm == LEFT,
            Some(Side::Right) => arm == RIGHT,
            _ => true,
        };
        if !wanted {
            continue;
        }
        let (own, there) = (idle.arms[arm], gesture.pose.arms[arm]);
        let pull = gesture.body[arm].pull;
        let moved = (there.flex - own.flex).abs() + (there.abd - own.abd).abs();
        let w = ease(moved / 0.6).max(pull);
        figure.pose.arms[arm] = figure.pose.arms[arm].toward(there, w);
        figure.body[arm] = gesture.body[arm];
        figure.elbow[arm] = mix(figure.elbow[arm], gesture.elbow[arm], w);
        figure.wrist[arm] = figure.wrist[arm].lerp(gesture.wrist[arm], w);
    }
}

/// Lowers the pelvis to where standing feet are in reach, and raises the body out of the floor.
fn clear_floor(figures: &mut [Figure]) {
    let mut poses: Vec<Pose> = figures.iter().map(|f| f.pose).collect();
    lower_pelvis(&mut poses);
    figures.iter_mut().zip(&poses).for_each(|(f, p)| f.pose.pelvis.z = p.pelvis.z);
    // Legs that begin to stand follow the pelvis in part, so once is not enough.
    for _ in 0..2 {
        raise(figures);
    }
}

/// Raises the body, smoothly, by as much as it is below the floor.
fn raise(figures: &mut [Figure]) {
    let need: Vec<f32> = figures.iter().map(|f| sunk(&f.solve().joints, &f.pose)).collect();
    if need.iter().all(|need| *need < 0.004) {
        return;
    }
    let n = need.len();
    let window = |t: usize| t.saturating_sub(2)..(t + 3).min(n);
    let most: Vec<f32> = (0..n).map(|t| need[window(t)].iter().copied().fold(0.0, f32::max)).collect();
    for (t, figure) in figures.iter_mut().enumerate() {
        let range = window(t);
        let len = range.len() as f32;
        figure.pose.pelvis.z += range.map(|i| most[i]).sum::<f32>() / len;
    }
}

fn solve(figures: &[Figure]) -> SmplMotion {
    let mut out = SmplMotion::zeros(figures.len());
    for (t, figure) in figures.iter().enumerate() {
        let solved = figure.solve();
        let rotation = |m: &Mat3| axis_angle_from_matrix(*m);
        write(out.global_orient.row_mut(t).as_slice_mut(), &[rotation(&solved.orient)]);
        write(out.body_pose.row_mut(t).as_slice_mut(), &solved.local.each_ref().map(rotation));
        write(out.transl.row_mut(t).as_slice_mut(), &[solved.joints[0] - SMPLX_ROOT]);
        write(out.joints.index_axis_mut(ndarray::Axis(0), t).as_slice_mut(), &solved.joints);
    }
    out
}

/// Moves and turns a clip so that it begins at the origin, facing +y.
fn recentre(motion: &mut SmplMotion) {
    let at = |m: &SmplMotion, t: usize, j: usize| Vec3::from_slice(&m.joints.slice(ndarray::s![t, j, ..]).to_vec());
    let (origin, across) = (at(motion, 0, 0), at(motion, 0, 2) - at(motion, 0, 1));
    let turn = Mat3::from_rotation_z(-across.y.atan2(across.x));
    let origin = origin.truncate().extend(0.0);
    for t in 0..motion.len() {
        let joints: Vec<Vec3> = (0..22).map(|j| turn * (at(motion, t, j) - origin)).collect();
        let root =
            crate::motion::rotation::matrix_from_axis_angle(Vec3::from_slice(&motion.global_orient.row(t).to_vec()));
        write(motion.global_orient.row_mut(t).as_slice_mut(), &[axis_angle_from_matrix(turn * root)]);
        write(motion.transl.row_mut(t).as_slice_mut(), &[joints[0] - SMPLX_ROOT]);
        write(motion.joints.index_axis_mut(ndarray::Axis(0), t).as_slice_mut(), &joints);
    }
}
