//! The settings of a store, and what is wrong with them.

use std::fmt;
use std::time::Duration;

use easemob_token_store::{StoreError, StoreErrorKind};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use tokio::sync::Mutex;

use crate::RedisStore;
use crate::connection::{Current, Shared};
use crate::servers;
use crate::target::Target;
use crate::worker::Worker;

/// The most time for a connection or an operation, unless set.
const LIMIT: Duration = Duration::from_secs(1);

/// A builder for a [`RedisStore`].
#[must_use]
pub struct RedisStoreBuilder {
    urls: Vec<String>,
    kind: Kind,
    roots: Option<Vec<u8>>,
    limit: Duration,
}

pub(crate) enum Kind {
    Single,
    #[cfg(feature = "sentinel")]
    Sentinel {
        master: String,
        node: Option<String>,
    },
    #[cfg(feature = "cluster")]
    Cluster,
}

impl RedisStoreBuilder {
    pub(crate) fn single(url: &str) -> Self {
        Self::with([url].into_iter(), Kind::Single)
    }

    #[cfg(feature = "sentinel")]
    pub(crate) fn sentinel<'a>(urls: impl Iterator<Item = &'a str>, master: &str) -> Self {
        Self::with(urls, Kind::Sentinel { master: master.to_owned(), node: None })
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn cluster<'a>(urls: impl Iterator<Item = &'a str>) -> Self {
        Self::with(urls, Kind::Cluster)
    }

    fn with<'a>(urls: impl Iterator<Item = &'a str>, kind: Kind) -> Self {
        Self { urls: urls.map(str::to_owned).collect(), kind, roots: None, limit: LIMIT }
    }

    /// Trusts these root certificates (PEM) for `rediss://`, and not those of the system.
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Sets the most time for making a connection, and for one operation on it.
    ///
    /// The default is a second. The client has a limit of its own, which is shorter.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets login, database and TLS of the master that the Sentinels name, as a URL.
    ///
    /// Its host and port do not matter. Without Sentinels it changes nothing.
    #[cfg(feature = "sentinel")]
    pub fn node(mut self, url: &str) -> Self {
        if let Kind::Sentinel { node, .. } = &mut self.kind {
            *node = Some(url.to_owned());
        }
        self
    }

    /// Makes the store, without connecting.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Refused`] with the remedy if a URL or the roots are not valid. Neither is
    /// repeated.
    pub fn build(self) -> Result<RedisStore, StoreError> {
        let limit = self.limit;
        let shared =
            Shared { target: self.target()?, limit, current: Mutex::new(Current::default()) };
        Ok(RedisStore { worker: Worker::new(shared).into() })
    }

    fn target(mut self) -> Result<Target, StoreError> {
        if let (Kind::Single, [url]) = (&self.kind, &self.urls[..]) {
            if let Some((urls, kind)) = servers::named_by(url)? {
                (self.urls, self.kind) = (urls, kind);
            }
        }
        let infos = self.urls.iter().map(|url| parse(url)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = infos.first() else { return Err(refused("no URL of Redis is given")) };
        let has_tls = uses_tls(first);
        if has_tls {
            install_provider();
        }
        let certificates =
            self.roots.map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
        let made = match self.kind {
            Kind::Single => match certificates {
                Some(_) if !has_tls => {
                    return Err(refused("roots need a URL that begins with rediss://"));
                }
                Some(certificates) => Client::build_with_tls(first.clone(), certificates),
                None => Client::open(first.clone()),
            }
            .map(Target::Single),
            #[cfg(feature = "sentinel")]
            Kind::Sentinel { master, node } => {
                let node = node.map(|url| parse(&url)).transpose()?;
                sentinel(&infos, &master, node, certificates)
            }
            #[cfg(feature = "cluster")]
            Kind::Cluster => {
                let mut builder = redis::cluster::ClusterClient::builder(infos)
                    .retries(1)
                    .connection_timeout(self.limit)
                    .response_timeout(self.limit);
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                builder.build().map(Target::Cluster)
            }
        };
        made.map_err(|_| refused("the settings of Redis are not valid: check the PEM of the roots"))
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").field("timeout", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(feature = "sentinel")]
fn sentinel(
    infos: &[ConnectionInfo],
    master: &str,
    node: Option<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
) -> redis::RedisResult<Target> {
    use redis::TlsMode;
    use redis::sentinel::{SentinelClientBuilder, SentinelServerType};

    let login = infos.first().map(|info| (info.redis_settings().clone(), uses_tls(info)));
    let addresses: Vec<_> = infos.iter().map(|info| info.addr().clone()).collect();
    let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?;
    if let Some((login, has_tls)) = login {
        if let Some(name) = login.username() {
            builder = builder.set_client_to_sentinel_username(name);
        }
        if let Some(password) = login.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if has_tls {
            builder = builder.set_client_to_sentinel_tls_mode(TlsMode::Secure);
            if let Some(certificates) = &certificates {
                builder = builder.set_client_to_sentinel_certificates(certificates.clone());
            }
        }
    }
    if let Some(node) = node {
        let settings = node.redis_settings();
        builder = builder.set_client_to_redis_db(settings.db());
        if let Some(name) = settings.username() {
            builder = builder.set_client_to_redis_username(name);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if uses_tls(&node) {
            install_provider();
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            if let Some(certificates) = certificates {
                builder = builder.set_client_to_redis_certificates(certificates);
            }
        }
    }
    Ok(Target::Sentinel(Mutex::new(builder.build()?)))
}

/// Reads a URL strictly: a password with a special character must not become a host or a query.
fn parse(url: &str) -> Result<ConnectionInfo, StoreError> {
    let parsed = redis::parse_redis_url(url).ok_or_else(wrong_url)?;
    let is_known = |key: &str| match parsed.scheme() {
        "redis" | "rediss" | "valkey" | "valkeys" => key == "protocol",
        _ => ["db", "user", "pass", "protocol"].contains(&key),
    };
    if parsed.fragment().is_some() || parsed.query_pairs().any(|(key, _)| !is_known(&key)) {
        return Err(wrong_url());
    }
    let info = parsed.into_connection_info().map_err(|_| wrong_url())?;
    let login = info.redis_settings().clone().set_skip_set_lib_name();
    Ok(info.set_redis_settings(login))
}

fn wrong_url() -> StoreError {
    refused(
        "the URL of Redis is not valid: write redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// \
         for TLS, with the special characters of the password in percent-encoding",
    )
}

fn uses_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::TcpTls { .. })
}

/// Makes ring the process's provider for rustls if it has none, since redis-rs asks for that one.
///
/// With several providers compiled in, rustls would panic instead.
fn install_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may come first, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

pub(crate) fn refused(cause: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Refused, cause)
}
