//! Each fused kernel against its portable twin, values and gradients, on sizes with and without remainders.

use burn::tensor::{Distribution, Tolerance};

use super::*;

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
}

/// Runs both functions on the same inputs and compares the results and the gradients of a weighted sum.
fn compare<const D: usize>(
    inputs: &[Tensor<D>],
    fused: impl Fn(&[Tensor<D>]) -> Tensor<D>,
    portable: impl Fn(&[Tensor<D>]) -> Tensor<D>,
) {
    let run = |f: &dyn Fn(&[Tensor<D>]) -> Tensor<D>| {
        let leaves: Vec<Tensor<D>> =
            inputs.iter().map(|x| Tensor::from_data(x.to_data(), &device()).require_grad()).collect();
        let y = f(&leaves);
        let weights = Tensor::<1, Int>::arange(0..y.shape().num_elements() as i64, &y.device()).float();
        let loss = (y.clone() * (weights * 0.37).sin().reshape(y.shape())).sum();
        let mut out = vec![y.into_data()];
        let grads = loss.backward();
        out.extend(leaves.iter().map(|x| x.grad(&grads).expect("gradient").into_data()));
        out
    };
    for (i, (got, want)) in run(&fused).iter().zip(run(&portable)).enumerate() {
        assert_eq!(got.shape(), want.shape(), "output or gradient {i}");
        got.assert_approx_eq::<f32>(&want, Tolerance::rel_abs(2e-4, 2e-5));
    }
}

#[test]
fn gelu_equals_its_twin() {
    compare(&[random([3, 7, 33]) * 4.0], |x| gelu(x[0].clone()), |x| portable::gelu(x[0].clone()));
}

#[test]
fn gelu_has_the_tanh_form_and_finite_gradients_far_out() {
    let points = [-60.0f32, -30.0, -11.0, -3.0, -0.5, 0.0, 0.7, 2.0, 25.0, 60.0];
    let x = Tensor::<1>::from_floats(points, &device()).require_grad();
    let y = gelu(x.clone());
    let exact = |x: f64| 0.5 * x * (1.0 + (0.797_884_560_802_865_4 * (x + 0.044_715 * x.powi(3))).tanh());
    for (x, y) in points.iter().zip(y.clone().try_into_vec_as::<f32>().unwrap()) {
        assert!((f64::from(y) - exact(f64::from(*x))).abs() < 2e-6, "gelu({x}) = {y}");
    }
    let grads = y.sum().backward();
    for (x, g) in points.iter().zip(x.grad(&grads).unwrap().try_into_vec_as::<f32>().unwrap()) {
        let x = f64::from(*x);
        let want = (exact(x + 1e-5) - exact(x - 1e-5)) / 2e-5;
        assert!((f64::from(g) - want).abs() < 2e-5, "gelu'({x}) = {g}, not {want}");
    }
}

#[test]
fn layer_norm_equals_its_twin_with_own_and_shared_rows() {
    for rows in [3, 1] {
        compare(
            &[random([3, 20, 50]), random([rows, 1, 50]), random([rows, 1, 50])],
            |x| layer_norm(x[0].clone(), x[1].clone(), x[2].clone(), 1e-6),
            |x| portable::layer_norm(x[0].clone(), x[1].clone(), x[2].clone(), 1e-6),
        );
    }
}

#[test]
fn rms_norm_equals_its_twin() {
    compare(
        &[random([2, 19, 48]), random([1, 1, 48])],
        |x| rms_norm(x[0].clone(), x[1].clone(), 1e-6),
        |x| portable::rms_norm(x[0].clone(), x[1].clone(), 1e-6),
    );
}

#[test]
fn gated_residual_equals_its_twin() {
    for rows in [2, 1] {
        compare(
            &[random([2, 17, 40]), random([2, 17, 40]), random([rows, 1, 40])],
            |x| add_gated(x[0].clone(), x[1].clone(), x[2].clone()),
            |x| x[0].clone() + x[1].clone() * x[2].clone(),
        );
    }
}

#[test]
fn attention_equals_its_twin_with_and_without_hidden_keys() {
    for lengths in [[9, 9, 9], [9, 1, 4]] {
        compare(
            &[random([3, 13, 24]), random([3, 9, 24]), random([3, 9, 24])],
            |x| attention(x[0].clone(), x[1].clone(), x[2].clone(), &lengths, 4),
            |x| portable::attention(x[0].clone(), x[1].clone(), x[2].clone(), &lengths, 4),
        );
    }
}

#[test]
fn attention_over_more_than_one_panel_of_keys_and_channels_equals_its_twin() {
    compare(
        &[random([2, 30, 80]), random([2, 70, 80]), random([2, 70, 80])],
        |x| attention(x[0].clone(), x[1].clone(), x[2].clone(), &[70, 33], 2),
        |x| portable::attention(x[0].clone(), x[1].clone(), x[2].clone(), &[70, 33], 2),
    );
}

#[test]
fn attention_without_any_key_is_zero() {
    let y = attention(random([1, 5, 8]), random([1, 3, 8]), random([1, 3, 8]), &[0], 2);
    assert!(y.try_into_vec_as::<f32>().unwrap().iter().all(|v| *v == 0.0));
}

#[test]
fn a_layer_trained_in_bf16_equals_its_twin_on_rounded_numbers() {
    use burn::tensor::FloatDType;

    let rounded = |shape: [usize; 2]| random(shape).cast(FloatDType::BF16).cast(FloatDType::F32);
    for parameters in [FloatDType::F32, FloatDType::BF16] {
        let inputs = [rounded([30, 7]), rounded([7, 45]), rounded([1, 45])];
        let run = |in_bf16: bool| {
            let leaf = |x: &Tensor<2>| Tensor::from_data(x.to_data(), &device()).require_grad();
            let [x, weight, bias] = [leaf(&inputs[0]), leaf(&inputs[1]), leaf(&inputs[2])];
            let wide = [x.clone(), weight.clone(), bias.clone()];
            let bias = bias.squeeze_dim::<1>(0);
            let y = match in_bf16 {
                true => {
                    let x = x.cast(FloatDType::BF16);
                    linear::trained(x, weight.cast(parameters), bias.cast(parameters)).cast(FloatDType::F32)
                }
                false => burn::tensor::module::linear(x, weight, Some(bias)),
            };
            let grads = (y.clone() * rounded_weights()).sum().backward();
            std::iter::once(y.into_data())
                .chain(wide.map(|x| x.grad(&grads).expect("gradient").into_data()))
                .collect::<Vec<_>>()
        };
        for (got, want) in run(true).iter().zip(run(false)) {
            got.assert_approx_eq::<f32>(&want, Tolerance::rel_abs(8e-3, 8e-3));
        }
    }
}

/// Upstream gradients that bf16 holds exactly.
fn rounded_weights() -> Tensor<2> {
    let index = Tensor::<1, Int>::arange(0..30 * 45, &device()).float();
    ((index * 0.37).sin() * 64.0).round().div_scalar(64.0).reshape([30, 45])
}
