//! A text that libcurl can open by path for as long as the value lives.
//!
//! libcurl's rustls reads a client's certificate and key from files only. On Linux the "file" is
//! anonymous memory, so that a key is never on a disk and nothing is left behind if the process is
//! killed. On other systems it is a temporary file, which on Unix only its owner may read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is removed when this is dropped.
pub(crate) struct PrivateFile {
    path: PathBuf,
    _storage: Storage,
}

impl PrivateFile {
    pub(crate) fn new(text: &[u8]) -> io::Result<Self> {
        let (mut storage, path) = create()?;
        storage.write_all(text)?;
        storage.flush()?;
        Ok(Self { path, _storage: storage })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
type Storage = std::fs::File;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn create() -> io::Result<(Storage, PathBuf)> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{MemfdFlags, memfd_create};

    let memory = Storage::from(memfd_create("easemob-token", MemfdFlags::CLOEXEC)?);
    let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
    Ok((memory, path))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Storage = tempfile::NamedTempFile;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn create() -> io::Result<(Storage, PathBuf)> {
    let file = Storage::new()?;
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
