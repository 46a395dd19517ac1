//! URLs of several servers: Sentinels, or nodes of a cluster.

use easemob_token_store::StoreError;

use crate::builder::{Kind, refused};

/// The port of a Sentinel whose URL names none.
#[cfg(feature = "sentinel")]
const SENTINEL_PORT: u16 = 26379;

/// The URL of each server, and what they are; `None` for the URL of one server.
pub(crate) fn named_by(url: &str) -> Result<Option<(Vec<String>, Kind)>, StoreError> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(None) };
    match scheme.split_once('+') {
        Some((plain @ ("redis" | "rediss"), "sentinel")) => sentinels(plain, rest).map(Some),
        Some((plain @ ("redis" | "rediss"), "cluster")) => nodes(plain, rest).map(Some),
        _ => Ok(None),
    }
}

#[cfg(feature = "sentinel")]
fn sentinels(plain: &str, rest: &str) -> Result<(Vec<String>, Kind), StoreError> {
    let wrong = || {
        refused(
            "the URL of Sentinels is not valid: write \
             redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DATABASE, or \
             rediss+sentinel:// for TLS, with special characters in percent-encoding; the login is \
             that of the master, and ?sentinel_username=…&sentinel_password=… that of the Sentinels",
        )
    };
    let Parts { login, hosts, path, query } = Parts::of(rest).ok_or_else(wrong)?;
    let (master, database) = path.split_once('/').unwrap_or((path, ""));
    let is_plain = |c: char| c.is_ascii_graphic() && c != '%';
    if master.is_empty() || !master.chars().all(is_plain) || database.contains('/') {
        return Err(wrong());
    }
    let (mut name, mut password) = ("", "");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_username", text)) => name = text,
            Some(("sentinel_password", text)) => password = text,
            _ => return Err(wrong()),
        }
    }
    let own_login = if query.is_empty() { String::new() } else { format!("{name}:{password}@") };
    let url = |host: &&str| {
        let has_port = host.rsplit(']').next().is_some_and(|it| it.contains(':'));
        let port = if has_port { String::new() } else { format!(":{SENTINEL_PORT}") };
        format!("{plain}://{own_login}{host}{port}")
    };
    let node = Some(format!("{plain}://{login}master/{database}"));
    Ok((hosts.iter().map(url).collect(), Kind::Sentinel { master: master.to_owned(), node }))
}

#[cfg(not(feature = "sentinel"))]
fn sentinels(_: &str, _: &str) -> Result<(Vec<String>, Kind), StoreError> {
    Err(refused("Sentinel is not compiled in: enable the feature `sentinel`"))
}

#[cfg(feature = "cluster")]
fn nodes(plain: &str, rest: &str) -> Result<(Vec<String>, Kind), StoreError> {
    let parts = Parts::of(rest).filter(|it| it.path.is_empty() && it.query.is_empty());
    let Parts { login, hosts, .. } = parts.ok_or_else(|| {
        refused(
            "the URL of a cluster is not valid: write \
             redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT, or rediss+cluster:// for TLS, with \
             the special characters of the password in percent-encoding",
        )
    })?;
    let urls = hosts.iter().map(|host| format!("{plain}://{login}{host}"));
    Ok((urls.collect(), Kind::Cluster))
}

#[cfg(not(feature = "cluster"))]
fn nodes(_: &str, _: &str) -> Result<(Vec<String>, Kind), StoreError> {
    Err(refused("Redis Cluster is not compiled in: enable the feature `cluster`"))
}

/// What stands behind the scheme.
#[cfg(any(feature = "sentinel", feature = "cluster"))]
struct Parts<'a> {
    /// With its `@`, or empty.
    login: &'a str,
    hosts: Vec<&'a str>,
    /// Without the first slash.
    path: &'a str,
    query: &'a str,
}

#[cfg(any(feature = "sentinel", feature = "cluster"))]
impl<'a> Parts<'a> {
    /// Splits strictly: a password with a special character must not become a host or a path.
    fn of(rest: &'a str) -> Option<Self> {
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let at = authority.find('@').map_or(0, |at| at + 1);
        let (login, hosts) = authority.split_at(at);
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let hosts: Vec<_> = hosts.split(',').collect();
        let is_host = |host: &&str| !host.is_empty() && !host.contains('@');
        let is_valid = hosts.iter().all(is_host) && !tail.contains(['@', '#']);
        is_valid.then_some(Self { login, hosts, path: path.trim_start_matches('/'), query })
    }
}

#[cfg(all(test, feature = "sentinel", feature = "cluster"))]
mod tests {
    use super::*;
    use crate::RedisStore;

    #[test]
    fn a_url_of_several_servers_is_a_url_of_each() {
        for (url, urls, expected) in [
            (
                "redis+sentinel://user:p%40ss@a,b:1,[::1],[::1]:2/tokens/3",
                &["redis://a:26379", "redis://b:1", "redis://[::1]:26379", "redis://[::1]:2"][..],
                Some(("tokens", "redis://user:p%40ss@master/3")),
            ),
            (
                "rediss+sentinel://a/tokens?sentinel_password=s%2Fx&sentinel_username=u",
                &["rediss://u:s%2Fx@a:26379"],
                Some(("tokens", "rediss://master/")),
            ),
            ("redis+cluster://:p,w@a,b:7/", &["redis://:p,w@a", "redis://:p,w@b:7"], None),
            ("rediss+cluster://a:7", &["rediss://a:7"], None),
        ] {
            let (found, kind) = named_by(url).unwrap().unwrap();
            assert_eq!(found, urls, "{url}");
            match (kind, expected) {
                (Kind::Sentinel { master, node }, Some(it)) => {
                    assert_eq!((&*master, node.as_deref()), (it.0, Some(it.1)), "{url}");
                }
                (Kind::Cluster, None) => {}
                _ => panic!("{url}"),
            }
            RedisStore::new(url).unwrap();
        }
    }

    #[test]
    fn a_wrong_url_of_several_servers_is_refused_without_repeating_it() {
        for (url, remedy) in [
            ("redis+sentinel://hunter2", "/MASTER"),
            ("redis+sentinel://hunter2/", "/MASTER"),
            ("redis+sentinel:///hunter2", "/MASTER"),
            ("redis+sentinel://:hunter2/x@a/tokens", "percent-encoding"),
            ("redis+sentinel://:hunter2?x@a/tokens", "percent-encoding"),
            ("redis+sentinel://:hunter2#x@a/tokens", "percent-encoding"),
            ("redis+sentinel://:hunter2@x@a/tokens", "percent-encoding"),
            ("redis+sentinel://a,/hunter2", "HOST:PORT"),
            ("redis+sentinel://a/hunter2/0/1", "DATABASE"),
            ("redis+sentinel://a/tokens/hunter2", "DATABASE"),
            ("redis+sentinel://a:hunter2/tokens", "PORT"),
            ("redis+sentinel://a/tokens?hunter2=1", "sentinel_password"),
            ("redis+cluster://a/hunter2", "redis+cluster://"),
            ("redis+cluster://a?protocol=hunter2", "redis+cluster://"),
            ("redis+cluster://", "redis+cluster://"),
            ("redis+hunter2://a", "redis://USER"),
            ("tcp+cluster://hunter2", "redis://USER"),
        ] {
            let error = RedisStore::new(url).unwrap_err().to_string();
            assert!(error.contains(remedy) && !error.contains("hunter2"), "{url}: {error}");
        }
    }
}
