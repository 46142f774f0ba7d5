//! Bytes to arrays and back: npy, npz, `.pt`, pickle, safetensors. Readers bound sizes first and never execute.
