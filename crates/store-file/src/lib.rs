//! The file store of `easemob-token`: the processes of one host share a record in a folder.
//!
//! ```no_run
//! use std::sync::Arc;
//! use easemob_token_store::{StoreError, TokenStore};
//! use easemob_token_store_file::FileStore;
//!
//! # fn main() -> Result<(), StoreError> {
//! let store: Arc<dyn TokenStore> = Arc::new(FileStore::open("/var/lib/my-app/token")?);
//! # Ok(())
//! # }
//! ```
//!
//! - **The folder** belongs to the user of the process, and nobody else may enter it (mode 0700). If it
//!   is missing, it is made. The files in it have the mode 0600. If the owner or the mode of something
//!   is another, or it is a symbolic link, every operation is refused. On Windows the store checks no
//!   access rights: choose a folder of your own profile.
//! - **A record is replaced as a whole.** It is written to a second file, synchronized to the disk and
//!   renamed, so a process that is killed at any moment leaves the old record or the new one.
//! - **A lock orders the writers.** It is a file beside the record, which is never deleted. The
//!   operating system frees it if its holder dies. Readers need no lock.
//! - **The time** that is left of a record counts from the modification time of its file. If that is in
//!   the future, because the clock was set back, there is no record.
//! - **Not for network file systems**, such as NFS: their locks, renames and times differ. Use a store
//!   on a server for several hosts.
//!
//! An operation runs on a thread of its own, since a disk can be slow and there may be no runtime. If
//! its future is dropped before the thread has the lock, nothing is written.

mod directory;
mod file;
mod lock;
mod step;
mod system;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod thread;

use std::path::{Path, PathBuf};
use std::time::Duration;

use easemob_token_store::{
    MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored, Swap, TokenStore, async_trait,
};

/// The longest time for which a writer waits for the lock, unless set.
const LOCK_TIMEOUT: Duration = Duration::from_millis(250);

/// A store in a folder of this host, which the processes of one user share.
///
/// Each key has its own files, named by the SHA-256 of the key: one with the record, one for the lock,
/// and for a moment one with the next record.
#[derive(Clone, Debug)]
pub struct FileStore {
    directory: PathBuf,
    lock_timeout: Duration,
}

impl FileStore {
    /// Opens a store in this folder, and makes the folder if it is missing.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Refused`] with the remedy, if others have access to the folder, it belongs to
    /// another user, or it cannot be made. Each operation checks this again.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = std::path::absolute(directory.into());
        let directory = directory.map_err(|error| failed("find the folder", &error))?;
        // Without a slash at the end, which would follow a symbolic link.
        let directory: PathBuf = directory.components().collect();
        directory::create(&directory)?;
        Ok(Self { directory, lock_timeout: LOCK_TIMEOUT })
    }

    /// Sets the longest time for which [`swap`](TokenStore::swap) waits for other writers.
    ///
    /// The default is 250 ms. When it is over, the error is [`StoreErrorKind::Timeout`], and nothing
    /// was written.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// The folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let names = file::Names::new(&self.directory, key);
        let path = self.directory.clone();
        thread::run(
            move |_| {
                if directory::find(&path)? { file::read(&names.record) } else { Ok(None) }
            },
        )
        .await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        if record.len() > MAX_RECORD_BYTES {
            return Err(refused("the record is larger than 64 KiB"));
        }
        let names = file::Names::new(&self.directory, key);
        let path = self.directory.clone();
        let expected = expected.map(|it| it.record().clone());
        let content = file::encode(record, keep);
        let limit = self.lock_timeout;
        thread::run(move |caller| {
            directory::create(&path)?;
            let is_expected = || {
                let found = file::read(&names.record)?;
                Ok(found.as_ref().map(Stored::record) == expected.as_ref())
            };
            let mut pauses = lock::Pauses::new(limit);
            let lock = loop {
                // Without the lock, so that those who come too late need not wait for it.
                if !is_expected()? {
                    return Ok(Swap::Changed);
                }
                if let Some(lock) = system::try_lock(&names.lock)? {
                    break lock;
                }
                pauses.pause(caller)?;
            };
            step::reached("locked");
            if caller.is_gone() {
                return Err(lock::timeout());
            }
            if !is_expected()? {
                return Ok(Swap::Changed);
            }
            file::replace(&names, &content)?;
            // The record is replaced now. If this fails, only a loss of power can undo that.
            let _ = system::synchronize_directory(&path);
            drop(lock);
            Ok(Swap::Done)
        })
        .await
    }
}

fn refused(cause: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Refused, cause)
}

/// The error for a failure of the operating system, with which nothing was written.
fn failed(action: &'static str, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => "check the access rights of the folder and of its files",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "there is no space left"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a file is in its place; remove it",
        ErrorKind::InvalidInput => "the name is not valid",
        _ => {
            // The system's own text quotes nothing, but that of another error could.
            let number = error.raw_os_error().map(std::io::Error::from_raw_os_error);
            let text = number.map_or_else(String::new, |it| format!(": {it}"));
            let cause = format!("cannot {action}{text}");
            return StoreError::new(StoreErrorKind::Unreachable, cause);
        }
    };
    StoreError::new(StoreErrorKind::Refused, format!("cannot {action}: {remedy}"))
}

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
