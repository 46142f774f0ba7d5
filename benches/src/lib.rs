//! What the benchmarks share: the allocator of vimogen's programs, without which the CPU backend is up to twice slower.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
