//! A script: the bytes that the server sends to both adapters, and how it ends.

use std::fmt;
use std::time::Duration;

use easemob_token_transport_testkit as testkit;

/// The pause between two writes, so that the client reads them separately.
const PAUSE: Duration = Duration::from_millis(1);

/// One response on the wire, well-formed or not, and the end of its connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    /// The bytes, write by write, with a pause of about a millisecond between two.
    pub writes: Vec<Vec<u8>>,
    /// What the server does after the last byte.
    pub ending: Ending,
}

/// What the server does after the last byte.
// Exhaustive: a connection can continue in these three ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closes in order (FIN).
    Close,
    /// Closes with a reset (RST).
    Reset,
    /// Keeps the connection open until the client closes it.
    Hold,
}

impl Script {
    /// A script that writes everything at once.
    pub fn new(bytes: impl Into<Vec<u8>>, ending: Ending) -> Self {
        Self { writes: vec![bytes.into()], ending }
    }

    /// The plan of a server for these scripts. A connection starts with the script of its number, and
    /// continues with the next one after a script that holds it open.
    pub(crate) fn plan(scripts: &[Self]) -> testkit::Plan {
        let connection = |first| {
            let mut plan = testkit::Script::new();
            for script in &scripts[first..] {
                plan = script.append_to(plan);
                match script.ending {
                    Ending::Close => return plan,
                    Ending::Reset => return plan.reset(),
                    Ending::Hold => {}
                }
            }
            plan.wait_for_close()
        };
        testkit::Plan::in_order((0..scripts.len()).map(connection))
    }

    /// Whether a server has written all bytes of this script, the first on its connection.
    pub(crate) fn is_played(&self, connection: &testkit::Connection) -> bool {
        let steps = self.append_to(testkit::Script::new()).steps().len();
        connection.is_over() || connection.steps() >= steps
    }

    fn append_to(&self, plan: testkit::Script) -> testkit::Script {
        let mut plan = plan.request();
        for (index, bytes) in self.writes.iter().enumerate() {
            let (first, rest) = bytes.split_at(usize::from(index > 0).min(bytes.len()));
            plan = plan.drip(first, PAUSE).write(rest);
        }
        plan
    }

    /// All bytes, without the splits.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.writes.concat()
    }
}

/// Formats the script like a Rust value; long runs of one byte or one line are shortened.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script {{ ending: {:?}, writes: [", self.ending)?;
        for (index, bytes) in self.writes.iter().enumerate() {
            write!(f, "{}b\"{}\"", if index == 0 { "" } else { ", " }, shown(bytes))?;
        }
        f.write_str("] }")
    }
}

fn shown(bytes: &[u8]) -> String {
    const RUN: usize = 40;
    let mut text = String::new();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for same in lines.chunk_by(|one, next| one == next) {
        if same.len() > 4 {
            text.push_str(&format!("[{} times {}]", same.len(), same[0].escape_ascii()));
            continue;
        }
        for run in same.concat().chunk_by(|one, next| one == next) {
            let shown = if run.len() > RUN { &run[..RUN] } else { run };
            text.push_str(&shown.escape_ascii().to_string());
            if run.len() > RUN {
                text.push_str(&format!("[... {} of these]", run.len()));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_formatted_like_rust() {
        let script = Script {
            writes: vec![b"HTTP/1.1 200 OK\r\n".to_vec(), vec![b'x'; 50]],
            ending: Ending::Reset,
        };
        let text = format!("{script:?}");
        assert!(
            text.starts_with(r#"Script { ending: Reset, writes: [b"HTTP/1.1 200 OK\r\n", b"x"#)
        );
        assert!(text.contains("[... 50 of these]"), "{text}");
    }
}
