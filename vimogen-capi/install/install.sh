#!/bin/sh
# Installs the C and C++ library: install.sh BUILD_FOLDER PREFIX. DESTDIR, if set, stands before every path that is written.
set -eu
build=$1
prefix=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..

case $prefix in
/*) ;;
*) echo "PREFIX must be an absolute path, not '$prefix'" >&2 && exit 2 ;;
esac

number() { sed -n "s/^#define VIMOGEN_$1 //p" "$root/include/vimogen.h"; }
abi=$(number ABI_VERSION)
version=$(number VERSION_MAJOR).$(number VERSION_MINOR).$(number VERSION_PATCH)

# What the static library needs of the system: rustc --print native-static-libs, and the C++ library of the video encoder.
case $(uname -s) in
Darwin)
  shared=libvimogen.$abi.dylib link=libvimogen.dylib built=libvimogen.dylib
  system="-lc++ -liconv -lSystem -lc -lm -Wl,-dead_strip"
  ;;
*)
  shared=libvimogen.so.$abi link=libvimogen.so built=libvimogen.so
  # The library is one object: what a program does not use is left out section by section.
  system="-Wl,--gc-sections -lstdc++ -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc"
  ;;
esac

list=$(echo "$system" | tr ' ' ';')

to=${DESTDIR:-}$prefix
mkdir -p "$to/include" "$to/lib/pkgconfig" "$to/lib/cmake/vimogen"
cp "$root/include/vimogen.h" "$root/include/vimogen.hpp" "$to/include/"
cp "$build/$built" "$to/lib/$shared"
ln -sf "$shared" "$to/lib/$link"

# The static library as one object whose only global symbols are vimogen_*: those of Rust, C and C++ parts that a program may
# have as well, in other versions, do not meet its own. Where the tools for that are missing, all symbols stay global.
hide() {
  case $(uname -s) in
  Darwin)
    ld -r -all_load "$build/libvimogen.a" -exported_symbol '_vimogen_*' -o "$1"
    ;;
  *)
    ld -r --whole-archive "$build/libvimogen.a" -o "$1.all" &&
      # Joined sections of bitcode are invalid: a plugin of binutils would refuse the object.
      objcopy --wildcard --keep-global-symbol='vimogen_*' --remove-section=.llvmbc --remove-section=.llvmcmd "$1.all" "$1"
    ;;
  esac
}
object=$to/lib/libvimogen-all.o
rm -f "$to/lib/libvimogen.a"
if hide "$object" && ar crs "$to/lib/libvimogen.a" "$object"; then
  :
else
  echo "ld, objcopy or ar cannot hide symbols here: libvimogen.a exports those of its parts too" >&2
  cp "$build/libvimogen.a" "$to/lib/"
fi
rm -f "$object" "$object.all"

fill() {
  sed -e "s|@VERSION@|$version|g" -e "s|@SYSTEM@|$system|g" -e "s|@SYSTEM_LIST@|$list|g" -e "s|@SHARED@|$shared|g" \
    "$here/$1" >"$to/$2"
}
fill vimogen.pc.in lib/pkgconfig/vimogen.pc
fill vimogen-static.pc.in lib/pkgconfig/vimogen-static.pc
fill vimogen-config.cmake.in lib/cmake/vimogen/vimogen-config.cmake
fill vimogen-config-version.cmake.in lib/cmake/vimogen/vimogen-config-version.cmake
echo "installed vimogen $version in $prefix"
