"""Joints by name, tables, plots, viewers of Rerun and viser: each with the real package where it is installed."""

import subprocess
import sys
import time

import numpy as np
import pytest

import vimogen


@pytest.fixture(scope="module")
def wave():
    return vimogen.generate("a person waves", num_frames=40, num_inference_steps=4)


def test_a_joint_is_taken_by_its_name_without_a_copy(wave):
    wrist = wave["right_wrist"]
    assert wrist.shape == (40, 3) and not wrist.flags.writeable
    assert np.shares_memory(wrist, wave.joints)
    np.testing.assert_array_equal(wrist, wave.joints[:, vimogen.JOINTS.index("right_wrist")])


def test_slices_and_faulty_keys_are_as_before(wave):
    assert len(wave[3:9]) == 6
    with pytest.raises(KeyError, match="'hand' is not a joint; the joints are pelvis, left_hip"):
        wave["hand"]
    with pytest.raises(TypeError, match="cut by slices"):
        wave[3]
    with pytest.raises(ValueError, match="step"):
        wave[::2]


def test_names_and_parents_are_those_of_the_core(wave):
    with pytest.raises(vimogen.InvalidArgumentError) as error:
        wave.with_joints_of(wave, ["nose"])
    assert str(error.value).endswith("is not one of " + ", ".join(vimogen.JOINTS[1:]))
    lengths = np.linalg.norm(wave.joints[:, 1:] - wave.joints[:, vimogen.PARENTS[1:]], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-3


def test_a_table_has_a_row_per_frame_and_columns_by_joint_and_axis(wave):
    pytest.importorskip("pandas")
    frame = wave.to_frame()
    assert frame.shape == (40, 66) and frame.index.name == "time" and frame.index[20] == 1.0
    np.testing.assert_array_equal(frame["right_wrist"].to_numpy(), wave["right_wrist"])
    assert frame["head"]["z"].mean() == pytest.approx(wave["head"][:, 2].mean())


def test_a_plot_has_a_line_per_joint_and_axis(wave):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert wave.plot(["right_wrist", "head"], axes="z", ax=ax) is ax
    assert [line.get_label() for line in ax.get_lines()] == ["right_wrist z", "head z"]
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), wave["right_wrist"][:, 2])
    assert ax.get_lines()[0].get_xdata()[-1] == pytest.approx(39 / 20)
    assert len(wave.plot().get_lines()) == 3
    with pytest.raises(ValueError, match="xyz"):
        wave.plot(axes="w", ax=ax)
    with pytest.raises(KeyError, match="nose"):
        wave.plot("nose", ax=ax)


def test_rerun_gets_every_frame_at_its_time(wave, tmp_path):
    rerun = pytest.importorskip("rerun")
    recording = rerun.RecordingStream("vimogen-test")
    recording.save(tmp_path / "wave.rrd")
    wave.to_rerun("person", start=2.0, recording=recording)
    recording.flush()
    del recording
    program = [sys.executable, "-m", "rerun_cli", "rrd", "print", "-vv", tmp_path / "wave.rrd"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "/person/joints" in done.stdout and "/person/bones" in done.stdout and "Points3D:positions" in done.stdout


def test_viser_shows_the_body_and_plays_it(wave):
    viser = pytest.importorskip("viser")
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        player = wave.to_viser(server, name="/one")
        first = player.frame
        deadline = time.monotonic() + 20
        while player.frame == first and time.monotonic() < deadline:
            time.sleep(0.05)
        assert player.frame != first, "it plays"
        player.show(7)
        time.sleep(0.2)
        assert player.frame == 7
        np.testing.assert_allclose(player._mesh.vertices, vimogen.Body().vertices(wave)[7], atol=1e-6)
        with pytest.raises(IndexError, match="frame 40"):
            player.show(40)
        still = wave[:1].to_viser(server, name="/two")
        assert still.frame == 0
        still.close()
        player.close()
    finally:
        server.stop()


MISSING = {
    "to_frame": "pandas",
    "plot": "matplotlib",
    "to_rerun": "rerun-sdk",
    "to_viser": "viser",
}


@pytest.mark.parametrize(("method", "package"), MISSING.items())
def test_a_missing_package_is_named(wave, method, package, monkeypatch):
    monkeypatch.setitem(
        sys.modules, {"rerun-sdk": "rerun", "matplotlib": "matplotlib.pyplot"}.get(package, package), None
    )
    with pytest.raises(ImportError, match=f"{method} needs {package}: pip install {package}"):
        getattr(wave, method)()


def test_importing_vimogen_imports_none_of_them():
    packages = ("pandas", "matplotlib", "rerun", "viser", "torch", "ray")
    code = f"import sys, vimogen; assert not set(sys.modules) & set({packages!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
