//! Height of the ground below a clip.

/// Greatest distance of a clip's lowest point from height 0, metres, at which the ground is still at height 0.
const TOLERANCE: f32 = 0.3;

/// Height of the ground below a body of size `scale` (1 for an adult) whose lowest point is `low`: 0 for clips that are
/// placed on their ground, the lowest point for clips that start with the pelvis at height 0.
pub(crate) fn floor_of(low: f32, scale: f32) -> f32 {
    if low.abs() <= TOLERANCE * scale { 0.0 } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feet_near_height_zero_stand_on_it_and_others_on_their_own_level() {
        assert_eq!([0.02, -0.3, 0.31, -0.95].map(|low| floor_of(low, 1.0)), [0.0, 0.0, 0.31, -0.95]);
        assert_eq!(floor_of(0.4, 1.5), 0.0);
    }
}
