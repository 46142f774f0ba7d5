//! Pictures: 100 frames of 960 x 960 of a mesh of SMPL's size (13,776 triangles), drawn alone and written as a video and a GIF.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array3, ArrayView3};
use rayon::prelude::*;
use vimogen_bench as _;
use vimogen_core::Motion;
use vimogen_core::body::BodyModel;
use vimogen_core::data::procedural::{ProceduralDataset, Split};
use vimogen_core::motion::codec::encode;
use vimogen_core::progress::ignore;
use vimogen_core::render::{MeshSequence, RenderOptions, Renderer, View, encode};

/// Triangles of SMPL; each that is added splits one of the neutral body's in three.
const TRIANGLES: usize = 13_776;

/// The vertices of a finer mesh: the given ones, then the middles of the first `middles` triangles.
fn finer(vertices: ArrayView3<'_, f32>, faces: &[[u32; 3]], middles: usize) -> Array3<f32> {
    let (frames, count, _) = vertices.dim();
    Array3::from_shape_fn((frames, count + middles, 3), |(t, v, c)| match v.checked_sub(count) {
        None => vertices[[t, v, c]],
        Some(face) => faces[face].iter().map(|corner| vertices[[t, *corner as usize, c]]).sum::<f32>() / 3.0,
    })
}

/// A walking body of SMPL's size.
fn sequence() -> MeshSequence {
    let motion = ProceduralDataset::new(1, Split::Train).sample_with_frames(3, 101).motion;
    let motion = encode(&motion).and_then(|features| Motion::from_features(features, 20.0)).expect("a clip");
    let body = BodyModel::neutral();
    let mut faces: Vec<[u32; 3]> = body.faces().rows().into_iter().map(|f| [f[0], f[1], f[2]]).collect();
    let middles = (TRIANGLES - faces.len()) / 2;
    let smpl = motion.smpl();
    let vertices = finer(body.vertices(smpl).expect("vertices").view(), &faces, middles);
    for face in 0..middles {
        let ([a, b, c], middle) = (faces[face], (body.num_vertices() + face) as u32);
        faces[face] = [a, b, middle];
        faces.extend([[b, c, middle], [c, a, middle]]);
    }
    assert_eq!(faces.len(), TRIANGLES);
    MeshSequence::mesh(smpl.joints.view(), vertices.view(), &faces).expect("a mesh")
}

fn pictures(c: &mut Criterion) {
    let sequence = sequence();
    let folder = std::env::temp_dir().join(format!("vimogen-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for films");
    let mut group = c.benchmark_group("render");
    group.sample_size(10);
    group.throughput(Throughput::Elements(sequence.len() as u64));
    let options = RenderOptions::default().with_view(View::Mbench);
    for (name, options) in
        [("path", options), ("follow", options.with_view(View::Follow)), ("depth", RenderOptions::depth())]
    {
        let renderer = Renderer::new(&sequence, &options).expect("a renderer");
        group.bench_function(format!("drawn alone, {name}"), |b| {
            b.iter(|| {
                (0..renderer.len()).into_par_iter().for_each(|frame| drop(renderer.frame(frame).expect("a picture")))
            });
        });
    }
    let renderer = Renderer::new(&sequence, &options).expect("a renderer");
    for ending in ["mp4", "gif"] {
        let path = folder.join(format!("clip.{ending}"));
        group.bench_function(ending, |b| {
            b.iter(|| encode::save(&path, &renderer, 20.0, &mut ignore).expect("a renderer"))
        });
    }
    group.finish();
    std::fs::remove_dir_all(folder).expect("the folder for films");
}

criterion_group!(benches, pictures);
criterion_main!(benches);
