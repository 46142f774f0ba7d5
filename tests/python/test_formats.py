"""The formats of motion files: one list in every language and in the book."""

import re

import numpy as np
import pytest

import vimogen
from conftest import ROOT
from vimogen.cli import formats

FORMATS = vimogen.file_formats()


def extensions(use):
    return [extension for kind in FORMATS if kind[use] for extension in kind["extensions"]]


def table():
    """The rows of the book, one per format."""
    yes = {True: "yes", False: "no"}
    for kind in FORMATS:
        names = ", ".join(f"`.{extension}`" for extension in kind["extensions"])
        yield f"| {names} | {kind['description']} | {yes[kind['reads']]} | {yes[kind['lossless']]} |"


def test_the_book_has_the_table_of_formats():
    text = (ROOT / "docs/src/how-to/other-programs.md").read_text(encoding="utf-8")
    wanted = "\n".join(["| file | content | can be read | lossless |", "|---|---|---|---|", *table()])
    assert wanted in text, f"put this table into docs/src/how-to/other-programs.md:\n{wanted}"


@pytest.mark.parametrize(("use", "name"), [("reads", "load"), ("writes", "save")])
def test_python_and_c_document_every_extension(use, name):
    docstring = getattr(vimogen.Motion, name).__doc__
    header = (ROOT / "include/vimogen.h").read_text(encoding="utf-8")
    comment = re.search(rf"((?:^///.*\n)+)VIMOGEN_API\nvimogen_status vimogen_motion_{name}\(", header, re.MULTILINE)
    assert comment, name
    for extension in extensions(use):
        assert f"``.{extension}``" in docstring, extension
        assert f"`.{extension}`" in comment[0], extension


def test_formats_that_are_written_and_read_come_back(tmp_path):
    # Of a person: other skeletons are refused.
    motion = vimogen.generate("a person walks", num_frames=12, num_inference_steps=2)[:3]
    for kind in FORMATS:
        path = tmp_path / f"walk.{kind['extensions'][0]}"
        if not kind["writes"]:
            with pytest.raises(vimogen.InvalidArgumentError, match="none of npz"):
                motion.save(path)
            continue
        motion.save(path, title="a walk")
        assert path.stat().st_size > 0, path
        if kind["lossless"]:
            assert vimogen.Motion.load(path) == motion, path
        elif kind["reads"]:
            assert len(vimogen.Motion.load(path)) == len(motion), path
        else:
            with pytest.raises(vimogen.InvalidArgumentError, match="none of npz"):
                vimogen.Motion.load(path)


def test_joints_for_mbench_are_written_by_name(tmp_path):
    motion = vimogen.Motion(np.sin(np.arange(3 * 276)).reshape(3, 276) * 0.1, fps=20)
    motion.save_mbench_joints(tmp_path / "a.npy")
    formats.save(motion, tmp_path / "b.joints.npy", title="ignored")
    x, y, z = np.moveaxis(motion.joints, -1, 0)
    for name in ("a.npy", "b.joints.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name), np.stack([-x, z, y], axis=-1))
