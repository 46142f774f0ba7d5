//! scratch: time of a training step
use burn::tensor::Device;
use ndarray::{Array2, Array3};
use vimogen_core::model::DitConfig;
use vimogen_core::train::*;
#[global_allocator]
static ALLOC: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    let a: Vec<usize> = std::env::args().skip(1).map(|v| v.parse().unwrap()).collect();
    let (dim, ffn, layers, heads, b, t) = (a[0], a[1], a[2], a[3], a[4], a[5]);
    let model = DitConfig {
        dim,
        ffn_dim: ffn,
        freq_dim: 64,
        num_heads: heads,
        num_layers: layers,
        text_dim: 256,
        text_len: 24,
        reference: true,
        split_head: false,
        eps: 1e-6,
    };
    let mut tr = Trainer::new(&model, &TrainConfig::default(), &Device::flex()).unwrap();
    use burn::module::Module;
    println!("params {}", tr.model().num_params());
    let mut r = Array3::<f32>::zeros((b, t, 138));
    let nt = b * 4 / 5;
    for i in nt..b {
        r.index_axis_mut(ndarray::Axis(0), i).fill(0.3);
    }
    let mut mask = Array2::<f32>::ones((b, t));
    for i in 0..b {
        for j in t - (i % 20)..t {
            mask[[i, j]] = 0.0;
        }
    }
    let batch = TrainBatch {
        motion: Array3::from_elem((b, t, 276), 0.5),
        motion_mask: mask.clone(),
        prompt_embeds: Array3::from_elem((b, 24, 256), 0.1),
        ref_motion: r,
        ref_motion_mask: mask,
        motion_dim_mask: Array2::ones((b, 276)),
        attend_to_text: (0..b).map(|i| i < nt).collect(),
    };
    for _ in 0..6 {
        let s = std::time::Instant::now();
        let d = tr.draws(&batch);
        let t0 = s.elapsed();
        let (mut g, l) = {
            let l = loss::loss(&tr.model(), &batch, &d, &vimogen_core::sample::Schedule::training(), &Device::flex())
                .unwrap();
            let tf = s.elapsed();
            let _ = l.values();
            let tf2 = s.elapsed();
            let x = tr.gradients(&batch, &d).unwrap();
            println!("  draw {:?} fwd {:?} grads {:?}", t0, tf2 - t0, s.elapsed() - tf2);
            let _ = tf;
            x
        };
        let s2 = std::time::Instant::now();
        optim::clip(&tr.model(), &mut g, 0.1);
        let _ = l;
        let c = s2.elapsed();
        let s3 = std::time::Instant::now();
        let rep = tr.train_step(&batch, &d).unwrap();
        println!("clip {:?} step {:?} loss {}", c, s3.elapsed(), rep.loss);
    }
}
