"""Training from files by the command line: experiment files, logs that TensorBoard reads, Ctrl-C, prepared data."""

import csv
import json
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from safetensors import safe_open

import vimogen

COMMAND = [sys.executable, "-m", "vimogen"]


def run(*words, code=0):
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "panicked" not in done.stderr, done.stderr
    return done


@pytest.fixture
def experiment(tmp_path):
    """Six short clips with encoded captions, and an experiment file for a tiny model."""
    rng = np.random.default_rng(2)
    entries = []
    for number in range(6):
        np.save(tmp_path / f"{number}.npy", rng.normal(size=(8 + number, 276)).astype(np.float32))
        np.save(tmp_path / f"{number}.embed.npy", rng.normal(size=(3, 6)).astype(np.float32))
        entry = {"id": number, "motion_path": f"{number}.npy", "video_text_annot": f"clip {number}"}
        entries.append(entry | {"video_text_annot_wanvideot5_embed_path": f"{number}.embed.npy"})
    (tmp_path / "clips.json").write_text(json.dumps(entries))
    np.save(tmp_path / "null.npy", np.zeros((3, 6), np.float32))
    run("prepare-data", tmp_path / "clips.json", "--root", tmp_path, "-o", tmp_path / "data", "--stats")
    path = tmp_path / "tiny.yaml"
    path.write_text(f"""
experiment: {{output_dir: {tmp_path}/run, log_every: 2, checkpoint_every: 4, visualize_every: 4, visualize_clips: 1}}
model_path: {{null_context: {tmp_path}/null.npy, t5: nowhere.pth}}
model: {{dim: 16, ffn_dim: 24, freq_dim: 8, num_heads: 2, num_layers: 2, text_dim: 6, text_len: 4}}
solver: {{max_steps: 8, lr: 1e-2, warmup_steps: 2, ema_decay: 0.5}}
dataloader: {{batch_size: 2}}
dataset: {{json: {tmp_path}/data/manifest.json, mean: {tmp_path}/data/mean.npy, std: {tmp_path}/data/std.npy,
          min_frames: 2, max_frames: 40}}
""")
    return path


def test_an_experiment_file_trains_and_is_watched(experiment, tmp_path):
    done = run("train", "--config", experiment, "--set", "solver.lr=5e-3", "--save", tmp_path / "model")
    assert "8 steps done" in done.stdout
    assert "ignored: model_path.t5" in done.stderr and "samples/s" in done.stderr and "left 0:00:0" in done.stderr
    out = tmp_path / "run"
    assert sorted(path.name for path in (out / "checkpoints").iterdir()) == ["00000004", "00000008"]
    assert (out / "loss.svg").read_text().startswith("<svg")
    assert (out / "samples" / "00000008" / "player.html").exists()
    rows = list(csv.DictReader((out / "log.csv").open()))
    assert [row["step"] for row in rows] == ["2", "4", "6", "8"]
    assert float(rows[-1]["lr"]) == pytest.approx(5e-3)
    assert len(vimogen.Pipeline.from_pretrained(tmp_path / "model")(prompt_embeds=np.ones((2, 6)), num_frames=9)) == 9
    assert "8 steps done" in run("train", "--config", experiment).stdout


def test_tensorboard_s_own_reader_reads_the_curves(experiment, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    vimogen.run_experiment(experiment)
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    losses = events.Scalars("train/loss")
    assert [event.step for event in losses] == [2, 4, 6, 8]
    np.testing.assert_allclose([event.value for event in losses], [float(row["loss"]) for row in rows], rtol=1e-6)
    assert time.time() - 600 < losses[0].wall_time < time.time() + 1
    assert [event.step for event in events.Scalars("mbench/Jitter_Degree")] == [4, 8]


def test_a_callback_sees_steps_and_stops_the_run_which_goes_on_later(experiment):
    events = []
    stopped = vimogen.run_experiment(experiment, callback=lambda event: events.append(event) or event.get("step") != 3)
    assert stopped["stopped"] and stopped["steps_done"] == 3
    assert {"note", "step", "checkpoint"} <= {event["kind"] for event in events}
    whole = vimogen.run_experiment(experiment)
    assert whole["steps_done"] == 8 and not whole["stopped"]
    with pytest.raises(vimogen.ConfigError, match="checkpoint of step 8"):
        vimogen.run_experiment(experiment, resume="never")
    with pytest.raises(ZeroDivisionError):
        vimogen.run_experiment(experiment, ["solver.num_steps=20"], callback=lambda event: 1 / 0)


def test_ctrl_c_saves_and_ends_with_130(experiment, tmp_path):
    words = ["train", "--config", str(experiment), "--steps", "1000000", "--set", "experiment.visualize_every=0"]
    process = subprocess.Popen([*COMMAND, *words], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("step"):
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130 and "saving and stopping" in rest, rest
    newest = max(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    events = []
    vimogen.run_experiment(experiment, [f"solver.num_steps={int(newest) + 1}"], callback=events.append)
    assert any(event["text"] == f"continued from step {int(newest)}" for event in events)


def test_a_second_ctrl_c_ends_at_once(experiment, tmp_path):
    # A step that takes minutes.
    words = ["train", "--config", str(experiment), "--set", "dataloader.batch_size=200000"]
    process = subprocess.Popen([*COMMAND, *words], stderr=subprocess.PIPE, text=True)
    too_late = threading.Timer(120, process.kill)
    too_late.start()
    try:
        while process.poll() is None and not (tmp_path / "run").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told = any("Ctrl-C again" in line for line in process.stderr)
        assert told and process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT
    finally:
        too_late.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--set", "solver.lrr=1"], "did you mean lr?"),
        (["--set", "solver.batch_size=1"], "did you mean dataloader.batch_size?"),
        (["--set", "dataset.json=nowhere.json"], "nowhere.json"),
        (["--set", "lr=1"], "section.key=value"),
    ],
)
def test_what_is_wrong_with_an_experiment_is_said(experiment, words, text):
    assert text in run("train", "--config", experiment, *words, code=1).stderr


def test_train_wants_one_kind_of_configuration(experiment):
    assert "recipe or --config" in run("train", code=2).stderr
    assert "--set and" in run("train", "recipe.json", "--set", "solver.lr=1", code=2).stderr


def test_prepared_data_has_exact_statistics_and_packed_clips(experiment, tmp_path):
    rows = np.concatenate([np.load(tmp_path / f"{i}.npy") for i in range(6)]).astype(np.float64)
    np.testing.assert_allclose(np.load(tmp_path / "data" / "mean.npy"), rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(np.load(tmp_path / "data" / "std.npy"), rows.std(0, ddof=1), atol=1e-6)
    (tmp_path / "3.npy").write_bytes(b"broken")
    packed = tmp_path / "packed"
    words = [tmp_path / "clips.json", "--root", tmp_path, "-o", packed, "--pack", "--max-bad-fraction", 0.2]
    done = run("prepare-data", *words, "--json")
    assert json.loads(done.stdout)["shards"] == 1 and "clip 3 is left out" in done.stderr
    (shard,) = packed.glob("shard-00000-*.safetensors")
    with safe_open(shard, "np") as shard:
        assert shard.get_tensor("5.motion").shape == (13, 276)
    assert "max_bad_fraction" in run("prepare-data", *words[:-2], code=1).stderr
    vimogen.run_experiment(experiment, [f"dataset.json={packed}/manifest.json", "solver.num_steps=3"])
    loose = ["train", "--config", experiment, "--steps", 9, "--set", "experiment.visualize_every=0"]
    assert "clip 3 is left out" in run(*loose, code=1).stderr
    assert "9 steps done" in run(*loose, "--max-bad-fraction", 0.2).stdout
    run("prepare-data", *[tmp_path / "data" / "stats.json"] * 2, "-o", tmp_path / "merged", "--merge-stats")
    np.testing.assert_allclose(np.load(tmp_path / "merged" / "mean.npy"), rows.mean(0), atol=1e-6)
