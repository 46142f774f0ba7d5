//! Names of our parameters and of those in released checkpoints.
//!
//! ```text
//! ours                          checkpoint
//! text_embedding.fc1.weight  -> text_embedding.0.weight      (nn.Sequential: Linear, GELU, Linear)
//! text_embedding.fc2.weight  -> text_embedding.2.weight
//! time_embedding.fc1.weight  -> time_embedding.0.weight
//! time_projection.weight     -> time_projection.1.weight     (nn.Sequential: SiLU, Linear)
//! blocks.3.ffn.fc1.bias      -> blocks.3.ffn.0.bias
//! everything else               the same
//! ```
//!
//! Linear weights are `[out, in]` in checkpoints and `[in, out]` in memory.

/// Metadata of a file that marks Linear weights as `[out, in]`.
pub(super) const METADATA: [(&str, &str); 1] = [("format", "pt")];

/// Buffers that are recomputed instead of loaded.
pub const BUFFERS: [&str; 2] = ["motion_pos_embedding.pe", "ref_motion_pos_embedding.pe"];

/// Parameters of the reference path, absent from a text-only model.
pub const REFERENCE_PATH: [&str; 3] = ["ref_motion", ".norm4.", "ref_motion_encoder"];

/// Parts of a Wan2.1 base checkpoint that this model does not have: video patches and output.
pub const WAN_ONLY: [&str; 3] = ["patch_embedding", "head.head", "head.modulation"];

/// Parts of this model that a Wan2.1 base checkpoint does not have: motions and references.
pub const NOT_IN_WAN: [&str; 3] = ["ref_motion", "motion_", ".norm4."];

/// The checkpoint name of our parameter.
pub fn checkpoint_name(ours: &str) -> String {
    let name = match ours.strip_prefix("time_projection.") {
        Some(rest) => format!("time_projection.1.{rest}"),
        None => ours.to_string(),
    };
    name.replace(".fc1.", ".0.").replace(".fc2.", ".2.")
}

/// Whether the parameter of this checkpoint name is stored `[out, in]` and needs transposing.
pub fn is_linear(name: &str, rank: usize) -> bool {
    rank == 2 && name.ends_with(".weight")
}

/// Whether the parameter of this checkpoint name is a layer of a block of the network.
pub(super) fn is_of_block(name: &str) -> bool {
    name.ends_with(".weight") && (name.starts_with("blocks.") || name.starts_with("ref_motion_encoder."))
}

/// Whether any of the patterns is part of the name.
pub(crate) fn matches(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|p| name.contains(p.as_str()))
}

/// Prefix of our names in the checkpoint, found by a tensor of every checkpoint.
pub(super) fn common_prefix<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    const LANDMARK: &str = "time_embedding.0.weight";
    names.into_iter().find_map(|name| name.strip_suffix(LANDMARK)).unwrap_or("").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequential_layers_get_their_numbers() {
        assert_eq!(checkpoint_name("text_embedding.fc2.bias"), "text_embedding.2.bias");
        assert_eq!(checkpoint_name("time_projection.weight"), "time_projection.1.weight");
        assert_eq!(checkpoint_name("blocks.3.ffn.fc1.weight"), "blocks.3.ffn.0.weight");
        assert_eq!(checkpoint_name("blocks.3.self_attn.norm_q.weight"), "blocks.3.self_attn.norm_q.weight");
    }
}
