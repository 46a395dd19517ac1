//! Windows and others: no access rights are checked, and an open file is its own lock.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use easemob_token_store::StoreError;

use crate::{failed, refused};

/// A lock that is held while its file is open.
pub(crate) struct Lock {
    _file: File,
}

/// Makes a folder.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Checks a folder that is there, without following a link.
pub(crate) fn check_directory(metadata: &Metadata) -> Result<(), StoreError> {
    if !metadata.is_dir() {
        return Err(refused("the folder is a file or a symbolic link; name a folder"));
    }
    Ok(())
}

/// Does nothing: a folder cannot be opened here.
pub(crate) fn synchronize_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a record to read, if it is there.
pub(crate) fn open_record(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read the record", &error)),
    }
}

/// Creates a file that is not there yet.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Takes the lock if it is free. The file is made if it is missing, and never deleted.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Lock>, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // Nobody else can open it meanwhile; the system closes it if this process dies.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
    #[cfg(windows)]
    const SHARING_VIOLATION: Option<i32> = Some(32);
    #[cfg(not(windows))]
    compile_error!("this store knows the locks of Unix and of Windows only");
    match options.open(path) {
        Ok(file) => Ok(Some(Lock { _file: file })),
        Err(error) if error.raw_os_error() == SHARING_VIOLATION => Ok(None),
        Err(error) => Err(failed("lock the record", &error)),
    }
}
