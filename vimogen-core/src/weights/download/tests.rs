//! Downloads from a server on this machine that misbehaves.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::progress;
use crate::retry::TestClock;

const SIZE: usize = 3 << 20;

fn content() -> Vec<u8> {
    (0..SIZE).map(|i| (i * 31 % 251) as u8).collect()
}

fn known() -> KnownFile {
    let hash: &'static str = Box::leak(hex(Sha256::new().chain_update(content())).into_boxed_str());
    KnownFile { repository: "some/model", path: "sub/file.bin", size: SIZE as u64, sha256: hash }
}

/// Reaction of the server to a connection.
#[derive(Debug, Clone, Copy)]
enum Reaction {
    Good,
    /// Closes after this many bytes of the body.
    Cut(usize),
    /// As `Cut`, and ignores ranges.
    CutWithoutRanges(usize),
    GoodWithoutRanges,
    Wrong,
    TooLong,
    /// Claims another range than requested.
    OtherRange,
    Status(u16),
}

struct Server {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(reaction: impl Fn(usize) -> Reaction + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, count) = (asked.clone(), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                // The client may have disconnected.
                let _ = answer(stream, reaction(count.fetch_add(1, Ordering::Relaxed)), &log);
            }
        });
        Self { endpoint, asked }
    }

    fn ranges(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, reaction: Reaction, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let path = lines.next().unwrap()?;
    assert_eq!(path.split(' ').nth(1), Some("/some/model/resolve/main/sub/file.bin"));
    let headers: Vec<String> = lines.map_while(|l| l.ok().filter(|l| !l.is_empty())).collect();
    let range = headers.iter().find_map(|h| h.to_lowercase().strip_prefix("range: ").map(String::from));
    log.lock().unwrap().push(range.clone().unwrap_or_default());
    let asked: usize = range.and_then(|r| r.strip_prefix("bytes=")?.trim_end_matches('-').parse().ok()).unwrap_or(0);
    let mut body = content();
    let start = if matches!(reaction, Reaction::CutWithoutRanges(_) | Reaction::GoodWithoutRanges) { 0 } else { asked };
    match reaction {
        Reaction::Wrong => body[SIZE / 2] ^= 1,
        Reaction::TooLong => body.extend([0; 4096]),
        Reaction::Status(code) => {
            return write!(stream, "HTTP/1.1 {code} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        _ => {}
    }
    let body = &body[start..];
    let claimed = if matches!(reaction, Reaction::OtherRange) { start + 1 } else { start };
    let status = match start {
        0 => "200 OK".to_string(),
        _ => format!("206 Partial Content\r\nContent-Range: bytes {claimed}-{}/{SIZE}", SIZE - 1),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    let sent = match reaction {
        Reaction::Cut(n) | Reaction::CutWithoutRanges(n) => n.min(body.len()),
        _ => body.len(),
    };
    stream.write_all(&body[..sent])
}

fn fetch(server: &Server, folder: &Path) -> Result<PathBuf> {
    let mut progress = FileProgress { before: 0, total: SIZE as u64, on_progress: &mut progress::ignore };
    fetch::fetch(&known(), &server.endpoint, folder, &mut progress, &TestClock::new())
}

#[test]
fn a_cut_connection_is_resumed() {
    let server = Server::new(|i| if i < 3 { Reaction::Cut(1_000_000) } else { Reaction::Good });
    let folder = tempfile::tempdir().unwrap();
    let path = fetch(&server, folder.path()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content());
    assert_eq!(server.ranges(), ["", "bytes=1000000-", "bytes=2000000-", "bytes=3000000-"]);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no part stays");

    assert_eq!(fetch(&server, folder.path()).unwrap(), path);
    assert_eq!(server.ranges().len(), 4, "a file that is there is not fetched again");
}

#[test]
fn a_server_without_ranges_is_read_from_the_start_again() {
    let cut = |i| if i == 0 { Reaction::CutWithoutRanges(1_000_000) } else { Reaction::GoodWithoutRanges };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fs::read(fetch(&Server::new(cut), folder.path()).unwrap()).unwrap(), content());
    // A server that never gets further is given up.
    let never = Server::new(|_| Reaction::CutWithoutRanges(1_000_000));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(fetch(&never, folder.path()), Err(Error::Io { op: "download", .. })));
}

#[test]
fn wrong_bytes_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&Server::new(|_| Reaction::Wrong), folder.path()).unwrap_err();
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("sub")).unwrap().count(), 0);
}

#[test]
fn a_part_of_another_file_is_noticed_and_replaced() {
    let server = Server::new(|_| Reaction::Good);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    for length in [1000, SIZE, 2 * SIZE] {
        fs::write(folder.path().join("sub/file.bin.part"), vec![9; length]).unwrap();
        let path = fetch(&server, folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content());
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn servers_with_errors_or_wrong_ranges_are_given_up() {
    for (code, asked) in [(404, 1), (500, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::new(move |_| Reaction::Status(code));
        let error = fetch(&server, folder.path()).unwrap_err();
        assert!(matches!(error, Error::Io { op: "download", .. }), "{error}");
        assert!(error.to_string().contains(&code.to_string()), "{error}");
        assert_eq!(server.ranges().len(), asked);
        assert!(!folder.path().join("sub/file.bin").exists());
    }
    let server = Server::new(|i| if i == 0 { Reaction::Cut(1 << 20) } else { Reaction::OtherRange });
    let folder = tempfile::tempdir().unwrap();
    assert!(fetch(&server, folder.path()).unwrap_err().to_string().contains("another range"));
}

#[test]
fn excess_bytes_of_a_server_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = fetch(&Server::new(|_| Reaction::TooLong), folder.path()).unwrap();
    assert_eq!(fs::read(path).unwrap(), content());
}

#[test]
fn stopping_keeps_the_part_for_the_next_time() {
    let server = Server::new(|_| Reaction::Good);
    let folder = tempfile::tempdir().unwrap();
    let mut stop = |p: Progress| if p.step >= 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let mut progress = FileProgress { before: 0, total: SIZE as u64, on_progress: &mut stop };
    let stopped = fetch::fetch(&known(), &server.endpoint, folder.path(), &mut progress, &TestClock::new());
    assert!(matches!(stopped, Err(Error::Cancelled)));
    fetch(&server, folder.path()).unwrap();
    assert!(server.ranges()[1].starts_with("bytes="), "{:?}", server.ranges());
}

#[test]
fn a_file_downloaded_by_hand_is_added_if_it_is_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let (from, out) = (folder.path().join("by-hand"), folder.path().join("out"));
    fs::write(&from, content()).unwrap();
    let take = || adopt_one(&[known()], &from, &out, &mut progress::ignore);
    let path = take().unwrap();
    assert_eq!((path.clone(), fs::read(&path).unwrap()), (out.join("sub/file.bin"), content()));
    let mut wrong = content();
    wrong[7] ^= 1;
    for bytes in [wrong, content()[1..].to_vec()] {
        fs::write(&from, bytes).unwrap();
        let error = take().unwrap_err();
        assert!(error.to_string().contains("sub/file.bin"), "{error}");
    }
}

#[test]
fn names_of_bundles_are_listed_in_the_error_and_hashes_are_hashes() {
    assert!(bundle("nonsense").unwrap_err().to_string().contains("umt5"));
    for file in BUNDLES.iter().flat_map(|bundle| bundle.files) {
        assert!(file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_hexdigit()), "{file:?}");
    }
}
