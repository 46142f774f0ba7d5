//! The skeleton file of a motion file.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::format::extension;

/// Maximum number of files of a folder that are looked at.
const MAX_FILES: usize = 100_000;
/// Skeletons that a message lists.
const LISTED: usize = 8;

/// The skeleton of an AMC file: of the same name, of the subject's (`07.asf` for `07_01.amc`), or the only one of the folder.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Io`] for the folder, [`Error::Format`] that says which file is wanted.
pub(super) fn skeleton_of(amc: &Path) -> Result<PathBuf> {
    let folder = amc.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
    let paths = entries.take(MAX_FILES).filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut skeletons: Vec<PathBuf> = paths.filter(|path| extension(path) == "asf").collect();
    skeletons.sort();
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let own = stem(amc);
    let subject = own.split_once('_').map_or(own.as_str(), |(subject, _)| subject);
    let named = |name: &str| skeletons.iter().find(|path| stem(path) == name);
    let found = named(&own).or_else(|| named(subject)).or_else(|| skeletons.first().filter(|_| skeletons.len() == 1));
    found.cloned().ok_or_else(|| {
        let names = skeletons.iter().take(LISTED).filter_map(|path| path.file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        let there = if names.is_empty() { "no .asf file".into() } else { names.join(", ") };
        let wanted = if own == subject { format!("{own}.asf") } else { format!("{own}.asf or {subject}.asf") };
        Error::format("AMC", format!("it needs its skeleton, {wanted} in the same folder, which has {there}"))
    })
}
