//! Options of an encoder.

use burn::tensor::Device;

use super::cache::EmbedCache;
use crate::declare::{defaults, named_enum};

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
        /// The type in the file; arithmetic in f32.
        Stored = "stored",
        /// bf16: 2 bytes per weight. On the CPU the rows that are multiplied with the matrices are rounded to bf16 too, sums
        /// are in f32.
        Bf16 = "bfloat16" | "bf16",
        /// 8 bits, with a scale per 128 values of a row: half the memory of bf16. On CPUs that sum products of bytes the rows
        /// that are multiplied with the matrices are rounded to 8 bits too, with a scale per 128 values.
        Int8 = "int8",
    }
}

defaults! {
    /// Options of [`Umt5Encoder::open`](super::Umt5Encoder::open).
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Umt5Options {
        /// Blocks to keep in memory.
        memory, with_memory: EncoderMemory = EncoderMemory::default();
        /// Precision of the matrices.
        dtype, with_dtype: EncoderDtype = EncoderDtype::default();
        /// Device. On CUDA the arithmetic is bf16 with f32 norms and softmax for every type of the matrices.
        device, with_device: Device = Device::default();
        /// Cache of encoded texts on disk.
        cache, with_cache: Option<EmbedCache> = Option::default();
    }
}
