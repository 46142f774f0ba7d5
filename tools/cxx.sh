#!/usr/bin/env bash
# Installs a C++ compiler for the video encoder, if there is none: only as root on a system with apt, and not with
# VIMOGEN_NO_APT=1.
set -euo pipefail
command -v c++ >/dev/null || command -v "${CXX:-c++}" >/dev/null && exit 0
[ "${OS:-}" = Windows_NT ] && exit 0 # cargo finds Visual Studio's by itself
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  echo "installing g++, which the video encoder is built with (VIMOGEN_NO_APT=1 to forbid it)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null
else
  echo "a C++ compiler is needed: install g++ or clang++ (Debian: apt install g++), or name yours in CXX" >&2
  exit 1
fi
