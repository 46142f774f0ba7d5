"""Golden `rotations`, `motion_rep`, `signal` and `mbench_motion_quality` through the public API."""

import numpy as np
import pytest

import vimogen
from goldens import Golden
from vimogen import mbench, motion, rotations

ROTATIONS = Golden("rotations")
MOTION = Golden("motion_rep")
SIGNAL = Golden("signal")
QUALITY = Golden("mbench_motion_quality")

AXIS_ANGLE = ["aa_generic", "aa_small", "aa_near_pi", "aa_pi", "aa_beyond_pi"]


def matrices(axis_angle):
    """Rotation matrices in float64, exactly orthonormal."""
    v = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(v, axis=-1, keepdims=True)[..., None]
    x, y, z = np.moveaxis(v / np.maximum(angle[..., 0], 1e-300), -1, 0)
    zero = np.zeros_like(x)
    k = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


@pytest.mark.parametrize("case", AXIS_ANGLE)
def test_axis_angles_match(case):
    aa = ROTATIONS.input(case, "aa")
    ROTATIONS.check(case, "matrix", rotations.axis_angle_to_matrix(aa).reshape(ROTATIONS.output(case, "matrix").shape))
    ROTATIONS.check(case, "rot6d", rotations.axis_angle_to_rot6d(aa))
    ROTATIONS.check(case, "quat", rotations.axis_angle_to_quaternion(aa))
    ways = {
        "aa_via_quat": rotations.quaternion_to_axis_angle(rotations.axis_angle_to_quaternion(aa)),
        "aa_via_matrix": rotations.matrix_to_axis_angle(rotations.axis_angle_to_matrix(aa)),
        "aa_via_rot6d": rotations.rot6d_to_axis_angle(rotations.axis_angle_to_rot6d(aa)),
    }
    for name, got in ways.items():
        if case in ("aa_near_pi", "aa_pi"):  # the sign of the vector is decided by rounding there
            atol = ROTATIONS.atol("aa_near_pi", name)
            np.testing.assert_allclose(matrices(got), matrices(ROTATIONS.output(case, name)), rtol=0, atol=atol)
        else:
            ROTATIONS.check(case, name, got)


@pytest.mark.parametrize("case", ["mat_exact", "mat_bad"])
def test_matrices_match(case):
    matrix = ROTATIONS.input(case, "matrix")
    finite = np.isfinite(matrix).all(axis=(-2, -1))
    if not finite.all():
        with pytest.raises(vimogen.NonFiniteError):
            rotations.matrix_to_axis_angle(matrix)
    got = rotations.matrix_to_rot6d(matrix[finite])
    np.testing.assert_allclose(got, ROTATIONS.output(case, "rot6d")[finite], rtol=0, atol=ROTATIONS.atol(case, "rot6d"))
    got = rotations.matrix_to_axis_angle(matrix[finite])
    np.testing.assert_allclose(got, ROTATIONS.output(case, "aa")[finite], rtol=0, atol=ROTATIONS.atol(case, "aa"))


@pytest.mark.parametrize(
    "case", ["rot6d_orthonormal", "rot6d_noisy", "rot6d_random", "rot6d_scaled", "rot6d_degenerate"]
)
def test_rot6d_match(case):
    rot6d = ROTATIONS.input(case, "rot6d")
    finite = np.isfinite(rot6d).all(axis=-1)
    if not finite.all():
        with pytest.raises(vimogen.NonFiniteError):
            rotations.rot6d_to_matrix(rot6d)
        rot6d = np.where(finite[..., None], rot6d, 0)
    got = {
        "matrix": rotations.rot6d_to_matrix(rot6d),
        "aa": rotations.rot6d_to_axis_angle(rot6d),
        "quat": rotations.rot6d_to_quaternion(rot6d),
        "rot6d_again": rotations.matrix_to_rot6d(rotations.rot6d_to_matrix(rot6d)),
    }
    for name, values in got.items():
        if case != "rot6d_degenerate":
            ROTATIONS.check(case, name, values)
            continue
        want = ROTATIONS.output(case, name)  # almost parallel columns amplify rounding by the inverse of their angle
        values, want = (np.where(finite.reshape(-1, *[1] * (x.ndim - 1)), x, 0) for x in (values, want))
        for rows, atol in ((slice(3, 4), 2e-5), (slice(4, 5), 2e-4), (slice(5, 6), 2e-3), (slice(6, 12), 2e-6)):
            np.testing.assert_allclose(values[rows], want[rows], rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("case", ["quat_unit", "quat_nonunit", "quat_special"])
def test_quaternions_match(case):
    quat = ROTATIONS.input(case, "quat")
    axis_angle = rotations.quaternion_to_axis_angle(quat)
    ROTATIONS.check(case, "aa", axis_angle)
    ROTATIONS.check(case, "quat_again", rotations.axis_angle_to_quaternion(axis_angle))
    ROTATIONS.check(case, "rot6d", rotations.quaternion_to_rot6d(quat))


def test_the_second_family_of_rotations_matches():
    aa = ROTATIONS.input("mbench_aa", "aa")
    ROTATIONS.check("mbench_aa", "matrix", rotations.axis_angle_to_matrix_mbench(aa))
    rows = rotations.axis_angle_to_rot6d_rows(aa)
    ROTATIONS.check("mbench_aa", "rot6d_rows", rows)
    ROTATIONS.check("mbench_aa", "matrix_from_rot6d_rows", rotations.rot6d_rows_to_matrix(rows))
    for case in ("mbench_aa", "nrdf_aa"):
        ROTATIONS.check(case, "quat", rotations.axis_angle_to_quaternion_mbench(ROTATIONS.input(case, "aa")))
    case = "mbench_rot6d_rows"
    ROTATIONS.check(case, "matrix", rotations.rot6d_rows_to_matrix(ROTATIONS.input(case, "rot6d")))
    case = "smplx_rodrigues"
    ROTATIONS.check(case, "matrix", rotations.axis_angle_to_matrix_smplx(ROTATIONS.input(case, "aa")))


def test_rotations_keep_leading_axes_and_take_any_layout():
    aa = np.random.default_rng(1).normal(size=(4, 5, 3)).astype(np.float32)
    out = rotations.axis_angle_to_matrix(aa)
    assert out.shape == (4, 5, 3, 3)
    np.testing.assert_array_equal(rotations.axis_angle_to_matrix(np.asfortranarray(aa)), out)
    np.testing.assert_array_equal(rotations.axis_angle_to_matrix(aa[2, 3]), out[2, 3])
    assert rotations.axis_angle_to_matrix(np.zeros((0, 3))).shape == (0, 3, 3)


def smpl(joints_of="synth.encode"):
    given = {name: MOTION.input("synth.encode", name) for name in ("global_orient", "body_pose", "transl")}
    return given | {"joints": MOTION.input(joints_of, "joints")}


def features(clip):
    return MOTION.output("synth.encode", "motion") if clip == "synth" else MOTION.input(clip, "motion")


def test_encoding_matches():
    MOTION.check("synth.encode", "motion", motion.encode(**smpl()))


@pytest.mark.parametrize("clip", ["synth", "noisy", "one_frame", "clip"])
@pytest.mark.parametrize("mode", ["plain", "velocity", "equal_length"])
def test_decoding_matches(clip, mode):
    decoded = motion.decode(features(clip), mode)
    for name, got in decoded.items():
        MOTION.check(f"{clip}.decode_{mode}", name, got)
    MOTION.check(f"{clip}.mbench_joints", "joints", motion.mbench_joints(features(clip)))
    if mode == "velocity":
        np.testing.assert_array_equal(vimogen.Motion(features(clip)).joints, decoded["joints"])


def test_a_decoded_clip_encodes_to_itself_as_upstream():
    again = motion.encode(**motion.decode(features("clip"), "equal_length"))
    MOTION.check("clip.reencode", "motion_first4", again[:4])


@pytest.mark.parametrize("floor", [False, True])
def test_canonical_placement_matches(floor):
    got, case = motion.canonicalize(**smpl("synth.transform"), set_floor=floor), f"synth.canonicalize_floor{floor:d}"
    MOTION.check(case, "motion", got["motion"])
    MOTION.check(case, "joints", got["joints"][:-1])
    MOTION.check(case, "delta_transl", got["delta_transl"][None])
    MOTION.check(case, "R_inv", got["r_inv"])


@pytest.mark.parametrize(("clip", "floor"), [("synth", False), ("synth", True), ("clip", True)])
def test_import_from_video_matches(clip, floor):
    case = f"{clip}.process_hmr_floor{floor:d}"
    intrinsic = MOTION.arrays.get(f"{case}.input.intrinsic")
    got = motion.from_hmr(features(clip), intrinsic, set_floor=floor)
    MOTION.check(case, "motion", got["motion"])
    MOTION.check(case, "extrinsic", got["extrinsic"])
    MOTION.check(case, "joints_canonical", got["joints"][:-1])
    np.testing.assert_array_equal(got["intrinsic"], np.eye(3) if intrinsic is None else intrinsic)


@pytest.mark.parametrize("case", [case for case in SIGNAL.cases if case.startswith("smooth")])
def test_smoothing_matches(case):
    config = SIGNAL.cases[case]["config"]
    SIGNAL.check(case, "y", motion.smooth(SIGNAL.input(case, "x"), config["kernel_size"], config["sigma"]))


@pytest.mark.parametrize("frames", [80, 17, 16, 5, 2, 1])
def test_references_are_resampled_and_cut_to_their_channels(frames):
    case = f"mbench_item_T{frames}"
    clip = motion.resample(features("clip")[:frames], 16, 20)
    mean, std = SIGNAL.arrays["stats.mean"], SIGNAL.arrays["stats.std"]
    normal = (clip - mean) / std
    # NumPy divides where the core divides; the golden bound is that of the whole chain.
    SIGNAL.check(case, "motion_norm", normal)
    if f"{case}.output.ref_motion" in SIGNAL.arrays:
        atol = SIGNAL.atol(case, "motion_norm")
        SIGNAL.check(case, "ref_motion", motion.reference_channels(normal), atol)


@pytest.mark.parametrize("case", [case for case in QUALITY.cases if f"{case}.input.joints" in QUALITY.arrays])
def test_motion_quality_matches(case):
    joints, known = QUALITY.input(case, "joints"), QUALITY.cases[case]
    if not np.isfinite(joints).all():
        for name in known["metrics"]:  # the release gives three of five a perfect score
            with pytest.raises(vimogen.NonFiniteError, match="joints"):
                getattr(mbench, name.lower())(joints)
        return
    for name, want in known["metrics"].items():
        metric = getattr(mbench, name.lower())
        if name in known["fragile"]:
            continue
        if isinstance(want, str) and want != "nan":
            with pytest.raises(ValueError, match="joints"):
                metric(joints)
        else:
            assert metric(joints) == pytest.approx(float(want), rel=0, abs=1e-6, nan_ok=True), name
