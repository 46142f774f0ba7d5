//! Key figures over time, joined by monotone cubics: flat at extremes, still between equal keys.

use glam::Vec2;

use super::figure::{CONTROLS, Figure};
use crate::data::procedural::curve::ease;
use crate::data::procedural::rig::{LEFT, Pose, RIGHT};

/// Distance of joints, metres, that needs no way from one pose to the next.
const CLOSE: f32 = 0.1;

/// Controls over time, seconds.
pub type Performance = Box<dyn Fn(f32) -> Figure>;

/// A movement and how long it takes.
pub struct Take {
    /// Seconds.
    pub length: f32,
    /// The figure at a time; still before 0 and after the end.
    pub at: Performance,
}

impl Take {
    /// The same movement seen in a mirror.
    pub fn mirrored(self) -> Self {
        Self { length: self.length, at: Box::new(move |t| (self.at)(t).mirrored()) }
    }

    /// The movement again and again, each from where the last one ended.
    pub fn times(self, count: u8) -> Self {
        let n = count.max(1);
        if n == 1 {
            return self;
        }
        let (once, last) = (self.length, (self.at)(self.length).pose);
        let mut places = vec![(Vec2::ZERO, 0.0f32)];
        for _ in 1..n {
            let (at, yaw) = places[places.len() - 1];
            places.push((at + Vec2::from_angle(yaw).rotate(last.pelvis.truncate()), yaw + last.yaw));
        }
        let length = once * f32::from(n);
        let at = move |t: f32| {
            let round = ((t.clamp(0.0, length) / once) as usize).min(places.len() - 1);
            (self.at)(t - round as f32 * once).moved(places[round].0, places[round].1)
        };
        Self { length, at: Box::new(at) }
    }

    /// The movement with a way into it from `figure`, which another movement ended in; none if the two poses are close.
    pub fn after(self, figure: Figure) -> Self {
        let (place, yaw) = (figure.pose.pelvis.truncate(), figure.pose.yaw);
        let from = figure.moved(-Vec2::from_angle(-yaw).rotate(place), -yaw);
        let to = (self.at)(0.0);
        let pairs = from.solve().joints.into_iter().zip(to.solve().joints);
        let gap = pairs.map(|(a, b)| a.distance(b)).fold(0.0, f32::max);
        if gap < CLOSE {
            return self;
        }
        let way = (0.2 + 0.7 * gap).min(1.2);
        let at = move |t: f32| if t < way { from.toward(to, ease(t / way)) } else { (self.at)(t - way) };
        Self { length: way + self.length, at: Box::new(at) }
    }

    /// The movement in another tempo.
    pub fn faster(self, rate: f32) -> Self {
        Self { length: self.length / rate, at: Box::new(move |t| (self.at)(t * rate)) }
    }
}

/// Key figures and their times.
#[derive(Debug, Clone)]
pub struct Keys {
    times: Vec<f32>,
    figures: Vec<Figure>,
    rate: f32,
}

impl Keys {
    /// From standing at the origin, in a tempo.
    pub fn standing(rate: f32) -> Self {
        Self::from(Figure::default(), rate)
    }

    /// From a figure, in a tempo.
    pub fn from(figure: Figure, rate: f32) -> Self {
        Self { times: vec![0.0], figures: vec![figure], rate }
    }

    /// The last key.
    pub fn last(&self) -> Figure {
        self.figures[self.figures.len() - 1]
    }

    /// Seconds so far.
    pub fn length(&self) -> f32 {
        self.times[self.times.len() - 1]
    }

    /// The last figure, changed, `seconds` later.
    pub fn to(&mut self, seconds: f32, change: impl FnOnce(&mut Figure)) -> &mut Self {
        let mut figure = self.last();
        change(&mut figure);
        self.times.push(self.length() + (seconds / self.rate).max(0.02));
        self.figures.push(figure);
        self
    }

    /// The last figure for some seconds.
    pub fn hold(&mut self, seconds: f32) -> &mut Self {
        self.to(seconds, |_| {})
    }

    /// The last figure, changed, `seconds` later, with a foot that swings over the floor to where the change puts it.
    pub fn step(&mut self, seconds: f32, foot: usize, height: f32, change: impl FnOnce(&mut Figure)) -> &mut Self {
        let from = self.last();
        let mut to = from;
        change(&mut to);
        let mut middle = from.toward(to, 0.5);
        middle.pose.legs[foot].toe.z += height;
        middle.pose.legs[foot].pitch += 0.25;
        self.to(0.5 * seconds, |f| *f = middle);
        self.to(0.5 * seconds, |f| *f = to)
    }

    /// Both feet on the floor under the pelvis, standing, arms hanging.
    pub fn stand(&mut self, seconds: f32) -> &mut Self {
        self.to(seconds, |f| *f = standing_at(f))
    }

    /// The keys of another movement after the last one, but its first.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        let length = self.length();
        self.times.extend(other.times.iter().skip(1).map(|t| length + t));
        self.figures.extend(other.figures.iter().skip(1));
        self
    }

    /// The movement through all keys.
    pub fn play(&self) -> Take {
        let rows: Vec<[f32; CONTROLS]> = settled(&self.figures).into_iter().map(Figure::to_array).collect();
        let times = self.times.clone();
        let slopes = slopes(&times, &rows);
        let length = self.length();
        let at = move |t: f32| {
            let t = t.clamp(0.0, length);
            let next = times.partition_point(|k| *k <= t).clamp(1, times.len().max(2) - 1);
            if times.len() < 2 {
                return Figure::from_array(rows[0]);
            }
            let (i, h) = (next - 1, times[next] - times[next - 1]);
            let x = (t - times[i]) / h;
            let (x2, x3) = (x * x, x * x * x);
            let value = |c: usize| {
                (2.0 * x3 - 3.0 * x2 + 1.0) * rows[i][c]
                    + (3.0 * x2 - 2.0 * x3) * rows[next][c]
                    + h * ((x3 - 2.0 * x2 + x) * slopes[i][c] + (x3 - x2) * slopes[next][c])
            };
            Figure::from_array(std::array::from_fn(value))
        };
        Take { length, at: Box::new(at) }
    }
}

/// Standing at the pelvis of a figure.
pub fn standing_at(figure: &Figure) -> Figure {
    let pose = Pose::default().moved(figure.pose.pelvis.truncate(), figure.pose.yaw);
    Figure { world: figure.world.map(|g| super::figure::Grip { pull: 0.0, ..g }), ..Figure::of(pose) }
}

/// Gives places of hands that are free, and angles of legs that stand, the values of their neighbours: they fade in and
/// out where they are, not from nothing.
fn settled(figures: &[Figure]) -> Vec<Figure> {
    let mut out = figures.to_vec();
    let n = out.len();
    let order = || (1..n).map(|i| (i, i - 1)).chain((0..n.saturating_sub(1)).rev().map(|i| (i, i + 1)));
    for limb in [LEFT, RIGHT] {
        let mut known = figures.iter().map(|f| f.world[limb].pull > 0.0).collect::<Vec<_>>();
        for (i, j) in order() {
            if !known[i] && known[j] {
                (out[i].world[limb].at, known[i]) = (out[j].world[limb].at, true);
            }
        }
        let mut known = figures.iter().map(|f| f.body[limb].pull > 0.0).collect::<Vec<_>>();
        for (i, j) in order() {
            if !known[i] && known[j] {
                (out[i].body[limb].at, known[i]) = (out[j].body[limb].at, true);
            }
        }
        let mut known = figures.iter().map(|f| f.pose.legs[limb].free > 0.0).collect::<Vec<_>>();
        for (i, j) in order() {
            if !known[i] && known[j] {
                (out[i].pose.legs[limb].swing, known[i]) = (out[j].pose.legs[limb].swing, true);
            }
        }
    }
    out
}

/// Slopes of the monotone cubics of Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980): the weighted harmonic mean of
/// both neighbours, 0 at extremes and ends.
fn slopes(times: &[f32], rows: &[[f32; CONTROLS]]) -> Vec<[f32; CONTROLS]> {
    let mut out = vec![[0.0; CONTROLS]; rows.len()];
    for i in 1..rows.len().saturating_sub(1) {
        let (before, after) = (times[i] - times[i - 1], times[i + 1] - times[i]);
        for c in 0..CONTROLS {
            let (a, b) = ((rows[i][c] - rows[i - 1][c]) / before, (rows[i + 1][c] - rows[i][c]) / after);
            if a * b > 0.0 {
                let (wa, wb) = (2.0 * after + before, after + 2.0 * before);
                out[i][c] = (wa + wb) / (wa / a + wb / b);
            }
        }
    }
    out
}
