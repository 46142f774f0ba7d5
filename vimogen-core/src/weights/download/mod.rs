//! Downloads of the release's files: resumable, and checked by size and hash.

mod fetch;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::progress::{OnProgress, Progress, Stage};
use crate::retry::SystemClock;

/// Default endpoint.
const ENDPOINT: &str = "https://huggingface.co";
/// Bytes read, hashed and written at once; one step of progress.
const PIECE: usize = 1 << 20;

/// A file with a known hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The repository on the hub, such as `Wan-AI/Wan2.1-T2V-1.3B`.
    pub repository: &'static str,
    /// Path in the repository, and below the target folder.
    pub path: &'static str,
    /// Size, bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: &'static str,
}

/// A named group of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Name of the bundle.
    pub name: &'static str,
    /// Description.
    pub about: &'static str,
    /// Files of the bundle.
    pub files: &'static [KnownFile],
}

const WAN: &str = "Wan-AI/Wan2.1-T2V-1.3B";

/// Bundles that can be downloaded.
pub const BUNDLES: &[Bundle] = &[
    Bundle {
        name: "umt5",
        about: "UMT5-XXL, the text encoder of the release: weights in bf16 and tokeniser",
        files: &[
            KnownFile {
                repository: WAN,
                path: "google/umt5-xxl/tokenizer.json",
                size: 16_837_417,
                sha256: "6e197b4d3dbd71da14b4eb255f4fa91c9c1f2068b20a2de2472967ca3d22602b",
            },
            KnownFile {
                repository: WAN,
                path: "models_t5_umt5-xxl-enc-bf16.pth",
                size: 11_361_920_418,
                sha256: "7cace0da2b446bbbbc57d031ab6cf163a3d59b366da94e5afe36745b746fd81d",
            },
        ],
    },
    Bundle {
        name: "umt5-tokenizer",
        about: "the tokeniser of UMT5-XXL alone",
        files: &[KnownFile {
            repository: WAN,
            path: "google/umt5-xxl/tokenizer.json",
            size: 16_837_417,
            sha256: "6e197b4d3dbd71da14b4eb255f4fa91c9c1f2068b20a2de2472967ca3d22602b",
        }],
    },
    Bundle {
        name: "wan2.1-1.3b",
        about: "the video model whose weights ViMoGen's training starts from, with its config.json",
        files: &[
            KnownFile {
                repository: WAN,
                path: "config.json",
                size: 249,
                sha256: "ab37994c43740513f94b3ba6233a784035a67b43c8cde83c8f31aa90468c67ce",
            },
            KnownFile {
                repository: WAN,
                path: "diffusion_pytorch_model.safetensors",
                size: 5_676_070_424,
                sha256: "96b6b242ca1c2f24e9d02cd6596066fab6d310e2d7538f33ae267cb18d957e8f",
            },
        ],
    },
];

/// The bundle of this name.
///
/// # Errors
/// [`Error::InvalidArgument`] listing the known names.
pub fn bundle(name: &str) -> Result<&'static Bundle> {
    let names = || BUNDLES.iter().map(|bundle| bundle.name).collect::<Vec<_>>().join(", ");
    let found = BUNDLES.iter().find(|bundle| bundle.name == name);
    found.ok_or_else(|| Error::invalid("what", format!("{name:?} is not one of {}", names())))
}

/// Downloads the files of a bundle into a folder and returns their paths. Existing files are checked and kept; an interrupted
/// download is resumed. Progress is in MiB of the whole bundle.
///
/// `endpoint`: the hub or a mirror of it; `None`: `HF_ENDPOINT` of the environment, or huggingface.co.
///
/// # Errors
/// [`Error::InvalidArgument`] for an unknown name, [`Error::Io`] if the server cannot be reached or the disk is full,
/// [`Error::Format`] if it serves a different file, [`Error::Cancelled`].
pub fn download(
    what: &str,
    folder: impl AsRef<Path>,
    endpoint: Option<&str>,
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<PathBuf>> {
    let bundle = bundle(what)?;
    let endpoint = endpoint.map(String::from).or_else(|| std::env::var("HF_ENDPOINT").ok().filter(|e| !e.is_empty()));
    let endpoint = endpoint.unwrap_or_else(|| ENDPOINT.into());
    let total = bundle.files.iter().map(|file| file.size).sum();
    let mut done = 0;
    let mut paths = Vec::new();
    for file in bundle.files {
        let mut progress = FileProgress { before: done, total, on_progress };
        paths.push(fetch::fetch(file, &endpoint, folder.as_ref(), &mut progress, &SystemClock)?);
        done += file.size;
    }
    Ok(paths)
}

/// Adds a file that was downloaded by hand: identifies it by size and hash, and copies it to its place in the folder.
///
/// # Errors
/// [`Error::Format`] for a file of another size or hash, [`Error::NotFound`], [`Error::Io`], [`Error::Cancelled`].
pub fn adopt(
    what: &str,
    from: impl AsRef<Path>,
    folder: impl AsRef<Path>,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf> {
    adopt_one(bundle(what)?.files, from.as_ref(), folder.as_ref(), on_progress)
}

fn adopt_one(files: &[KnownFile], from: &Path, folder: &Path, on_progress: &mut OnProgress<'_>) -> Result<PathBuf> {
    let size = fs::metadata(from).map_err(|e| Error::io("read", from, e))?.len();
    let of_size: Vec<&KnownFile> = files.iter().filter(|file| file.size == size).collect();
    let none = || {
        let known: Vec<String> = files.iter().map(|f| format!("{} ({} bytes)", f.path, f.size)).collect();
        Error::format("known", format!("size ({size} bytes) and hash match none of {}", known.join(", ")))
            .with_path(from)
    };
    if of_size.is_empty() {
        return Err(none());
    }
    let mut progress = FileProgress { before: 0, total: size, on_progress };
    let hash = hash_of(from, &mut progress)?;
    let file = of_size.into_iter().find(|file| file.sha256 == hash).ok_or_else(none)?;
    let target = folder.join(file.path);
    let same = matches!((from.canonicalize(), target.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if !same {
        make_parent(&target)?;
        let mut source = File::open(from).map_err(|e| Error::io("read", from, e))?;
        write_atomic(&target, |w| std::io::copy(&mut source, w).map(|_| ()))?;
    }
    Ok(target)
}

fn make_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) => fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, e)),
        None => Ok(()),
    }
}

/// Progress of one file among others.
struct FileProgress<'a, 'b> {
    /// Bytes of the previous files.
    before: u64,
    /// Bytes of all files.
    total: u64,
    on_progress: &'a mut OnProgress<'b>,
}

impl FileProgress<'_, '_> {
    /// Reports `bytes` of this file.
    fn report(&mut self, bytes: u64) -> Result<()> {
        let pieces = |bytes: u64| usize::try_from(bytes.div_ceil(PIECE as u64)).unwrap_or(usize::MAX).max(1);
        let progress =
            Progress { stage: Stage::Download, step: pieces(self.before + bytes), total: pieces(self.total) };
        if (self.on_progress)(progress).is_break() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// SHA-256 of a file, in hexadecimal.
fn hash_of(path: &Path, progress: &mut FileProgress<'_, '_>) -> Result<String> {
    let io = |e| Error::io("read", path, e);
    let mut file = File::open(path).map_err(io)?;
    let (mut hash, mut piece, mut read) = (Sha256::new(), vec![0; PIECE], 0u64);
    loop {
        match file.read(&mut piece).map_err(io)? {
            0 => return Ok(hex(hash)),
            n => {
                hash.update(&piece[..n]);
                read += n as u64;
                progress.report(read)?;
            }
        }
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Appends from a reader to a file, up to a file size of `size` bytes or the end of the reader. Returns the file size.
///
/// # Errors
/// Inner: those of the reader. Outer: those of the disk, and [`Error::Cancelled`].
fn append(
    file: &mut File,
    path: &Path,
    mut have: u64,
    size: u64,
    mut from: impl Read,
    progress: &mut FileProgress<'_, '_>,
) -> Result<(u64, std::io::Result<()>)> {
    let mut piece = vec![0; PIECE];
    while have < size {
        let room = usize::try_from(size - have).unwrap_or(PIECE).min(PIECE);
        match from.read(&mut piece[..room]) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Ok((have, Err(e))),
            Ok(0) => break,
            Ok(n) => {
                file.write_all(&piece[..n]).map_err(|e| Error::io("write", path, e))?;
                have += n as u64;
                progress.report(have)?;
            }
        }
    }
    Ok((have, Ok(())))
}
