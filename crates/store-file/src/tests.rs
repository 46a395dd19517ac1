//! Tests of the store, some in processes of their own.

mod processes;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use easemob_token_store::conformance::{Subject, broken_rules};
use easemob_token_store::{
    MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored, Swap, TokenStore, async_trait,
};
use futures_lite::future::block_on;
use tempfile::TempDir;

pub(crate) use self::processes::reached;
use crate::file::{Names, encode};
use crate::{FileStore, failed};

const KEY: &str = "easemob-token:v1:299ed4fd93707199ce78943612135cfb";
const KEEP: Duration = Duration::from_secs(60);

/// A store in a folder of its own.
struct Place {
    _parent: TempDir,
    store: FileStore,
    names: Names,
}

impl Place {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let store = FileStore::open(parent.path().join("not/yet")).unwrap();
        let names = Names::new(store.directory(), KEY);
        Self { _parent: parent, store, names }
    }

    fn read(&self) -> Result<Option<Stored>, StoreError> {
        block_on(self.store.read(KEY))
    }

    fn swap(&self, expected: Option<&Stored>, record: &str) -> Result<Swap, StoreError> {
        block_on(self.store.swap(KEY, expected, record.as_bytes(), KEEP))
    }

    /// Writes a record where none is.
    fn write(&self, record: &str) {
        assert_eq!(self.swap(None, record).unwrap(), Swap::Done);
    }

    fn text(&self) -> Option<String> {
        let found = self.read().unwrap();
        found.map(|it| String::from_utf8(it.record().to_vec()).unwrap())
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

struct Trial {
    place: Place,
    open_to_others: Place,
}

#[async_trait]
impl Subject for Trial {
    fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.place.store.clone())
    }

    async fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    async fn plant(&self, key: &str, bytes: &[u8]) -> bool {
        let path = Names::new(self.place.store.directory(), key).record;
        fs::write(&path, bytes).unwrap();
        set_mode(&path, 0o600);
        true
    }

    fn failing(&self) -> Vec<(Arc<dyn TokenStore>, StoreErrorKind)> {
        set_mode(self.open_to_others.store.directory(), 0o750);
        vec![(Arc::new(self.open_to_others.store.clone()), StoreErrorKind::Refused)]
    }
}

#[test]
fn the_store_keeps_every_rule_of_the_port() {
    let trial = Trial { place: Place::new(), open_to_others: Place::new() };
    let broken = block_on(broken_rules(&trial));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_this_user_has_access_to_what_is_written() {
    let place = Place::new();
    place.write("record");
    let directory = place.store.directory();
    assert_eq!((mode(directory), mode(directory.parent().unwrap())), (0o700, 0o700));
    assert_eq!((mode(&place.names.record), mode(&place.names.lock)), (0o600, 0o600));
    assert_eq!(fs::read_dir(directory).unwrap().count(), 2);
}

#[test]
fn what_is_not_a_whole_record_of_now_counts_as_none() {
    let place = Place::new();
    let whole = encode(b"record", KEEP);
    let cases: [(&str, Vec<u8>, i64); 11] = [
        ("empty", Vec::new(), 0),
        ("zeros", vec![0; whole.len()], 0),
        ("half a head", whole[..10].to_vec(), 0),
        ("without its end", whole[..whole.len() - 1].to_vec(), 0),
        ("with more at its end", [&whole[..], b"x"].concat(), 0),
        ("another beginning", [b"X", &whole[1..]].concat(), 0),
        ("an empty record", encode(b"", KEEP), 0),
        ("too large", encode(&vec![b'x'; MAX_RECORD_BYTES + 1], KEEP), 0),
        ("sparse and huge", Vec::new(), 0),
        ("over", whole.clone(), -60),
        ("from the future", whole.clone(), 3 * 3600),
    ];
    let write = |content: &[u8], seconds: i64, huge: bool| {
        fs::write(&place.names.record, content).unwrap();
        set_mode(&place.names.record, 0o600);
        let file = File::options().write(true).open(&place.names.record).unwrap();
        if huge {
            file.set_len(1 << 40).unwrap();
        }
        let by = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        file.set_modified(if seconds < 0 { now - by } else { now + by }).unwrap();
    };
    for (name, content, seconds) in cases {
        write(&content, seconds, name.contains("huge"));
        assert_eq!(place.read().unwrap(), None, "{name}");
        place.write("next");
        assert_eq!(place.text().as_deref(), Some("next"), "{name}");
    }
    write(&whole, -50, false);
    let left = place.read().unwrap().unwrap().left().unwrap();
    assert!(left <= Duration::from_secs(10) && left > Duration::from_secs(5), "{left:?}");
}

/// What is done to a place, and the remedy with which the operations are then refused.
type Obstacles = (&'static str, &'static [fn(&Place)]);
type Change = fn(&Path);

/// Moves a file away and puts something else in its place.
fn replace(path: &Path, with: impl FnOnce(&Path, &Path) -> io::Result<()>) {
    let moved = path.with_extension("moved");
    fs::rename(path, &moved).unwrap();
    with(&moved, path).unwrap();
}

fn pipe(path: &Path) -> io::Result<()> {
    Command::new("mkfifo").args(["-m", "600"]).arg(path).status().map(|_| ())
}

#[test]
fn what_others_could_have_made_is_refused_with_a_remedy() {
    const CASES: [Obstacles; 6] = [
        (
            "run chmod 700 on it",
            &[
                |it| set_mode(it.store.directory(), 0o701),
                |it| set_mode(it.store.directory(), 0o720),
            ],
        ),
        ("run chmod 600 on it", &[|it| set_mode(&it.names.record, 0o640)]),
        (
            "; remove it",
            &[
                |it| replace(&it.names.record, |_, path| fs::create_dir(path)),
                |it| replace(&it.names.record, |_, path| pipe(path)),
                |it| replace(&it.names.record, |moved, path| symlink(moved, path)),
            ],
        ),
        (
            "name the folder that it points to",
            &[|it| replace(it.store.directory(), |moved, path| symlink(moved, path))],
        ),
        ("name a folder", &[|it| replace(it.store.directory(), |_, path| fs::write(path, ""))]),
        (
            "belongs to another user; ",
            &[
                |it| chown(it.store.directory(), Some(65_534), None).unwrap(),
                |it| chown(&it.names.record, Some(65_534), None).unwrap(),
            ],
        ),
    ];
    let is_root = rustix::process::geteuid().is_root();
    for (remedy, obstacles) in CASES.iter().filter(|it| is_root || !it.0.contains("belongs")) {
        for (number, obstruct) in obstacles.iter().enumerate() {
            let place = Place::new();
            place.write("record");
            let record = place.read().unwrap();
            obstruct(&place);
            for error in [place.read().unwrap_err(), place.swap(record.as_ref(), "x").unwrap_err()]
            {
                assert_eq!(error.kind(), StoreErrorKind::Refused, "{remedy} {number}: {error}");
                assert!(error.to_string().contains(remedy), "{remedy} {number}: {error}");
            }
        }
    }
}

#[test]
fn a_lock_that_others_could_have_made_is_refused_with_a_remedy() {
    const CASES: [(&str, Change); 4] = [
        ("; remove it", |path| replace(path, |moved, path| symlink(moved, path))),
        ("; remove it", |path| replace(path, |_, path| fs::create_dir(path))),
        ("; remove it", |path| replace(path, |_, path| pipe(path))),
        ("run chmod 600 on it", |path| set_mode(path, 0o666)),
    ];
    for (number, (remedy, obstruct)) in CASES.into_iter().enumerate() {
        let place = Place::new();
        place.write("record");
        let record = place.read().unwrap();
        obstruct(&place.names.lock);
        let error = place.swap(record.as_ref(), "x").unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused, "{number}: {error}");
        assert!(error.to_string().contains(remedy), "{number}: {error}");
        assert_eq!(place.text().as_deref(), Some("record"), "{number}");
    }
}

#[test]
fn a_folder_that_cannot_be_one_is_refused_when_the_store_is_opened() {
    let parent = tempfile::tempdir().unwrap();
    let at = |name: &str| parent.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("folder")).unwrap();
    set_mode(&at("folder"), 0o700);
    symlink(at("folder"), at("link")).unwrap();
    let nul = "MARKED\0".into();
    let long = at(&"MARKED".repeat(100));
    for path in [at("file"), at("file/below"), at("link"), at("link/"), "".into(), nul, long] {
        let error = FileStore::open(&path).unwrap_err();
        let is_refused = error.kind() == StoreErrorKind::Refused;
        assert!(is_refused || error.to_string().contains("name too long"), "{path:?}: {error}");
        assert!(!error.to_string().contains("MARKED"), "{error}");
    }
    // A link above the folder is fine, as `/var` is one on some systems.
    FileStore::open(at("link/below/")).unwrap();
}

#[test]
fn failures_that_a_repetition_does_not_help_are_refused() {
    use io::ErrorKind::{Other, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    for kind in [PermissionDenied, ReadOnlyFilesystem, StorageFull] {
        assert_eq!(failed("x", &kind.into()).kind(), StoreErrorKind::Refused);
    }
    let error = failed("x", &io::Error::new(Other, "MARKED"));
    assert_eq!(error.kind(), StoreErrorKind::Unreachable);
    assert!(!format!("{error} {error:?}").contains("MARKED"));
}
