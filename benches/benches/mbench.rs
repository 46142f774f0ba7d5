//! The pose dimensions of MBench: triangles that go through each other, bodies fitted to joints. With
//! `VIMOGEN_RELEASE_DATA=folder` of `gmm_08.pkl` and `neutral_smpl_mean_params.h5`, fits use the published priors.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array2, Array3, ArrayView3};
use vimogen_bench as _;
use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::data::procedural::{ProceduralDataset, Split};
use vimogen_core::mbench::penetration::penetrating_pairs;
use vimogen_core::mbench::pose::PoseClip;
use vimogen_core::mbench::smplify::Smplify;
use vimogen_core::motion::codec::encode;
use vimogen_core::progress::ignore;

/// A bent tube, closed, of SMPL's size: 6,890 vertices and 13,776 triangles, its ends within each other.
fn tube() -> (Array3<f32>, Array2<u32>) {
    const RINGS: usize = 84;
    const AROUND: usize = 82;
    const BEND: f32 = 6.6;
    let point = |u: f32, angle: f32| {
        let radius = 0.12 * (std::f32::consts::PI * u).sin().max(0.0).sqrt() * (1.0 + 0.3 * (9.0 * u).sin());
        let (r, along) = (1.0 / BEND, BEND * (u - 0.5));
        let out = r + radius * angle.cos();
        [out * along.cos() - r, out * along.sin(), radius * angle.sin()]
    };
    let mut points = vec![point(0.0, 0.0), point(1.0, 0.0)];
    let step = std::f32::consts::TAU / AROUND as f32;
    for r in 0..RINGS {
        points.extend((0..AROUND).map(|a| point((r + 1) as f32 / (RINGS + 1) as f32, a as f32 * step)));
    }
    let at = |r: usize, a: usize| (2 + r * AROUND + a % AROUND) as u32;
    let mut faces = Vec::new();
    for a in 0..AROUND {
        faces.extend([[0, at(0, a + 1), at(0, a)], [1, at(RINGS - 1, a), at(RINGS - 1, a + 1)]]);
        for r in 0..RINGS - 1 {
            faces.push([at(r, a), at(r, a + 1), at(r + 1, a)]);
            faces.push([at(r + 1, a), at(r, a + 1), at(r + 1, a + 1)]);
        }
    }
    let vertices = Array3::from_shape_fn((1, points.len(), 3), |(_, v, c)| points[v][c]);
    (vertices, Array2::from_shape_fn((faces.len(), 3), |(f, c)| faces[f][c]))
}

fn penetration(c: &mut Criterion) {
    let motion = ProceduralDataset::new(1, Split::Train).sample_with_frames(3, 101).motion;
    let motion = Motion::from_features(encode(&motion).expect("the data set's clips can be encoded"), 20.0);
    let (body, motion) = (BodyModel::neutral(), motion.expect("a clip"));
    let clip = PoseClip::of_motion(body, &motion).expect("the neutral body wears any clip");
    let mut group = c.benchmark_group("penetration");
    let mut measure = |name: &str, vertices: ArrayView3<'_, f32>, faces: ndarray::ArrayView2<'_, u32>| {
        group.throughput(Throughput::Elements(vertices.shape()[0] as u64));
        group.bench_function(name, |b| b.iter(|| penetrating_pairs(vertices, faces)));
    };
    let (vertices, faces) = tube();
    measure("one frame of SMPL's size", vertices.view(), faces.view());
    measure("100 frames of the neutral body", clip.vertices.view(), body.faces());
    group.finish();
    let priors = std::env::var_os("VIMOGEN_RELEASE_DATA").map(PathBuf::from);
    let smplify = Smplify::from_folder(body, priors.as_deref()).expect("priors");
    let joints = motion.mbench_joints();
    let mut group = c.benchmark_group("smplify");
    group.throughput(Throughput::Elements(joints.shape()[0] as u64));
    let name = if smplify.is_builtin() { "100 frames, built-in priors" } else { "100 frames, published priors" };
    group.bench_function(name, |b| b.iter(|| smplify.fit(joints.view(), &mut ignore)));
    group.finish();
}

criterion_group!(benches, penetration);
criterion_main!(benches);
