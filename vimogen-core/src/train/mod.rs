//! Training: loss, optimiser, checkpoints, loop.
