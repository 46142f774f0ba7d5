//! Options of an encoder.

use burn::tensor::Device;

use super::cache::EmbedCache;
use crate::declare::named_enum;

named_enum! {
    /// Residency of the encoder's blocks.
    pub enum EncoderMemory("memory", default Auto) {
        /// On the CPU all blocks in memory if 2 GiB remain free, otherwise, and on a GPU, one at a time.
        Auto = "auto",
        /// One block at a time, and the next one, which a thread reads meanwhile: each call reads the file once.
        Streamed = "streamed",
        /// All blocks in memory.
        Resident = "resident",
    }
}

named_enum! {
    /// Type of the encoder's matrices in memory.
    pub enum EncoderDtype("dtype", default Stored) {
        /// The type in the file.
        Stored = "stored",
        /// 8 bits, with a scale per 128 values of a row: half the memory of bf16.
        Int8 = "int8",
    }
}

/// Options of [`Umt5Encoder::open`](super::Umt5Encoder::open).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Umt5Options {
    /// Blocks to keep in memory.
    pub memory: EncoderMemory,
    /// Precision of the matrices.
    pub dtype: EncoderDtype,
    /// Device. The arithmetic is f32 on the CPU, and bf16 with f32 norms and softmax on CUDA.
    pub device: Device,
    /// Cache of encoded texts on disk.
    pub cache: Option<EmbedCache>,
}

impl Umt5Options {
    /// Sets the blocks to keep in memory.
    pub fn with_memory(self, memory: EncoderMemory) -> Self {
        Self { memory, ..self }
    }

    /// Sets the precision of the matrices.
    pub fn with_dtype(self, dtype: EncoderDtype) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the device.
    pub fn with_device(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Sets the cache.
    pub fn with_cache(self, cache: Option<EmbedCache>) -> Self {
        Self { cache, ..self }
    }
}
