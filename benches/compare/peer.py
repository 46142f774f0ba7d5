"""One measurement by one engine, in a process of its own; prints a line of JSON. `compare.py` calls it.

python peer.py {torch,vimogen} {sample,fast,train,quality,codec} --size nano --dtype float32 --work FOLDER
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FRAMES, WORDS, STEPS, GUIDANCE = 100, 226, 50, 5.0
FAST_STEPS = {"nano": 30, "small": 40, "full": 40}
TEXT = {"dim": 280, "ffn_dim": 512, "freq_dim": 64, "num_heads": 5, "num_layers": 2, "text_dim": 256}
BASE = {"text_len": WORDS, "reference": True, "split_head": False, "eps": 1e-6}
SMALL = {"dim": 768, "ffn_dim": 3072, "freq_dim": 256, "num_heads": 12, "num_layers": 12, "text_dim": 4096}
FULL = {"dim": 1536, "ffn_dim": 8960, "freq_dim": 256, "num_heads": 12, "num_layers": 30, "text_dim": 4096}
SIZES = {"nano": {**TEXT, **BASE}, "small": {**SMALL, **BASE}, "full": {**FULL, **BASE}}


def weights(work: Path, size: str) -> Path:
    """Random weights of a size, written once, in bf16, so that every dtype starts from the same values."""
    path = work / f"{size}.safetensors"
    if not path.exists():
        import vimogen

        vimogen.Dit.from_seed(SIZES[size], seed=1).save(path, dtype="bfloat16")
    return path


def inputs(size: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    width = SIZES[size]["text_dim"]
    shapes = {"noise": (1, FRAMES, 276), "context": (1, WORDS, width), "null_context": (1, WORDS, width)}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def batch(size: str, clips: int) -> dict[str, Any]:
    """Whole clips; the first half attends to its text, the other to its reference."""
    rng = np.random.default_rng(8)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    reference = normal(clips, FRAMES, 138)
    reference[: clips // 2] = 0
    return {
        "motion": normal(clips, FRAMES, 276),
        "prompt_embeds": normal(clips, WORDS, SIZES[size]["text_dim"]),
        "ref_motion": reference,
        "noise": normal(clips, FRAMES, 276),
        "timestep_index": rng.integers(100, 900, clips),
    }


def clips(count: int = 450) -> list[np.ndarray]:
    """Joints (100, 22, 3) of bodies that walk, jump and jitter."""
    rng, made = np.random.default_rng(9), []
    for _ in range(count):
        t = np.arange(FRAMES)[:, None, None] / 20
        phase, pace = rng.uniform(0, 6.3, (1, 22, 3)), rng.uniform(1, 9, (1, 22, 3))
        swing = 0.08 * np.sin(pace * t + phase) + rng.standard_normal((FRAMES, 22, 3)) * 0.002
        made.append((swing + t * rng.uniform(-0.5, 0.5, (1, 1, 3))).astype(np.float32))
    return made


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median seconds of `repeats` runs after one that warms up, and the last result."""
    result, seconds = run(), []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def steps_and_rest(run: Callable[[int], Any], args: argparse.Namespace, steps: int = STEPS) -> tuple[float, Any]:
    """Seconds of a generation; of the full size on a CPU from 2 and 4 steps. The result is that of the last run."""
    repeats = args.repeats
    if args.size != "full" or args.device != "cpu":
        return timed(lambda: run(steps), repeats)
    two, _ = timed(lambda: run(2), repeats)
    four, result = timed(lambda: run(4), repeats)
    return two + (steps - 2) * (four - two) / 2, result


def torch_dit(args: argparse.Namespace) -> Any:
    import dit
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_default_device(args.device)
    with torch.device("meta"):  # so that there is one copy of the weights in f32
        model = dit.Dit(SIZES[args.size])
    stored = load_file(weights(args.work, args.size), device=args.device)
    model.load_state_dict({name: stored.pop(name).float() for name in list(stored)}, assign=True)
    return model


def torch_sample(args: argparse.Namespace) -> tuple[float, np.ndarray]:
    import dit
    import torch

    model, half = torch_dit(args).eval(), args.dtype == "bfloat16"
    if half:
        for layer in model.modules():  # kept so: autocast would otherwise round every weight in every step
            if isinstance(layer, torch.nn.Linear):
                layer.to(torch.bfloat16)
    data = {k: torch.from_numpy(v).to(args.device) for k, v in inputs(args.size).items()}

    def run(steps: int) -> np.ndarray:
        with torch.inference_mode(), torch.autocast(args.device.split(":")[0], torch.bfloat16, enabled=half):
            out = dit.sample(model, data["noise"], data["context"], data["null_context"], steps, GUIDANCE)
        return out.float().cpu().numpy()

    return steps_and_rest(run, args)


def torch_train(args: argparse.Namespace) -> tuple[float, np.ndarray]:
    import torch

    model, half = torch_dit(args), args.dtype == "bfloat16"
    average = [p.detach().clone() for p in model.parameters()]
    adam = torch.optim.AdamW(model.parameters(), lr=2e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=1e-4, fused=True)
    data = {k: torch.from_numpy(v).to(args.device) for k, v in batch(args.size, args.clips).items()}
    s = torch.linspace(1, 0, 1001, dtype=torch.float64)[:-1]
    s = 5 * s / (1 + 4 * s)
    bell = torch.exp(-2 * ((1000 * s - 500) / 1000) ** 2)
    bell = (bell - bell.min()) / (bell - bell.min()).sum() * 1000
    channel = torch.ones(276)
    channel[258:] = 3
    sigma, weight = (v[data["timestep_index"]].float()[:, None, None] for v in (s, bell))
    to_text = (data["ref_motion"] == 0).flatten(1).all(1)
    losses = []

    def run() -> np.ndarray:
        x = (1 - sigma) * data["motion"] + sigma * data["noise"]
        with torch.autocast(args.device.split(":")[0], torch.bfloat16, enabled=half):
            v = model(x, 1000 * sigma[:, 0, 0], data["prompt_embeds"], data["ref_motion"], to_text)
        error = (v.float() - (data["noise"] - data["motion"])) ** 2
        loss = (error * channel * weight).mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(model.parameters()), 1e-4)
        losses.append(float(loss.detach()))
        return np.array(losses[:1])

    return timed(run, args.repeats)


def vimogen_dit(args: argparse.Namespace) -> Any:
    import vimogen

    path = weights(args.work, args.size)
    return vimogen.Dit.from_file(path, SIZES[args.size], dtype=args.dtype, device=args.device)


def vimogen_sample(args: argparse.Namespace) -> tuple[float, np.ndarray]:
    import vimogen

    model, data = vimogen_dit(args), inputs(args.size)

    def run(steps: int) -> np.ndarray:
        return vimogen.sample(
            model, **data, attend_to_text=np.array([True]), num_inference_steps=steps, guidance_scale=GUIDANCE
        )

    return steps_and_rest(run, args)


def vimogen_fast(args: argparse.Namespace) -> tuple[float, np.ndarray]:
    """The same motion by fewer evaluations: the preset `quality="fast"`."""
    import vimogen

    model, data, to_text = vimogen_dit(args), inputs(args.size), np.array([True])

    def run(steps: int) -> np.ndarray:
        settings = {"solver": "ab2", "num_inference_steps": steps, "guidance_scale": GUIDANCE}
        return vimogen.sample(model, **data, attend_to_text=to_text, **settings)

    return steps_and_rest(run, args, FAST_STEPS[args.size])


def vimogen_train(args: argparse.Namespace) -> tuple[float, np.ndarray]:
    from vimogen._vimogen import TrainState

    recipe = {"batch_size": args.clips, "precision": {"float32": "f32", "bfloat16": "bf16"}[args.dtype]}
    state = TrainState(SIZES[args.size], recipe, weights=weights(args.work, args.size), device=args.device)
    data, losses = batch(args.size, args.clips), []

    def run() -> np.ndarray:
        losses.append(state.train_step(data)["loss"])
        return np.array(losses[:1])

    return timed(run, args.repeats)


def quality(engine: str, work: Path, repeats: int) -> tuple[float, np.ndarray]:
    """The five metrics of 450 files of joints, read from disk."""
    folder = work / "joints"
    if not folder.exists():
        folder.mkdir()
        for i, joints in enumerate(clips()):
            np.save(folder / f"{i:03}.npy", joints)

    def by_vimogen() -> np.ndarray:
        import vimogen

        motions = vimogen.evaluate(folder)["motions"]
        return np.array([[motions[f"{i:03}"][name] for name in metrics.METRICS] for i in range(450)])

    def by_numpy() -> np.ndarray:
        files = [np.load(folder / f"{i:03}.npy") for i in range(450)]
        return np.array([[metric(p) for metric in metrics.METRICS.values()] for p in files])

    import metrics

    return timed(by_vimogen if engine == "vimogen" else by_numpy, repeats)


def codec(engine: str, repeats: int) -> tuple[float, np.ndarray]:
    """Encode and decode, integrating, of 450 clips of 100 frames."""
    rng = np.random.default_rng(10)
    parameters = [
        tuple(rng.standard_normal(s).astype(np.float32) * 0.5 for s in ((101, 3), (101, 63), (101, 3), (101, 22, 3)))
        for _ in range(450)
    ]

    def by_vimogen() -> np.ndarray:
        from vimogen import motion

        decoded = [motion.decode(motion.encode(*p), mode="velocity") for p in parameters]
        return np.stack([d["global_orient"] for d in decoded])

    def by_torch() -> np.ndarray:
        import metrics
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        with torch.inference_mode():
            decoded = [metrics.decode(metrics.encode(*map(torch.from_numpy, p))) for p in parameters]
        return np.stack([d["global_orient"].numpy() for d in decoded])

    return timed(by_vimogen if engine == "vimogen" else by_torch, repeats)


def memory(device: str) -> float:
    """Gigabytes: the peak of this process, or what is taken of the GPU, pools of the allocators included."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    query = [
        "nvidia-smi",
        "--query-gpu=memory.used",
        "--format=csv,noheader,nounits",
        "-i",
        device.partition(":")[2] or "0",
    ]
    return int(subprocess.run(query, capture_output=True, text=True, check=True).stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["torch", "vimogen"])
    parser.add_argument("task", choices=["sample", "fast", "train", "quality", "codec"])
    parser.add_argument("--size", choices=SIZES, default="nano")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "int8"], default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clips", type=int, default=16, help="of a training step")
    parser.add_argument("--device", default="cpu", help="of the network: cpu or cuda:N")
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    if args.task == "quality":
        seconds, result = quality(args.engine, args.work, args.repeats)
    elif args.task == "codec":
        seconds, result = codec(args.engine, args.repeats)
    else:
        seconds, result = globals()[f"{args.engine}_{args.task}"](args)
    np.save(args.work / "-".join(["out", args.engine, args.task, args.size, args.dtype]), result)
    print(json.dumps({"seconds": seconds, "peak_gb": memory(args.device)}))


if __name__ == "__main__":
    main()
