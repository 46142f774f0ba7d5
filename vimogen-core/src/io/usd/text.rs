//! The text of a USD layer.

use std::fmt::{Display, Write as _};

use glam::{Quat, Vec3};

use crate::io::skinned::Skinned;
use crate::motion::LengthUnit;

const ROOT: &str = "/body";
const FOUR: &str = " (\n            elementSize = 4\n            interpolation = \"vertex\"\n        )";

/// The layer of a clip.
pub(super) fn layer(clip: &Skinned<'_>, unit: LengthUnit) -> String {
    let scale = unit.metres().recip() as f32;
    let mut text = head(clip, unit);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\ndef SkelRoot \"body\" (\n    prepend apiSchemas = [\"SkelBindingAPI\"]\n    kind = \"component\"\n)\n{{\n    \
         float3[] extent = {}\n",
        extent(clip, scale)
    );
    mesh(&mut text, clip, scale);
    skeleton(&mut text, clip, scale);
    text.push_str(MATERIAL);
    text.push_str("}\n");
    text
}

const MATERIAL: &str = r#"
    def Material "material"
    {
        token outputs:surface.connect = </body/material/surface.outputs:surface>

        def Shader "surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor = (0.55, 0.62, 0.72)
            float inputs:metallic = 0
            float inputs:roughness = 0.8
            token outputs:surface
        }
    }
"#;

fn head(clip: &Skinned<'_>, unit: LengthUnit) -> String {
    let (fps, last) = (clip.motion.fps(), clip.motion.len() - 1);
    let meta = clip.motion.meta();
    let prompt = meta.and_then(|meta| meta.prompt.as_deref()).unwrap_or("a motion");
    let mut text = format!("#usda 1.0\n(\n    doc = {}\n", quoted(prompt));
    if let Some(meta) = meta {
        let _ =
            write!(text, "    customLayerData = {{\n        string vimogen = {}\n    }}\n", quoted(&meta.to_json()));
    }
    let _ = write!(
        text,
        "    defaultPrim = \"body\"\n    endTimeCode = {last}\n    framesPerSecond = {fps}\n    metersPerUnit = {}\n    \
         startTimeCode = 0\n    timeCodesPerSecond = {fps}\n    upAxis = \"Y\"\n)\n",
        unit.metres()
    );
    text
}

/// A text in quotation marks.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list in brackets.
fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::from("[");
    for (i, item) in items.into_iter().enumerate() {
        let _ = write!(text, "{}{item}", if i == 0 { "" } else { ", " });
    }
    text.push(']');
    text
}

struct Point(Vec3);

impl Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {}, {})", self.0.x, self.0.y, self.0.z)
    }
}

/// A rotation, its real part first.
struct Turn(Quat);

impl Display for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {}, {}, {})", self.0.w, self.0.x, self.0.y, self.0.z)
    }
}

/// A translation as a matrix for row vectors.
struct Shift(Vec3);

impl Display for Shift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Vec3 { x, y, z } = self.0;
        write!(f, "((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), ({x}, {y}, {z}, 1))")
    }
}

/// A box around the body in all frames: its pelvis goes everywhere with the reach of the body.
fn extent(clip: &Skinned<'_>, scale: f32) -> String {
    let reach = clip.vertices().iter().map(|p| Vec3::from_array(*p).distance(clip.rest[0])).fold(0.0, f32::max);
    let roots = clip.roots();
    let low = roots.iter().fold(Vec3::MAX, |low, p| low.min(*p)) - reach;
    let high = roots.iter().fold(Vec3::MIN, |high, p| high.max(*p)) + reach;
    list([Point(low * scale), Point(high * scale)])
}

fn mesh(text: &mut String, clip: &Skinned<'_>, scale: f32) {
    let points: Vec<Vec3> = clip.vertices().iter().map(|p| Vec3::from_array(*p) * scale).collect();
    let low = points.iter().fold(Vec3::MAX, |low, p| low.min(*p));
    let high = points.iter().fold(Vec3::MIN, |high, p| high.max(*p));
    let (faces, weights) = (clip.body.faces(), clip.weights());
    let joints = list(weights.iter().flatten().map(|(joint, _)| joint));
    let weights = list(weights.iter().flatten().map(|(_, weight)| weight));
    let _ = write!(
        text,
        "\n    def Mesh \"mesh\" (\n        prepend apiSchemas = [\"SkelBindingAPI\", \"MaterialBindingAPI\"]\n    )\n    {{\n        \
         float3[] extent = {}\n        \
         int[] faceVertexCounts = {}\n        \
         int[] faceVertexIndices = {}\n        \
         rel material:binding = <{ROOT}/material>\n        \
         normal3f[] normals = {} (\n            interpolation = \"vertex\"\n        )\n        \
         point3f[] points = {}\n        \
         matrix4d primvars:skel:geomBindTransform = {}\n        \
         int[] primvars:skel:jointIndices = {joints}{FOUR}\n        \
         float[] primvars:skel:jointWeights = {weights}{FOUR}\n        \
         rel skel:skeleton = <{ROOT}/skeleton>\n        \
         uniform token subdivisionScheme = \"none\"\n    }}\n",
        list([Point(low), Point(high)]),
        list(std::iter::repeat_n(3, faces.nrows())),
        list(faces.iter()),
        list(clip.normals().iter().map(|n| Point(Vec3::from_array(*n)))),
        list(points.iter().map(|p| Point(*p))),
        Shift(Vec3::ZERO),
    );
}

/// Joints by the paths that USD names them by.
fn paths(clip: &Skinned<'_>) -> Vec<String> {
    let path = |joint: usize| {
        let chain = std::iter::successors(Some(joint), |j| clip.parent(*j)).map(|j| clip.names[j].as_str());
        let mut names: Vec<&str> = chain.collect();
        names.reverse();
        quoted(&names.join("/"))
    };
    (0..clip.rest.len()).map(path).collect()
}

fn skeleton(text: &mut String, clip: &Skinned<'_>, scale: f32) {
    let (paths, count) = (paths(clip), clip.rest.len());
    let _ = write!(
        text,
        "\n    def Skeleton \"skeleton\" (\n        prepend apiSchemas = [\"SkelBindingAPI\"]\n    )\n    {{\n        \
         uniform matrix4d[] bindTransforms = {}\n        \
         uniform token[] joints = {}\n        \
         uniform matrix4d[] restTransforms = {}\n        \
         rel skel:animationSource = <{ROOT}/skeleton/motion>\n\n        \
         def SkelAnimation \"motion\"\n        {{\n            \
         uniform token[] joints = {}\n            \
         half3[] scales = {}\n",
        list(clip.rest.iter().map(|place| Shift(*place * scale))),
        list(&paths),
        list((0..count).map(|joint| Shift(clip.offset(joint) * scale))),
        list(&paths),
        list(std::iter::repeat_n("(1, 1, 1)", count)),
    );
    let turns: Vec<Vec<Quat>> = (0..count).map(|joint| clip.turns(joint)).collect();
    samples(text, "quatf[] rotations", clip.motion.len(), |t| list((0..count).map(|joint| Turn(turns[joint][t]))));
    let roots = clip.roots();
    let place = |joint: usize, t: usize| Point(if joint == 0 { roots[t] } else { clip.offset(joint) } * scale);
    samples(text, "float3[] translations", clip.motion.len(), |t| list((0..count).map(|joint| place(joint, t))));
    text.push_str("        }\n    }\n");
}

fn samples(text: &mut String, name: &str, frames: usize, value: impl Fn(usize) -> String) {
    let _ = writeln!(text, "            {name}.timeSamples = {{");
    for t in 0..frames {
        let _ = writeln!(text, "                {t}: {},", value(t));
    }
    text.push_str("            }\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_end_their_quotation_marks() {
        assert_eq!(quoted("a \"b\" \\ c\nd\te"), r#""a \"b\" \\ c\nd e""#);
    }
}
