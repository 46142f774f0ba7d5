//! The cases of other rest poses, axes and units that lie next to the repository, if they do (or in `VIMOGEN_CASES`).

use std::path::PathBuf;

use vimogen_core::motion::Motion;

use crate::worn::{bones_apart, joints_apart};

#[test]
fn cases_with_other_rest_poses_axes_and_units_are_their_base() {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases/bvh");
    let folder = std::env::var_os("VIMOGEN_CASES").map_or_else(beside, PathBuf::from);
    let Ok(base) = Motion::load(folder.join("base.bvh")) else {
        println!("there are no cases at {}", folder.display());
        return;
    };
    for name in ["rest_heap_x", "zup_blender", "unit_m", "unit_dm", "unit_inch"] {
        let motion = Motion::load(folder.join(name).with_extension("bvh")).expect(name);
        let apart = joints_apart(&motion, &base);
        assert!(apart < 2e-3, "{name}: joints are {apart} m apart");
        for (joint, angles) in bones_apart(&motion, &base).iter().enumerate() {
            assert!(angles.worst < 2.0, "{name}: the bone to {joint} is {:.1} degrees off", angles.worst);
        }
        assert_eq!(motion.source().expect("source").warnings, Vec::<String>::new(), "{name}");
    }
}
