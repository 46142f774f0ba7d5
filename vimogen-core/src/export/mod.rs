//! Files for other programs: BVH for animation tools.

pub mod bvh;
