//! The self-contained HTML player.
