#!/usr/bin/env bash
# Installs a Vulkan driver for the tests on a GPU, if there is none: Mesa's, which computes on the CPU. Only as root on a
# system with apt, as in a fresh CI container, and not with VIMOGEN_NO_APT=1. Succeeds if there is a driver at the end.
set -uo pipefail
shopt -s nullglob

complete() {
  local drivers=(/usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json)
  [ ${#drivers[@]} -gt 0 ] && ldconfig -p | grep -q 'libvulkan\.so\.1'
}
[ "$(uname)" = Linux ] || exit 0
complete && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  packages=(mesa-vulkan-drivers libvulkan1)
  echo "installing ${packages[*]} for the tests on a GPU (VIMOGEN_NO_APT=1 to skip them)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
    >/dev/null 2>&1
  complete && exit 0
fi
echo "there is no Vulkan here: the tests on a GPU are skipped (Debian: mesa-vulkan-drivers libvulkan1)"
exit 1
