#!/bin/sh
# rustdoc with its unstable options. The variable is set for rustdoc alone: build scripts watch it, and Burn would be built again.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
