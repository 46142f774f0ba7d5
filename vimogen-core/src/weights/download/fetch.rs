//! One file over HTTP.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use super::{KnownFile, Told, append, hash_of, make_parent};
use crate::error::{Error, Result};

/// Attempts in a row that bring nothing new.
const ATTEMPTS: usize = 4;
/// Refusals that may be over a second later, as those of the server's own faults may be.
const PASSING: [StatusCode; 2] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
/// Longest silence of a server.
const SILENCE: Duration = Duration::from_secs(30);

/// Fetches a file into a folder, unless it is there.
pub(super) fn fetch(file: &KnownFile, endpoint: &str, folder: &Path, told: &mut Told<'_, '_>) -> Result<PathBuf> {
    let target = folder.join(file.path);
    if is_whole(&target, file, told)? {
        return Ok(target);
    }
    make_parent(&target)?;
    let part = with_ending(&target, ".part");
    let io = |e| Error::io("write", &part, e);
    let mut open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part).map_err(io)?;
    // Two processes must not append to one file; the second finds the finished one.
    open.lock().map_err(io)?;
    if is_whole(&target, file, told)? {
        return Ok(target);
    }
    let url = format!("{}/{}/resolve/main/{}", endpoint.trim_end_matches('/'), file.repository, file.path);
    let resumed = open.metadata().map_err(io)?.len() > 0;
    fill(&mut open, &part, file, &url, told)?;
    let mut whole = hash_of(&part, told)? == file.sha256;
    if !whole && resumed {
        // What was there before may have been another file's.
        open.set_len(0).map_err(io)?;
        fill(&mut open, &part, file, &url, told)?;
        whole = hash_of(&part, told)? == file.sha256;
    }
    if !whole {
        let _ = fs::remove_file(&part);
        let reason =
            format!("what {url} serves has the right size and the wrong SHA-256; it was removed, try another endpoint");
        return Err(Error::format("known", reason).with_path(&target));
    }
    open.sync_all().map_err(io)?;
    fs::rename(&part, &target).map_err(io)?;
    Ok(target)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn is_whole(target: &Path, file: &KnownFile, told: &mut Told<'_, '_>) -> Result<bool> {
    match fs::metadata(target) {
        Ok(meta) if meta.len() == file.size => Ok(hash_of(target, told)? == file.sha256),
        _ => Ok(false),
    }
}

/// Appends to the part until it has the size of the file, over as many connections as it takes.
fn fill(part: &mut File, path: &Path, file: &KnownFile, url: &str, told: &mut Told<'_, '_>) -> Result<()> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into();
    let mut left = ATTEMPTS;
    loop {
        let have = part.metadata().map_err(|e| Error::io("read", path, e))?.len();
        if have == file.size {
            return Ok(());
        }
        let (now, result) = connect(&agent, part, path, file, url, told)?;
        if now == file.size {
            return Ok(());
        }
        left = if now > have { ATTEMPTS } else { left - 1 };
        if left == 0 {
            let why = result.err().unwrap_or_else(|| "the connection ended early".into());
            let source = std::io::Error::other(format!("{why} ({now} of {} bytes from {url})", file.size));
            return Err(Error::Io { op: "download", path: path.to_path_buf(), source });
        }
        // A server that was overloaded may not be a second later.
        std::thread::sleep(Duration::from_millis(if now > have { 0 } else { 200 << (ATTEMPTS - left) }));
    }
}

/// One connection. Gives the bytes that are there afterwards, and what went wrong with the server.
fn connect(
    agent: &Agent,
    part: &mut File,
    path: &Path,
    file: &KnownFile,
    url: &str,
    told: &mut Told<'_, '_>,
) -> Result<(u64, std::result::Result<(), String>)> {
    let io = |e| Error::io("write", path, e);
    let mut have = part.metadata().map_err(io)?.len();
    if have > file.size {
        part.set_len(0).map_err(io)?;
        have = 0;
    }
    let request = match have {
        0 => agent.get(url),
        _ => agent.get(url).header("Range", format!("bytes={have}-")),
    };
    let response = match request.call() {
        Ok(response) => response,
        Err(e) => return Ok((have, Err(e.to_string()))),
    };
    let start = match response.status() {
        // It does not resume.
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get("Content-Range").and_then(|v| v.to_str().ok()).unwrap_or("");
            match range.strip_prefix("bytes ").and_then(|r| r.split('-').next()?.parse().ok()) == Some(have) {
                true => have,
                false => return Ok((have, Err(format!("it answered with another range, {range:?}")))),
            }
        }
        status if status.is_client_error() && !PASSING.contains(&status) => {
            let source = std::io::Error::other(format!("{url} answered {status}"));
            return Err(Error::Io { op: "download", path: path.to_path_buf(), source });
        }
        status => return Ok((have, Err(format!("it answered {status}")))),
    };
    part.set_len(start).map_err(io)?;
    part.seek(SeekFrom::Start(start)).map_err(io)?;
    let (now, result) = append(part, path, start, file.size, response.into_body().into_reader(), told)?;
    // What fell behind the restart counts as no progress.
    Ok((now, result.map_err(|e| e.to_string())))
}
