//! The place where the app token stays between runs: a folder, or the store of a fleet.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easemob_token::ConfigError;
use easemob_token::environment::Environment;
use easemob_token::store::{StoreError, TokenStore};
use easemob_token_store_file::FileStore;

use crate::failure::Failure;
use crate::options::{Names, Options, Source, as_it_is};

const KEEP: Names = ("--keep", "EASEMOB_KEEP");
const KEEP_DIR: Names = ("--keep-dir", "EASEMOB_KEEP_DIR");
const STORE: Names = ("--store", "EASEMOB_STORE");
/// The folder in the user's folder of caches.
const FOLDER: &str = "easemob-token";
/// The longest time for one operation. Hundreds of runs that start at once wait for one lock.
const LIMIT: Duration = Duration::from_secs(5);

/// Options of the commands that need an app token.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Options of the app token")]
pub(crate) struct StoreArgs {
    /// Keep the app token in a folder between runs [env: EASEMOB_KEEP=1]
    #[arg(long, conflicts_with = "store")]
    keep: bool,
    /// Keep it in this folder, which must be yours alone
    /// [default: easemob-token in $XDG_CACHE_HOME or ~/.cache] [env: EASEMOB_KEEP_DIR]
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    keep_dir: Option<PathBuf>,
    /// Share it with other processes: file:DIR, redis://…, rediss://… (with a password, use the
    /// variable) [env: EASEMOB_STORE]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

/// A store, and the longest time for one operation of it.
type Chosen = (Arc<dyn TokenStore>, Duration);

/// The store that the options name, and the longest time for one operation of it.
pub(crate) fn chosen(args: StoreArgs, options: &Options) -> Result<Option<Chosen>, Failure> {
    let environment = Environment::of_process();
    // Shorter than the whole command may take, so that a request can follow.
    let limit = LIMIT.min(options.deadline / 4);
    let place = place(args, &environment)?;
    let store = place.map(|place| place.open(limit)).transpose()?;
    Ok(store.map(|store| (store, limit)))
}

/// Where the token is kept.
enum Place {
    Folder(PathBuf),
    Url(String),
}

/// Reads the options, and what is not given of them from the environment.
fn place(args: StoreArgs, environment: &Environment) -> Result<Option<Place>, Failure> {
    let mut source = Source::new(environment, None);
    let is_url_given = args.store.is_some();
    let is_folder_given = args.keep || args.keep_dir.is_some();
    // An option wins over the variables of the other kind.
    let keep = !is_url_given && source.flag(KEEP, is_folder_given);
    let folder = if keep { source.path(KEEP_DIR, args.keep_dir) } else { None };
    let url = if is_folder_given { None } else { source.value(STORE, args.store, as_it_is) };
    let (keep, folder, url) = source.finish((keep, folder, url))?;
    match (keep, url) {
        (true, Some(_)) => Err(Failure::invalid_input(
            "EASEMOB_KEEP and EASEMOB_STORE are both set; unset one of them",
        )),
        (false, url) => Ok(url.map(Place::Url)),
        (true, None) => {
            let folder = folder.or_else(|| default_folder(environment)).ok_or_else(|| {
                Failure::invalid_input("--keep: there is no home folder; add --keep-dir DIR")
            })?;
            Ok(Some(Place::Folder(folder)))
        }
    }
}

fn default_folder(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(environment.text(name).ok()??);
        path.is_absolute().then_some(path)
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(caches.join(FOLDER))
}

impl Place {
    fn open(self, limit: Duration) -> Result<Arc<dyn TokenStore>, Failure> {
        let (names, opened) = match self {
            Self::Folder(folder) => (KEEP_DIR, open_folder(folder, limit)),
            Self::Url(url) => match url.split_once(':') {
                Some(("file", folder)) if !folder.is_empty() => {
                    // Of file:///folder the authority is empty.
                    let folder = folder.strip_prefix("//").unwrap_or(folder);
                    (STORE, open_folder(folder.into(), limit))
                }
                Some(("redis" | "rediss", _)) => (STORE, redis(&url, limit)?),
                _ => {
                    let problem = "is no store; write file:DIR, redis://HOST or rediss://HOST";
                    return Err(ConfigError::new(STORE.0, problem).into());
                }
            },
        };
        opened.map_err(|error| Failure::invalid_input(format!("{}: {error}", names.0)))
    }
}

type Opened = Result<Arc<dyn TokenStore>, StoreError>;

fn open_folder(folder: PathBuf, limit: Duration) -> Opened {
    Ok(Arc::new(FileStore::open(folder)?.lock_timeout(limit)))
}

#[cfg(feature = "store-redis")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn redis(url: &str, limit: Duration) -> Result<Opened, Failure> {
    use easemob_token_store_redis::RedisStore;

    let built = RedisStore::builder(url).timeout(limit).build();
    Ok(built.map(|store| -> Arc<dyn TokenStore> { Arc::new(store) }))
}

#[cfg(not(feature = "store-redis"))]
fn redis(_: &str, _: Duration) -> Result<Opened, Failure> {
    let problem = "Redis is not compiled in; build the command with `--features store-redis`";
    Err(ConfigError::new(STORE.0, problem).into())
}
