//! The connection of a store: made when it is needed, and given up after a failure.

use std::future::Future;
use std::time::{Duration, Instant};

use easemob_token_store::{StoreError, StoreErrorKind, Stored, Swap};
use redis::RedisResult;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::operation::{self, Swapping};
use crate::target::{Connection, Target};

/// The longest time for which a connection is used.
///
/// The client needs the store once in the life of a token. Until then a firewall may have dropped
/// an idle connection silently, and after a failover it may lead to a master of the past.
const LIFE: Duration = Duration::from_secs(5);

/// The place of the connection, which all operations of a store share.
///
/// It is not redis-rs's `ConnectionManager`: that one keeps a failed login for ever, and repeats
/// commands of which it is unknown whether they were executed.
pub(crate) struct Shared {
    pub(crate) target: Target,
    /// The most time for a connection, and then once more for an operation on it.
    pub(crate) limit: Duration,
    pub(crate) current: Mutex<Current>,
}

#[derive(Default)]
pub(crate) struct Current {
    connection: Option<(Connection, Instant)>,
    /// The number of connections that were made, so that only the one that failed is given up.
    made: u64,
}

impl Shared {
    /// Reads once more if the connection turns out to be closed, since that changes nothing.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let read = async |connection: Connection| operation::read(connection, key).await;
        match self.perform(&read).await {
            Err(Failed { error, may_repeat: true }) => {
                self.perform(&read).await.map_err(|second| {
                    // A restart is no reason to say less than what was found now.
                    if second.may_repeat { error } else { second.error }
                })
            }
            other => other.map_err(|failed| failed.error),
        }
    }

    pub(crate) async fn swap(&self, swap: Swapping) -> Result<Swap, StoreError> {
        let swap = async |connection: Connection| operation::swap(connection, &swap).await;
        self.perform(&swap).await.map_err(|failed| failed.error)
    }

    async fn perform<T, F>(&self, operation: &impl Fn(Connection) -> F) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (connection, number, is_reused) = timeout(self.limit, self.connect())
            .await
            .unwrap_or_else(|_| Err(unreachable("no connection within the time limit").into()))?;
        let failure = match timeout(self.limit, operation(connection)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => Failure::timeout(),
        };
        if failure.spoils_connection {
            let mut current = self.current.lock().await;
            if current.made == number {
                current.connection = None;
            }
        }
        Err(Failed { error: failure.into_error(), may_repeat: failure.is_lost && is_reused })
    }

    /// Returns the connection, its number, and whether it was there before.
    async fn connect(&self) -> Result<(Connection, u64, bool), Failed> {
        let mut current = self.current.lock().await;
        current.connection = current.connection.take().filter(|(_, since)| since.elapsed() < LIFE);
        if let Some((connection, _)) = &current.connection {
            return Ok((connection.clone(), current.made, true));
        }
        let made = self.target.connect(self.limit).await;
        let made = made.map_err(|error| Failure::of(&error).while_connecting().into_error())?;
        current.connection = Some((made.clone(), Instant::now()));
        current.made += 1;
        Ok((made, current.made, false))
    }
}

/// A failed attempt.
struct Failed {
    error: StoreError,
    /// The connection had been closed, so another one may work.
    may_repeat: bool,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self { error, may_repeat: false }
    }
}

fn unreachable(cause: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unreachable, cause)
}
