//! Reading files and standard input, with limits of size and time.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use easemob_token::environment;

use crate::deadline;
use crate::failure::Failure;
use crate::options::Options;

/// The file of an option: content and maximum size.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    /// The option, with which errors begin.
    pub(crate) option: &'static str,
    /// The expected content, with its article.
    pub(crate) content: &'static str,
    pub(crate) max_kib: u64,
}

impl Input {
    /// Reads the whole file; `-` is standard input.
    ///
    /// A device may have no end, and a pipe may have no writer. So reading stops beyond the maximum
    /// size, and after `--deadline`.
    pub(crate) fn read(self, options: &Options, file: &Path) -> Result<Vec<u8>, Failure> {
        self.read_within(options.deadline, file)
    }

    /// Reads the whole file, before there are options.
    pub(crate) fn read_within(self, limit: Duration, file: &Path) -> Result<Vec<u8>, Failure> {
        let is_stdin = file == Path::new("-");
        let name = shown(file);
        let invalid =
            |problem: String| Failure::invalid_input(format!("{}: {problem}", self.option));
        let max = self.max_kib * 1024;
        let (sender, receiver) = mpsc::channel();
        let path = file.to_owned();
        // Opening a pipe blocks until its other end is opened, and cannot be cancelled.
        thread::spawn(move || {
            let bytes = if is_stdin {
                up_to(std::io::stdin(), max)
            } else {
                File::open(path).and_then(|file| up_to(file, max))
            };
            // The receiver is gone after the deadline.
            let _ = sender.send(bytes);
        });
        let bytes = receiver.recv_timeout(deadline::left(limit)).map_err(|_| {
            invalid(format!(
                "{name} did not end within --deadline; check what writes to it, or name a regular \
                 file with {}",
                self.content
            ))
        })?;
        let bytes = bytes.map_err(|error| invalid(format!("cannot read {name}: {error}")))?;
        if bytes.len() as u64 > max {
            let size = match self.max_kib {
                kib if kib % 1024 == 0 => format!("{} MiB", kib / 1024),
                kib => format!("{kib} KiB"),
            };
            let content = self.content;
            return Err(invalid(format!(
                "{name} is larger than {size}; it must have nothing but {content}"
            )));
        }
        Ok(bytes)
    }

    /// Reads the whole file as text.
    pub(crate) fn read_text(self, options: &Options, file: &Path) -> Result<String, Failure> {
        let content = self.read(options, file)?;
        environment::utf8(self.option, content).map_err(|error| {
            let (problem, name) = (error.problem(), shown(file));
            Failure::invalid_input(format!("{}: {name}: {problem}", self.option))
        })
    }
}

/// The name of a file for a message.
///
/// Somebody may have written the secret in place of its file. So the name is shown only if there is such
/// a file or its folder, and if no credential has this form.
pub(crate) fn shown(file: &Path) -> Cow<'_, str> {
    if file == Path::new("-") {
        return "standard input".into();
    }
    let text = file.to_string_lossy();
    let is_credential = ["YXA6", "YWMt", "ZHQt", "-----BEGIN"].iter().any(|it| text.contains(it));
    let has_folder = || file.parent().is_some_and(|it| it.parent().is_some() && it.is_dir());
    if !is_credential && (file.exists() || has_folder()) {
        let is_plain = !text.chars().any(char::is_control);
        return if is_plain { text } else { text.escape_debug().to_string().into() };
    }
    "the file (its name is not shown, since it may be a secret)".into()
}

/// Refuses two options that both name standard input.
pub(crate) fn check_standard_input(options: &Options) -> Result<(), Failure> {
    let mut named = options_of_standard_input(options);
    match (named.next(), named.next()) {
        (Some(first), Some(second)) => Err(both_standard_input(first, second)),
        _ => Ok(()),
    }
}

/// Refuses an option that names standard input, which this one reads.
pub(crate) fn reserve_standard_input(reader: &str, options: &Options) -> Result<(), Failure> {
    match options_of_standard_input(options).next() {
        Some(option) => Err(both_standard_input(reader, option)),
        None => Ok(()),
    }
}

fn both_standard_input(first: &str, second: &str) -> Failure {
    Failure::invalid_input(format!("{first} and {second} cannot both be standard input"))
}

/// The options whose file is standard input.
fn options_of_standard_input(options: &Options) -> impl Iterator<Item = &'static str> {
    let files = [
        ("--client-secret-file", &options.client_secret_file),
        ("--password-file", &options.password_file),
        ("--ca-file", &options.ca_file),
        ("--add-ca-file", &options.add_ca_file),
        ("--client-cert", &options.client_cert),
        ("--client-key", &options.client_key),
    ];
    let is_stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    files.into_iter().filter(move |(_, file)| is_stdin(file)).map(|(option, _)| option)
}

/// Reads to the end, at most one byte more than `max`.
fn up_to(source: impl Read, max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
