//! What the server sends and how it ends: the bytes that both adapters get to see.

use std::fmt;

/// One response as it is written to the wire, well-formed or not, and what becomes of the connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    /// The bytes, write by write, with a pause of about a millisecond between two.
    pub writes: Vec<Vec<u8>>,
    /// What the server does after the last byte.
    pub ending: Ending,
}

/// What the server does after the last byte.
// Complete on purpose: these are the three ways in which a connection can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closes in order (FIN).
    Close,
    /// Closes with a reset (RST).
    Reset,
    /// Keeps the connection open until the client closes it, and answers no second request on it.
    Hold,
}

impl Script {
    /// A script that writes everything at once.
    pub fn new(bytes: impl Into<Vec<u8>>, ending: Ending) -> Self {
        Self { writes: vec![bytes.into()], ending }
    }

    /// All bytes, whatever the writes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.writes.concat()
    }
}

/// Like the Rust value; long runs of one byte or one line are cut short.
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
    fn a_script_is_shown_as_it_would_be_written() {
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
