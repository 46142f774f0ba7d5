#!/usr/bin/env bash
# Installs the tools of the C library's tests: a C++ compiler, cmake, pkg-config and valgrind. Only as root on a system with
# apt, as in a fresh CI container, and not with VIMOGEN_NO_APT=1. Tests whose tool is missing are skipped with a message.
# Never fails.
set -uo pipefail

missing=()
command -v c++ >/dev/null || missing+=(g++)
command -v cmake >/dev/null || missing+=(cmake)
command -v pkg-config >/dev/null || missing+=(pkg-config)
command -v valgrind >/dev/null || missing+=(valgrind)
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  echo "installing ${missing[*]} for the tests of the C library (VIMOGEN_NO_APT=1 to skip it)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >/dev/null 2>&1 || echo "apt could not install ${missing[*]}: what needs them will be skipped"
else
  echo "no ${missing[*]} here: the tests of the C library that need them will be skipped"
fi
exit 0
