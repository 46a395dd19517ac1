//! The commands that read and replace a record.

use std::time::Duration;

use easemob_token_store::bytes::Bytes;
use easemob_token_store::{MAX_RECORD_BYTES, Stored, Swap};
use redis::{ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, cmd};

use crate::target::Connection;

/// A program that Redis runs in one step, and the SHA-1 by which Redis knows it.
struct Script {
    text: &'static str,
    sha1: &'static str,
}

/// Reads a record and the time that is left of it.
///
/// Not `MULTI`: a Redis without free memory refuses that, though it can still read, and redis-rs panics if
/// the user has no right to it.
const READ: Script = Script {
    text: "return {redis.call('GET',KEYS[1]),redis.call('PTTL',KEYS[1])}",
    sha1: "cbaafcdcc72ec2d4f053522a459b7de4de1dfe91",
};
/// Compares and replaces; an absent record counts as an empty one.
const SWAP: Script = Script {
    text: "\
local c=redis.call('GET',KEYS[1])
if (c or '')~=ARGV[1] then return 0 end
redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3])
return 1",
    sha1: "2a65962015c005e335f7fc7391b5415e1fc4e18a",
};
/// A century, since Redis refuses a time that its clock cannot hold.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// A record to write.
pub(crate) struct Swapping {
    pub(crate) key: String,
    pub(crate) expected: Option<Bytes>,
    pub(crate) record: Vec<u8>,
    pub(crate) keep: u64,
}

/// A time in milliseconds, at least one: Redis refuses none.
pub(crate) fn milliseconds(keep: Duration) -> u64 {
    u64::try_from(keep.min(LONGEST).as_millis()).unwrap_or(u64::MAX).max(1)
}

pub(crate) async fn read(mut connection: Connection, key: &str) -> RedisResult<Option<Stored>> {
    let (record, left): (Option<Vec<u8>>, i64) = READ.run(&mut connection, key, &[]).await?;
    // Negative if the record has no end, which only a foreign program does.
    let left = u64::try_from(left).ok().map(Duration::from_millis);
    let record = record.filter(|it| is_record(it));
    Ok(record.map(|record| Stored::new(record, left)))
}

pub(crate) async fn swap(mut connection: Connection, swap: &Swapping) -> RedisResult<Swap> {
    let expected = swap.expected.as_deref().unwrap_or_default();
    let mut is_done = compare_and_set(&mut connection, swap, expected).await?;
    if !is_done && swap.expected.is_none() {
        // Something too large to be a record counts as none, and is replaced.
        let found: Option<Vec<u8>> = cmd("GET").arg(&swap.key).query_async(&mut connection).await?;
        if let Some(found) = found.filter(|it| !is_record(it)) {
            is_done = compare_and_set(&mut connection, swap, &found).await?;
        }
    }
    Ok(if is_done { Swap::Done } else { Swap::Changed })
}

async fn compare_and_set(
    connection: &mut Connection,
    swap: &Swapping,
    expected: &[u8],
) -> RedisResult<bool> {
    let keep = swap.keep.to_string();
    SWAP.run(connection, &swap.key, &[expected, &swap.record, keep.as_bytes()]).await
}

impl Script {
    async fn run<T: FromRedisValue>(
        &self,
        connection: &mut Connection,
        key: &str,
        arguments: &[&[u8]],
    ) -> RedisResult<T> {
        let run = async |connection: &mut Connection, command: &str, script: &str| {
            let mut command = cmd(command);
            command.arg(script).arg(1).arg(key).arg(arguments);
            command.query_async::<T>(connection).await
        };
        match run(connection, "EVALSHA", self.sha1).await {
            // `EVAL` loads it too, on the node that needs it.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                run(connection, "EVAL", self.text).await
            }
            other => other,
        }
    }
}

/// Whether a value can be a record. An empty one is the same as none for the script.
fn is_record(value: &[u8]) -> bool {
    (1..=MAX_RECORD_BYTES).contains(&value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_its_sha1() {
        for script in [READ, SWAP] {
            let algorithm = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
            let digest = ring::digest::digest(algorithm, script.text.as_bytes());
            let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, script.sha1);
        }
    }

    #[test]
    fn no_time_is_one_that_redis_refuses() {
        for (keep, sent) in [
            (Duration::ZERO, 1),
            (Duration::from_micros(900), 1),
            (Duration::from_millis(1500), 1500),
            (Duration::MAX, 100 * 366 * 86_400_000),
        ] {
            assert_eq!(milliseconds(keep), sent, "{keep:?}");
        }
    }
}
