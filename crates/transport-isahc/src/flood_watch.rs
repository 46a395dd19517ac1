//! A bound for the processor time that a peer costs which sends without end.

use std::time::{Duration, Instant};

use crate::agent_thread::AgentThread;
use crate::body::Begun;

/// How often it looks at most, the first time after as long.
const LOOK: Duration = Duration::from_millis(15);
/// The part of the time limit that the agent may use. The contract permits a tenth, into which also
/// has to fit what is not seen: before the first look, after the last one, on the caller's thread.
const SHARE: u32 = 25;
const LEAST: Duration = Duration::from_millis(10);

/// Reports when a peer floods, which costs processor time.
///
/// libcurl bounds heads and trailers, but it reads the extension of a chunk for as long as there is
/// more of it, reports nothing, and keeps the processor busy until the time limit.
pub(crate) struct FloodWatch {
    begun: Begun,
    most: Duration,
    next_look: Instant,
    /// Processor time of the agent when it began to send the request.
    ///
    /// It is subtracted: a handshake with system roots is work too.
    at_first: Option<Duration>,
}

impl FloodWatch {
    pub(crate) fn new(begun: Begun, limit: Duration) -> Self {
        let most = (limit / SHARE).max(LEAST);
        Self { begun, most, next_look: Instant::now() + LOOK, at_first: None }
    }

    /// Whether the agent took too much of the processor for this exchange.
    pub(crate) fn is_too_much(&mut self, now: Instant) -> bool {
        if now < self.next_look {
            return false;
        }
        self.next_look = now + LOOK;
        let time = self.begun.agent().and_then(AgentThread::processor_time);
        time.is_some_and(|time| time.saturating_sub(*self.at_first.get_or_insert(time)) > self.most)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use bytes::Bytes;
    use futures_lite::future::block_on;
    use futures_lite::io::AsyncReadExt;

    use super::*;

    #[test]
    fn work_after_the_sending_began_is_too_much() {
        let (mut body, begun) = crate::body::once(Bytes::from_static(b"body"), 100);
        let mut watch = FloodWatch::new(begun.clone(), Duration::from_millis(200));
        let start = Instant::now();
        // No thread sends yet.
        assert!(!watch.is_too_much(start + LOOK));
        // This thread sends.
        block_on(body.read_to_end(&mut Vec::new())).unwrap();
        let agent = begun.agent().unwrap();
        let work = || {
            let before = agent.processor_time().unwrap();
            while agent.processor_time().unwrap() - before < LEAST * 2 {}
        };
        work();
        assert!(!watch.is_too_much(start + LOOK * 2));
        assert!(!watch.is_too_much(start + LOOK * 3));
        work();
        // It is not looked at every time.
        assert!(!watch.is_too_much(start + LOOK * 3));
        assert!(watch.is_too_much(start + LOOK * 4));
    }
}
