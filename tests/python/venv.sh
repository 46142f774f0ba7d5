#!/usr/bin/env bash
# Makes .venv with the given packages; without arguments with those of the Python tests, and then leaves .venv/.ready behind.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  echo "Python 3.10 or newer is needed, but '$python' is not that; set PYTHON=/path/to/python3" >&2
  exit 1
fi

if ! "$python" -m venv .venv; then
  # Debian and Ubuntu ship venv's pip apart.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq python3-venv
    "$python" -m venv --clear .venv
  else
    echo "'$python -m venv' failed; install your system's venv package (Debian: python3-venv) and run make again" >&2
    exit 1
  fi
fi

install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
if [ $# -gt 0 ]; then
  install "$@"
else
  install -r tests/python/requirements.txt
  touch .venv/.ready
fi
