//! Where a store connects to: one server, the master behind Sentinels, or a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value};

/// A server or several.
pub(crate) enum Target {
    Single(Client),
    #[cfg(feature = "sentinel")]
    Sentinel(tokio::sync::Mutex<redis::sentinel::SentinelClient>),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster::ClusterClient),
}

impl Target {
    /// Makes a connection. The caller limits the time of the whole.
    pub(crate) async fn connect(&self, limit: Duration) -> RedisResult<Connection> {
        let config = || {
            let config = AsyncConnectionConfig::new();
            config.set_connection_timeout(Some(limit)).set_response_timeout(Some(limit))
        };
        Ok(match self {
            Self::Single(client) => Connection::One(
                client.get_multiplexed_async_connection_with_config(&config()).await?,
            ),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(client) => Connection::One(
                client.lock().await.get_async_connection_with_config(&config()).await?,
            ),
            #[cfg(feature = "cluster")]
            Self::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
        })
    }
}

/// A connection that many operations share.
#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(cmd),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(cmd, offset, count),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
