//! The place where the app token stays between runs: a folder, or the store of a fleet.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use easemob_token::environment::Environment;
use easemob_token::store::{StoreError, StoreErrorKind, TokenStore};
use easemob_token::{ConfigError, Event, Observer};
use easemob_token_store_file::FileStore;

use crate::failure::Failure;
use crate::options::Options;
use crate::source::{Names, Origin, Source};
use crate::{output, profile};

const KEEP: Names = ("--keep", "EASEMOB_KEEP");
const KEEP_DIR: Names = ("--keep-dir", "EASEMOB_KEEP_DIR");
const STORE: Names = ("--store", "EASEMOB_STORE");
/// The folder in the user's folder of caches.
const FOLDER: &str = "easemob-token";
/// The longest time for one operation. Hundreds of runs that start at once wait for one lock. But if
/// a store hangs, each run waits so long, up to three times.
const LIMIT: Duration = Duration::from_secs(1);

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
    /// Share it with other processes: file:DIR, redis://…, redis+sentinel://…, redis+cluster://…
    /// (with a login, only in the variable) [env: EASEMOB_STORE]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

/// A store, and the longest time for one operation of it.
type Chosen = (Arc<dyn TokenStore>, Duration);

/// The store that the options name, and the longest time for one operation of it.
pub(crate) fn chosen(args: StoreArgs, options: &Options) -> Result<Option<Chosen>, Failure> {
    let environment = Environment::of_process();
    let Some(place) = place(args, &environment, options)? else { return Ok(None) };
    // Shorter than the whole command may take, so that a request can follow.
    let limit = LIMIT.min(options.deadline / 4);
    Ok(Some((place.open(limit)?, limit)))
}

/// An observer that warns once if the store fails, since no call does.
pub(crate) fn warning(options: &Options) -> impl Observer + use<> {
    let (format, quiet, once) = (options.format, options.quiet, Once::new());
    move |event: &Event<'_>| {
        let Event::StoreFailed { error, .. } = event else { return };
        // A refusal comes from a wrong setting.
        if !quiet || error.kind() == StoreErrorKind::Refused {
            let text = format!("{error}; while it fails, each run requests its own app token");
            once.call_once(|| output::warning(format, "store_failed", &text));
        }
    }
}

/// Where the token is kept.
enum Place {
    /// A folder, and the option that names it.
    Folder(&'static str, PathBuf),
    /// The URL of a Redis.
    Redis(String),
}

/// The keys of a configuration file.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    [KEEP, KEEP_DIR, STORE].into_iter().map(|(option, _)| option.trim_start_matches('-'))
}

/// Whether the URL of a store holds a login, and so perhaps a password.
pub(crate) fn holds_login(url: &str) -> bool {
    let has_password = |query: &str| query.contains("pass");
    !url.starts_with("file:")
        && (url.contains('@') || url.split_once('?').is_some_and(|(_, it)| has_password(it)))
}

/// Reads the options, and what is not given of them from elsewhere.
fn place(
    args: StoreArgs,
    environment: &Environment,
    options: &Options,
) -> Result<Option<Place>, Failure> {
    if args.store.as_deref().is_some_and(holds_login) {
        return Err(Failure::invalid_input(
            "--store: a URL with a login is refused, since arguments are visible to others; set \
             EASEMOB_STORE",
        ));
    }
    let mut source = Source::new(environment, options.profile.as_ref());
    let is_url_given = args.store.is_some();
    let is_folder_given = args.keep || args.keep_dir.is_some();
    // An option wins over the other kind elsewhere.
    let mut keep = !is_url_given && source.flag(KEEP, is_folder_given);
    let folder = if keep { source.path(KEEP_DIR, args.keep_dir) } else { None };
    let mut url =
        if is_folder_given { None } else { source.value(STORE, args.store, Place::of_url) };
    let [keep_origin, url_origin] = [KEEP, STORE].map(|names| source.origins.of(names.0));
    if let Some(Place::Folder(_, folder)) = &mut url {
        *folder = source.resolved(&url_origin, std::mem::take(folder));
    }
    source.finish(())?;
    if keep && url.is_some() {
        match (&keep_origin, &url_origin) {
            // A variable wins over the other kind in a file.
            (Origin::Variable(_), Origin::File(_)) => url = None,
            (Origin::File(_), Origin::Variable(_)) => keep = false,
            _ => {
                return Err(Failure::invalid_input(format!(
                    "{keep_origin} and {url_origin} are both set; unset one of them"
                )));
            }
        }
    }
    if !keep {
        return Ok(url);
    }
    if let Some(folder) = folder {
        return Ok(Some(Place::Folder(KEEP_DIR.0, folder)));
    }
    let caches = profile::in_home("XDG_CACHE_HOME", ".cache").ok_or_else(|| {
        Failure::invalid_input("--keep: there is no home folder; add --keep-dir DIR")
    })?;
    Ok(Some(Place::Folder(KEEP.0, caches.join(FOLDER))))
}

impl Place {
    fn of_url(option: &'static str, url: &str) -> Result<Self, ConfigError> {
        let wrong = |problem| Err(ConfigError::new(option, problem));
        match url.split_once(':') {
            Some(("file", folder)) if !folder.is_empty() => {
                // Of file:///folder the authority is empty.
                let path = match folder.strip_prefix("//") {
                    Some(path) if !path.starts_with('/') => {
                        return wrong("names a host after file://; write file:DIR or file:///DIR");
                    }
                    path => path.unwrap_or(folder),
                };
                Ok(Self::Folder(option, path.into()))
            }
            // The store knows the forms for TLS, Sentinels and a cluster.
            Some((scheme, _))
                if ["redis", "valkey", "unix"].iter().any(|it| scheme.starts_with(it)) =>
            {
                Ok(Self::Redis(url.to_owned()))
            }
            _ => wrong(
                "is no store; write file:DIR, redis://HOST, redis+sentinel://HOST/MASTER or \
                 redis+cluster://HOST; rediss for TLS",
            ),
        }
    }

    fn open(self, limit: Duration) -> Result<Arc<dyn TokenStore>, Failure> {
        let (option, opened) = match self {
            Self::Folder(option, folder) => (option, open_folder(folder, limit)),
            Self::Redis(url) => (STORE.0, redis(&url, limit)?),
        };
        opened.map_err(|error| Failure::invalid_input(format!("{option}: {error}")))
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
