//! The files of a record: their names, their content, and how one replaces another.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use easemob_token_store::{MAX_RECORD_BYTES, StoreError, Stored};

use crate::{failed, step, system};

/// The beginning of each file; after it the time in milliseconds and the length, big-endian.
const MAGIC: &[u8; 8] = b"EMTOKEN1";
const HEAD: usize = MAGIC.len() + 8 + 4;

/// The files of one key.
pub(crate) struct Names {
    pub(crate) record: PathBuf,
    pub(crate) lock: PathBuf,
    /// The next record, until it is complete. Only the holder of the lock writes it.
    next: PathBuf,
}

impl Names {
    /// The files are named by the hash of the key, which can be any text.
    ///
    /// A file system may fold cases, limit lengths, or reserve names.
    pub(crate) fn new(directory: &Path, key: &str) -> Self {
        let hash = hmac_sha256::Hash::hash(key.as_bytes());
        let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = |extension: &str| directory.join(format!("{name}.{extension}"));
        Self { record: file("record"), lock: file("lock"), next: file("next") }
    }
}

/// The content of a record's file.
pub(crate) fn encode(record: &[u8], keep: Duration) -> Vec<u8> {
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    [MAGIC, &keep.to_be_bytes()[..], &length.to_be_bytes(), record].concat()
}

/// The record and its time in a file's content, if they are whole.
fn decode(content: &[u8]) -> Option<(&[u8], Duration)> {
    let (keep, rest) = content.strip_prefix(MAGIC)?.split_first_chunk()?;
    let (length, record) = rest.split_first_chunk()?;
    let is_whole = usize::try_from(u32::from_be_bytes(*length)) == Ok(record.len());
    let counts = is_whole && !record.is_empty() && record.len() <= MAX_RECORD_BYTES;
    counts.then(|| (record, Duration::from_millis(u64::from_be_bytes(*keep))))
}

/// Reads a record; one that is empty, torn, too large, over, or from the future counts as none.
pub(crate) fn read(path: &Path) -> Result<Option<Stored>, StoreError> {
    let Some(file) = system::open_record(path)? else { return Ok(None) };
    let content = || -> io::Result<_> {
        let mut content = Vec::new();
        // One byte more than there can be shows that it is too large.
        let most = HEAD + MAX_RECORD_BYTES + 1;
        (&file).take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut content)?;
        Ok((content, file.metadata()?.modified()?))
    };
    let (content, modified) = content().map_err(|error| failed("read the record", &error))?;
    let Some((record, keep)) = decode(&content) else { return Ok(None) };
    let Ok(age) = SystemTime::now().duration_since(modified) else { return Ok(None) };
    let left = keep.checked_sub(age).filter(|left| !left.is_zero());
    Ok(left.map(|left| Stored::new(record.to_vec(), Some(left))))
}

/// Replaces the file of a record, at once and as a whole. The caller holds the lock.
pub(crate) fn replace(names: &Names, content: &[u8]) -> Result<(), StoreError> {
    let write = || -> io::Result<()> {
        // A writer that died may have left it.
        match fs::remove_file(&names.next) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => step::reached("removed"),
        }
        let mut file = system::create_new(&names.next)?;
        step::reached("created");
        let (first, second) = content.split_at(content.len() / 2);
        file.write_all(first)?;
        step::reached("half written");
        file.write_all(second)?;
        step::reached("written");
        file.sync_all()?;
        drop(file);
        step::reached("synchronized");
        fs::rename(&names.next, &names.record)
    };
    write().map_err(|error| {
        // Without it the rest would keep its space on a full disk.
        let _ = fs::remove_file(&names.next);
        failed("write the record", &error)
    })?;
    step::reached("renamed");
    Ok(())
}
