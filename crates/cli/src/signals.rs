//! Signals that end the command, or that the command of the emulator gets.

use std::io;

#[cfg(unix)]
pub(crate) use self::unix::{Signals, exit_on_arrival};

/// A signal that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The number of the signal.
    number: i32,
}

impl Received {
    pub(crate) const INTERRUPT: Self = Self { number: 2 };

    /// The exit code of a process that the signal ended, as shells have it.
    pub(crate) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.number).unwrap_or(u8::MAX)
    }
}

#[cfg(unix)]
mod unix {
    use std::pin::Pin;
    use std::process;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Received, io};
    use crate::terminal;

    /// Whether somebody else handles signals by now.
    static TAKEN_OVER: AtomicBool = AtomicBool::new(false);

    /// Handlers of signals. Without them, the first process of a container ignores every signal.
    pub(crate) struct Signals(Vec<(Stream, i32)>);

    impl Signals {
        /// Handlers of the signals that ask a process to end.
        pub(crate) fn that_end() -> io::Result<Self> {
            TAKEN_OVER.store(true, Ordering::Relaxed);
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            // Elsewhere the default action of a hangup does, and `nohup` can turn it off.
            Self::of(if process::id() == 1 { &kinds } else { &kinds[..2] })
        }

        /// Handlers of every signal that is passed on to a command.
        pub(crate) fn of_command() -> io::Result<Self> {
            TAKEN_OVER.store(true, Ordering::Relaxed);
            Self::of(&[
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
                SignalKind::quit(),
                SignalKind::user_defined1(),
                SignalKind::user_defined2(),
            ])
        }

        fn of(kinds: &[SignalKind]) -> io::Result<Self> {
            let stream = |kind: &SignalKind| Ok((signal(*kind)?, kind.as_raw_value()));
            kinds.iter().map(stream).collect::<io::Result<_>>().map(Self)
        }

        /// Waits for the next signal.
        pub(crate) async fn next(&mut self) -> Received {
            std::future::poll_fn(|context| {
                for (stream, number) in &mut self.0 {
                    if Pin::new(stream).poll_recv(context).is_ready() {
                        return Poll::Ready(Received { number: *number });
                    }
                }
                Poll::Pending
            })
            .await
        }
    }

    /// Ends the process when a signal arrives, whatever it does, until [`Signals`] take over.
    ///
    /// This is for what the default action leaves undone: the terminal stays without echo, and the
    /// first process of a container has no default action.
    pub(crate) fn exit_on_arrival() -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let entered = runtime.enter();
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ];
        let mut signals = Signals::of(&kinds)?;
        drop(entered);
        thread::Builder::new().spawn(move || {
            loop {
                let received = runtime.block_on(signals.next());
                if !TAKEN_OVER.load(Ordering::Relaxed) {
                    let _restored = terminal::restore();
                    process::exit(received.exit_code().into());
                }
            }
        })?;
        Ok(())
    }

    impl Received {
        pub(crate) const TERMINATE: Self = Self { number: 15 };

        /// Sends it to a process.
        pub(crate) fn send_to(self, process: u32) {
            let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
            // The process may have ended in between.
            if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(self.number)) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// The interrupt, which is the only signal here.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn that_end() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn of_command() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Received {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Received::INTERRUPT,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl Received {
    pub(crate) const TERMINATE: Self = Self { number: 15 };

    /// Does nothing: a console sends its signals to every process itself.
    pub(crate) fn send_to(self, _process: u32) {}
}
