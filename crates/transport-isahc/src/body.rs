//! A request's body that is sent once, and that shows whether sending has begun.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_lite::io::{AsyncRead, Cursor};
use isahc::AsyncBody;

use crate::agent_thread::AgentThread;

/// curl sends the head together with the beginning of the body, unless the head fills its buffer
/// of 64 KiB. Well below that, "the body was not read" means "nothing was sent".
const HEAD_SENT_WITH_BODY: usize = 16 * 1024;

/// Whether curl began to send, and on which thread.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    agent: Arc<OnceLock<AgentThread>>,
    /// Whether this is known for the head as well.
    is_known: bool,
}

impl Begun {
    /// Whether it is certain that nothing of the request was sent.
    pub(crate) fn surely_not(&self) -> bool {
        self.is_known && self.agent.get().is_none()
    }

    /// The thread that sends, if it has begun with a body.
    pub(crate) fn agent(&self) -> Option<&AgentThread> {
        self.agent.get()
    }
}

/// A body that curl cannot rewind, so that it cannot send a request again by itself.
///
/// It would do so on a reused connection that turns out dead.
pub(crate) fn once(bytes: Bytes, head_bytes: usize) -> (AsyncBody, Begun) {
    let length = bytes.len() as u64;
    let agent = Arc::new(OnceLock::new());
    let is_known = length > 0 && head_bytes <= HEAD_SENT_WITH_BODY;
    let body = Once { bytes: Cursor::new(bytes), agent: agent.clone() };
    (AsyncBody::from_reader_sized(body, length), Begun { agent, is_known })
}

/// An empty body.
pub(crate) fn none() -> (AsyncBody, Begun) {
    (AsyncBody::empty(), Begun { agent: Arc::default(), is_known: false })
}

struct Once {
    bytes: Cursor<Bytes>,
    agent: Arc<OnceLock<AgentThread>>,
}

impl AsyncRead for Once {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.agent.get_or_init(AgentThread::current);
        Pin::new(&mut self.bytes).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;
    use futures_lite::io::AsyncReadExt;

    use super::*;

    #[test]
    fn a_body_is_sent_once_and_shows_that_it_began() {
        let (mut body, begun) = once(Bytes::from_static(b"body"), 100);
        assert_eq!(body.len(), Some(4));
        assert!(begun.surely_not());
        let mut text = String::new();
        block_on(body.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "body");
        assert!(!begun.surely_not());
        assert!(!body.reset());
    }

    #[test]
    fn if_it_cannot_be_known_nothing_is_claimed() {
        assert!(!none().1.surely_not());
        assert!(!once(Bytes::new(), 100).1.surely_not());
        assert!(!once(Bytes::from_static(b"body"), 64 * 1024).1.surely_not());
    }
}
