"""The same motion on one machine: to the bit in float32, within bounds in smaller types."""

import os
import subprocess
import sys

import numpy as np
import pytest

PROMPTS = ["a person walks forward and waves", "a person jumps"]
# Instruction sets by VIMOGEN_CPU; one that the CPU lacks is the highest below it.
LEVELS = ["portable", "avx2", "avx512", "avx512bf16"]
PROGRAM = """
import sys, numpy as np, vimogen
dtype, batch, out = sys.argv[1:]
pipeline = vimogen.Pipeline.from_pretrained(dtype=dtype)
prompts, options = %r, dict(num_frames=40, num_inference_steps=5)
if batch == "together":
    motions = pipeline(prompts, seed=7, **options)
else:
    motions = [pipeline(prompt, seed=7, **options) for prompt in prompts]
np.save(out, np.stack([motion.features for motion in motions]))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Gives the features of the prompts, each combination once."""
    folder, known = tmp_path_factory.mktemp("made"), {}

    def make(dtype="float32", level="avx512bf16", threads=2, batch="alone"):
        key = (dtype, level, threads, batch)
        if key not in known:
            path = folder / f"{len(known)}.npy"
            env = {**os.environ, "VIMOGEN_CPU": level, "RAYON_NUM_THREADS": str(threads)}
            words = [sys.executable, "-c", PROGRAM % (PROMPTS,), dtype, batch, path]
            subprocess.run([str(word) for word in words], check=True, env=env, timeout=300)
            known[key] = np.load(path)
        return known[key]

    return make


@pytest.mark.parametrize("level", LEVELS)
def test_float32_is_the_same_to_the_bit_at_every_level(made, level):
    np.testing.assert_array_equal(made(level=level), made())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("threads", [1, 3, 16])
def test_every_type_is_the_same_to_the_bit_with_any_number_of_threads(made, dtype, threads):
    np.testing.assert_array_equal(made(dtype, threads=threads), made(dtype))


@pytest.mark.parametrize("level", LEVELS)
def test_float32_is_the_same_to_the_bit_alone_and_in_a_batch(made, level):
    np.testing.assert_array_equal(made(level=level, batch="together"), made(level=level))


# Largest difference of joints in metres between two levels of instructions.
BOUNDS = {"bfloat16": 0.05, "int8": 0.05}


@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("level", LEVELS[:-1])
def test_smaller_types_are_within_their_bounds_between_levels(made, dtype, level):
    places = slice(126, 192)
    difference = np.abs(made(dtype, level)[..., places] - made(dtype)[..., places]).max()
    assert difference < BOUNDS[dtype], difference
