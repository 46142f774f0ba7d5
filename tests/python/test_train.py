"""Training from Python: own batches, procedural data, resuming, saving a model that generates."""

import json
import shutil

import numpy as np
import pytest

import vimogen

SIZES = {"dim": 32, "ffn_dim": 32, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 256, "text_len": 8}
CONFIG = {
    "model": SIZES | {"reference": True},
    "train": {"num_steps": 4, "batch_size": 2, "lr": 1e-3, "warmup_steps": 1, "checkpoint_every": 2, "ema_decay": 0.5},
    "generation": {"guidance_scale": 2.0, "strength": 1.0},
}


@pytest.fixture(scope="module")
def data():
    return vimogen.SyntheticData(2, text_len=8)


def batch(rows=2, frames=12):
    rng = np.random.default_rng(3)
    return {"motion": rng.normal(size=(rows, frames, 276)), "prompt_embeds": rng.normal(size=(rows, 8, 256))}


def same(first, second):
    first, second = first.state_dict(), second.state_dict()
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_steps_on_numpy_batches_lower_the_loss():
    trainer = vimogen.Trainer(CONFIG, data=[])
    given = batch() | {"noise": np.zeros((2, 12, 276)), "timestep_index": [300, 500]}
    losses = [trainer.train_step(given)["loss"] for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0], losses
    assert trainer.steps_done == 12


def test_procedural_batches_are_a_function_of_the_step(data):
    first, again = data.batch(3), data.batch(3)
    assert first["motion"].shape[2] == 276 and first["prompt_embeds"].shape[1:] == (8, data.text_dim)
    assert first.keys() == again.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first["motion"][0, 0], data.batch(4)["motion"][0, 0])


def test_an_interrupted_run_goes_on_to_the_same_weights(data, tmp_path):
    whole = vimogen.Trainer(CONFIG, data, tmp_path / "whole")
    report = whole.fit()
    assert whole.steps_done == 4 and report["step"] == 3
    assert whole.fit() is None

    first = vimogen.Trainer(CONFIG, data, tmp_path / "parts")
    first.fit(callback=lambda report: report["step"] < 1)
    assert first.steps_done == 2
    second = vimogen.Trainer(CONFIG, data, tmp_path / "parts")
    assert second.resume() == 2
    second.fit()
    assert same(whole.model, second.model) and same(whole.ema, second.ema)
    assert not same(whole.model, whole.ema)


def test_an_iterable_of_batches_ends_the_training():
    trainer = vimogen.Trainer(CONFIG, data=(batch() for _ in range(3)))
    assert trainer.fit()["step"] == 2


def test_a_trained_model_generates(data, tmp_path):
    trainer = vimogen.Trainer(CONFIG, data)
    trainer.fit(callback=lambda report: False)
    trainer.save(tmp_path / "model")
    pipe = vimogen.Pipeline.from_pretrained(tmp_path / "model")
    assert pipe.config["generation"].items() >= CONFIG["generation"].items()
    assert same(pipe.dit, trainer.ema)
    np.testing.assert_array_equal(pipe.mean, data.mean)
    assert len(pipe("a person walks", num_frames=20, num_inference_steps=2)) == 20

    trainer.save(tmp_path / "w.safetensors")
    weights = CONFIG | {"weights": str(tmp_path / "w.safetensors")}
    assert same(vimogen.Trainer(weights, data=[]).model, trainer.ema)


def test_a_model_of_own_data_needs_its_statistics(tmp_path):
    trainer = vimogen.Trainer(CONFIG, data=[])
    with pytest.raises(vimogen.InvalidArgumentError, match="statistics"):
        trainer.save(tmp_path / "model")
    trainer.save(tmp_path / "model", mean=np.zeros(276), std=np.ones(276))
    pipe = vimogen.Pipeline.from_pretrained(tmp_path / "model")
    with pytest.raises(vimogen.NoTextEncoderError, match="prompt_embeds"):
        pipe("a person walks")
    assert len(pipe(prompt_embeds=np.zeros((3, 256)), num_frames=10, num_inference_steps=1)) == 10


def test_samples_are_padded_to_a_batch():
    samples = [{"motion": np.ones((n, 276)), "prompt_embeds": np.ones((n - 3, 8))} for n in (5, 9)]
    samples[1]["ref_motion"] = np.ones((9, 138))
    made = vimogen.collate(samples)
    assert made["motion"].shape == (2, 9, 276) and made["prompt_embeds"].shape == (2, 6, 8)
    assert made["motion_mask"].sum(axis=1).tolist() == [5, 9]
    assert made["attend_to_text"].tolist() == [True, False]
    assert (
        vimogen.Trainer(CONFIG | {"model": SIZES | {"text_dim": 8, "reference": True}}, data=[]).loss(made)["loss"] > 0
    )


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        ({"motion": np.zeros((2, 12, 275))}, vimogen.ShapeError, "motion"),
        ({"motion": np.zeros((0, 12, 276))}, vimogen.ShapeError, "motion"),
        ({"motion": np.full((2, 12, 276), np.inf)}, vimogen.NonFiniteError, "motion"),
        ({"motion": None}, KeyError, "motion"),
        ({"motion_mask": np.ones((2, 11))}, vimogen.ShapeError, "motion_mask"),
        ({"timestep_index": [0, 1000]}, vimogen.InvalidArgumentError, "timestep_index"),
        ({"timestep_index": [0, 0.5]}, vimogen.InvalidArgumentError, "timestep_index"),
        ({"noise": np.zeros((2, 12, 1))}, vimogen.ShapeError, "noise"),
        ({"motoin_mask": 1}, vimogen.InvalidArgumentError, "motoin_mask"),
    ],
)
def test_batches_that_do_not_fit_are_errors_and_change_nothing(change, kind, text):
    trainer = vimogen.Trainer(CONFIG, data=[])
    with pytest.raises(kind, match=text):
        trainer.train_step(batch() | change)
    assert trainer.steps_done == 0


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"train": {}}, "model"),
        ({"model": 5}, "model"),
        ({"model": SIZES, "trian": {}}, "trian"),
        ({"model": SIZES, "train": {"lr": -1}}, "lr"),
        ({"model": SIZES, "train": {"learning_rate": 1}}, "learning_rate"),
        ({"model": SIZES | {"num_heads": 5}}, "num_heads"),
    ],
)
def test_impossible_configurations_are_named(config, text):
    with pytest.raises(vimogen.ConfigError, match=text):
        vimogen.Trainer(config, data=[])


def test_the_width_of_prompts_is_checked_before_training(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG | {"model": SIZES | {"text_dim": 8}}))
    with pytest.raises(vimogen.ConfigError, match="text_dim"):
        vimogen.Trainer(path)


def test_without_a_folder_there_is_nothing_to_resume(data, tmp_path):
    with pytest.raises(vimogen.InvalidArgumentError, match="out"):
        vimogen.Trainer(CONFIG, data).resume()
    trainer = vimogen.Trainer(CONFIG, data, tmp_path)
    assert trainer.resume() == 0
    trainer.fit()
    newest = max(path for path in tmp_path.iterdir() if path.is_dir())
    (newest / "model.bpk").write_bytes(b"damaged")
    with pytest.raises(vimogen.FormatError, match=r"model\.bpk"):
        vimogen.Trainer(CONFIG, data, tmp_path).resume()
    shutil.rmtree(tmp_path)
