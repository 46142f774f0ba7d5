"""Training by several processes through a Python function, and LoRA adapters from Python."""

import threading

import numpy as np
import pytest

import vimogen

SIZES = {"dim": 32, "ffn_dim": 32, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 256, "text_len": 8}
CONFIG = {
    "model": SIZES | {"reference": True},
    "train": {"num_steps": 4, "batch_size": 4, "lr": 1e-3, "warmup_steps": 1, "checkpoint_every": 2, "ema_decay": 0.5},
}


def batch(step, rows=4, frames=12):
    rng = np.random.default_rng(step)
    return {
        "motion": rng.normal(size=(rows, frames, 276)),
        "prompt_embeds": rng.normal(size=(rows, 8, 256)),
        "noise": rng.normal(size=(rows, frames, 276)),
        "timestep_index": rng.integers(0, 1000, rows),
    }


class Batches:
    def batch(self, step):
        return batch(step)


class Group:
    """Threads that sum numpy arrays: what torch.distributed or mpi4py do for processes."""

    def __init__(self, size):
        self.arrays = [None] * size
        self.barrier = threading.Barrier(size, timeout=60)

    def all_reduce(self, rank):
        def function(array):
            self.arrays[rank] = array.copy()
            self.barrier.wait()
            array[:] = np.sum(self.arrays, axis=0, dtype=np.float32)
            self.barrier.wait()

        return function


def weights(trainer):
    return trainer.model.state_dict()


def test_two_members_with_a_python_function_train_like_one(tmp_path):
    alone = vimogen.Trainer(CONFIG, Batches(), tmp_path / "alone")
    alone.fit()
    group, members = Group(2), [None, None]

    def member(rank):
        trainer = vimogen.Trainer(
            CONFIG, Batches(), tmp_path / "two", all_reduce=group.all_reduce(rank), rank=rank, world_size=2
        )
        assert (trainer.rank, trainer.world_size) == (rank, 2)
        trainer.fit()
        trainer.finish()
        members[rank] = trainer

    threads = [threading.Thread(target=member, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, want in weights(alone).items():
        assert np.abs(weights(members[0])[name] - want).max() < 1e-5, name
        assert np.array_equal(weights(members[0])[name], weights(members[1])[name])
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["00000002", "00000004"]


def test_a_function_may_give_the_sum_instead_of_writing_it():
    trainer = vimogen.Trainer(CONFIG, [], all_reduce=lambda array: array * 1)
    assert trainer.train_step(batch(0))["step"] == 0


def test_what_the_function_raises_is_raised():
    class GoneError(Exception):
        pass

    gone = threading.Event()

    def all_reduce(array):
        if gone.is_set():
            raise GoneError("rank 3 is gone")

    trainer = vimogen.Trainer(CONFIG, [], all_reduce=all_reduce)
    gone.set()
    with pytest.raises(GoneError, match="rank 3"):
        trainer.train_step(batch(0))
    gone.clear()
    assert trainer.train_step(batch(0))["step"] == 0


@pytest.mark.parametrize("answer", [np.zeros(3, np.float32), np.zeros(7), "sum"])
def test_an_answer_of_another_size_or_type_is_an_error(answer):
    with pytest.raises(vimogen.VimogenError, match="all_reduce"):
        vimogen.Trainer(CONFIG, [], all_reduce=lambda array: answer)


def test_a_rank_outside_the_group_and_mpi_without_mpi_are_errors():
    with pytest.raises(vimogen.InvalidArgumentError, match="rank"):
        vimogen.Trainer(CONFIG, [], all_reduce=lambda array: None, rank=2, world_size=2)
    with pytest.raises(vimogen.InvalidArgumentError, match="all_reduce"):
        vimogen.Trainer(CONFIG, [], all_reduce="nccl")


def test_adapters_are_trained_saved_and_added_to_the_model(tmp_path):
    model = vimogen.Trainer(CONFIG, [])
    model.save(tmp_path / "model", mean=np.zeros(276), std=np.ones(276), text_encoder="built-in")
    config = CONFIG | {
        "weights": str(tmp_path / "model" / "model.safetensors"),
        "train": CONFIG["train"] | {"lora": {"rank": 2, "alpha": 8, "targets": ["self_attn"]}, "lr": 1e-2},
    }
    trainer = vimogen.Trainer(config, Batches())
    trainer.fit()
    trainer.save_lora(tmp_path / "adapters.safetensors")
    small, large = ((tmp_path / name).stat().st_size for name in ("adapters.safetensors", "model/model.safetensors"))
    assert small < large / 10
    pipe = vimogen.Pipeline.from_pretrained(tmp_path / "model", lora=tmp_path / "adapters.safetensors")
    plain = vimogen.Pipeline.from_pretrained(tmp_path / "model")
    made, without = (p("a", num_frames=9, num_inference_steps=2).features for p in (pipe, plain))
    assert np.abs(made - without).max() > 1e-4
    with pytest.raises(vimogen.ConfigError, match="lora"):
        model.save_lora(tmp_path / "none.safetensors")
