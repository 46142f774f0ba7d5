//! Compiling one loop for several instruction sets, and the vector helpers the loops share.

/// Compiles functions also for AVX2 and AVX-512; the [`Level`](super::cpu::Level) chooses at run time.
///
/// Each is a plain loop, which is the portable twin.
macro_rules! simd {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $type:ty),+ $(,)?) $body:block)+) => {$(
        $(#[$meta])*
        pub(super) fn $name($($arg: $type),+) {
            #[inline(always)]
            fn body($($arg: $type),+) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,fma")]
                fn wide($($arg: $type),+) {
                    body($($arg),+);
                }
                #[target_feature(enable = "avx2,fma")]
                fn medium($($arg: $type),+) {
                    body($($arg),+);
                }
                use $crate::model::kernels::cpu::Level;
                let level = Level::current();
                if level >= Level::Avx512 {
                    // SAFETY: the CPU has the features that the function was compiled for.
                    return unsafe { wide($($arg),+) };
                }
                if level >= Level::Avx2 {
                    // SAFETY: as above.
                    return unsafe { medium($($arg),+) };
                }
            }
            body($($arg),+);
        }
    )+};
}
pub(super) use simd;

/// Lanes of a reduction; fixed, so that the order of summation does not depend on the instruction set.
const LANES: usize = 16;

/// Sum of `f(i)` over `0..n` in a fixed order that vectorises.
#[inline(always)]
pub(super) fn sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let whole = n / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    let mut total = 0.0;
    for lane in lanes {
        total += lane;
    }
    for i in whole..n {
        total += f(i);
    }
    total
}

/// `e^x` to 2 ulp for |x| < 87, clamped beyond: `2^n p(r)`, Cephes' coefficients.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    // Adding 1.5 * 2^23 rounds to the nearest integer, which is then in the low bits.
    let rounded = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = rounded - 12_582_912.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 5e-1;
    let p = p * r * r + r + 1.0;
    // Without checks of overflow, also in builds that have them: they would keep the loop from becoming vectors.
    f32::from_bits(rounded.to_bits().wrapping_add(127) << 23) * p
}
