//! A server that plays one script to whoever comes, and counts the requests.
#![expect(
    clippy::expect_used,
    reason = "where no socket can be opened on loopback there is nothing to compare"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::script::{Ending, Script};

/// The longest that the server waits for anything.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two writes, so that they are more than one read on the other side.
const PAUSE: Duration = Duration::from_millis(1);

/// Listens on `127.0.0.1` for as long as the process lives; connections are served one by one.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The n-th request is answered by the n-th script; further ones by the last.
    scripts: Vec<Script>,
    /// Whole requests that arrived since the scripts were set.
    requests: usize,
    /// Scripts that were played to their last byte.
    played: usize,
    open: usize,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::<Shared>::default();
        let own = shared.clone();
        thread::Builder::new()
            .name("differential-server".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    own.change(|state| state.open += 1);
                    serve(stream, &own);
                    own.change(|state| state.open -= 1);
                }
            })
            .expect("a thread can be started");
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on these scripts, and the count begins anew.
    pub(crate) fn play(&self, scripts: &[Script]) {
        self.shared.change(|state| {
            state.scripts = scripts.to_vec();
            state.requests = 0;
            state.played = 0;
        });
    }

    /// Waits until this many scripts are played to their end: what they wrote is then on its way.
    pub(crate) fn wait_until_played(&self, scripts: usize) {
        self.shared.wait(|state| state.played >= scripts);
    }

    /// Waits until nobody is connected any more, and tells how many requests arrived in all.
    /// `None` where somebody stays.
    pub(crate) fn requests(&self) -> Option<usize> {
        let closed = self.shared.wait(|state| state.open == 0);
        closed.then(|| self.shared.lock().requests)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    fn wait(&self, condition: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while !condition(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        true
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let mut pending = Vec::new();
    while read_request(&mut stream, &mut pending) {
        let script = shared.change(|state| {
            state.requests += 1;
            let index = (state.requests - 1).min(state.scripts.len().saturating_sub(1));
            state.scripts.get(index).cloned()
        });
        let Some(script) = script else { return };
        for (index, bytes) in script.writes.iter().enumerate() {
            if index > 0 {
                thread::sleep(PAUSE);
            }
            if stream.write_all(bytes).is_err() {
                break;
            }
        }
        match script.ending {
            Ending::Hold => shared.change(|state| state.played += 1),
            Ending::Close | Ending::Reset => {
                if script.ending == Ending::Reset {
                    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                }
                drop(stream);
                shared.change(|state| state.played += 1);
                return;
            }
        }
    }
}

/// Reads one whole request; what came after it stays in `pending`.
fn read_request(stream: &mut TcpStream, pending: &mut Vec<u8>) -> bool {
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&pending[..end]).to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0);
            if pending.len() >= end + 4 + length {
                pending.drain(..end + 4 + length);
                return true;
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(read) => pending.extend_from_slice(&chunk[..read]),
        }
    }
}
