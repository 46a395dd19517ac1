//! Destination of a result: standard output, or a file that is replaced as a whole.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::{input, output};

/// The option for a file.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutArgs {
    /// Write the output to this file, for its owner alone, and replace it only on success
    /// ("-": standard output)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A place for lines.
pub(crate) enum Destination {
    /// Standard output, where each line is visible at once.
    StandardOutput,
    /// A file, which changes when the last line is written.
    File(PathBuf),
}

impl OutArgs {
    /// Checks the file before anything is sent; leaves it as it is.
    pub(crate) fn destination(self) -> Result<Destination, Failure> {
        match self.out {
            Some(file) if file != Path::new("-") => {
                check(&file)?;
                Ok(Destination::File(file))
            }
            _ => Ok(Destination::StandardOutput),
        }
    }
}

impl Destination {
    /// Writes a result of one line or a few, completely or not at all.
    pub(crate) fn write(self, text: impl fmt::Display) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => Ok(output::line(text)?),
            Self::File(file) => replace(&file, &mut format!("{text}\n").as_bytes())
                .map_err(|error| cannot_write(&file, &error)),
        }
    }

    /// Begins a result of many lines.
    pub(crate) fn lines(self) -> Result<Lines, Failure> {
        match self {
            Self::StandardOutput => Ok(Lines::StandardOutput),
            Self::File(file) => match tempfile::tempfile_in(folder(&file)) {
                Ok(written) => Ok(Lines::File(file, BufWriter::new(written))),
                Err(error) => Err(cannot_write(&file, &error)),
            },
        }
    }
}

/// Lines that are being written. Without [`finish`](Self::finish), a file stays as it was.
pub(crate) enum Lines {
    StandardOutput,
    /// The file, and one without a name, of which nothing is left however the process ends.
    File(PathBuf, BufWriter<File>),
}

impl Lines {
    /// Writes a line.
    pub(crate) fn write(&mut self, line: &str) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => Ok(output::line(line)?),
            Self::File(file, written) => {
                writeln!(written, "{line}").map_err(|error| cannot_write(file, &error))
            }
        }
    }

    /// Replaces the file.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self::File(file, written) = self else { return Ok(()) };
        let copied = written.into_inner().map_err(IntoInnerError::into_error);
        let copied = copied.and_then(|mut written| {
            written.rewind()?;
            replace(&file, &mut written)
        });
        copied.map_err(|error| cannot_write(&file, &error))
    }
}

/// Refuses a place where no file can be replaced.
fn check(file: &Path) -> Result<(), Failure> {
    let problem = match fs::symlink_metadata(file) {
        // To follow a link could replace a file that somebody else chose.
        Ok(found) if found.is_symlink() => "is a symbolic link; name the file that it leads to",
        Ok(found) if found.is_dir() => "is a folder; name a file in it",
        Ok(found) if !found.is_file() => {
            "is not a regular file; leave out --out and redirect standard output"
        }
        Ok(_) => "",
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(refused(file, &format!("cannot be used: {error}")));
        }
        Err(_) if !is_name_of_file(file) => "is not the name of a file",
        Err(_) if !folder(file).is_dir() => "has no folder; create its folder first",
        Err(_) => "",
    };
    if !problem.is_empty() {
        return Err(refused(file, problem));
    }
    // Whether a file can be created is found out by creating one.
    begin(file).map(drop).map_err(|error| {
        let reason = format!("cannot be replaced, since its folder takes no new file: {error}");
        refused(file, &reason)
    })
}

fn is_name_of_file(file: &Path) -> bool {
    file.file_name().is_some() && !file.to_string_lossy().ends_with(std::path::is_separator)
}

fn refused(file: &Path, problem: &str) -> Failure {
    Failure::invalid_input(format!("--out: {} {problem}", input::shown(file)))
}

fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    Failure::internal(format!("--out: cannot write {}: {error}", input::shown(file)))
}

/// The folder of a file: a bare name is in the current one.
fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// An empty file beside it, which only its owner can read.
fn begin(file: &Path) -> io::Result<NamedTempFile> {
    let named = tempfile::Builder::new().prefix(".easemob-token-").tempfile_in(folder(file));
    // The error names the temporary file, which says nothing.
    named.map_err(|error| error.kind().into())
}

/// Replaces the file by this content, as a whole.
fn replace(file: &Path, content: &mut impl Read) -> io::Result<()> {
    let mut written = begin(file)?;
    io::copy(content, written.as_file_mut())?;
    written.as_file().sync_all()?;
    written.persist(file)?;
    // The content is safe; the new name in the folder too, if the system can say so.
    if cfg!(unix) {
        let _ = File::open(folder(file)).and_then(|folder| folder.sync_all());
    }
    Ok(())
}
