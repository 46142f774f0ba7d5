//! The tree of a rig's joints.

use glam::DVec3;

use crate::io::rig::RigJoint;

/// Joints with their children.
pub(super) struct Tree<'a> {
    pub joints: &'a [RigJoint],
    pub children: Vec<Vec<usize>>,
}

impl<'a> Tree<'a> {
    pub fn new(joints: &'a [RigJoint]) -> Self {
        let mut children = vec![Vec::new(); joints.len()];
        for (j, joint) in joints.iter().enumerate() {
            if let Some(parent) = joint.parent {
                children[parent].push(j);
            }
        }
        Self { joints, children }
    }

    pub fn names(&self) -> Vec<&'a str> {
        self.joints.iter().map(|joint| joint.name.as_str()).collect()
    }

    /// The joint and all above it, up to the root.
    pub fn path_up(&self, joint: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(joint), |j| self.joints[*j].parent)
    }

    /// Whether a joint is another or below it.
    pub fn is_below(&self, joint: usize, above: usize) -> bool {
        self.path_up(joint).any(|j| j == above)
    }

    /// The lowest joint that both are below.
    pub fn meeting(&self, a: usize, b: usize) -> Option<usize> {
        self.path_up(a).find(|j| self.is_below(b, *j))
    }

    /// Joints from below `top` down to `joint`; empty if it is not below `top`.
    pub fn path_down(&self, top: usize, joint: usize) -> Vec<usize> {
        if !self.is_below(joint, top) {
            return Vec::new();
        }
        let mut path: Vec<usize> = self.path_up(joint).take_while(|j| *j != top).collect();
        path.reverse();
        path
    }

    pub fn place(&self, joint: usize) -> DVec3 {
        self.joints[joint].rest.1
    }

    /// Length of the bone from the parent.
    pub fn length(&self, joint: usize) -> f64 {
        self.joints[joint].parent.map_or(0.0, |parent| self.place(joint).distance(self.place(parent)))
    }

    /// Length of the bone at the end of a joint without children.
    pub fn end_length(&self, joint: usize) -> f64 {
        self.joints[joint].end.map_or(0.0, DVec3::length)
    }

    /// For each joint the length of the longest way down, End Sites included, and the child that it starts with.
    pub fn longest_ways(&self) -> Vec<(f64, Option<usize>)> {
        let mut ways = vec![(0.0, None); self.joints.len()];
        // Children come after their parents.
        for j in (0..self.joints.len()).rev() {
            let down = self.children[j].iter().map(|child| (self.length(*child) + ways[*child].0, Some(*child)));
            let end = (self.end_length(j), None);
            ways[j] = down.fold(end, |best, way| if way.0 > best.0 { way } else { best });
        }
        ways
    }
}
