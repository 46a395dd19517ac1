//! A text as something that libcurl can open by path, for as long as this lives.
//!
//! libcurl's rustls takes a client's certificate and key from files only. On Linux the "file" is
//! anonymous memory, so that a key is never on a disk and nothing is left behind when the process
//! is killed; elsewhere it is a temporary file, which on Unix its owner alone may read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Dropping it takes the text away.
pub(crate) struct PrivateFile {
    path: PathBuf,
    _keeps: Keeper,
}

impl PrivateFile {
    pub(crate) fn new(text: &[u8]) -> io::Result<Self> {
        let (mut keeper, path) = create()?;
        keeper.write_all(text)?;
        keeper.flush()?;
        Ok(Self { path, _keeps: keeper })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
type Keeper = std::fs::File;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn create() -> io::Result<(Keeper, PathBuf)> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{MemfdFlags, memfd_create};

    let memory = Keeper::from(memfd_create("easemob-token", MemfdFlags::CLOEXEC)?);
    let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
    Ok((memory, path))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Keeper = tempfile::NamedTempFile;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn create() -> io::Result<(Keeper, PathBuf)> {
    let file = Keeper::new()?;
    let path = file.path().to_owned();
    Ok((file, path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_read_by_path_again_and_again_and_goes_when_dropped() {
        let file = PrivateFile::new(b"text").unwrap();
        let path = file.path().to_owned();
        for _ in 0..2 {
            assert_eq!(fs::read(&path).unwrap(), b"text");
        }
        drop(file);
        // Another test may have been given the same descriptor by now.
        assert_ne!(fs::read(&path).unwrap_or_default(), b"text");
    }
}
