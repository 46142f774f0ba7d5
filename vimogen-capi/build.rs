//! Names the shared library by the number of its binary interface, so that a program finds the one it was linked with.

/// `VIMOGEN_ABI_VERSION`; the installed library is tested to agree.
const ABI: u32 = 1;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvimogen.so.{ABI}");
            // C functions of crates that we use are not part of our interface.
            println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
        }
        Ok("macos" | "ios") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libvimogen.{ABI}.dylib");
        }
        _ => {}
    }
}
