"""The nodes for ComfyUI, against a stand-in for what they use of it: no registry has ComfyUI itself."""

import importlib.util
import subprocess
import sys
import types

import numpy as np
import pytest

import vimogen
from conftest import ROOT

SOURCE = ROOT / "examples" / "comfyui" / "vimogen" / "__init__.py"


class InterruptedByUserError(Exception):
    """The user pressed the button."""


@pytest.fixture
def comfy(monkeypatch, tmp_path):
    """ComfyUI's modules, with a record of what the nodes did."""
    record = types.SimpleNamespace(bars=[], stop=False, output=tmp_path / "output")
    record.output.mkdir()

    class ProgressBar:
        def __init__(self, total):
            record.bars.append([])

        def update_absolute(self, value, total=None, preview=None):
            record.bars[-1].append((value, total))

    def interrupted():
        if record.stop:
            raise InterruptedByUserError

    def save_path(prefix, output, width=0, height=0):
        """Folder, name, number, subfolder, prefix; only files of pictures are counted, as there."""
        folder = record.output / prefix
        folder.parent.mkdir(parents=True, exist_ok=True)
        below = str(folder.parent.relative_to(record.output))
        return str(folder.parent), folder.name, 1, "" if below == "." else below, prefix

    modules = {
        "comfy": types.ModuleType("comfy"),
        "comfy.utils": types.SimpleNamespace(ProgressBar=ProgressBar),
        "comfy.model_management": types.SimpleNamespace(throw_exception_if_processing_interrupted=interrupted),
        "folder_paths": types.SimpleNamespace(
            get_output_directory=lambda: str(record.output), get_save_image_path=save_path
        ),
        "torch": types.SimpleNamespace(from_numpy=lambda array: array),
    }
    modules["comfy"].utils = modules["comfy.utils"]
    modules["comfy"].model_management = modules["comfy.model_management"]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return record


@pytest.fixture(scope="module")
def module():
    """The folder, loaded by its path as ComfyUI loads it."""
    spec = importlib.util.spec_from_file_location("custom_nodes_vimogen", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nodes(module):
    """The nodes by name."""
    return module.NODE_CLASS_MAPPINGS


def run(node, **given):
    """Call a node as the executor does: an instance, the function by its name, defaults for what is not given."""
    inputs = node.INPUT_TYPES()
    values = {}
    for group in inputs.values():
        for name, (kind, *options) in group.items():
            fallback = kind[0] if isinstance(kind, list | tuple) else None
            values[name] = given.pop(name, (options[0] if options else {}).get("default", fallback))
    assert not given
    return getattr(node(), node.FUNCTION)(**values)


def test_the_folder_is_imported_without_comfyui_and_torch():
    code = (
        "import importlib.util as u, sys; s = u.spec_from_file_location('nodes', sys.argv[1]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, SOURCE], check=True, timeout=60)


def test_every_node_has_what_comfyui_reads(nodes):
    assert set(nodes) - {"VimogenRetarget"} == {"VimogenGenerate", "VimogenRender", "VimogenSave"}
    assert ("VimogenRetarget" in nodes) == hasattr(vimogen.Motion, "retarget")
    for node in nodes.values():
        assert node.CATEGORY == "vimogen" and callable(getattr(node, node.FUNCTION)) and node.RETURN_TYPES
        for group, inputs in node.INPUT_TYPES().items():
            assert group in ("required", "optional")
            for kind, *options in inputs.values():
                assert isinstance(kind, str | list | tuple) and len(options) < 2
                default = (options[0] if options else {}).get("default")
                assert isinstance(kind, str) or default is None or default in kind


def test_a_motion_is_that_of_the_library_and_moves_the_bar(nodes, comfy):
    motion, notes = run(nodes["VimogenGenerate"], prompt="a person does a backflip", seed=3, seconds=2.0)
    pipe = vimogen.Pipeline.from_pretrained()
    with pytest.warns(vimogen.PromptWarning):
        assert motion == pipe("a person does a backflip", seed=3, num_frames=40)
    assert "backflip" in notes and comfy.bars == [[(step, 50) for step in range(1, 51)]]


def test_the_users_stop_ends_a_generation(nodes, comfy):
    comfy.stop = True
    with pytest.raises(InterruptedByUserError):
        run(nodes["VimogenGenerate"])


def test_pictures_are_a_batch_from_0_to_1(nodes, comfy):
    pytest.importorskip("PIL")
    motion = vimogen.generate("a person waves", num_frames=6, num_inference_steps=2)
    (pictures,) = run(nodes["VimogenRender"], motion=motion, width=96, height=64)
    assert pictures.shape == (6, 64, 96, 3) and pictures.dtype == np.float32
    assert 0 <= pictures.min() < 0.5 < pictures.max() <= 1
    (depth,) = run(nodes["VimogenRender"], motion=motion, width=96, height=64, style="depth", fps=10.0)
    assert len(depth) < 6 and (depth[..., 0] == depth[..., 1]).all()


def test_files_are_numbered_and_replace_nothing(nodes, comfy):
    motion = vimogen.generate("a person waves", num_frames=6, num_inference_steps=2)
    first = run(nodes["VimogenSave"], motion=motion, filename_prefix="walks/one", format="npz")
    second = run(nodes["VimogenSave"], motion=motion, filename_prefix="walks/one", format="npz")
    assert [done["ui"]["text"] for done in (first, second)] == [["walks/one_00001_.npz"], ["walks/one_00002_.npz"]]
    assert vimogen.Motion.load(second["result"][0]) == motion
    assert sorted(path.name for path in (comfy.output / "walks").iterdir()) == ["one_00001_.npz", "one_00002_.npz"]


def test_a_character_goes_to_the_output_folder(module, comfy):
    asked = []
    motion = types.SimpleNamespace(retarget=lambda character, out: asked.append((character, out)))
    for character, ending in (("hero.glb", "glb"), ("Avatar.VRM", "vrm"), ("hero.gltf", "glb")):
        done = run(module.Retarget, motion=motion, character=character, filename_prefix="hero")
        assert asked[-1] == (character, comfy.output / f"hero_00001_.{ending}")
        assert done == {"ui": {"text": [f"hero_00001_.{ending}"]}, "result": (str(asked[-1][1]),)}
