//! The type of the weights.

use super::kernels::cpu::Level;
use crate::declare::named_enum;

named_enum! {
    /// Type of the weights in memory and in files. Sums are in f32 with all of them.
    pub enum WeightDtype("dtype", default F32) {
        /// 4 bytes per weight.
        F32 = "float32" | "f32" | "fp32" | "torch.float32",
        /// 2 bytes per weight. On the CPU the blocks also round what they multiply with the weights to bf16; elsewhere
        /// weights are widened when used.
        Bf16 = "bfloat16" | "bf16" | "torch.bfloat16",
        /// 1 byte per weight of the blocks and scales, 2 bytes per weight of the other layers. In memory and on
        /// the CPU only; files have one of the other types.
        Int8 = "int8" | "i8" | "torch.int8",
    }
}

impl WeightDtype {
    /// Whether the CPU packs such weights of the blocks: for f32 our portable loop is slower than Burn's product.
    pub(crate) fn is_packed(self) -> bool {
        self != Self::F32 || Level::current() >= Level::Avx2
    }
}
