//! Posing a body of SMPL-X's size, with random values in place of its licensed ones: 100 frames of a body motion.
#![allow(missing_docs, reason = "criterion_group makes undocumented items")]

use std::borrow::Cow;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::ArrayD;
use vimogen_bench as _;
use vimogen_core::body::BodyModel;
use vimogen_core::data::procedural::{ProceduralDataset, Split};
use vimogen_core::error::{Error, Result};
use vimogen_core::format::{RawTensor, TensorInfo, TensorSource};

const VERTICES: usize = 10_475;

/// The arrays of a file of SMPL-X by name.
struct Drawn(Vec<(&'static str, RawTensor)>);

impl Drawn {
    fn new() -> Self {
        let small = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 1e9;
        let array = |shape: &[usize], f: &dyn Fn(usize) -> f32| {
            let values = (0..shape.iter().product()).map(f).collect();
            let array = ArrayD::from_shape_vec(shape.to_vec(), values).expect("as many as the shape has");
            RawTensor::from_f32(array.view())
        };
        // Four joints a vertex, as SMPL-X has at most, and chains of five joints.
        let weight = |i: usize| if (i % 55 + 55 - i / 55 % 52) % 55 < 4 { 0.25 } else { 0.0 };
        let parent = |i: usize| {
            if i < 55 { (i as f32 - 1.0) - (usize::from(i.is_multiple_of(5)) * (i / 2)) as f32 } else { i as f32 }
        };
        Self(vec![
            ("v_template", array(&[VERTICES, 3], &small)),
            ("shapedirs", array(&[VERTICES, 3, 20], &small)),
            ("posedirs", array(&[VERTICES, 3, 486], &small)),
            ("J_regressor", array(&[55, VERTICES], &|i| if i % 1000 == 0 { 0.1 } else { 0.0 })),
            ("weights", array(&[VERTICES, 55], &weight)),
            ("f", array(&[20_908, 3], &|i| (i % VERTICES) as f32)),
            ("kintree_table", array(&[2, 55], &parent)),
            ("hands_meanl", array(&[45], &small)),
            ("hands_meanr", array(&[45], &small)),
        ])
    }

    fn get(&self, name: &str) -> Result<&RawTensor> {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.map(|(_, array)| array).ok_or_else(|| Error::invalid("name", name))
    }
}

impl TensorSource for Drawn {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.to_string()).collect()
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        Ok(self.get(name)?.info().clone())
    }

    fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        Ok(self.get(name)?.bytes().into())
    }
}

fn posing(c: &mut Criterion) {
    let motion = ProceduralDataset::new(1, Split::Train).sample_with_frames(3, 99).motion;
    let mut group = c.benchmark_group("body");
    group.sample_size(20);
    for (name, body) in [
        ("neutral", BodyModel::neutral().clone()),
        ("smplx_size", BodyModel::from_source(&Drawn::new()).expect("the arrays are those of SMPL-X")),
    ] {
        let params = body.params(&motion).expect("params");
        group.bench_function(name, |b| b.iter(|| body.forward(&params)));
    }
    group.finish();
}

criterion_group!(benches, posing);
criterion_main!(benches);
