//! Files and standard input, read within a size and a time.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use crate::args::Options;
use crate::failure::Failure;

/// What an option names a file for, and how large that file may be.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    /// What the error begins with.
    pub(crate) option: &'static str,
    /// What the file must hold, with its article.
    pub(crate) content: &'static str,
    pub(crate) max_kib: u64,
}

impl Input {
    /// Reads the whole file; `-` is standard input.
    ///
    /// A device may never end, and a pipe may never begin. So the reading is given up beyond the
    /// size, and after the time of the whole command.
    pub(crate) fn read(self, options: &Options, file: &Path) -> Result<Vec<u8>, Failure> {
        let is_stdin = file == Path::new("-");
        let name = if is_stdin { "standard input".into() } else { file.to_string_lossy() };
        let invalid =
            |problem: String| Failure::invalid_input(format!("{}: {problem}", self.option));
        let max = self.max_kib * 1024;
        let bytes = if is_stdin && std::io::stdin().is_terminal() {
            // Somebody types, and ends it with an interrupt if need be.
            up_to(std::io::stdin(), max)
        } else {
            let (sender, receiver) = mpsc::channel();
            let file = file.to_owned();
            // Opening a pipe waits for its other end, which nothing but the end of the process
            // interrupts.
            thread::spawn(move || {
                let bytes = if is_stdin {
                    up_to(std::io::stdin(), max)
                } else {
                    File::open(file).and_then(|file| up_to(file, max))
                };
                // The other end is gone if the time is over.
                let _ = sender.send(bytes);
            });
            receiver.recv_timeout(options.deadline).map_err(|_| {
                invalid(format!(
                    "{name} did not end within --deadline; check what writes to it, or name a \
                     plain file that holds {}",
                    self.content
                ))
            })?
        };
        let bytes = bytes.map_err(|error| invalid(format!("cannot read {name}: {error}")))?;
        if bytes.len() as u64 > max {
            let limit = match self.max_kib {
                kib if kib % 1024 == 0 => format!("{} MiB", kib / 1024),
                kib => format!("{kib} KiB"),
            };
            let content = self.content;
            return Err(invalid(format!(
                "{name} holds more than {limit}; name a file that holds {content} and nothing else"
            )));
        }
        Ok(bytes)
    }

    /// Reads the whole file as text.
    pub(crate) fn read_text(self, options: &Options, file: &Path) -> Result<String, Failure> {
        // The error of the conversion holds the bytes, so it goes no further.
        String::from_utf8(self.read(options, file)?).map_err(|_| {
            Failure::invalid_input(format!("{}: {} is not UTF-8", self.option, file.display()))
        })
    }
}

/// Refuses two options that both name standard input.
pub(crate) fn check_standard_input(options: &Options) -> Result<(), Failure> {
    let files = [
        ("--client-secret-file", &options.client_secret_file),
        ("--password-file", &options.password_file),
        ("--ca-file", &options.ca_file),
    ];
    let is_stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    let mut named = files.iter().filter(|(_, file)| is_stdin(file)).map(|(option, _)| option);
    match (named.next(), named.next()) {
        (Some(first), Some(second)) => Err(Failure::invalid_input(format!(
            "{first} and {second} cannot both be standard input"
        ))),
        _ => Ok(()),
    }
}

/// The bytes up to the end, or one more than `max`.
fn up_to(source: impl Read, max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
