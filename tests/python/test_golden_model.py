"""Golden `dit`, `dit_t2m`, `scheduler`, `sampler` and `training` through the public API."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import vimogen
from goldens import FOLDER, TINY, WEIGHTS, Golden
from vimogen import flow

DIT = Golden("dit")
T2M = Golden("dit_t2m")
SCHEDULER = Golden("scheduler")
SAMPLER = Golden("sampler")
TRAINING = Golden("training")


@pytest.fixture(scope="module")
def tiny():
    return vimogen.Dit.from_file(WEIGHTS, TINY)


def inputs(case="mixed", **changed):
    names = {"attend_to_text": "attend_to_text_mask"}
    keys = ("x", "timestep", "context", "x_mask", "ref_motion", "ref_motion_mask", "attend_to_text")
    return {key: DIT.input(case, names.get(key, key), "mixed") for key in keys} | changed


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("mixed", {}),
        ("mixed_t1", {}),
        ("ref_len_zero", {}),
        ("mask_holes", {"attend_to_text": [False] * 3}),
        ("all_text", {"attend_to_text": [True] * 3}),
        ("all_motion", {"attend_to_text": [False] * 3}),
        ("no_x_mask", {"x_mask": None}),
    ],
)
def test_a_forward_pass_matches(tiny, case, changed):
    # Cases without inputs of their own are the mixed one with the change.
    own = case if any(name.startswith(f"{case}.input.") for name in DIT.arrays) else "mixed"
    DIT.check(case, "y", tiny(**inputs(own, **changed)))


def test_rows_without_a_reference_attend_to_their_text(tiny):
    given = inputs(attend_to_text=None)
    given["ref_motion"] = given["ref_motion"].copy()
    given["ref_motion"][0] = 0
    DIT.check("inferred_mask", "y", tiny(**given))


def test_padding_rows_of_long_prompts_take_part(tiny):
    given = {name: DIT.input("text226", name) for name in ("x", "timestep", "context")}
    DIT.check("text226", "y", tiny(**given))


def test_a_warm_start_reports_what_the_base_lacks(tiny):
    case = DIT.cases["warm_start"]["config"]
    warm, report = tiny.warm_start(FOLDER / "dit_weights/base_wan/diffusion_pytorch_model.safetensors.index.json")
    assert sorted(report["kept"]) == sorted(name for name in case["missing_keys"] if not name.endswith(".pe"))
    assert sorted(report["ignored"]) == sorted(name for name in case["unexpected_keys"] if not name.endswith(".pe"))
    DIT.check("warm_start", "y", warm(**inputs()), DIT.atol("mixed", "y"))


@pytest.mark.parametrize(("case", "split_head"), [("plain", False), ("split_head", True)])
def test_text_only_models_match(tmp_path, case, split_head):
    start = f"{case}.param."
    weights = {name[len(start) :]: value for name, value in T2M.arrays.items() if name.startswith(start)}
    save_file(weights, tmp_path / "w.safetensors", metadata={"format": "pt"})
    sizes = {"dim": 16, "ffn_dim": 40, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 24, "text_len": 11}
    (tmp_path / "config.json").write_text(json.dumps(sizes | {"split_head": split_head}))
    dit = vimogen.Dit.from_file(tmp_path / "w.safetensors", tmp_path / "config.json")
    assert dit.num_parameters == sum(value.size for value in weights.values())
    given = {name: T2M.input(case, name) for name in ("x", "timestep", "context", "x_mask")}
    T2M.check(case, "y", dit(**given))


def test_weights_come_back_as_they_went(tiny, tmp_path):
    tiny.save(tmp_path / "w.safetensors")
    again = vimogen.Dit.from_file(tmp_path / "w.safetensors", tiny.config)
    first, second = tiny.state_dict(), again.state_dict()
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def schedule(case):
    given = SCHEDULER.cases[case].get("config", {})
    names = {"num_inference_steps": "num_steps", "denoising_strength": "strength"}
    known = {"shift", "sigma_min", "sigma_max", "extra_one_step", "reverse_sigmas", "inverse_timesteps", "training"}
    options = {names.get(key, key): value for key, value in given.items() if key in known | set(names)}
    return flow.Schedule(**({"num_steps": 100} | options))


@pytest.mark.parametrize("case", [case for case in SCHEDULER.cases if f"{case}.output.sigmas" in SCHEDULER.arrays])
def test_schedules_match(case):
    got = schedule(case)
    for name, floor in (("sigmas", 1e-6), ("timesteps", 5e-4), ("weights", 0)):
        if f"{case}.output.{name}" in SCHEDULER.arrays:
            SCHEDULER.check(case, name, getattr(got, name), SCHEDULER.atol(case, name) or floor)


@pytest.mark.parametrize("steps", [50, 10])
def test_steps_match(steps):
    case = f"step_n{steps}"
    got = flow.Schedule(steps, strength=0.7)
    x, v = SCHEDULER.input(case, "sample"), SCHEDULER.input(case, "model_output")
    levels = [got.index_of(t) for t in SCHEDULER.input(case, "timesteps")]
    for name, delta in (("prev", got.delta), ("prev_to_final", got.delta_to_final)):
        want = np.stack([x + v * np.float32(delta(i)) for i in levels])
        SCHEDULER.check(case, name, want, SCHEDULER.atol(case, name) or 1e-6)
    back = f"return_to_timestep_n{steps}"
    y = np.stack([(x - v) / np.float32(got.sigmas[i]) for i in levels])
    SCHEDULER.check(back, "y", y, 1e-5 * np.abs(SCHEDULER.output(back, "y")).max())


@pytest.mark.parametrize("case", ["train", "train_bf16_timesteps", "train_offgrid"])
def test_training_noise_and_weights_match(case):
    got = flow.Schedule(1000, training=True)
    x, noise = SCHEDULER.input("train", "latents"), SCHEDULER.input("train", "noise")
    if case == "train":
        levels = SCHEDULER.input("train", "timestep_ids")
        SCHEDULER.check("train", "target", noise - x)
    else:
        name = "timesteps" if case == "train_offgrid" else "timesteps_bf16"
        levels = [got.index_of(t) for t in SCHEDULER.input(case, name).astype(np.float32)]
    noisy = flow.add_noise(x, noise, got.sigmas[levels])
    SCHEDULER.check(case, "noisy", noisy, max(SCHEDULER.atol(case, "noisy"), 1e-6))
    SCHEDULER.check(case, "weight", got.weights[levels], max(SCHEDULER.atol(case, "weight"), 2e-6))


@pytest.mark.parametrize("steps", [50, 10])
@pytest.mark.parametrize("kind", ["text", "motion"])
def test_generations_match(tiny, kind, steps):
    get = {name: SAMPLER.input("inputs", name) for name in ("noise", "prompt_emb", "prompt_emb_null", "ref_latents")}
    y = vimogen.sample(
        tiny,
        get["noise"],
        get["prompt_emb"],
        get["prompt_emb_null"],
        x_mask=SAMPLER.input("inputs", "latents_mask"),
        ref_motion=get["ref_latents"] * (kind == "motion"),
        ref_motion_mask=SAMPLER.input("inputs", "ref_latents_mask"),
        num_inference_steps=steps,
        guidance_scale=5.0,
        strength=0.7,
        smoothing="padded",
    )
    SAMPLER.check(f"{kind}{steps}", "y", y)


def test_sampling_is_cancelled_by_its_callback(tiny):
    noise = flow.noise(1, 8)[None]
    context = np.zeros((1, 4, 48))
    with pytest.raises(vimogen.CancelledError):
        vimogen.sample(tiny, noise, context, context, callback=lambda stage, step, total: step < 2)


def trainer(case):
    given = TRAINING.cases[case]["config"]
    keys = ("lr", "weight_decay", "warmup_steps", "grad_clip", "ema_decay")
    config = {"model": TINY, "train": {key: given[key] for key in keys}, "weights": str(WEIGHTS)}
    return vimogen.Trainer(config, data=[])


def batch(step):
    get = lambda name: TRAINING.input("inputs", name)  # noqa: E731
    return {
        "motion": get("motion"),
        "motion_mask": get("motion_mask"),
        "prompt_embeds": get("prompt_emb"),
        "ref_motion": get("ref_motion"),
        "ref_motion_mask": get("ref_motion_mask"),
        "motion_dim_mask": get("motion_dim_mask"),
        "attend_to_text": get("attend_to_text_mask"),
        "noise": get(f"noise_step{step}"),
        "timestep_index": get(f"timestep_ids_step{step}"),
    }


def check_params(case, prefix, dit):
    """By the 2-norm of the difference: single entries with vanishing gradients may deviate more."""
    got, names = dit.state_dict(), TRAINING.outputs(case, f"{prefix}.")
    assert names
    for name in names:
        want = TRAINING.output(case, f"{prefix}.{name}")
        bound = max(TRAINING.atol(case, f"{prefix}.{name}") * np.sqrt(want.size), 1e-7)
        assert np.linalg.norm(got[name].astype(np.float64) - want) <= bound, name


def test_the_first_step_has_the_reference_prediction_losses_and_gradients(tiny):
    given, levels = batch(0), flow.Schedule(1000, training=True)
    index = np.asarray(given["timestep_index"])
    noisy = flow.add_noise(given["motion"], given["noise"], levels.sigmas[index])
    names = ("ref_motion", "ref_motion_mask")
    y = tiny(
        noisy,
        levels.timesteps[index],
        given["prompt_embeds"],
        x_mask=given["motion_mask"],
        **{name: given[name] for name in names},
    )
    TRAINING.check("upstream", "step0.pred", y)

    training, step = trainer("upstream"), TRAINING.cases["upstream"]["config"]["steps"][0]
    for name, value in training.loss(given).items():
        assert value == pytest.approx(step[f"{name}_f64"], rel=2e-6), name
    gradients = training.gradients(given)
    for name in TRAINING.outputs("upstream", "step0.grad."):
        TRAINING.check("upstream", f"step0.grad.{name}", gradients[name])


@pytest.mark.parametrize("case", ["upstream", "fast"])
def test_parameters_and_average_follow_the_reference(case):
    training = trainer(case)
    for step in range(3):
        report = training.train_step(batch(step))
        want = TRAINING.cases[case]["config"]["steps"][step]
        assert report["step"] == step
        assert report["lr"] == pytest.approx(want["lr"], rel=1e-12)
        assert report["loss"] == pytest.approx(want["loss_f64"], rel=5e-6)
        assert report["grad_norm"] == pytest.approx(want["grad_norm_f64"], rel=2e-5)
        if TRAINING.outputs(case, f"step{step}.param."):
            check_params(case, f"step{step}.param", training.model)
    if case == "fast":
        check_params(case, "ema", training.ema)
