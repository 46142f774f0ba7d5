//! Download of one file over HTTP.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use super::{FileProgress, KnownFile, append, hash_of, make_parent};
use crate::error::{Error, Result};
use crate::retry::{Backoff, Clock, shown};

/// Consecutive attempts without progress.
const ATTEMPTS: u32 = 4;
/// Wait before the second of these attempts.
const WAIT: Duration = Duration::from_millis(400);
/// Client errors that may be temporary, as server errors may be.
const TEMPORARY: [StatusCode; 2] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
/// Timeout for a silent server.
const SILENCE: Duration = Duration::from_secs(30);

/// Downloads a file into a folder, unless it is there already.
pub(super) fn fetch(
    file: &KnownFile,
    endpoint: &str,
    folder: &Path,
    progress: &mut FileProgress<'_, '_>,
    clock: &dyn Clock,
) -> Result<PathBuf> {
    let target = folder.join(file.path);
    if is_complete(&target, file, progress)? {
        return Ok(target);
    }
    make_parent(&target)?;
    let path = with_ending(&target, ".part");
    let io = |e| Error::io("write", &path, e);
    let mut part = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
    // Two processes must not append to one file; the second one finds the finished file.
    part.lock().map_err(io)?;
    if is_complete(&target, file, progress)? {
        return Ok(target);
    }
    let url = format!("{}/{}/resolve/main/{}", endpoint.trim_end_matches('/'), file.repository, file.path);
    let transfer = Transfer { file, url, path: &path, agent: agent() };
    let resumed = part.metadata().map_err(io)?.len() > 0;
    transfer.fill(&mut part, progress, clock)?;
    let mut complete = hash_of(&path, progress)? == file.sha256;
    if !complete && resumed {
        // The part may have belonged to another file.
        part.set_len(0).map_err(io)?;
        transfer.fill(&mut part, progress, clock)?;
        complete = hash_of(&path, progress)? == file.sha256;
    }
    if !complete {
        let _ = fs::remove_file(&path);
        let reason = format!(
            "the file at {} has the right size and the wrong SHA-256; it was removed, try another endpoint",
            shown(&transfer.url)
        );
        return Err(Error::format("known", reason).with_path(&target));
    }
    part.sync_all().map_err(io)?;
    fs::rename(&path, &target).map_err(io)?;
    Ok(target)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn is_complete(target: &Path, file: &KnownFile, progress: &mut FileProgress<'_, '_>) -> Result<bool> {
    match fs::metadata(target) {
        Ok(meta) if meta.len() == file.size => Ok(hash_of(target, progress)? == file.sha256),
        _ => Ok(false),
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into()
}

/// A file on its way from `url` to the partial file at `path`.
struct Transfer<'a> {
    file: &'a KnownFile,
    url: String,
    path: &'a Path,
    agent: Agent,
}

impl Transfer<'_> {
    /// Appends to the part until it is as large as the file, over several connections if necessary.
    fn fill(&self, part: &mut File, progress: &mut FileProgress<'_, '_>, clock: &dyn Clock) -> Result<()> {
        let mut backoff = Backoff::new(ATTEMPTS, WAIT);
        loop {
            let before = part.metadata().map_err(|e| Error::io("read", self.path, e))?.len();
            if before == self.file.size {
                return Ok(());
            }
            let (now, result) = self.connect(part, progress)?;
            if now == self.file.size {
                return Ok(());
            }
            if now > before {
                backoff = Backoff::new(ATTEMPTS, WAIT);
                continue;
            }
            let Some(wait) = backoff.failed() else {
                let why = result.err().unwrap_or_else(|| "the connection ended early".into());
                return Err(self.error(format!("{why} ({now} of {} bytes from {})", self.file.size, shown(&self.url))));
            };
            clock.sleep(wait);
        }
    }

    /// One connection. Returns the size of the part afterwards, and the failure of the server, if any.
    fn connect(
        &self,
        part: &mut File,
        progress: &mut FileProgress<'_, '_>,
    ) -> Result<(u64, std::result::Result<(), String>)> {
        let io = |e| Error::io("write", self.path, e);
        let mut have = part.metadata().map_err(io)?.len();
        if have > self.file.size {
            part.set_len(0).map_err(io)?;
            have = 0;
        }
        let request = match have {
            0 => self.agent.get(&self.url),
            _ => self.agent.get(&self.url).header("Range", format!("bytes={have}-")),
        };
        let response = match request.call() {
            Ok(response) => response,
            Err(e) => return Ok((have, Err(e.to_string().replace(&self.url, &shown(&self.url))))),
        };
        let start = match response.status() {
            // The server does not support ranges.
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => {
                let range = response.headers().get("Content-Range").and_then(|v| v.to_str().ok()).unwrap_or("");
                if range.strip_prefix("bytes ").and_then(|r| r.split('-').next()?.parse().ok()) != Some(have) {
                    return Ok((have, Err(format!("it answered with another range, {range:?}"))));
                }
                have
            }
            status if status.is_client_error() && !TEMPORARY.contains(&status) => {
                return Err(self.error(format!("{} answered {status}", shown(&self.url))));
            }
            status => return Ok((have, Err(format!("it answered {status}")))),
        };
        part.set_len(start).map_err(io)?;
        part.seek(SeekFrom::Start(start)).map_err(io)?;
        let body = response.into_body().into_reader();
        let (now, result) = append(part, self.path, start, self.file.size, body, progress)?;
        // Bytes that were there before a restart do not count as progress.
        Ok((now, result.map_err(|e| e.to_string())))
    }

    fn error(&self, reason: String) -> Error {
        Error::Io { op: "download", path: self.path.to_path_buf(), source: std::io::Error::other(reason) }
    }
}
