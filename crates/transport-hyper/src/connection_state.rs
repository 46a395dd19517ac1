//! The state of a connection that its reading side and its exchanges share.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use easemob_token_transport::ConnectionUse;

/// How many bytes may come before the body: the TLS handshake, interim responses, the head.
///
/// A peer that never stops sending them would keep a processor busy until the time limit ends.
const BEFORE_BODY: u64 = 512 * 1024;
/// How many bytes may come with the body that do not belong to it: sizes of chunks, their
/// extensions, trailers.
const BESIDES_BODY: u64 = 128 * 1024;
/// How many more may come for each byte of the body.
///
/// The byte may be alone in its chunk, and the chunk in a TLS record of its own.
const PER_BODY_BYTE: u64 = 32;
/// The least cost of a read or of a part of the body, in bytes, however few it brings.
const PER_PIECE: usize = 512;
/// The cost up to which an exchange is read at full speed.
///
/// More than what may come besides a body of the default limit: such a flood ends by its size, at once.
const FREE: u64 = 256 * 1024;

/// The state of one connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How often the task of the connection was polled.
    turn: AtomicU64,
    /// Whether the connection has brought a response.
    was_used: AtomicBool,
    /// Whether the peer's bytes are records of TLS by now.
    has_tls: AtomicBool,
    /// Whether the last response is whole, and nothing was written since.
    is_idle: AtomicBool,
    /// Whether the peer has to read before more can be written.
    is_blocked: AtomicBool,
    /// How many bytes were read since it was opened.
    read: AtomicU64,
    /// How many may be.
    allowed: AtomicU64,
    /// What this exchange cost so far, in bytes.
    cost: AtomicU64,
}

impl ConnectionState {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            turn: AtomicU64::new(0),
            was_used: AtomicBool::new(false),
            has_tls: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
            read: AtomicU64::new(0),
            allowed: AtomicU64::new(BEFORE_BODY),
            cost: AtomicU64::new(0),
        }))
    }

    /// Notes that the task of the connection is polled.
    pub(crate) fn begin_turn(&self) {
        self.0.turn.store(self.0.turn.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The number of the current turn of that task; 0 before its first one.
    pub(crate) fn turn(&self) -> u64 {
        self.0.turn.load(Ordering::Relaxed)
    }

    /// Whether the connection has brought a response.
    pub(crate) fn was_used(&self) -> bool {
        self.0.was_used.load(Ordering::Relaxed)
    }

    /// Notes that a response has begun. A connection carries one exchange at a time.
    pub(crate) fn note_use(&self) -> ConnectionUse {
        let was_used = self.0.was_used.swap(true, Ordering::Relaxed);
        if was_used { ConnectionUse::Reused } else { ConnectionUse::Fresh }
    }

    /// Notes that the head has come, after which a body of this size may come.
    pub(crate) fn begin_body(&self, max_bytes: usize) {
        self.allow(as_u64(max_bytes).saturating_add(BESIDES_BODY));
    }

    /// Notes that a part of the body was decoded, and returns whether small parts flood.
    pub(crate) fn note_part(&self, bytes: usize) -> bool {
        let more = as_u64(bytes).saturating_mul(PER_BODY_BYTE);
        let allowed = self.0.allowed.load(Ordering::Relaxed).saturating_add(more);
        self.0.allowed.store(allowed, Ordering::Relaxed);
        let is_small = bytes < PER_PIECE;
        if is_small {
            self.charge(0);
        } else {
            // A body of the size that the caller permits is no flood, however large it is.
            let cost = self.0.cost.load(Ordering::Relaxed).saturating_sub(as_u64(bytes));
            self.0.cost.store(cost, Ordering::Relaxed);
        }
        is_small && self.is_flooded()
    }

    /// Notes that the peer's next byte is the first one of TLS.
    pub(crate) fn begin_tls(&self) {
        self.0.has_tls.store(true, Ordering::Relaxed);
    }

    /// Whether the peer's bytes are records of TLS by now.
    pub(crate) fn has_tls(&self) -> bool {
        self.0.has_tls.load(Ordering::Relaxed)
    }

    /// Notes that something was written, or all of it.
    pub(crate) fn note_write(&self, is_whole: bool) {
        self.0.is_idle.store(false, Ordering::Relaxed);
        self.0.is_blocked.store(!is_whole, Ordering::Relaxed);
    }

    /// Whether a part of the request waits until the peer reads.
    pub(crate) fn is_blocked(&self) -> bool {
        self.0.is_blocked.load(Ordering::Relaxed)
    }

    /// Whether the last response is whole, and nothing was written since.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.is_idle.load(Ordering::Relaxed)
    }

    /// Notes that the body is whole, so that the next exchange starts from zero.
    pub(crate) fn end_body(&self) {
        self.0.is_idle.store(true, Ordering::Relaxed);
        self.allow(BEFORE_BODY);
        self.0.cost.store(0, Ordering::Relaxed);
    }

    fn allow(&self, bytes: u64) {
        let allowed = self.0.read.load(Ordering::Relaxed).saturating_add(bytes);
        self.0.allowed.store(allowed, Ordering::Relaxed);
    }

    fn charge(&self, bytes: usize) {
        self.0.cost.fetch_add(as_u64(bytes.max(PER_PIECE)), Ordering::Relaxed);
    }

    /// Whether the peer sends so much that reads have to be slowed down.
    pub(crate) fn is_flooded(&self) -> bool {
        self.0.cost.load(Ordering::Relaxed) > FREE
    }

    /// Counts the bytes of one read, and fails if there are too many.
    pub(crate) fn count(&self, bytes: usize) -> io::Result<()> {
        self.charge(bytes);
        let before = self.0.read.fetch_add(as_u64(bytes), Ordering::Relaxed);
        if before.saturating_add(as_u64(bytes)) > self.0.allowed.load(Ordering::Relaxed) {
            return Err(io::Error::other(TooManyBytes));
        }
        Ok(())
    }
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// The error if more bytes came than a response within the bounds can have.
#[derive(Debug)]
pub(crate) struct TooManyBytes;

impl fmt::Display for TooManyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server keeps sending bytes that belong to no body")
    }
}

impl Error for TooManyBytes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_response_of_a_connection_is_fresh() {
        let state = ConnectionState::new();
        assert_eq!(state.note_use(), ConnectionUse::Fresh);
        assert_eq!(state.clone().note_use(), ConnectionUse::Reused);
    }

    #[test]
    fn a_whole_exchange_is_read_at_full_speed_and_the_next_one_too() {
        let state = ConnectionState::new();
        for _ in 0..100 {
            state.count(32 * 1024).unwrap();
            state.begin_body(64 * 1024);
            for _ in 0..8 {
                state.count(8 * 1024).unwrap();
                assert!(!state.note_part(8 * 1024));
            }
            assert!(!state.is_flooded());
            state.end_body();
        }
    }

    #[test]
    fn a_large_body_that_the_caller_allows_is_read_at_full_speed() {
        let state = ConnectionState::new();
        state.begin_body(10 << 20);
        for _ in 0..10 << 7 {
            state.count(8 * 1024 + 22).unwrap();
            state.note_part(8 * 1024);
            assert!(!state.is_flooded());
        }
    }

    #[test]
    fn each_byte_of_a_body_may_be_alone_in_its_chunk() {
        let state = ConnectionState::new();
        state.begin_body(64 * 1024);
        for _ in 0..64 * 1024 {
            state.count("1\r\nx\r\n".len() + 22).unwrap();
            state.note_part(1);
        }
        assert!(state.is_flooded(), "and is read slowly");
    }

    #[test]
    fn what_belongs_to_no_body_is_bounded() {
        let bounded = |state: &ConnectionState, most: u64| {
            let read = (0..).take_while(|_| state.count(1024).is_ok()).count();
            assert_eq!(as_u64(read), most / 1024);
        };
        bounded(&ConnectionState::new(), BEFORE_BODY);
        let state = ConnectionState::new();
        state.begin_body(1024);
        bounded(&state, 1024 + BESIDES_BODY);
        let state = ConnectionState::new();
        state.begin_body(usize::MAX);
        state.end_body();
        bounded(&state, BEFORE_BODY);
    }
}
