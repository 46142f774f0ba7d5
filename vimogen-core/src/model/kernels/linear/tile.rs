//! The innermost loops: up to 12 rows times 32 outputs over a stretch of inputs.
//!
//! `a` is `[steps][12]`, `b` is `[steps][32]`, `c` is `[rows][32]`; `c = a b`, or `c += a b` unless `first`.

use super::super::cpu::Level;
use super::{GROUP, PANEL, STEPS};

/// `tile(rows, steps, a, b, c, first)`
///
/// # Safety
/// `a`, `b` and `c` point to as many elements as the module documents, and the CPU has the level's instructions.
pub(super) type Tile<E> = unsafe fn(usize, usize, *const E, *const E, *mut f32, bool);

/// `tile(c, steps, (a, scales of a, corrections of a), (b, scales of b), first)`: quads of `a`, `[steps][12]`, with those of
/// `b`, `[steps][32]`; scales and corrections are of runs of 32 steps. `c` is `[rows][32]`, up to 12 rows.
///
/// # Safety
/// All are as long as that, and the CPU has the level's instructions.
pub(super) type QuadTile = unsafe fn(&mut [f32], usize, (&[u32], &[f32], &[i32]), (&[u32], &[f32]), bool);

/// The loop over quads of 8 bits.
pub(super) fn quads(level: Level) -> QuadTile {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 => x86::quads_512,
        _ => portable_quads,
    }
}

/// Whether the level multiplies quads faster than pairs.
pub(super) fn has_quads(level: Level) -> bool {
    cfg!(target_arch = "x86_64") && level >= Level::Avx512Bf16
}

/// # Safety
/// None is needed: it has the type of the others.
unsafe fn portable_quads(
    c: &mut [f32],
    steps: usize,
    (a, of_a, corrections): (&[u32], &[f32], &[i32]),
    (b, of_b): (&[u32], &[f32]),
    first: bool,
) {
    for (i, c) in c.chunks_exact_mut(PANEL).enumerate() {
        for (j, c) in c.iter_mut().enumerate() {
            for (run, start) in (0..steps).step_by(STEPS).enumerate() {
                let mut sum = corrections[run * GROUP + i];
                for k in start..steps.min(start + STEPS) {
                    let pairs = a[k * GROUP + i].to_le_bytes().into_iter().zip(b[k * PANEL + j].to_le_bytes());
                    sum += pairs.map(|(a, b)| i32::from(a.cast_signed()) * i32::from(b)).sum::<i32>();
                }
                let before = if first && run == 0 { 0.0 } else { *c };
                *c = (sum as f32).mul_add(of_a[run * GROUP + i] * of_b[run * PANEL + j], before);
            }
        }
    }
}

/// The loop over single f32 values for a level.
pub(super) fn singles(level: Level) -> Tile<f32> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Bf16 => x86::singles_512,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => x86::singles_256,
        _ => portable,
    }
}

/// The loop over pairs of bf16, if the level has one.
pub(super) fn pairs(level: Level) -> Option<Tile<u32>> {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Bf16 => Some(x86::pairs_512),
        _ => None,
    }
}

/// `a b + c`, in one rounding where that is one instruction.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_arch = "aarch64") { a.mul_add(b, c) } else { a * b + c }
}

/// Plain loops over 4 rows and 8 outputs, which compilers turn into the vectors that the target has.
///
/// # Safety
/// See [`Tile`].
unsafe fn portable(rows: usize, steps: usize, a: *const f32, b: *const f32, c: *mut f32, first: bool) {
    const WIDE: usize = 8;
    // SAFETY: the caller's promise.
    let (a, b, c) = unsafe {
        let a = std::slice::from_raw_parts(a, steps * GROUP);
        let b = std::slice::from_raw_parts(b, steps * PANEL);
        (a, b, std::slice::from_raw_parts_mut(c, rows * PANEL))
    };
    for row in (0..rows).step_by(4) {
        for column in (0..PANEL).step_by(WIDE) {
            let mut sums = [[0.0f32; WIDE]; 4];
            for (a, b) in a.chunks_exact(GROUP).zip(b.chunks_exact(PANEL)) {
                let (a, b) = (&a[row..row + 4], &b[column..column + WIDE]);
                for (sums, a) in sums.iter_mut().zip(a) {
                    for (sum, b) in sums.iter_mut().zip(b) {
                        *sum = multiply_add(*a, *b, *sum);
                    }
                }
            }
            for (sums, c) in sums.iter().zip(c[row * PANEL..].chunks_exact_mut(PANEL)) {
                for (c, sum) in c[column..column + WIDE].iter_mut().zip(sums) {
                    *c = if first { *sum } else { *c + sum };
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::transmute;

    use super::{GROUP, PANEL, STEPS};

    /// Calls `$tile::<M>` for `M` rows.
    macro_rules! by_rows {
        ($tile:ident, $rows:expr, $args:tt, [$($m:literal),*]) => {
            match $rows {
                $($m => $tile::<$m> $args,)*
                rows => unreachable!("a group has at most 12 rows, not {rows}"),
            }
        };
    }

    /// # Safety
    /// See [`super::Tile`]; needs AVX-512.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn singles_512(rows: usize, steps: usize, a: *const f32, b: *const f32, c: *mut f32, first: bool) {
        // SAFETY: the caller's promise.
        unsafe { by_rows!(singles_512_of, rows, (steps, a, b, c, first), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) }
    }

    // The loops below read arrays by value, in place of loads through pointers: a build with checks then finds nothing to
    // check in them, keeps the sums in registers and is about as fast as one without.

    #[target_feature(enable = "avx512f")]
    unsafe fn singles_512_of<const M: usize>(steps: usize, a: *const f32, b: *const f32, c: *mut f32, first: bool) {
        let mut sums = [[_mm512_setzero_ps(); 2]; M];
        // SAFETY: the caller of `singles_512` promises `steps` rows of `a` and `b` and `M` rows of `c`; vectors of one size
        // are made of bits.
        unsafe {
            let (a, b) = (rows::<_, GROUP>(a, steps), rows::<[f32; 16], 2>(b.cast(), steps));
            for (a, b) in a.iter().zip(b) {
                let (left, right) = (transmute::<[f32; 16], __m512>(b[0]), transmute::<[f32; 16], __m512>(b[1]));
                for i in 0..M {
                    let a = _mm512_set1_ps(a[i]);
                    sums[i] = [_mm512_fmadd_ps(a, left, sums[i][0]), _mm512_fmadd_ps(a, right, sums[i][1])];
                }
            }
            store_512(&sums, c, first);
        }
    }

    /// `steps` rows of `N` elements.
    ///
    /// # Safety
    /// `data` points to as many.
    unsafe fn rows<'a, T, const N: usize>(data: *const T, steps: usize) -> &'a [[T; N]] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(data.cast(), steps) }
    }

    /// # Safety
    /// See [`super::Tile`]; needs AVX-512 with bf16.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub unsafe fn pairs_512(rows: usize, steps: usize, a: *const u32, b: *const u32, c: *mut f32, first: bool) {
        // SAFETY: the caller's promise.
        unsafe { by_rows!(pairs_512_of, rows, (steps, a, b, c, first), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn pairs_512_of<const M: usize>(steps: usize, a: *const u32, b: *const u32, c: *mut f32, first: bool) {
        let mut sums = [[_mm512_setzero_ps(); 2]; M];
        // SAFETY: as in `singles_512_of`.
        unsafe {
            let (a, b) = (rows::<_, GROUP>(a, steps), rows::<[u32; 16], 2>(b.cast(), steps));
            for (a, b) in a.iter().zip(b) {
                let (left, right) = (transmute::<[u32; 16], __m512bh>(b[0]), transmute::<[u32; 16], __m512bh>(b[1]));
                for i in 0..M {
                    let a = transmute::<__m512i, __m512bh>(_mm512_set1_epi32(a[i].cast_signed()));
                    sums[i] = [_mm512_dpbf16_ps(sums[i][0], a, left), _mm512_dpbf16_ps(sums[i][1], a, right)];
                }
            }
            store_512(&sums, c, first);
        }
    }

    /// # Safety
    /// See [`super::QuadTile`]; needs AVX-512 with VNNI.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub unsafe fn quads_512(
        c: &mut [f32],
        steps: usize,
        a: (&[u32], &[f32], &[i32]),
        b: (&[u32], &[f32]),
        first: bool,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            by_rows!(quads_512_of, c.len() / PANEL, (c, steps, a, b, first), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn quads_512_of<const M: usize>(
        c: &mut [f32],
        steps: usize,
        (a, of_a, corrections): (&[u32], &[f32], &[i32]),
        (b, of_b): (&[u32], &[f32]),
        first: bool,
    ) {
        // SAFETY: the caller promises as many rows, steps and runs.
        unsafe {
            let (a, b) = (rows::<_, GROUP>(a.as_ptr(), steps), rows::<[u32; 16], 2>(b.as_ptr().cast(), steps));
            let runs = steps.div_ceil(STEPS);
            let (of_a, of_b) =
                (rows::<_, GROUP>(of_a.as_ptr(), runs), rows::<[f32; 16], 2>(of_b.as_ptr().cast(), runs));
            let corrections = rows::<i32, GROUP>(corrections.as_ptr(), runs);
            let c = c.as_mut_ptr();
            for (run, (a, b)) in a.chunks(STEPS).zip(b.chunks(STEPS)).enumerate() {
                let mut sums: [[__m512i; 2]; M] = std::array::from_fn(|i| [_mm512_set1_epi32(corrections[run][i]); 2]);
                for (a, b) in a.iter().zip(b) {
                    let (left, right) = (transmute::<[u32; 16], __m512i>(b[0]), transmute::<[u32; 16], __m512i>(b[1]));
                    for i in 0..M {
                        let a = _mm512_set1_epi32(a[i].cast_signed());
                        sums[i] = [_mm512_dpbusd_epi32(sums[i][0], left, a), _mm512_dpbusd_epi32(sums[i][1], right, a)];
                    }
                }
                let scales = of_b[run].map(|scales| transmute::<[f32; 16], __m512>(scales));
                for (i, sums) in sums.iter().enumerate() {
                    let of_row = _mm512_set1_ps(of_a[run][i]);
                    for (half, (sum, scale)) in sums.iter().zip(scales).enumerate() {
                        let c = c.add(i * PANEL + half * 16);
                        let before = if first && run == 0 { _mm512_setzero_ps() } else { _mm512_loadu_ps(c) };
                        let scale = _mm512_mul_ps(of_row, scale);
                        _mm512_storeu_ps(c, _mm512_fmadd_ps(_mm512_cvtepi32_ps(*sum), scale, before));
                    }
                }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn store_512<const M: usize>(sums: &[[__m512; 2]; M], c: *mut f32, first: bool) {
        for (i, sums) in sums.iter().enumerate() {
            for (half, sum) in sums.iter().enumerate() {
                // SAFETY: `c` has `M` rows of 32 values.
                unsafe {
                    let c = c.add(i * PANEL + half * 16);
                    _mm512_storeu_ps(c, if first { *sum } else { _mm512_add_ps(_mm512_loadu_ps(c), *sum) });
                }
            }
        }
    }

    /// # Safety
    /// See [`super::Tile`]; needs AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn singles_256(rows: usize, steps: usize, a: *const f32, b: *const f32, c: *mut f32, first: bool) {
        for row in (0..rows).step_by(6) {
            for column in [0, 16] {
                // SAFETY: rows and columns of the tile, within what the caller promises.
                unsafe {
                    let (a, b, c) = (a.add(row), b.add(column), c.add(row * PANEL + column));
                    by_rows!(singles_256_of, (rows - row).min(6), (steps, a, b, c, first), [1, 2, 3, 4, 5, 6]);
                }
            }
        }
    }

    /// `M` rows of 16 outputs.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn singles_256_of<const M: usize>(steps: usize, a: *const f32, b: *const f32, c: *mut f32, first: bool) {
        let mut sums = [[_mm256_setzero_ps(); 2]; M];
        // SAFETY: the caller stays within the tile; the last rows of `a` and `b` end where it does.
        unsafe {
            for k in 0..steps {
                let a = &*a.wrapping_add(k * GROUP).cast::<[f32; M]>();
                let b = &*b.wrapping_add(k * PANEL).cast::<[[f32; 8]; 2]>();
                let (left, right) = (transmute::<[f32; 8], __m256>(b[0]), transmute::<[f32; 8], __m256>(b[1]));
                for i in 0..M {
                    let a = _mm256_set1_ps(a[i]);
                    sums[i] = [_mm256_fmadd_ps(a, left, sums[i][0]), _mm256_fmadd_ps(a, right, sums[i][1])];
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (half, sum) in sums.iter().enumerate() {
                    let c = c.add(i * PANEL + half * 8);
                    _mm256_storeu_ps(c, if first { *sum } else { _mm256_add_ps(_mm256_loadu_ps(c), *sum) });
                }
            }
        }
    }
}
