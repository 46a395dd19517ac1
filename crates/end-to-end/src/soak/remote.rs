//! The process of the service, as the callers' process controls it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::record::Record;
use crate::server::{LISTENING, Order};

/// A running service. It is killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct Remote {
    child: Child,
    orders: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
}

impl Remote {
    /// Starts a service and returns when it listens. `sink` gets the record of each request.
    pub(crate) fn start(
        listen: &str,
        sink: impl Fn(Record) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        // Another process may use the port for a moment.
        let started = Instant::now();
        loop {
            match Self::try_start(listen, sink.clone()) {
                Err(error) if started.elapsed() > Duration::from_secs(5) => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(200)),
                Ok(remote) => return Ok(remote),
            }
        }
    }

    fn try_start(listen: &str, sink: impl Fn(Record) + Send + 'static) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", listen])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || io::Error::other("the service ended before it listened");
        let orders = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
        let mut remote = Self { child, orders, reader: None };
        if lines.next().transpose()?.as_deref() != Some(LISTENING) {
            return Err(gone());
        }
        let read = move || {
            for line in lines.map_while(Result::ok) {
                let _ = serde_json::from_str(&line).map(&sink);
            }
        };
        remote.reader = Some(thread::Builder::new().name("journal".to_owned()).spawn(read)?);
        Ok(remote)
    }

    /// Sends an order.
    pub(crate) fn send(&mut self, order: Order) -> io::Result<()> {
        let gone = || io::Error::other("the service accepts no orders any more");
        writeln!(self.orders.as_mut().ok_or_else(gone)?, "{}", serde_json::to_string(&order)?)
    }

    /// Stops the service, and returns when every record has been read.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.send(Order::Stop)?;
        if let Some(reader) = self.reader.take() {
            // A panic there would poison the lock of the ledger, which shows it too.
            let _ = reader.join();
        }
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("the service ended with {status}")))
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Both have no effect on a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
