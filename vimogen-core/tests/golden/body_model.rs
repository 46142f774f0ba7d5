//! Golden `body_model`: SMPL and SMPL-X on synthetic models, their files, HMR import through a body.

use std::io::Read;
use std::path::PathBuf;

use ndarray::{Array2, ArrayD, Axis, Ix2, Ix3, arr0, arr2, s};
use vimogen_core::body::hmr::HmrParams;
use vimogen_core::body::{BodyKind, BodyModel, BodyParams, motion_joints};
use vimogen_core::format::npz::{self, NpzFile};
use vimogen_core::format::pickle::PickleFile;
use vimogen_core::format::torch::{self, Tree};
use vimogen_core::format::{DType, RawTensor, TensorSource};
use vimogen_core::motion::Motion;
use vimogen_core::motion::hmr::intrinsic;

use crate::common::{Golden, assert_all_cases, assert_close, folder};

fn golden() -> Golden {
    Golden::open("body_model")
}

fn file(name: &str) -> PathBuf {
    folder().join("body_models").join(name)
}

fn two(array: ArrayD<f32>) -> Array2<f32> {
    array.into_dimensionality::<Ix2>().expect("two axes")
}

fn none() -> Array2<f32> {
    Array2::zeros((0, 0))
}

fn beside(parts: &[Array2<f32>]) -> Array2<f32> {
    let views: Vec<_> = parts.iter().map(|p| p.view()).collect();
    ndarray::concatenate(Axis(1), &views).expect("rows of the parts")
}

/// The pickle as Python 2 wrote it.
fn python2_pickle() -> Vec<u8> {
    let file = std::fs::File::open(file("smpl_synthetic.pkl.zip")).expect("file");
    let mut zip = zip::ZipArchive::new(file).expect("zip");
    let mut bytes = Vec::new();
    zip.by_index(0).expect("part").read_to_end(&mut bytes).expect("bytes");
    bytes
}

fn smpl(golden: &Golden) -> (BodyModel, BodyParams) {
    let input = |name: &str| two(golden.input("smpl", name));
    let pose = beside(&[input("global_orient"), input("body_pose")]);
    let params = BodyParams { pose, transl: input("transl"), betas: input("betas"), expression: none() };
    (BodyModel::load(file("smpl_synthetic.npz")).expect("model"), params)
}

#[test]
fn smpl_matches_from_poses_and_from_matrices() {
    let golden = golden();
    let (model, params) = smpl(&golden);
    assert_eq!((model.kind(), model.num_vertices(), model.num_joints()), (BodyKind::Smpl, 120, 24));
    let posed = model.forward(&params).expect("forward");
    golden.assert_output("smpl", "vertices", posed.vertices.view().into_dyn());
    let joints = golden.output("smpl", "joints");
    let want = joints.slice_axis(Axis(1), (..24).into());
    assert_close("smpl joints", posed.joints.view().into_dyn(), want, golden.atol("smpl", "joints"));

    let plain = BodyParams { betas: none(), transl: Array2::zeros((4, 3)), ..params.clone() };
    let posed = model.forward(&plain).expect("forward");
    golden.assert_output("smpl_defaults", "vertices", posed.vertices.view().into_dyn());
    golden.assert_output("smpl_defaults", "joints24", posed.joints.view().into_dyn());

    let rotations = golden.input("smpl_matrices", "rotations").into_shape_with_order((4, 216)).expect("matrices");
    let shaped = BodyParams { transl: Array2::zeros((4, 3)), ..params };
    let posed = model.forward_rotations(rotations.view(), &shaped).expect("forward");
    // The case has no bound of its own: that of the same vertices from a pose.
    let atol = golden.atol("smpl", "vertices");
    golden.assert_within("smpl_matrices", "vertices", posed.vertices.view().into_dyn(), atol);
}

#[test]
fn the_gradient_of_smpl_matches_by_pose_shape_and_place() {
    let golden = golden();
    let (model, params) = smpl(&golden);
    let weights = |name: &str| golden.input("smpl_grad", name).into_dimensionality::<Ix3>().expect("three axes");
    let joints = weights("joint_weights");
    let vertices = weights("vertex_weights") / model.num_vertices() as f32;
    let posed = model.forward(&params).expect("forward");
    let value = (&posed.joints * &joints).sum() + (&posed.vertices * &vertices).sum();
    golden.assert_output("smpl_grad", "value", arr0(value).view().into_dyn());
    let got = model.gradient(&params, vertices.view(), joints.view()).expect("gradient");
    golden.assert_output("smpl_grad", "d_global_orient", got.pose.slice(s![.., ..3]).into_dyn());
    golden.assert_output("smpl_grad", "d_body_pose", got.pose.slice(s![.., 3..]).into_dyn());
    golden.assert_output("smpl_grad", "d_betas", got.betas.view().into_dyn());
    golden.assert_output("smpl_grad", "d_transl", got.transl.view().into_dyn());
}

#[test]
fn smplx_matches_with_hands_face_and_shape() {
    let golden = golden();
    let model = BodyModel::load(file("SMPLX_SYNTHETIC.npz")).expect("model");
    assert_eq!((model.kind(), model.num_vertices(), model.num_joints()), (BodyKind::Smplx, 300, 55));
    let input = |case: &str, name: &str| two(golden.input(case, name));
    let body = [input("smplx_body", "global_orient"), input("smplx_body", "body_pose")];
    let rest = |width: usize| Array2::zeros((5, width));
    let params = BodyParams {
        pose: beside(&[body[0].clone(), body[1].clone(), rest(99)]),
        transl: input("smplx_body", "transl"),
        betas: none(),
        expression: none(),
    };
    let posed = model.forward(&params).expect("forward");
    golden.assert_output("smplx_body", "vertices", posed.vertices.view().into_dyn());
    let joints = golden.output("smplx_body", "joints");
    // The joints; then some vertices, listed in the header; then the landmarks of the face.
    let picked = golden.meta()["smplx"]["extra_joint_vertex_ids_used"].as_array().expect("vertices").iter();
    let picked: Vec<usize> = picked.map(|id| id.as_u64().expect("a vertex") as usize).collect();
    // This file's shares of corners add up to 1 within 1.6e-5 only, and the release moves the body after it.
    let place = params.transl.view().insert_axis(Axis(1));
    let landmarks = model.landmarks((&posed.vertices - &place).view()).expect("landmarks") + place;
    assert_eq!((picked.len(), model.num_landmarks(), joints.shape()[1]), (21, 51, 127));
    let picked = posed.vertices.select(Axis(1), &picked);
    let all = ndarray::concatenate(Axis(1), &[posed.joints.view(), picked.view(), landmarks.view()]);
    let all = all.expect("joints beside each other");
    assert_close("smplx joints", all.view().into_dyn(), joints.view(), golden.atol("smplx_body", "joints"));

    let [jaw, hand] = ["jaw_pose", "left_hand_pose"].map(|name| input("smplx_full", name));
    let full = BodyParams {
        pose: beside(&[body[0].clone(), body[1].clone(), jaw, rest(6), hand, rest(45)]),
        betas: input("smplx_full", "betas"),
        expression: input("smplx_full", "expression"),
        ..params
    };
    let posed = model.forward(&full).expect("forward");
    golden.assert_output("smplx_full", "vertices", posed.vertices.view().into_dyn());
    golden.assert_output("smplx_full", "joints55", posed.joints.view().into_dyn());
}

#[test]
fn pickles_of_python_2_with_chumpy_and_of_python_3_are_the_same_model() {
    let npz = NpzFile::open(file("smpl_synthetic.npz")).expect("npz");
    let old = PickleFile::from_bytes(&python2_pickle()).expect("pickle");
    let new = PickleFile::open(file("smpl_synthetic_py3.pkl")).expect("pickle");
    for name in ["v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table", "J"] {
        let want = npz.read(name).expect(name);
        assert_eq!(old.read(name).expect(name), want, "{name}");
        let want = want.to_array_f32();
        // Its pose blend shapes are cut to nine.
        let want = if name == "posedirs" { want.slice_axis(Axis(2), (..9).into()) } else { want.view() };
        assert_eq!(new.read(name).expect(name).to_array_f32(), want, "{name}");
    }
    let cut = BodyModel::load(file("smpl_synthetic_py3.pkl")).expect_err("cut").to_string();
    assert!(cut.contains("posedirs") && cut.contains("207"), "{cut}");
    let golden = golden();
    let (_, params) = smpl(&golden);
    let posed = BodyModel::from_source(&old).expect("model").forward(&params).expect("forward");
    golden.assert_output("smpl", "vertices", posed.vertices.view().into_dyn());
}

/// A body model whose arrays are those of a file, but for one.
struct Changed(NpzFile, &'static str, Option<RawTensor>);

impl TensorSource for Changed {
    fn names(&self) -> Vec<String> {
        self.0.names().into_iter().filter(|n| n != self.1 || self.2.is_some()).collect()
    }

    fn info(&self, name: &str) -> vimogen_core::Result<vimogen_core::format::TensorInfo> {
        if name == self.1 { Ok(self.2.clone().expect("array").info().clone()) } else { self.0.info(name) }
    }

    fn bytes(&self, name: &str) -> vimogen_core::Result<std::borrow::Cow<'_, [u8]>> {
        if name != self.1 {
            return self.0.bytes(name);
        }
        Ok(self.2.clone().expect("array").into_bytes().into())
    }
}

#[test]
fn models_with_a_missing_or_impossible_part_are_refused_by_its_name() {
    let open = || NpzFile::open(file("smpl_synthetic.npz")).expect("npz");
    let refused = |name: &'static str, array: Option<ArrayD<f32>>| {
        let array = array.map(|a| RawTensor::from_f32(a.view()));
        BodyModel::from_source(&Changed(open(), name, array)).expect_err(name).to_string()
    };
    for name in ["v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table"] {
        let text = refused(name, None);
        assert!(text.contains(name), "{text}");
        assert!(refused(name, Some(ArrayD::zeros(vec![2, 2]))).len() > 10);
    }
    let with = |name: &'static str, index: &[usize], value: f32| {
        let mut array = open().read(name).expect(name).to_array_f32();
        array[index] = value;
        refused(name, Some(array))
    };
    assert!(with("f", &[3, 1], 120.0).contains("triangle"));
    assert!(with("f", &[3, 1], -1.0).contains("triangle"));
    assert!(with("kintree_table", &[0, 5], 5.0).contains("parent"));
    assert!(with("weights", &[7, 2], f32::NAN).contains("weights"));
}

#[test]
fn parameters_that_do_not_fit_the_model_are_refused_by_name() {
    let golden = golden();
    let (model, params) = smpl(&golden);
    let refused = |params: BodyParams| model.forward(&params).expect_err("refused").to_string();
    assert!(refused(BodyParams { pose: Array2::zeros((4, 165)), ..params.clone() }).contains("pose"));
    assert!(refused(BodyParams { transl: Array2::zeros((3, 3)), ..params.clone() }).contains("transl"));
    assert!(refused(BodyParams { betas: Array2::zeros((2, 10)), ..params.clone() }).contains("betas"));
    assert!(refused(BodyParams { betas: Array2::zeros((1, 11)), ..params.clone() }).contains("betas"));
    assert!(refused(BodyParams { expression: Array2::zeros((1, 1)), ..params.clone() }).contains("expression"));
    let mut bad = params;
    bad.pose[[2, 1]] = f32::NAN;
    assert!(refused(bad).contains("pose"));
}

#[test]
fn one_row_of_betas_is_the_same_row_in_all_frames() {
    let golden = golden();
    let (model, mut params) = smpl(&golden);
    let row = params.betas.slice(s![..1, ..]).to_owned();
    params.betas = row.broadcast((4, 10)).expect("rows").to_owned();
    let each = model.forward(&params).expect("forward");
    params.betas = row;
    let once = model.forward(&params).expect("forward");
    assert_close("vertices", once.vertices.view().into_dyn(), each.vertices.view().into_dyn(), 1e-6);
}

#[test]
fn the_arrays_of_a_pickle_keep_their_types() {
    let file = PickleFile::from_bytes(&python2_pickle()).expect("pickle");
    assert_eq!(file.info("f").expect("f").dtype, DType::U32);
    assert_eq!(file.info("J_regressor").expect("J_regressor").shape, [24, 120]);
    assert!(!file.names().iter().any(|n| n == "bs_style"), "texts are passed over");
}

/// The inputs of `hmr_to_motion` with the camera of its configuration.
fn recovered(golden: &Golden) -> HmrParams {
    let number = |name: &str| golden.case("hmr_to_motion")["config"][name].as_f64().expect(name) as f32;
    HmrParams {
        global_orient: two(golden.input("hmr_to_motion", "global_orient")),
        body_pose: two(golden.input("hmr_to_motion", "body_pose")),
        transl: two(golden.input("hmr_to_motion", "transl")),
        intrinsic: intrinsic(number("focal_length"), number("width"), number("height")).expect("camera"),
        fps: 20.0,
    }
}

#[test]
fn recovered_motion_becomes_a_clip_and_its_camera_and_vertices_again() {
    let golden = golden();
    let model = BodyModel::load(file("SMPLX_SYNTHETIC.npz")).expect("model");
    let got = recovered(&golden).to_motion(&model).expect("motion");
    // The cases have no bound of their own: twice that of the vertices, since joints pass twice through a rotation.
    let atol = 2.0 * golden.atol("smplx_body", "vertices");
    golden.assert_within("hmr_to_motion", "motion", got.canonical.features.view().into_dyn(), atol);
    golden.assert_within("hmr_to_motion", "extrinsic", got.extrinsic.view().into_dyn(), atol);
    golden.assert_within("hmr_to_motion", "intrinsic", arr2(&got.intrinsic).view().into_dyn(), 0.0);

    let motion = golden.output("hmr_to_motion", "motion").into_dimensionality::<Ix2>().expect("two axes");
    let motion = Motion::from_features(motion, 20.0).expect("motion");
    golden.assert_within("motion_to_vertices", "joints_from_motion", motion.joints().view().into_dyn(), atol);
    let posed = model.forward(&model.params(motion.smpl()).expect("params")).expect("forward");
    golden.assert_within("motion_to_vertices", "joints22", motion_joints(posed.joints.view()).view().into_dyn(), atol);
    let ends = posed.vertices.select(Axis(0), &[0, motion.len() - 1]);
    golden.assert_within("motion_to_vertices", "vertices_first_last", ends.view().into_dyn(), atol);
}

#[test]
fn recovered_motion_is_read_from_pt_npz_and_pkl_with_scalar_and_per_frame_cameras() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    let want = recovered(&golden());
    let raw = |array: &ArrayD<f32>| RawTensor::from_f32(array.view());
    let parts = [
        ("global_orient", raw(&want.global_orient.clone().into_dyn())),
        // Joints as an axis of their own, and an axis for the one person.
        ("body_pose", raw(&want.body_pose.to_shape((1, 26, 21, 3)).expect("shape").to_owned().into_dyn())),
        ("transl", raw(&want.transl.clone().into_dyn())),
    ];
    let camera = [("focal_length", 1000.0), ("width", 640.0), ("height", 480.0)];
    let per_frame: Vec<_> =
        camera.iter().map(|(name, value)| (*name, raw(&ArrayD::from_elem(vec![26], *value as f32)))).collect();
    let arrays: Vec<_> = parts.iter().chain(&per_frame).map(|(name, array)| (*name, array)).collect();
    npz::save(at("a.npz"), &arrays).expect("npz");
    let scalars = camera.iter().map(|(name, value)| (*name, Tree::Float(*value)));
    let tensors = parts.iter().map(|(name, array)| (*name, Tree::Tensor(array)));
    torch::save(at("a.pt"), &Tree::Dict(tensors.chain(scalars).collect())).expect("pt");
    for path in [at("a.npz"), at("a.pt"), folder_of_formats().join("recovered.pkl")] {
        let got = HmrParams::load(&path).expect("params");
        assert_eq!(got.intrinsic, want.intrinsic, "{path:?}");
        assert_eq!((&got.transl, &got.body_pose), (&want.transl, &want.body_pose), "{path:?}");
    }
    let one = want.clone().to_motion(BodyModel::neutral()).expect("motion");
    for name in ["b.npz", "b.pt"] {
        one.save(at(name), 30.0).expect("save");
        let back = Motion::load(at(name)).expect("load");
        assert_eq!((back.features(), back.fps()), (one.canonical.features.view(), 30.0));
    }
    // A part of a camera, a missing array, another width.
    npz::save(at("c.npz"), &arrays[..4]).expect("npz");
    assert!(HmrParams::load(at("c.npz")).expect_err("camera").to_string().contains("camera"));
    npz::save(at("d.npz"), &arrays[1..3]).expect("npz");
    assert!(HmrParams::load(at("d.npz")).expect_err("array").to_string().contains("global_orient"));
    npz::save(at("e.npz"), &[("global_orient", &parts[1].1), arrays[1], arrays[2]]).expect("npz");
    assert!(HmrParams::load(at("e.npz")).expect_err("width").to_string().contains("global_orient"));
    assert!(HmrParams::load(at("e.txt")).expect_err("extension").to_string().contains("pkl"));
}

fn folder_of_formats() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/formats")
}

#[test]
fn every_case_is_computed() {
    let smpl = ["smpl", "smpl_defaults", "smpl_matrices", "smpl_grad"];
    assert_all_cases(
        &golden(),
        smpl.into_iter().chain(["smplx_body", "smplx_full", "hmr_to_motion", "motion_to_vertices"]),
    );
}
