//! From the axes of a file to vimogen's world: which axis points up, and where a body at rest faces.

use glam::{DMat3, DVec3};
use ndarray::ArrayView3;

use super::figure::Figure;
use super::subject::Subject;
use super::up::{UpVote, from_motion, to_world, vector};
use crate::motion::UpAxis;
use crate::motion::axes::SWAP;
use crate::motion::skeleton::joint::{LEFT_ANKLE, LEFT_HIP, NECK, PELVIS, RIGHT_ANKLE, RIGHT_HIP};

/// Share of the frames in which a body stands along another axis than at rest for which the motion can be believed.
const CLEAR: f64 = 0.8;
/// Distance, in statures, ahead that only a walking body covers.
const WALK: f64 = 0.6;

/// The axes of a file.
pub(super) struct World {
    pub(super) up: UpAxis,
    /// Rotation from the file's axes to vimogen's world.
    pub(super) turn: DMat3,
    pub(super) warning: Option<String>,
}

/// The axis of a file that points up: the given one, else that of the body at rest, else that of the motion; a hint of
/// the file decides where the motion is unclear.
pub(super) fn find(
    subject: &Subject<'_>,
    figure: Option<&Figure>,
    given: Option<UpAxis>,
    told: Option<UpAxis>,
) -> World {
    let places = subject.places();
    let vote = from_motion(&places.view());
    let (up, warning) = match (given, figure.and_then(|figure| figure.up)) {
        (Some(given), _) => (given, None),
        (None, Some(rest)) if half_upright(&places.view(), rest) => (rest, None),
        (None, Some(rest)) => by_rest(rest, vote, || walks(&places.view()) > WALK * subject.stature()),
        (None, None) => by_motion(vote, told),
    };
    let turn = match figure {
        Some(figure) if figure.up == Some(up) => SWAP.as_dmat3() * figure.axes.transpose(),
        _ => to_world(up),
    };
    World { up, turn, warning }
}

/// The axis along which the body stands at rest, unless it walks along another.
fn by_rest(rest: UpAxis, vote: Option<UpVote>, walks: impl FnOnce() -> bool) -> (UpAxis, Option<String>) {
    let Some(vote) = vote.filter(|vote| vote.sure && vote.axis != rest) else { return (rest, None) };
    let up = if vote.share > CLEAR && walks() { vote.axis } else { rest };
    let percent = 100.0 * vote.share;
    let doubt = format!(
        "the body stands along {rest} at rest and along {} in {percent:.0} % of the frames; {up} was taken as up, up= sets it",
        vote.axis
    );
    (up, Some(doubt))
}

fn by_motion(vote: Option<UpVote>, told: Option<UpAxis>) -> (UpAxis, Option<String>) {
    let found = vote.map_or(UpAxis::Y, |vote| vote.axis);
    if vote.is_some_and(|vote| vote.sure) {
        return (found, None);
    }
    let (up, percent) = (told.unwrap_or(found), 100.0 * vote.map_or(0.0, |vote| vote.share));
    let doubt = format!(
        "the rest pose does not say which axis points up, and the body stands along {found} in {percent:.0} % of the \
         frames; {up} was taken as up, up= sets it"
    );
    (up, Some(doubt))
}

fn at(places: &ArrayView3<'_, f32>, t: usize, joint: usize) -> DVec3 {
    DVec3::from_array(std::array::from_fn(|c| f64::from(places[[t, joint, c]])))
}

/// Whether trunk or legs are along `axis` in most frames: a body that sits or bows.
fn half_upright(places: &ArrayView3<'_, f32>, axis: UpAxis) -> bool {
    let along = |bone: DVec3| bone.normalize_or_zero().dot(vector(axis)) > 0.7;
    let frames = (0..places.shape()[0]).filter(|t| {
        let [pelvis, neck, left, right] = [PELVIS, NECK, LEFT_ANKLE, RIGHT_ANKLE].map(|joint| at(places, *t, joint));
        along(neck - pelvis) || along(pelvis - 0.5 * (left + right))
    });
    2 * frames.count() > places.shape()[0]
}

/// How far the body moves ahead of itself, by its hips and its trunk.
fn walks(places: &ArrayView3<'_, f32>) -> f64 {
    let at = |t: usize, joint: usize| at(places, t, joint);
    let step = |t: usize| {
        let trunk = at(t, NECK) - at(t, PELVIS);
        let ahead = (at(t, LEFT_HIP) - at(t, RIGHT_HIP)).cross(trunk).normalize_or_zero();
        ahead.dot(at(t + 1, PELVIS) - at(t, PELVIS))
    };
    (0..places.shape()[0].saturating_sub(1)).map(step).sum()
}
