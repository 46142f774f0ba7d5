//! Files for other programs: BVH, AMASS/SMPL-X npz.
