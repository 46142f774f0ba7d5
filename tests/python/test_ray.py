"""Batch work on a local Ray with two workers: `make test-ray` installs Ray and runs this."""

import json
import os
import secrets
import shutil

import numpy as np
import pytest

import vimogen

ray = pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` installs it")

QUICK = {"num_frames": 24, "num_inference_steps": 2}
PROMPTS = ["a person waves", "a person jumps", "a person sits down", "a person walks forward", "a person turns left"]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # A token of its own for the cluster of the test, not one in the home folder.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_workers_generate_what_one_process_does_and_skip_what_is_there(tmp_path):
    from vimogen import ray as vray

    files = vray.generate(PROMPTS, tmp_path, workers=2, batch_size=2, **QUICK)
    assert [file.name[:6] for file in files] == [f"{i:06d}" for i in range(5)]
    for prompt, file in zip(PROMPTS, files, strict=True):
        want = vimogen.generate(prompt, **QUICK)
        np.testing.assert_allclose(vimogen.Motion.load(file).features, want.features, atol=1e-4)

    files[1].unlink()
    times = [file.stat().st_mtime_ns for file in files if file.exists()]
    assert vray.generate(PROMPTS, tmp_path, workers=2, batch_size=2, **QUICK) == files
    assert files[1].exists()
    assert times == [file.stat().st_mtime_ns for file in files if file != files[1]]

    report, want = vray.evaluate(tmp_path, workers=2, batch_size=2), vimogen.evaluate(tmp_path)
    assert report["motions"].keys() == want["motions"].keys()
    for name, row in want["dimensions"].items():
        assert report["dimensions"][name] == pytest.approx(row, rel=1e-5)

    shutil.copy(files[0], files[0].with_suffix(".pt"))
    with pytest.raises(ValueError, match="have one name"):
        vray.evaluate(tmp_path)


def test_a_bad_prompt_does_not_end_a_job_and_runs_are_not_mixed(tmp_path):
    from vimogen import ray as vray

    prompts = [PROMPTS[0], "", PROMPTS[1]]
    with pytest.warns(UserWarning, match="1 motions could not be made"):
        files = vray.generate(prompts, tmp_path, workers=1, batch_size=3, **QUICK)
    assert [file.exists() for file in files] == [True, False, True]
    errors = json.loads((tmp_path / "errors.json").read_text())
    assert list(errors) == [files[1].name] and "InvalidArgumentError" in errors[files[1].name]
    with pytest.raises(vimogen.InvalidArgumentError, match="seed was 42 and is 43"):
        vray.generate(prompts, tmp_path, seed=43, **QUICK)


def test_workers_share_the_texts_of_a_data_set(tmp_path):
    from encoders import small_encoder
    from vimogen import ray as vray

    encoder = small_encoder(tmp_path / "encoder")
    manifest = tmp_path / "data.json"
    manifest.write_text(
        json.dumps([{"id": i, "video_text_annot": text} for i, text in enumerate(PROMPTS)] + [{"id": 9}])
    )
    report = vray.encode_text(manifest, tmp_path / "out", text_encoder=encoder, workers=2, shards=3)
    failed = [[5, 'it has no "video_text_annot"']]
    assert report == {"total": 6, "encoded": 5, "skipped": 0, "failed": failed, "written": True}
    paths = [entry.get("video_text_annot_wanvideot5_embed_path") for entry in json.loads(manifest.read_text())]
    assert len(set(paths[:5])) == 5 and paths[5] is None
