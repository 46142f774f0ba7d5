"""Notes on prompts: what the model does not know is said, everywhere."""

import json
import warnings

import pytest
from click.testing import CliRunner

import vimogen
from vimogen.cli import cli


@pytest.fixture(scope="module")
def pipe():
    return vimogen.Pipeline.from_pretrained()


def test_a_note_has_its_kind_words_and_suggestions(pipe):
    (note,) = pipe.notes("a person wlaks forward")
    assert note == {
        "kind": "misspelt",
        "words": "wlaks",
        "suggestions": ["walks"],
        "message": '"wlaks" was read as "walks"',
    }
    assert pipe.notes("a person walks forward") == []


def test_generating_warns(pipe):
    with pytest.warns(vimogen.PromptWarning, match="backflip.*unlike the movements"):
        pipe("a person does a backflip", num_frames=8, num_inference_steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe("a person jumps", num_frames=8, num_inference_steps=1)


def run(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_the_command_line_prints_notes_and_strict_refuses(tmp_path):
    quick = ("--frames", "8", "--steps", "1", "-o", str(tmp_path / "x.npz"))
    said = run("generate", "a person plays tennis", *quick)
    assert said.exit_code == 0 and "note: a person plays tennis: " in said.stderr
    (made,) = json.loads(run("generate", "a person plays tennis", "--json", *quick).stdout)
    assert [note["kind"] for note in made["notes"]] == ["unfamiliar"]
    (tmp_path / "x.npz").unlink()
    refused = run("generate", "a person plays tennis", "--strict", *quick)
    assert refused.exit_code == 2 and not (tmp_path / "x.npz").exists()
    assert run("generate", "a person jumps", "--strict", *quick).exit_code == 0


def test_prompts_lists_the_movements():
    listed = json.loads(run("prompts", "--json").stdout)
    assert len(listed) == 36 and "walk forward" in listed["walk_forward"]
    assert "jump up" in run("prompts", "jump").stdout
    missing = run("prompts", "guitar")
    assert missing.exit_code == 1 and "guitar" in missing.output
