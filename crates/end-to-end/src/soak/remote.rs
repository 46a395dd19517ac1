//! The service as its parent sees it: a process that is started, told what to be like, and stopped.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::record::Record;
use crate::server::{LISTENING, Order};

/// Running until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Remote {
    child: Child,
    orders: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
}

impl Remote {
    /// Starts one that listens at `listen`, and returns when it does. `sink` is given each request
    /// that it has ended.
    pub(crate) fn start(
        listen: &str,
        sink: impl Fn(Record) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        // Somebody else may have the port for a moment.
        let begun = Instant::now();
        loop {
            match Self::try_start(listen, sink.clone()) {
                Err(error) if begun.elapsed() > Duration::from_secs(5) => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(200)),
                Ok(remote) => return Ok(remote),
            }
        }
    }

    fn try_start(listen: &str, sink: impl Fn(Record) + Send + 'static) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", listen])
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
                Record::from_line(&line).map(&sink);
            }
        };
        remote.reader = Some(thread::Builder::new().name("journal".to_owned()).spawn(read)?);
        Ok(remote)
    }

    /// Tells it what to be like.
    pub(crate) fn tell(&mut self, order: Order) -> io::Result<()> {
        let gone = || io::Error::other("the service does not listen to orders");
        writeln!(self.orders.as_mut().ok_or_else(gone)?, "{}", order.to_line())
    }

    /// Stops it, and returns when everything that it had to tell has been told.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.tell(Order::Stop)?;
        if let Some(reader) = self.reader.take() {
            // It cannot panic otherwise than by a defect that the ledger's lock shows as well.
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
        // Neither does anything to a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
