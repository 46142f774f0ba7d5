"""The release's text encoder, its command line, and downloads."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import vimogen
from encoders import small_encoder
from test_cli import run

PROMPTS = ["a person walks", "Eine Frau hüpft über die Stühle", "一个人向前走。"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def encoder(folder):
    return vimogen.TextEncoder.from_pretrained(folder)


def test_prompts_are_encoded_alone_and_together(encoder):
    told = []
    together = encoder.encode(PROMPTS, callback=lambda *step: told.append(step))
    assert told == [("encode", 1, 2), ("encode", 2, 2)]
    for prompt, rows in zip(PROMPTS, together, strict=True):
        assert rows.shape == (len(encoder.tokenize(prompt)), encoder.dim) and rows.dtype == np.float32
        np.testing.assert_allclose(encoder.encode(prompt), rows, atol=1e-5)
    assert encoder.tokenize("") == [1] and encoder.encode("").shape == (1, 32)


def test_modes_of_memory_agree_and_int8_is_near(encoder, folder):
    want = encoder.encode(PROMPTS[0])
    for memory in ("streamed", "resident"):
        np.testing.assert_array_equal(
            vimogen.TextEncoder.from_pretrained(folder, memory=memory).encode(PROMPTS[0]), want
        )
    eight = vimogen.TextEncoder.from_pretrained(folder, dtype="int8").encode(PROMPTS[0])
    assert 0 < np.abs(eight - want).max() < 0.1 * np.abs(want).max()


def test_mistakes_are_named(folder, tmp_path):
    with pytest.raises(vimogen.NoTextEncoderError, match="vimogen download umt5"):
        vimogen.TextEncoder.from_pretrained(tmp_path)
    for words, name in [({"memory": "some"}, "memory"), ({"dtype": "int4"}, "dtype"), ({"device": "tpu"}, "cuda:N")]:
        with pytest.raises(vimogen.VimogenError, match=name):
            vimogen.TextEncoder.from_pretrained(folder, **words)
    with pytest.raises(vimogen.ConfigError, match="text_encoder"):
        vimogen.Pipeline.from_pretrained(text_encoder=folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder with a model that reads rows of the encoder's width, and no encoder."""
    path = tmp_path_factory.mktemp("model")
    sizes = {"dim": 32, "ffn_dim": 32, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 32, "text_len": 8}
    dit = vimogen.Dit.from_seed(sizes, seed=1)
    dit.save_pretrained(path, mean=np.zeros(276, np.float32), std=np.ones(276, np.float32))
    return path


def test_a_pipeline_takes_the_encoder_or_its_folder(encoder, folder, model):
    made = [
        vimogen.Pipeline.from_pretrained(model, text_encoder=given)(PROMPTS[0], num_frames=12, num_inference_steps=2)
        for given in (encoder, folder)
    ]
    assert made[0] == made[1]
    with pytest.raises(vimogen.NoTextEncoderError, match="prompt_embeds"):
        vimogen.Pipeline.from_pretrained(model)(PROMPTS[0])


def test_generate_takes_an_encoder_and_a_cache(folder, model, tmp_path):
    words = ["generate", PROMPTS[0], "-m", model, "--frames", 24, "--steps", 2, "--text-cache", tmp_path / "cache"]
    run(*words, "-o", tmp_path / "a.npy", "--text-encoder", folder)
    run(*words, "-o", tmp_path / "b.npy", "--text-encoder", folder)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
    assert "--text-encoder" in run(*words, "-o", tmp_path / "c.npy", code=2).stderr


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "data.json"
    entries = [{"id": i, "video_text_annot": text} for i, text in enumerate([*PROMPTS, "a person jumps"])]
    path.write_text(json.dumps([*entries, {"id": "bad"}]), encoding="utf-8")
    return path


def test_encode_text_writes_files_and_paths_and_goes_on(folder, encoder, manifest, tmp_path):
    words = ["encode-text", "--json", manifest, "--output", tmp_path / "out", "--text-encoder", folder]
    half = run(*words, "--shard", "1/2", code=1)
    assert json.loads(half.stdout) == {
        "total": 3,
        "encoded": 2,
        "skipped": 0,
        "failed": [[4, 'it has no "video_text_annot"']],
        "written": False,
    }
    assert "entry 4" in half.stderr and "until the other shares are encoded" in half.stderr
    assert "embed_path" not in manifest.read_text(encoding="utf-8")
    rest = json.loads(run(*words, "--shard", "2/2").stdout)
    assert rest["written"]
    assert (rest["total"], rest["encoded"]) == (2, 2)
    again = json.loads(run(*words, code=1).stdout)
    assert (again["encoded"], again["skipped"]) == (0, 4)
    for entry in json.loads(manifest.read_text(encoding="utf-8"))[:4]:
        path = entry["video_text_annot_wanvideot5_embed_path"]
        assert path.startswith(str(tmp_path / "out")) and path.endswith(".pt")
    run(*words, "--shard", "3/2", code=2)


def test_encoded_texts_are_bfloat16_tensors_of_torch(folder, encoder, manifest, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    encoder.encode_manifest(manifest, tmp_path / "out")
    entry = json.loads(manifest.read_text(encoding="utf-8"))[0]
    rows = torch.load(entry["video_text_annot_wanvideot5_embed_path"], weights_only=True)
    assert rows.dtype == torch.bfloat16
    np.testing.assert_allclose(rows.float().numpy(), encoder.encode(PROMPTS[0]), rtol=0.01)


def test_a_cache_is_filled_and_used(folder, tmp_path):
    cached = vimogen.TextEncoder.from_pretrained(folder, cache=tmp_path / "cache")
    first = cached.encode(PROMPTS)
    assert len(list((tmp_path / "cache").iterdir())) == 3
    told = []
    for a, b in zip(first, cached.encode(PROMPTS, callback=lambda *step: told.append(step)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not told


class _Wrong(BaseHTTPRequestHandler):
    """A server that has everything, and all of it wrong."""

    def do_GET(self):
        body = b"x" * 249
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_download_refuses_wrong_bytes_and_wrong_files_and_honours_the_endpoint(tmp_path, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Wrong)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    done = run("download", "wan2.1-1.3b", tmp_path / "out", code=1)
    assert "SHA-256" in done.stderr and not list((tmp_path / "out").iterdir())
    server.shutdown()
    (tmp_path / "file").write_bytes(b"x" * 249)
    assert (
        "none of" in run("download", "wan2.1-1.3b", tmp_path / "out", "--from-file", tmp_path / "file", code=1).stderr
    )
    assert "umt5" in run("download", "everything", tmp_path, code=1).stderr
