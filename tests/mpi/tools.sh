#!/usr/bin/env bash
# Installs the requirements of training by several processes: OpenMPI, and libclang to build its binding. Only as root on a
# system with apt, as in a fresh CI container, and not with VIMOGEN_NO_APT=1. Succeeds if all are present at the end.
set -uo pipefail

complete() {
  command -v mpicc >/dev/null && command -v mpirun >/dev/null && compgen -G '/usr/lib*/**/libclang*.so*' >/dev/null
}
shopt -s globstar nullglob
complete && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  packages=(libopenmpi-dev openmpi-bin libclang-dev)
  echo "installing ${packages[*]} for the tests of several processes (VIMOGEN_NO_APT=1 to skip them)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
    >/dev/null 2>&1
  complete && exit 0
fi
echo "there is no MPI here: the tests of several processes are skipped (Debian: libopenmpi-dev openmpi-bin libclang-dev)"
exit 1
