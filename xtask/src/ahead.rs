//! Compiles what later steps need ahead of them, at the lowest priority.
//!
//! Only what has a target folder of its own, so that no other step waits for its lock. The steps run
//! the same commands again: they find everything compiled, or wait for the rest, and show each failure.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::context::Context;
use crate::{bench, deny, shell, steps};

/// How often it looks whether a command has ended.
const NAP: Duration = Duration::from_millis(100);

/// The commands that run meanwhile; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Ahead {
    running: Arc<Mutex<Running>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Running {
    child: Option<Child>,
    is_over: bool,
}

impl Ahead {
    /// Starts with what the step `bench` needs, since that is the first of them.
    pub(crate) fn start(context: &Context) -> Self {
        let bench = bench::compilation(context);
        let commands = bench.into_iter().chain(steps::msrv_check(context));
        let commands = commands.chain(deny::compilation(context)).map(|cmd| {
            let (shown, command) = shell::prepare(cmd);
            println!("at low priority, ahead of its step: {shown}");
            at_low_priority(&command)
        });
        Self::run(commands.collect())
    }

    fn run(commands: Vec<Command>) -> Self {
        let running = Arc::<Mutex<Running>>::default();
        let own = running.clone();
        let thread = thread::spawn(move || {
            for mut command in commands {
                let mut running = own.lock().unwrap_or_else(PoisonError::into_inner);
                if running.is_over {
                    return;
                }
                // Without the program that lowers the priority, nothing runs ahead.
                let Ok(child) = command.spawn() else { return };
                running.child = Some(child);
                drop(running);
                while is_running(&own) {
                    thread::sleep(NAP);
                }
            }
        });
        Self { running, thread: Some(thread) }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.is_over = true;
        if let Some(child) = &mut running.child {
            let _ = child.kill();
        }
        drop(running);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn is_running(running: &Mutex<Running>) -> bool {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    running.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
}

/// Builds the same command below `nice`, without its output: the step repeats it.
fn at_low_priority(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        nice.current_dir(folder);
    }
    nice.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    nice
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn commands_run_one_by_one_with_their_settings_and_end_with_it() {
        let folder = std::env::temp_dir().join(format!("ahead-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).env("WORD", "done").current_dir(&folder);
            at_low_priority(&command)
        };
        let begun = Instant::now();
        let scripts = ["exit 1", "echo $WORD > file && mv file end", "exec sleep 60"];
        let ahead = Ahead::run(scripts.map(shell).into());
        while std::fs::read_to_string(folder.join("end")).is_err() {
            thread::sleep(NAP);
        }
        assert_eq!(std::fs::read_to_string(folder.join("end")).unwrap(), "done\n");
        drop(ahead);
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
