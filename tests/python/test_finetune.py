"""Fine-tuning on a folder of captioned clips, and folders of captioned clips in an experiment."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vimogen

COMMAND = [sys.executable, "-m", "vimogen"]
RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "mocap"


def run(*words, code=0):
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=600)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "panicked" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two captioned clips of the procedural data, in two formats."""
    folder = tmp_path_factory.mktemp("clips")
    data = vimogen.SyntheticData(batch_size=1)
    for number, name in enumerate(("one.bvh", "two.npz")):
        _, motion = data.clip(number, 60)
        motion.save(folder / name)
        (folder / name).with_suffix(".txt").write_text("a person zigzags\nsomeone zigzags\n")
    return folder


@pytest.fixture(scope="module")
def style(clips, tmp_path_factory):
    out = tmp_path_factory.mktemp("style") / "zigzag"
    words = ("--steps", 3, "--batch-size", 2, "--rank", 2, "--share", 1)
    done = run("finetune", clips, "-o", out, *words, "--json")
    return out, words, json.loads(done.stdout)


def test_a_folder_of_clips_becomes_adapters_that_change_the_motion(style, tmp_path):
    out, _, report = style
    assert report == {"steps_done": 3, "stopped": False, "adapter": str(out)}
    assert {"adapter.safetensors", "prompts.json", "experiment.yaml", "run"} == {p.name for p in out.iterdir()}
    options = {"num_frames": 40, "num_inference_steps": 4}
    plain, styled = (vimogen.Pipeline.from_pretrained(lora=lora) for lora in (None, out))
    a, b = (np.asarray(pipe("a person walks", **options).features) for pipe in (plain, styled))
    assert np.abs(a - b).max() > 1e-4
    assert styled.known_prompts["zigzag"] == ["a person zigzags", "someone zigzags"]
    run("generate", "a person walks", "--lora", out, "-o", tmp_path / "walk.npz", "--steps", 4, "-n", 40)
    assert len(vimogen.Motion.load(tmp_path / "walk.npz").joints) == 40


def test_a_finished_run_is_not_repeated_and_other_settings_are_refused(style, clips):
    out, words, _ = style
    before = (out / "adapter.safetensors").read_bytes()
    assert "3 steps done" in run("finetune", clips, "-o", out, *words).stdout
    assert (out / "adapter.safetensors").read_bytes() == before
    refused = run("finetune", clips, "-o", out, *words, "--seed", 8, code=1)
    assert "other settings" in refused.stderr and "fresh" in refused.stderr


def test_a_folder_without_captions_is_explained(tmp_path):
    (tmp_path / "clips").mkdir()
    error = run("finetune", tmp_path / "clips", "-o", tmp_path / "style", code=1).stderr
    assert "captions.csv" in error and ".txt" in error
    assert "no folder" in run("finetune", tmp_path / "nowhere", "-o", tmp_path / "style", code=1).stderr


def test_the_built_in_model_is_written_as_a_folder(tmp_path):
    run("download", "nano", tmp_path / "nano")
    options = {"num_frames": 40, "num_inference_steps": 4}
    pipes = [vimogen.Pipeline.builtin(), vimogen.Pipeline.from_pretrained(tmp_path / "nano")]
    a, b = (np.asarray(pipe("a person waves", **options).features) for pipe in pipes)
    np.testing.assert_array_equal(a, b)
    assert "FOLDER is missing" in run("download", "umt5", code=2).stderr


def test_a_trainer_warns_of_an_average_that_hardly_moves_and_saves_defaults_that_fit(tmp_path):
    sizes = {"dim": 16, "ffn_dim": 16, "freq_dim": 8, "num_heads": 2, "num_layers": 2, "text_dim": 256, "text_len": 32}
    sizes["reference"] = True
    train = {"num_steps": 1, "batch_size": 2, "loss_weighting": "uniform", "ema_warmup": False}
    trainer = vimogen.Trainer({"model": sizes, "train": train})
    with pytest.warns(UserWarning, match="100 % the initial ones after 1 steps"):
        trainer.fit()
    trainer.save(tmp_path / "model")
    generation = json.loads((tmp_path / "model" / "config.json").read_text())["generation"]
    assert (generation["guidance_scale"], generation["strength"], generation["finish"]) == (1.5, 1.0, "feet")


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/mocap")
def test_recordings_with_their_table_are_a_source_of_training(tmp_path):
    import csv
    import tarfile

    with tarfile.open(RECORDINGS / "clips-t.tar.xz") as archive:
        names = [name for name in archive.getnames() if name.endswith(".bvh")][:2]
        archive.extractall(tmp_path, members=[archive.getmember(name) for name in names], filter="data")
    rows = list(csv.DictReader((RECORDINGS / "captions.csv").open(encoding="utf-8")))
    wanted = {Path(name).name for name in names}
    with (tmp_path / "captions.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(row | {"split": "train"} for row in rows if row["clip"] in wanted)
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(f"""
experiment: {{output_dir: {tmp_path}/run, visualize_every: 0}}
model: {{dim: 16, ffn_dim: 16, freq_dim: 8, num_heads: 2, num_layers: 2, text_dim: 256, text_len: 32}}
solver: {{num_steps: 1}}
dataloader: {{batch_size: 2}}
dataset: {{clips: {{folder: {tmp_path}, min_frames: 20}}}}
""")
    notes = []
    vimogen.run_experiment(recipe, callback=lambda event: notes.append(event["text"]))
    assert any("clips of" in note and "minutes" in note for note in notes), notes
    assert not any("left out" in note for note in notes), notes
