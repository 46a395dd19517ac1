//! The thread of isahc's that sends a request, and its processor time.

use std::time::Duration;

/// The thread that sends a request.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[derive(Debug)]
pub(crate) struct AgentThread(rustix::thread::Pid);

#[cfg(any(target_os = "linux", target_os = "android"))]
impl AgentThread {
    pub(crate) fn current() -> Self {
        Self(rustix::thread::gettid())
    }

    /// The processor time that it has taken so far, if the system tells.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let path = format!("/proc/self/task/{}/schedstat", self.0);
        let stat = std::fs::read_to_string(path).ok()?;
        Some(Duration::from_nanos(stat.split_ascii_whitespace().next()?.parse().ok()?))
    }
}

/// Other systems have no safe way to ask.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[derive(Debug)]
pub(crate) struct AgentThread;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl AgentThread {
    pub(crate) fn current() -> Self {
        Self
    }

    /// The processor time that it has taken so far, if the system tells.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        None
    }
}
