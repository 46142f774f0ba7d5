#!/usr/bin/env bash
# usd2gltf 0.3.5 (PyPI, latest release): the times of a skeleton's animation.
#
# Expected: keys at time codes 0, 10 and 20 with 20 time codes per second become 0, 0.5 and 1 second in the glTF file.
# Seen: the times are written as doubles where the accessor says float, so every reader takes half doubles: 0, 0 and 0 here.
#   The accessor's own min and max say 0 and 1, so the character stands still in a clip that claims to be a second long.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 60 MB, most of it usd-core).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check usd2gltf==0.3.5 usd-core==26.11 gltflib==1.0.13 numpy==2.2.6

cat > leg.usda <<'USD'
#usda 1.0
(
    defaultPrim = "Root"
    startTimeCode = 0
    endTimeCode = 20
    timeCodesPerSecond = 20
    framesPerSecond = 20
    metersPerUnit = 1
    upAxis = "Y"
)
def SkelRoot "Root" (
    prepend apiSchemas = ["SkelBindingAPI"]
)
{
    def Skeleton "Skel" (
        prepend apiSchemas = ["SkelBindingAPI"]
    )
    {
        uniform token[] joints = ["Hips", "Hips/Knee"]
        uniform token[] jointNames = ["Hips", "Knee"]
        uniform matrix4d[] bindTransforms = [((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 1, 0, 1)),
                                             ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0.5, 0, 1))]
        uniform matrix4d[] restTransforms = [((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 1, 0, 1)),
                                             ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, -0.5, 0, 1))]
        rel skel:animationSource = </Root/Anim>
    }
    def SkelAnimation "Anim"
    {
        uniform token[] joints = ["Hips", "Hips/Knee"]
        float3[] translations.timeSamples = {
            0: [(0, 1, 0), (0, -0.5, 0)], 10: [(0, 1, 0.5), (0, -0.5, 0)], 20: [(0, 1, 1), (0, -0.5, 0)]
        }
        quatf[] rotations.timeSamples = {
            0: [(1, 0, 0, 0), (1, 0, 0, 0)], 10: [(1, 0, 0, 0), (0.8, 0.6, 0, 0)], 20: [(1, 0, 0, 0), (1, 0, 0, 0)]
        }
        half3[] scales.timeSamples = {
            0: [(1, 1, 1), (1, 1, 1)], 10: [(1, 1, 1), (1, 1, 1)], 20: [(1, 1, 1), (1, 1, 1)]
        }
    }
    def Mesh "Body" (
        prepend apiSchemas = ["SkelBindingAPI"]
    )
    {
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(0, 1, 0), (0.1, 0.5, 0), (-0.1, 0.5, 0)]
        normal3f[] normals = [(0, 0, 1), (0, 0, 1), (0, 0, 1)] (
            interpolation = "vertex"
        )
        uniform token subdivisionScheme = "none"
        int[] primvars:skel:jointIndices = [0, 1, 1] (
            elementSize = 1
            interpolation = "vertex"
        )
        float[] primvars:skel:jointWeights = [1, 1, 1] (
            elementSize = 1
            interpolation = "vertex"
        )
        uniform token[] skel:joints = ["Hips", "Hips/Knee"]
        rel skel:skeleton = </Root/Skel>
    }
}
USD
env/bin/usd2gltf -i leg.usda -o leg.gltf >log 2>&1 || { cat log; exit 1; }

env/bin/python - <<'PY'
import json
import struct
import sys

from pxr import Usd, UsdSkel

stage = Usd.Stage.Open("leg.usda")
animation = UsdSkel.Animation.Get(stage, "/Root/Anim")
right = [code / stage.GetTimeCodesPerSecond() for code in animation.GetTranslationsAttr().GetTimeSamples()]
with open("leg.gltf") as file:
    document = json.load(file)


def floats(accessor, width):
    view = document["bufferViews"][accessor["bufferView"]]
    with open(document["buffers"][view["buffer"]]["uri"], "rb") as file:
        data = file.read()
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    assert accessor["componentType"] == 5126
    return list(struct.unpack_from(f"<{accessor['count'] * width}f", data, start)), view["byteLength"]


samplers = document["animations"][0]["samplers"]
times = document["accessors"][samplers[0]["input"]]
values, bytes_written = floats(times, 1)
places, _ = floats(document["accessors"][samplers[0]["output"]], 3)
print(f"times by USD: {right}; of the accessor, {times['count']} floats in {bytes_written} bytes: {values}")
print(f"its min and max: {times['min']} and {times['max']}; z of the hips: {places[2::3]}")
assert right == [0, 0.5, 1] and places[2::3] == [0, 0.5, 1]
if values != [0, 0, 0] or bytes_written != 24 or (times["min"], times["max"]) != ([0], [1]):
    sys.exit("usd2gltf behaves differently now")
print("as described")
PY
