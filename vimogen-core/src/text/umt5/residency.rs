//! The encoder's blocks: read one after the other, and kept in memory if there is room.

use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard};

use burn::tensor::{DType, Device};

use super::matrix::{Int8, Matrix};
use super::memory;
use super::options::{EncoderDtype, EncoderMemory, Umt5Options};
use super::weights::{BlockWeights, Weights};
use crate::error::Result;
use crate::format::RawTensor;
use crate::model::WeightDtype;
use crate::model::kernels::linear;
use crate::process::{self, with_pool};

/// Memory that stays free when the blocks are kept, bytes.
const HEADROOM: u64 = 2 << 30;

/// The blocks, and where they are.
pub(super) struct Blocks {
    weights: Weights,
    memory: EncoderMemory,
    dtype: EncoderDtype,
    device: Device,
    arithmetic: DType,
    /// Locked during a call: two calls at once would need twice the memory and share the same cores.
    residency: Mutex<Residency>,
}

/// Decision on [`EncoderMemory::Auto`], made at the first call. Resident blocks are kept as that call reads them.
pub(super) enum Residency {
    Undecided,
    Streamed,
    Resident(Vec<BlockWeights>),
}

impl Blocks {
    pub fn new(weights: Weights, options: &Umt5Options) -> Self {
        let (memory, dtype, device) = (options.memory, options.dtype, options.device.clone());
        let arithmetic = arithmetic(&device);
        Self { weights, memory, dtype, device, arithmetic, residency: Mutex::new(Residency::Undecided) }
    }

    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Type of the activations.
    pub fn arithmetic(&self) -> DType {
        self.arithmetic
    }

    #[cfg(test)]
    pub fn set_arithmetic(&mut self, arithmetic: DType) {
        self.arithmetic = arithmetic;
    }

    /// Blocks kept in memory; the option itself until the first call has decided on [`EncoderMemory::Auto`].
    pub fn memory(&self) -> EncoderMemory {
        match *self.lock() {
            Residency::Undecided => self.memory,
            Residency::Streamed => EncoderMemory::Streamed,
            Residency::Resident(_) => EncoderMemory::Resident,
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Residency> {
        self.residency.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Calls `f` for each block in turn, and keeps the blocks if there is room.
    pub fn each(&self, residency: &mut Residency, mut f: impl FnMut(&BlockWeights) -> Result<()>) -> Result<()> {
        match residency {
            Residency::Resident(blocks) => return blocks.iter().try_for_each(f),
            Residency::Undecided if self.fits() => {
                let mut kept = Vec::with_capacity(self.weights.config().layers);
                self.stream(|block| {
                    kept.push(self.loaded(block)?);
                    kept.last().map_or(Ok(()), &mut f)
                })?;
                *residency = Residency::Resident(kept);
                return Ok(());
            }
            Residency::Undecided => *residency = Residency::Streamed,
            Residency::Streamed => {}
        }
        self.stream(|block| f(&block))
    }

    /// Whether all blocks are to be kept.
    fn fits(&self) -> bool {
        let bytes = match self.dtype {
            // Of f32 at most half remains in bf16.
            EncoderDtype::Stored | EncoderDtype::Bf16 => self.weights.block_bytes(),
            // One byte of two or four, and a scale for each 128.
            EncoderDtype::Int8 => self.weights.block_bytes() / 2,
        };
        match self.memory {
            EncoderMemory::Streamed => false,
            EncoderMemory::Resident => true,
            // The free memory of a GPU is unknown.
            EncoderMemory::Auto if self.device != Device::flex() => false,
            EncoderMemory::Auto => memory::available().is_some_and(|free| bytes.saturating_add(HEADROOM) <= free),
        }
    }

    /// A block in the form in which it is kept: on the host, where the CPU widens it at each use, or on the device.
    fn loaded(&self, block: BlockWeights) -> Result<BlockWeights> {
        if self.device == Device::flex() {
            Ok(block)
        } else {
            block.try_map(|m| Ok(Matrix::Loaded(m.load(&self.device, self.arithmetic))))
        }
    }

    /// Reads the blocks one after the other. At most two are in memory: a thread reads the next one during the computation
    /// of the current one.
    fn stream(&self, mut f: impl FnMut(BlockWeights) -> Result<()>) -> Result<()> {
        std::thread::scope(|scope| {
            let (give, take) = sync_channel(0);
            let reads = scope.spawn(move || {
                for index in 0..self.weights.config().layers {
                    let block = with_pool(|| self.read(index)).flatten();
                    let failed = block.is_err();
                    if give.send(block).is_err() || failed {
                        return;
                    }
                }
            });
            let outcome = take.into_iter().try_for_each(|block| f(block?));
            process::join([reads]);
            outcome
        })
    }

    fn read(&self, index: usize) -> Result<BlockWeights> {
        let on_cpu = self.device == Device::flex();
        let kept = |raw: RawTensor| match self.dtype {
            EncoderDtype::Bf16 if on_cpu => Matrix::pack(&raw, WeightDtype::Bf16),
            EncoderDtype::Int8 if on_cpu && linear::has_quads() => Matrix::pack(&raw, WeightDtype::Int8),
            EncoderDtype::Int8 => Int8::quantize(&raw).map(Matrix::Int8),
            EncoderDtype::Stored | EncoderDtype::Bf16 => Ok(Matrix::Stored(raw)),
        };
        self.weights.block(index)?.try_map(|matrix| match matrix {
            Matrix::Stored(raw) => kept(raw),
            other => Ok(other),
        })
    }
}

/// bf16 on devices that compute faster in it. The CPU does not, and wgpu mostly cannot.
fn arithmetic(device: &Device) -> DType {
    if *device != Device::flex() && device.supports_dtype(DType::BF16) { DType::BF16 } else { DType::F32 }
}
