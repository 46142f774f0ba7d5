//! Bounding-box tree over the triangles of a mesh: finds the pairs that may touch.

use glam::Vec3;

use super::Faces;

/// Maximum number of triangles in a leaf.
const LEAF: u32 = 2;

/// An axis-aligned box, closed.
#[derive(Debug, Clone, Copy)]
pub struct Aabb {
    low: Vec3,
    high: Vec3,
}

impl Aabb {
    fn around(corners: [Vec3; 3]) -> Self {
        let [a, b, c] = corners;
        Self { low: a.min(b).min(c), high: a.max(b).max(c) }
    }

    fn join(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.low.cmple(other.high).all() && other.low.cmple(self.high).all()
    }

    fn size(&self) -> f32 {
        let d = self.high - self.low;
        d.x + d.y + d.z
    }
}

/// A node: the triangles `order[first..first + count]`. An inner node's left child follows it; `right` is the other
/// one, 0 for a leaf.
#[derive(Debug, Clone, Copy)]
struct Node {
    first: u32,
    count: u32,
    right: u32,
}

/// The tree of one set of faces. Its shape comes from one pose and serves all others, since neighbours on a body stay
/// neighbours; only the boxes are recomputed for each frame.
#[derive(Debug)]
pub struct AabbTree {
    nodes: Vec<Node>,
    order: Vec<u32>,
}

/// The boxes of a frame.
#[derive(Debug, Default)]
pub struct TreeBoxes {
    triangles: Vec<Aabb>,
    nodes: Vec<Aabb>,
    open: Vec<(u32, u32)>,
}

impl AabbTree {
    /// Splits the triangles in halves, along the widest axis of their centres in this pose, again and again.
    pub fn new(faces: &Faces, points: &[Vec3]) -> Self {
        let centres: Vec<Vec3> = (0..faces.len()).map(|f| faces.corners(points, f).iter().sum()).collect();
        let mut tree = Self { nodes: Vec::new(), order: (0..faces.len() as u32).collect() };
        if !tree.order.is_empty() {
            tree.split(&centres, 0, faces.len() as u32);
        }
        tree
    }

    /// Adds the node of `order[first..first + count]` and all below it. The depth is the logarithm of `count`.
    fn split(&mut self, centres: &[Vec3], first: u32, count: u32) -> u32 {
        let at = self.nodes.len();
        self.nodes.push(Node { first, count, right: 0 });
        if count > LEAF {
            let part = &mut self.order[first as usize..(first + count) as usize];
            let axis = widest_axis(part.iter().map(|f| centres[*f as usize]));
            let half = count / 2;
            part.select_nth_unstable_by(half as usize, |a, b| {
                centres[*a as usize][axis].total_cmp(&centres[*b as usize][axis])
            });
            self.split(centres, first, half);
            self.nodes[at].right = self.split(centres, first + half, count - half);
        }
        at as u32
    }

    /// Makes the boxes of a pose.
    fn fit(&self, faces: &Faces, points: &[Vec3], boxes: &mut TreeBoxes) {
        boxes.triangles.clear();
        boxes.triangles.extend((0..faces.len()).map(|f| Aabb::around(faces.corners(points, f))));
        boxes.nodes.clear();
        boxes.nodes.resize(self.nodes.len(), Aabb { low: Vec3::ZERO, high: Vec3::ZERO });
        // Children come after their parents.
        for (i, node) in self.nodes.iter().enumerate().rev() {
            boxes.nodes[i] = if node.right == 0 {
                let whole = self.leaf(node).iter().map(|f| boxes.triangles[*f as usize]).reduce(Aabb::join);
                whole.unwrap_or(boxes.nodes[i])
            } else {
                boxes.nodes[i + 1].join(boxes.nodes[node.right as usize])
            };
        }
    }

    /// The faces of a leaf.
    fn leaf(&self, node: &Node) -> &[u32] {
        &self.order[node.first as usize..(node.first + node.count) as usize]
    }

    /// Calls `found` with each pair of different triangles whose boxes overlap, once.
    pub fn pairs(&self, faces: &Faces, points: &[Vec3], boxes: &mut TreeBoxes, mut found: impl FnMut(u32, u32)) {
        if self.nodes.is_empty() {
            return;
        }
        self.fit(faces, points, boxes);
        let mut open = std::mem::take(&mut boxes.open);
        open.push((0, 0));
        while let Some((a, b)) = open.pop() {
            let (left, right) = (&self.nodes[a as usize], &self.nodes[b as usize]);
            if a == b {
                if left.right == 0 {
                    self.within(left, boxes, &mut found);
                } else {
                    open.extend([(a + 1, a + 1), (left.right, left.right), (a + 1, left.right)]);
                }
            } else if boxes.nodes[a as usize].overlaps(&boxes.nodes[b as usize]) {
                let larger = boxes.nodes[a as usize].size() >= boxes.nodes[b as usize].size();
                match (left.right, right.right) {
                    (0, 0) => self.across(left, right, boxes, &mut found),
                    (l, r) if r == 0 || (l != 0 && larger) => open.extend([(a + 1, b), (l, b)]),
                    (_, r) => open.extend([(a, b + 1), (a, r)]),
                }
            }
        }
        boxes.open = open;
    }

    fn within(&self, leaf: &Node, boxes: &TreeBoxes, found: &mut impl FnMut(u32, u32)) {
        let faces = self.leaf(leaf);
        for (i, a) in faces.iter().enumerate() {
            for b in &faces[i + 1..] {
                if boxes.triangles[*a as usize].overlaps(&boxes.triangles[*b as usize]) {
                    found(*a, *b);
                }
            }
        }
    }

    fn across(&self, left: &Node, right: &Node, boxes: &TreeBoxes, found: &mut impl FnMut(u32, u32)) {
        for a in self.leaf(left) {
            for b in self.leaf(right) {
                if boxes.triangles[*a as usize].overlaps(&boxes.triangles[*b as usize]) {
                    found(*a, *b);
                }
            }
        }
    }
}

fn widest_axis(points: impl Iterator<Item = Vec3>) -> usize {
    let (low, high) = points.fold((Vec3::INFINITY, Vec3::NEG_INFINITY), |(low, high), p| (low.min(p), high.max(p)));
    let d = high - low;
    if d.x >= d.y && d.x >= d.z {
        0
    } else if d.y >= d.z {
        1
    } else {
        2
    }
}
