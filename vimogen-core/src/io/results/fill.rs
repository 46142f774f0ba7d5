//! Frames in which a person was not seen.

use glam::{Quat, Vec3};
use ndarray::Array2;

use crate::motion::rotation::{axis_angle_from_quaternion, wxyz_from_quat};

/// Maximum number of missing frames in a row that are filled.
const MAX_GAP: i64 = 30;

/// Rows at every frame from the first to the last one: gaps are filled by interpolation, and at a gap that is too long the
/// clip is cut, of which the longest part is kept. The text says what was done.
pub(super) fn gaps(
    frames: &[i64],
    pose: Array2<f32>,
    translation: Array2<f32>,
) -> (Array2<f32>, Array2<f32>, Option<String>) {
    let step = |pair: &[i64]| pair[1].checked_sub(pair[0]).unwrap_or(i64::MAX);
    let regular = frames.windows(2).all(|pair| step(pair) == 1);
    if regular || frames.len() != pose.nrows() || frames.windows(2).any(|pair| step(pair) < 1) {
        return (pose, translation, None);
    }
    let cuts = (1..frames.len()).filter(|i| step(&frames[i - 1..=*i]) > MAX_GAP + 1);
    let bounds: Vec<usize> = std::iter::once(0).chain(cuts).chain(std::iter::once(frames.len())).collect();
    let longest = bounds.windows(2).map(|b| b[0]..b[1]).fold(
        0..0,
        |best, part| {
            if part.len() > best.len() { part } else { best }
        },
    );
    let (mut turns, mut places) = (Vec::new(), Vec::new());
    let mut filled = 0;
    for i in longest.clone() {
        if i > longest.start {
            let missing = step(&frames[i - 1..=i]) - 1;
            filled += missing;
            for m in 1..=missing {
                let share = m as f32 / (missing + 1) as f32;
                turns.extend(between(pose.row(i - 1).as_slice(), pose.row(i).as_slice(), share, slerp));
                places.extend(between(
                    translation.row(i - 1).as_slice(),
                    translation.row(i).as_slice(),
                    share,
                    Vec3::lerp,
                ));
            }
        }
        turns.extend(pose.row(i));
        places.extend(translation.row(i));
    }
    let mut said = Vec::new();
    if filled > 0 {
        said.push(format!("{filled} frames without the person were filled by interpolation"));
    }
    if longest.len() < frames.len() {
        let (from, to) = (frames[longest.start], frames[longest.end - 1]);
        said.push(format!(
            "the person is missing for over {MAX_GAP} frames: frames {from} to {to}, the longest part, were read"
        ));
    }
    let rows = |values: Vec<f32>, width: usize| {
        let count = values.len() / width;
        Array2::from_shape_vec((count, width), values).unwrap_or_else(|_| unreachable!("whole rows were added"))
    };
    (rows(turns, pose.ncols()), rows(places, translation.ncols()), Some(said.join("; ")))
}

fn between<'r>(
    from: Option<&'r [f32]>,
    to: Option<&'r [f32]>,
    share: f32,
    mix: fn(Vec3, Vec3, f32) -> Vec3,
) -> impl Iterator<Item = f32> + 'r {
    let (from, to) = (from.unwrap_or_default().as_chunks::<3>().0, to.unwrap_or_default().as_chunks::<3>().0);
    from.iter().zip(to).flat_map(move |(a, b)| mix(Vec3::from(*a), Vec3::from(*b), share).to_array())
}

fn slerp(from: Vec3, to: Vec3, share: f32) -> Vec3 {
    let turn = Quat::from_scaled_axis(from).slerp(Quat::from_scaled_axis(to), share);
    axis_angle_from_quaternion(wxyz_from_quat(turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[f32]) -> Array2<f32> {
        Array2::from_shape_fn((values.len(), 3), |(t, _)| values[t])
    }

    #[test]
    fn short_gaps_are_filled_and_long_ones_cut() {
        let (pose, places, said) = gaps(&[4, 5, 8], rows(&[0.0; 3]), rows(&[0.0, 1.0, 4.0]));
        assert_eq!((pose.nrows(), places.column(0).to_vec()), (5, vec![0.0, 1.0, 2.0, 3.0, 4.0]));
        assert!(said.unwrap().contains("2 frames"));
        let (_, places, said) = gaps(&[0, 1, 2, 900, 901], rows(&[0.0; 5]), rows(&[0.0, 1.0, 2.0, 3.0, 4.0]));
        assert_eq!(places.column(0).to_vec(), [0.0, 1.0, 2.0]);
        assert!(said.unwrap().contains("frames 0 to 2"));
    }

    #[test]
    fn frames_in_order_and_frames_of_no_order_are_left_alone() {
        for frames in [&[3, 4, 5][..], &[5, 4, 3], &[1, 1, 1], &[1], &[i64::MIN, 0, i64::MAX]] {
            let (_, places, said) = gaps(frames, rows(&[0.0; 3]), rows(&[0.0; 3]));
            assert!(said.is_none() || places.nrows() < 3, "{frames:?}");
        }
    }
}
