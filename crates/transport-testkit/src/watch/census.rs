//! Threads, descriptors, memory and processor time of this process, as `/proc` shows them.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// How long threads and descriptors that are about to end may take; only a failure waits that long.
const SETTLING: Duration = Duration::from_secs(8);

/// The threads and descriptors at one moment. Empty on systems without `/proc`.
#[derive(Debug)]
pub(crate) struct Census(BTreeMap<String, String>);

impl Census {
    pub(crate) fn take() -> Self {
        let mut there = BTreeMap::new();
        for thread in names("/proc/self/task") {
            let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
            // A thread that has ended by now does not count.
            if let Ok(name) = name {
                there.insert(format!("thread {thread}"), name.trim().to_owned());
            }
        }
        for descriptor in names("/proc/self/fd") {
            if let Ok(target) = fs::read_link(format!("/proc/self/fd/{descriptor}")) {
                let target = target.display().to_string();
                // The directory that is being read.
                if !target.starts_with("/proc/") {
                    there.insert(format!("descriptor {descriptor} {target}"), target);
                }
            }
        }
        Self(there)
    }

    /// The threads and descriptors that exist now and did not exist then, after time to settle.
    ///
    /// Those for whose name `ignored` returns `true` do not count.
    pub(crate) fn newcomers(&self, ignored: impl Fn(&str) -> bool) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let new: Vec<String> = Self::take()
                .0
                .into_iter()
                .filter(|(key, name)| !self.0.contains_key(key) && !ignored(name))
                .map(|(key, name)| format!("{key} ({name})"))
                .collect();
            if new.is_empty() || begun.elapsed() > SETTLING {
                return new;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn names(directory: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// The memory that this process uses, if the system reports it.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    kib.checked_mul(1024)
}

/// The processor time that this process has used so far, if the system reports it.
pub(crate) fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may contain anything; it ends with the last bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // Linux counts in hundredths of a second here.
    Some(Duration::from_millis(user.checked_add(system)?.checked_mul(10)?))
}

/// The processor time that the calling thread has used so far, if the system reports it.
pub(crate) fn processor_time_of_thread() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(stat.split_ascii_whitespace().next()?.parse().ok()?))
}

/// The time that each thread of this process has waited for a processor so far, by its number.
///
/// Empty if the system does not report it.
pub(crate) fn processor_waits() -> BTreeMap<String, Duration> {
    let wait = |thread: String| {
        let stat = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
        let nanos = stat.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some((thread, Duration::from_nanos(nanos)))
    };
    names("/proc/self/task").into_iter().filter_map(wait).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn work_shows_in_the_processor_time_of_thread_and_process() {
        let before = (processor_time().unwrap(), processor_time_of_thread().unwrap());
        let work = Duration::from_millis(50);
        let of_thread = || processor_time_of_thread().unwrap() - before.1;
        while of_thread() < work {}
        let of_process = processor_time().unwrap() - before.0;
        assert!(of_process + Duration::from_millis(20) >= work, "{of_process:?}");
    }

    #[test]
    fn a_thread_and_a_descriptor_are_noticed_until_they_are_gone() {
        let before = Census::take();
        let (keep, kept) = mpsc::channel::<()>();
        let thread =
            thread::Builder::new().name("stranger".to_owned()).spawn(move || kept.recv()).unwrap();
        let file = File::open("/dev/null").unwrap();
        let only = |name: &str| name != "stranger" && name != "/dev/null";
        assert_eq!(before.newcomers(only).len(), 2);
        drop((keep, file));
        let _ = thread.join();
        assert_eq!(before.newcomers(only), Vec::<String>::new());
    }
}
