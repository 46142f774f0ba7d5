//! Each precision at each level against sums in f64, on sizes with and without remainders.

use half::bf16;

use super::super::cpu::Level;
use super::super::gelu::gate;
use super::pack::{Packed, Store};
use super::{product, rows};
use crate::model::WeightDtype;

const PRECISIONS: [WeightDtype; 3] = [WeightDtype::F32, WeightDtype::Bf16, WeightDtype::Int8];
/// Rows, inputs, outputs: with remainders of every kind, more than one stretch of inputs, more than one strip of rows.
const SIZES: [[usize; 3]; 6] = [[1, 1, 1], [5, 7, 3], [12, 64, 32], [13, 33, 70], [3, 1801, 40], [250, 66, 96]];

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| draw()).collect()
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| *level <= Level::detect())
}

fn packed(inputs: usize, outputs: usize, precision: WeightDtype, seed: u32) -> Packed {
    let weights = numbers(inputs * outputs, seed);
    pack(inputs, outputs, precision, &weights).with_bias(&numbers(outputs, seed + 1))
}

fn pack(inputs: usize, outputs: usize, precision: WeightDtype, weights: &[f32]) -> Packed {
    let read = |output: usize, input: usize, to: &mut [f32]| {
        to.copy_from_slice(&weights[output * inputs + input..][..to.len()]);
    };
    Packed::new(inputs, outputs, precision, read)
}

fn run(x: &[f32], rows: usize, weights: &[&Packed], level: Level) -> Vec<f32> {
    product::linear(x, rows, weights, level)
}

/// A row as the kernels round it: in bf16, in 8 bits with a scale per 128 where weights are in quads, or all of it.
fn seen(row: &[f32], weights: &Packed, precision: WeightDtype) -> Vec<f32> {
    match precision {
        WeightDtype::F32 => row.to_vec(),
        WeightDtype::Int8 if matches!(weights.store, Store::Quads(_)) => {
            let run = |run: &[f32]| {
                let most = run.iter().fold(0.0f32, |most, x| most.max(x.abs()));
                let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
                run.iter().map(|x| (x * inverse).round_ties_even() * (most / 127.0)).collect::<Vec<_>>()
            };
            row.chunks(128).flat_map(run).collect()
        }
        _ => row.iter().map(|x| bf16::from_f32(*x).to_f32()).collect(),
    }
}

/// The kernel's product in f64.
fn expected(x: &[f32], rows: usize, weights: &Packed, precision: WeightDtype) -> Vec<f32> {
    let (inputs, outputs) = (weights.inputs, weights.outputs);
    let unpacked = weights.unpack();
    let x: Vec<f32> = x.chunks(inputs).flat_map(|row| seen(row, weights, precision)).collect();
    let sum = |row: usize, output: usize| -> f64 {
        let products = (0..inputs).map(|k| f64::from(x[row * inputs + k]) * f64::from(unpacked[k * outputs + output]));
        products.sum::<f64>() + f64::from(weights.bias[output])
    };
    (0..rows * outputs).map(|i| sum(i / outputs, i % outputs) as f32).collect()
}

#[track_caller]
fn assert_close(what: &str, got: &[f32], want: &[f32], atol: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= atol, "{what}: {got} instead of {want} at {i}");
    }
}

#[test]
fn every_level_sums_what_it_should_in_every_precision() {
    for [rows, inputs, outputs] in SIZES {
        let x = numbers(rows * inputs, 7);
        for precision in PRECISIONS {
            let weights = packed(inputs, outputs, precision, 3);
            let want = expected(&x, rows, &weights, precision);
            for level in levels() {
                let got = run(&x, rows, &[&weights], level);
                let what = format!("{rows}x{inputs}x{outputs} {precision:?} {}", level.name());
                assert_close(&what, &got, &want, 2e-6 * (inputs as f32).sqrt().max(4.0));
            }
        }
    }
}

#[test]
fn several_weights_give_what_each_gives_alone() {
    let (rows, inputs, outputs) = (29, 50, 41);
    let x = numbers(rows * inputs, 5);
    let weights = [1, 20, 300].map(|seed| packed(inputs, outputs, WeightDtype::Bf16, seed));
    for level in levels() {
        let alone: Vec<f32> = weights.iter().flat_map(|w| run(&x, rows, &[w], level)).collect();
        assert_eq!(run(&x, rows, &[&weights[0], &weights[1], &weights[2]], level), alone);
    }
}

#[test]
fn two_layers_with_gelu_between_give_what_they_give_apart() {
    for [rows, inputs, hidden] in SIZES {
        let x = numbers(rows * inputs, 11);
        for precision in PRECISIONS {
            let (first, second) = (packed(inputs, hidden, precision, 1), packed(hidden, 45, precision, 2));
            for level in levels() {
                let mut between = run(&x, rows, &[&first], level);
                between.iter_mut().for_each(|x| *x *= gate(*x));
                let apart = run(&between, rows, &[&second], level);
                let together = product::mlp(&x, rows, &first, &second, level);
                // A last bit of GELU can be a step of bf16.
                let atol = if precision == WeightDtype::F32 { 1e-4 } else { 2e-2 };
                assert_close(&format!("{rows}x{inputs}x{hidden} {precision:?}"), &together, &apart, atol);
            }
        }
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let (rows, inputs, outputs) = (500, 96, 200);
    let x = numbers(rows * inputs, 9);
    for precision in PRECISIONS {
        let weights = packed(inputs, outputs, precision, 4);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&x, rows, &[&weights], Level::current()))
        };
        let one = with(1);
        assert!([2, 3, 8].into_iter().all(|threads| with(threads) == one), "{precision:?}");
    }
}

#[test]
fn weights_come_back_as_they_were_rounded() {
    for [_, inputs, outputs] in SIZES {
        let values = numbers(inputs * outputs, 6);
        let at = |output: usize, input: usize| values[output * inputs + input];
        for precision in PRECISIONS {
            let packed = pack(inputs, outputs, precision, &values);
            for (i, got) in packed.unpack().into_iter().enumerate() {
                let (input, output) = (i / outputs, i % outputs);
                let exact = at(output, input);
                let largest = (0..inputs).map(|k| at(output, k).abs()).fold(0.0, f32::max);
                match precision {
                    WeightDtype::F32 => assert_eq!(got, exact),
                    WeightDtype::Bf16 => assert_eq!(got, bf16::from_f32(exact).to_f32()),
                    WeightDtype::Int8 => assert!((got - exact).abs() <= 0.501 * largest / 127.0, "{got} {exact}"),
                }
            }
        }
    }
}

#[test]
fn an_output_without_weights_is_its_bias() {
    let weights = pack(9, 2, WeightDtype::Int8, &[0.0; 18]).with_bias(&[0.5, -2.0]);
    for level in levels() {
        assert_eq!(run(&numbers(9, 1), 1, &[&weights], level), [0.5, -2.0]);
    }
}

#[test]
fn rounding_is_to_the_nearest_bf16_and_keeps_what_is_no_number() {
    let halfway = [0x3f80_8000u32, 0x3f81_8000, 0x3f80_7fff, 0x3f80_8001].map(f32::from_bits);
    for x in numbers(1000, 2).into_iter().chain(halfway).chain([0.0, -0.0, 1e-40, f32::MAX, f32::INFINITY]) {
        assert_eq!((rows::round(x) >> 16) as u16, bf16::from_f32(x).to_bits(), "{x}");
    }
    assert!(f32::from_bits(rows::round(f32::from_bits(0x7f80_0001)) & 0xffff_0000).is_nan());
}

#[cfg(feature = "train")]
#[test]
fn the_products_of_training_sum_over_either_axis_of_either_side() {
    use super::trained::{Over, Side, product};

    let narrow = |x: Vec<f32>| x.into_iter().map(bf16::from_f32).collect::<Vec<_>>();
    let turned = |x: &[bf16], columns: usize| {
        let rows = x.len() / columns;
        (0..x.len()).map(|i| x[i % rows * columns + i / rows]).collect::<Vec<_>>()
    };
    for [n, k, m] in SIZES {
        let (x, w, bias) = (narrow(numbers(n * k, 3)), narrow(numbers(k * m, 4)), numbers(m, 5));
        let sum = |i: usize| {
            let products = (0..k).map(|j| x[i / m * k + j].to_f64() * w[j * m + i % m].to_f64());
            (products.sum::<f64>() + f64::from(bias[i % m])) as f32
        };
        let want: Vec<f32> = (0..n * m).map(sum).collect();
        let (x_turned, w_turned) = (turned(&x, k), turned(&w, m));
        let lefts = [
            Side { numbers: &x[..], columns: k, over: Over::Columns },
            Side { numbers: &x_turned[..], columns: n, over: Over::Rows },
        ];
        let rights = [
            Side { numbers: &w[..], columns: m, over: Over::Rows },
            Side { numbers: &w_turned[..], columns: k, over: Over::Columns },
        ];
        for level in levels() {
            for (left, right) in lefts.iter().flat_map(|left| rights.iter().map(move |right| (*left, *right))) {
                let got: Vec<f32> = product(left, right, Some(&bias), level);
                assert_close(&format!("{n}x{k}x{m} {}", level.name()), &got, &want, 2e-6 * (k as f32).sqrt().max(4.0));
                let rounded: Vec<bf16> = product(left, right, Some(&bias), level);
                assert_eq!(rounded, narrow(got));
            }
        }
    }
}
