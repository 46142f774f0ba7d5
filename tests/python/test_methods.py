"""help() names every argument, sequences of any kind are taken, and no argument is taken and ignored."""

import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import vimogen
from vimogen import _options

FEW = {"num_frames": 30, "num_inference_steps": 2}
CALLS = [
    "generate",
    "Pipeline.__call__",
    "Pipeline.constrained",
    "Pipeline.sequence",
    "Pipeline.edit",
    "Pipeline.variations",
]


def thing(name):
    found = vimogen
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.fixture(scope="module")
def pipe():
    return vimogen.Pipeline.from_pretrained()


@pytest.mark.parametrize("name", CALLS)
def test_help_lists_every_parameter_with_its_type_and_default(name):
    function = thing(name)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    wanted = {field["name"] for field in _options.fields("GenerateOptions")} | {"quality"}
    missing = wanted - {p.name for p in parameters}
    assert missing <= {"num_frames"} and (not missing or name.split(".")[1] in ("sequence", "edit", "variations"))
    text = inspect.getdoc(function)
    for parameter in parameters:
        line = re.search(rf"^{parameter.name} : (.+)$", text, re.MULTILINE)
        assert line, f"{parameter.name} is not described"
        if parameter.name in wanted and parameter.default is not None:
            assert line[1].replace('"', "").endswith(f"default {parameter.default}")


def test_all_documented_parameters_exist():
    for name, function in {**vars(vimogen), **vars(vimogen.Pipeline), **vars(vimogen.Motion)}.items():
        if name.startswith("__") or not callable(function) or inspect.isclass(function):
            continue
        documented = re.search(r"Parameters\n-+\n(.*?)(?:\n\n\w+\n-+\n|\Z)", inspect.getdoc(function) or "", re.DOTALL)
        names = re.findall(r"^([a-z_][\w, ]*?)(?: :.*)?$", documented[1] if documented else "", re.MULTILINE)
        for one in ", ".join(names).split(", "):
            assert not one or one in inspect.signature(function).parameters, (name, one)


def test_every_parameter_of_a_motions_methods_is_described():
    """Methods of one argument say in their text what it is."""
    short = {"resample", "resample_reference", "with_fps", "hold", "turned", "moved", "trimmed", "retimed", "smoothed"}
    short |= {"loop", "repeated", "with_upper_body", "quality", "to_html"}
    for name in vars(vimogen.Motion):
        function = getattr(vimogen.Motion, name)
        if name.startswith("_") or not callable(function) or name in short:
            continue
        text = inspect.getdoc(function)
        for parameter in inspect.signature(function).parameters:
            assert parameter == "self" or re.search(rf"^(\w+, )*{parameter}(, \w+)* :", text, re.MULTILINE), (
                name,
                parameter,
            )


SEQUENCES = {
    "list": [3, 4],
    "tuple": (3, 4),
    "range": range(3, 5),
    "array": np.array([3, 4]),
    "uint8": np.uint8([3, 4]),
}


@pytest.mark.parametrize("seeds", SEQUENCES.values(), ids=SEQUENCES)
def test_seeds_and_lengths_may_be_any_sequence(pipe, seeds):
    made = pipe("a person waves", seed=seeds, **FEW)
    alone = pipe("a person waves", seed=4, **FEW)
    assert len(made) == 2 and made[1] == alone == vimogen.generate("a person waves", seed=seeds, **FEW)[1]
    lengths = type(seeds)([30, 31]) if isinstance(seeds, list | tuple) else range(30, 32)
    assert [len(m) for m in vimogen.generate("a person waves", num_frames=lengths, num_inference_steps=2)] == [30, 31]


def test_prompts_and_references_may_be_any_sequence(pipe):
    prompts = ("a person waves", "a person jumps")
    several = [pipe(kind(prompts), **FEW) for kind in (list, tuple, np.array)]
    assert several[0] == several[1] == several[2]
    followed = pipe(reference=tuple(several[0]), num_inference_steps=2)
    assert [len(m) for m in followed] == [30, 30]
    rows = pipe.encode("a person waves")
    assert pipe(prompt_embeds=rows, **FEW) == pipe(prompt_embeds=(rows,), **FEW)[0]


def test_other_sequences_and_numbers_of_numpy(pipe):
    wave = pipe("a person waves", **FEW)
    assert pipe("a person waves", guidance_interval=[0.1, 0.9], **FEW) == pipe(
        "a person waves",
        guidance_interval=np.array([0.1, 0.9]),
        num_frames=np.int64(30),
        num_inference_steps=np.uint8(2),
    )
    made, _ = pipe.sequence(np.array(["a person walks", "a person jumps"]), np.array([2, 2.5]), num_inference_steps=2)
    assert len(made) == 90
    assert len(pipe.variations(wave, np.int32(2), strength=np.float32(0.4), num_inference_steps=2)) == 2
    assert vimogen.best((wave, wave)) == wave and len(vimogen.Motion.join((wave, wave))[1]) == 1
    assert wave.with_joints_of(wave, np.array(["left_wrist"])) is not None


def test_a_length_that_would_be_ignored_is_refused(pipe):
    wave = pipe("a person waves", **FEW)
    with pytest.raises(TypeError, match="sequence has no num_frames: the lengths are those of `seconds`"):
        pipe.sequence(["a person walks"], num_frames=30)
    with pytest.raises(TypeError, match="edit has no num_frames"):
        pipe.edit(wave, "a person jumps", num_frames=30)
    with pytest.raises(TypeError, match="variations has no num_frames"):
        pipe.variations(wave, 1, num_frames=30)


UNUSED = {"name": "run", "jobs": 2, "seed": 1, "compare": ["a.json"], "body": "b", "priors": "p", "nrdf": "n"}
UNUSED |= {"body_joints": True, "prompt_template": "t", "callback": print}


@pytest.mark.parametrize("name", UNUSED)
def test_arguments_of_the_benchmark_are_refused_without_its_list(name, tmp_path):
    with pytest.raises(vimogen.InvalidArgumentError, match=f"invalid {name}: only with info"):
        vimogen.evaluate(tmp_path, **{name: UNUSED[name]})


def test_one_dimension_may_be_named_alone(tmp_path):
    vimogen.generate("a person waves", **FEW).save(tmp_path / "wave.npz")
    assert list(vimogen.evaluate(tmp_path, "Jitter_Degree")["dimensions"]) == ["Jitter_Degree"]


def test_unknown_options_are_refused_by_name(pipe):
    for call in (pipe, lambda *words, **options: vimogen.generate(*words, **options)):
        with pytest.raises(TypeError, match="guidence_scale"):
            call("a person waves", guidence_scale=3)


@pytest.mark.parametrize(
    "call", ["pipe(*words)", "vimogen.generate(*words)", "pipe.constrained(*words, {'constraints': []})"]
)
def test_a_warning_about_a_prompt_names_the_line_of_the_call(pipe, call):
    source = f"\n\n{call}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names = {"pipe": pipe, "vimogen": vimogen, "words": ["a person does a backflip"]}
        exec(compile(source, "users_script.py", "exec"), names)
    assert {(w.filename, w.lineno) for w in caught if w.category is vimogen.PromptWarning} == {("users_script.py", 3)}


def test_stubs_of_calls_have_the_options():
    text = Path(vimogen.__file__).with_name("_vimogen.pyi").read_text(encoding="utf-8")
    calls = re.findall(r"def (__call__|constrained|sequence|edit|variations)\(.*?\) ->", text, re.DOTALL)
    assert len(calls) >= 7
    assert text.count("**options: Unpack[GenerateOptions]") >= 5 and text.count("**options: Unpack[EditOptions]") == 2
