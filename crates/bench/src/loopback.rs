//! A server in this process that answers every request on the loopback with one token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::sample::{APP_TOKEN, good};

/// Starts one; its URL. It lives as long as the process.
pub(crate) fn start() -> String {
    let listener = good(TcpListener::bind("127.0.0.1:0"));
    let address = good(listener.local_addr());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    format!("http://{address}/token")
}

/// One request after the other, until the caller leaves.
fn answer(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        let body =
            format!(r#"{{"access_token":"{APP_TOKEN}","expires_in":86400,"token_type":"Bearer"}}"#);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
    }
}
