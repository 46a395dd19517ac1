//! Resources of this process: memory, descriptors, threads, tasks.

use std::fs;

use tokio::runtime::Handle;

/// One measurement. Values that the system does not report are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// Resident memory in KiB.
    pub(crate) memory: u64,
    /// The most resident memory so far, in KiB.
    pub(crate) peak_memory: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    /// Tasks of the callers' runtime.
    pub(crate) tasks: u64,
}

impl Resources {
    pub(crate) fn now(runtime: &Handle) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name| field(&status, name);
        // The folder itself is open meanwhile.
        let open = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
        Self {
            memory: field("VmRSS:"),
            peak_memory: field("VmHWM:"),
            descriptors: open.saturating_sub(1),
            threads: field("Threads:"),
            tasks: runtime.metrics().num_alive_tasks() as u64,
        }
    }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_parsed() {
        let status = "Name:\tx\nVmHWM:\t   9012 kB\nVmRSS:\t    5678 kB\nThreads:\t12\n";
        assert_eq!((field(status, "VmRSS:"), field(status, "Threads:")), (5_678, 12));
        assert_eq!(field(status, "VmSwap:"), 0);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_open_file_and_a_task_are_counted() {
        // Other tests open and close files too, so many are opened.
        let files: Vec<_> =
            (0..100).map(|_| fs::File::open("/proc/self/status").unwrap()).collect();
        let task = tokio::spawn(std::future::pending::<()>());
        let now = Resources::now(&Handle::current());
        assert!(now.descriptors >= 100 && now.memory > 0 && now.threads > 0, "{now:?}");
        assert_eq!(now.tasks, 1);
        task.abort();
        drop(files);
    }
}
