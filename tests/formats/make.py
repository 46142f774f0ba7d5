"""Writes the test files for the readers of vimogen-core: python make.py, with NumPy and PyTorch.

Every float array is the ramp n / 4 - 1 of shape (2, 3, 4), exact in every float type; integers are n, booleans n % 2.
"""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

HERE = Path(__file__).parent
SHAPE = (2, 3, 4)
RAMP = (np.arange(24) / 4 - 1).reshape(SHAPE).astype(np.float32)
COUNT = np.arange(24).reshape(SHAPE)


def torch_contents():
    ramp = torch.from_numpy(RAMP.copy())
    turned = ramp.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    longer = torch.zeros(5, 3, 4)
    longer[2:4] = ramp
    linear = torch.nn.Linear(1, 1)
    with torch.no_grad():
        linear.weight.fill_(-1.0)
        linear.bias.fill_(0.5)
    return {
        "floats": {
            str(t).removeprefix("torch."): ramp.to(t) for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)
        },
        "ints": {
            str(t).removeprefix("torch."): torch.from_numpy(COUNT).to(t)
            for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
        },
        "bool": torch.from_numpy(COUNT % 2 == 1),
        "turned": turned,
        "part": longer[2:4],
        "parameter": torch.nn.Parameter(ramp),
        "list": [ramp, (ramp, 3)],
        "scalar": torch.tensor(-1.0),
        "expanded": torch.tensor([-1.0]).expand(2, 3),
        "empty": torch.zeros(0, 276),
        "linear": linear.state_dict(),
        "numpy": RAMP,
        "numpy_number": np.float64(-1.0),
        "settings": OrderedDict(epoch=7, lr=0.25, name="gehend 走る", done=True, none=None, size=ramp.shape),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
    }


def main():
    torch.save(torch_contents(), HERE / "torch_zip.pt")
    torch.save(torch_contents(), HERE / "torch_legacy.pt", _use_new_zipfile_serialization=False)
    # Types without a storage class of their own take another way through PyTorch.
    torch.save({"uint16": torch.from_numpy(COUNT.astype(np.uint16))}, HERE / "torch_uint16.pt")
    # The name of NRDF's checkpoint: its length makes PyTorch's zip directory ambiguous.
    torch.save({"model_state_dict": {"ramp": torch.from_numpy(RAMP)}}, HERE / "checkpoint_epoch_best.tar")

    np.savez(HERE / "stored.npz", ramp=RAMP, fps=20, name=np.array("text"))
    np.savez_compressed(HERE / "deflated.npz", ramp=RAMP, count=COUNT)

    arrays = {
        "f8": RAMP.astype("<f8"), "f4": RAMP, "f2": RAMP.astype("<f2"), "big_f4": RAMP.astype(">f4"),
        "fortran_f4": np.asfortranarray(RAMP), "big_fortran_f8": np.asfortranarray(RAMP.astype(">f8")),
        "i8": COUNT, "i4": COUNT.astype("<i4"), "u1": COUNT.astype("u1"), "bool": COUNT % 2 == 1,
    }
    for name, array in arrays.items():
        np.save(HERE / f"{name}.npy", array)
    for version in (2, 3):
        with (HERE / f"version{version}.npy").open("wb") as file:
            np.lib.format.write_array(file, RAMP, version=(version, 0))

    for protocol in range(6):
        data = pickle.dumps(RAMP, protocol=protocol)
        (HERE / f"numpy2_protocol{protocol}.pkl").write_bytes(data)
        if protocol < 4:  # the name is a line of its own there, so its length is free
            (HERE / f"numpy1_protocol{protocol}.pkl").write_bytes(data.replace(b"numpy._core", b"numpy.core"))
    golden = load_file(HERE.parent / "golden" / "body_model.safetensors")
    recovered = {name: golden[f"hmr_to_motion.input.{name}"] for name in ("global_orient", "body_pose", "transl")}
    camera = {"focal_length": np.full(26, 1000.0), "width": 640, "height": np.float64(480), "video": "walk.mp4"}
    (HERE / "recovered.pkl").write_bytes(pickle.dumps(recovered | camera, protocol=4))
    (HERE / "fortran.pkl").write_bytes(pickle.dumps(np.asfortranarray(RAMP.astype(">f8")), protocol=2))


if __name__ == "__main__":
    main()
