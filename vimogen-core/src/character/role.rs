//! Roles of the nodes of a character.

/// The turn of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// As one of our joints.
    Joint(usize),
    /// Between two of our joints, at this share of the way.
    Between(usize, usize, f64),
    /// As the joint of the twist of this number, turned about its bone by this share of the twist.
    Twist(usize, f64),
}
