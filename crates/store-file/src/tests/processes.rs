//! Tests with processes that write at once, are killed or are stopped.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use easemob_token_store::{StoreErrorKind, Swap, TokenStore as _};
use easemob_token_transport_testkit::subprocess;
use futures_lite::future::block_on;
use rustix::process::{Pid, Signal, getpid, kill_process};

use super::{KEEP, KEY, Place};
use crate::file::Names;
use crate::{FileStore, system};

/// The folder of a process of its own, what it does, and the step at which something happens to it.
const FOLDER: &str = "STORE_FILE_TEST_FOLDER";
const TASK: &str = "STORE_FILE_TEST_TASK";
const STEP: &str = "STORE_FILE_TEST_STEP";

/// The steps of a write in their order; the record is the new one from the last on.
const STEPS: [&str; 7] =
    ["locked", "removed", "created", "half written", "written", "synchronized", "renamed"];

pub(crate) fn reached(step: &str) {
    if env::var(STEP).is_ok_and(|it| it == step) {
        let signal = if task() == "stop" { Signal::STOP } else { Signal::KILL };
        writeln!(stdout(), "\nreached {step}").unwrap();
        kill_process(getpid(), signal).unwrap();
    }
}

fn task() -> String {
    env::var(TASK).unwrap_or_default()
}

/// A process that runs [`a_process_of_its_own`].
fn start(place: &Place, task: &str, step: &str) -> Child {
    let mut command = subprocess::command("tests::processes::a_process_of_its_own");
    command.env(FOLDER, place.store.directory()).env(TASK, task).env(STEP, step);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// A stopped process, which does not outlive a test that fails.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the other processes do. As a test of this process it has nothing to do.
#[test]
fn a_process_of_its_own() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = FileStore::open(folder).unwrap().lock_timeout(Duration::from_secs(30));
    let rounds = if task() == "count" { 10 } else { 1 };
    for _ in 0..rounds {
        loop {
            let found = block_on(store.read(KEY)).unwrap();
            let record = match (&*task(), &found) {
                ("count", Some(found)) => {
                    let text = String::from_utf8(found.record().to_vec()).unwrap();
                    (text.parse::<u32>().unwrap() + 1).to_string()
                }
                ("count", None) => "1".to_owned(),
                _ => "new".to_owned(),
            };
            let swap = store.swap(KEY, found.as_ref(), record.as_bytes(), KEEP);
            if block_on(swap).unwrap() == Swap::Done {
                break;
            }
        }
    }
}

#[test]
fn a_process_killed_at_any_step_leaves_the_old_or_the_new_record() {
    for step in STEPS {
        let place = Place::new();
        place.write("old");
        let status = start(&place, "die", step).wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{step}: {status}");
        let expected = if step == "renamed" { "new" } else { "old" };
        assert_eq!(place.text().as_deref(), Some(expected), "{step}");
        // The lock is free, and nothing stays behind.
        let began = Instant::now();
        let found = place.read().unwrap();
        assert_eq!(place.swap(found.as_ref(), "next").unwrap(), Swap::Done, "{step}");
        assert!(began.elapsed() < place.store.lock_timeout, "{step}");
        assert_eq!(fs::read_dir(place.store.directory()).unwrap().count(), 2, "{step}");
    }
}

#[test]
fn a_stopped_holder_of_the_lock_delays_others_only_until_their_limit() {
    let place = Place::new();
    place.write("old");
    let old = place.read().unwrap();
    let mut child = Stopped(start(&place, "stop", "locked"));
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "reached locked"));
    let limit = place.store.lock_timeout;
    for _ in 0..3 {
        let began = Instant::now();
        let error = place.swap(old.as_ref(), "x").unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Timeout, "{error}");
        assert!(began.elapsed() >= limit && began.elapsed() < 4 * limit, "{:?}", began.elapsed());
        // Readers wait for nobody.
        assert_eq!(place.text().as_deref(), Some("old"));
    }
    kill_process(Pid::from_child(&child.0), Signal::CONT).unwrap();
    assert!(child.0.wait().unwrap().success());
    let new = place.read().unwrap();
    assert_eq!(place.swap(old.as_ref(), "x").unwrap(), Swap::Changed);
    assert_eq!(place.swap(new.as_ref(), "next").unwrap(), Swap::Done);
}

#[test]
fn no_update_of_twenty_processes_is_lost() {
    let place = Place::new();
    let processes: Vec<_> = (0..20).map(|_| start(&place, "count", "")).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(place.text().as_deref(), Some("200"));
}

#[test]
fn a_full_disk_leaves_the_old_record_and_no_rest() {
    let place = Place::new();
    place.write("old");
    // No file may have a byte, as if the disk were full, and the signal about it is ignored.
    let inner = subprocess::command("tests::processes::a_process_of_its_own");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
    command.arg(inner.get_program()).args(inner.get_args()).env(FOLDER, place.store.directory());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("there is no space left"), "{text}");
    assert_eq!(place.text().as_deref(), Some("old"));
    assert_eq!(fs::read_dir(place.store.directory()).unwrap().count(), 2);
}

#[test]
fn a_future_that_nobody_polls_or_that_is_dropped_holds_no_lock() {
    let place = Place::new();
    let names = Names::new(place.store.directory(), KEY);
    let lock = system::try_lock(&names.lock).unwrap();
    assert!(lock.is_some() && system::try_lock(&names.lock).unwrap().is_none());
    let store = place.store.clone().lock_timeout(Duration::from_secs(600));
    let unpolled = store.swap(KEY, None, b"unpolled", KEEP);
    let mut dropped = store.swap(KEY, None, b"dropped", KEEP);
    assert!(block_on(futures_lite::future::poll_once(&mut dropped)).is_none());
    drop(dropped);
    drop(lock);
    place.write("other");
    drop(unpolled);
    assert_eq!(place.text().as_deref(), Some("other"));
}
