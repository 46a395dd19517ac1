//! Unix: owners and modes, files that are no links, and advisory locks.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, symlink_metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use easemob_token_store::StoreError;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::{failed, refused};

/// A lock that is held; dropping it frees it.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a forked child may have the descriptor too.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Makes a folder for this user alone.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Checks a folder that is there, without following a link.
pub(crate) fn check_directory(metadata: &Metadata) -> Result<(), StoreError> {
    if metadata.is_symlink() {
        return Err(refused("the folder is a symbolic link; name the folder that it points to"));
    }
    if !metadata.is_dir() {
        return Err(refused("the folder is a file; name a folder"));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(refused("the folder belongs to another user; name a folder of this user"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refused("other users have access to the folder; run chmod 700 on it"));
    }
    Ok(())
}

/// Synchronizes the entries of a folder to the disk.
pub(crate) fn synchronize_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Opens a record to read, if it is there.
pub(crate) fn open_record(path: &Path) -> Result<Option<File>, StoreError> {
    match open(path, OpenOptions::new().read(true)) {
        Ok(file) => check_file(&file).map(|_| Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(not_opened("read the record", &error)),
    }
}

/// Creates a file that is not there yet.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Takes the lock if it is free. The file is made if it is missing, and never deleted.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Lock>, StoreError> {
    const ACTION: &str = "lock the record";
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = open(path, &mut options).map_err(|error| not_opened(ACTION, &error))?;
    let metadata = check_file(&file)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
        Err(error) => return Err(failed(ACTION, &error.into())),
    }
    let lock = Lock(file);
    // If somebody has deleted the file since it was opened, other writers do not see this lock.
    let is_there = symlink_metadata(path)
        .is_ok_and(|it| (it.dev(), it.ino()) == (metadata.dev(), metadata.ino()));
    Ok(is_there.then_some(lock))
}

/// Opens a file without following a link, or makes it for this user alone.
///
/// It does not wait for the other end of a pipe.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits() as i32).open(path)
}

fn not_opened(action: &'static str, error: &io::Error) -> StoreError {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        // The second one comes from FreeBSD.
        Some(Errno::LOOP | Errno::MLINK) => {
            refused("a file in the folder is a symbolic link; remove it")
        }
        Some(Errno::ISDIR) => refused("a folder is in the place of a file; remove it"),
        _ => failed(action, error),
    }
}

fn check_file(file: &File) -> Result<Metadata, StoreError> {
    let metadata = file.metadata().map_err(|error| failed("read the record", &error))?;
    if !metadata.is_file() {
        return Err(refused("a file in the folder is no plain file; remove it"));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(refused("a file in the folder belongs to another user; remove it"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refused(
            "other users have access to a file in the folder; run chmod 600 on it",
        ));
    }
    Ok(metadata)
}
