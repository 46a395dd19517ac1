//! The folder of the records.

use std::fs::symlink_metadata;
use std::io::ErrorKind;
use std::path::Path;

use easemob_token_store::StoreError;

use crate::{failed, refused, system};

/// Checks the folder; false if there is none.
pub(crate) fn find(path: &Path) -> Result<bool, StoreError> {
    match symlink_metadata(path) {
        Ok(metadata) => system::check_directory(&metadata).map(|()| true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("open the folder", &error)),
    }
}

/// Checks the folder, and makes it if there is none.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    if find(path)? {
        return Ok(());
    }
    system::create_directory(path).map_err(|error| failed("make the folder", &error))?;
    // It may have been made by somebody else meanwhile.
    if find(path)? { Ok(()) } else { Err(refused("the folder was removed")) }
}
