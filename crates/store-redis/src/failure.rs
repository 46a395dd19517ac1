//! The meaning of an error of redis-rs, of which nothing is repeated.

use easemob_token_store::StoreErrorKind::{Broken, Refused, Timeout, Unreachable};
use easemob_token_store::{StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError};

/// What a failed command means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    kind: StoreErrorKind,
    cause: &'static str,
    /// The next operation needs another connection.
    pub(crate) spoils_connection: bool,
    /// The connection broke.
    pub(crate) is_lost: bool,
}

/// The codes of Redis with their meaning. With each of them, nothing was written.
///
/// The last member says whether another connection may lead to another server or login.
const CODES: &[(&str, StoreErrorKind, &str, bool)] = &[
    ("NOAUTH", Refused, "Redis wants a login: put user and password into the URL", true),
    ("WRONGPASS", Refused, "Redis refuses the login: check user and password in the URL", true),
    ("NOPERM", Refused, "the user of Redis lacks a right: see what Redis must allow", true),
    (
        "WRONGTYPE",
        Refused,
        "under the name of the record is a value of another type: delete it",
        false,
    ),
    (
        "OOM",
        Refused,
        "Redis has no memory left: raise maxmemory or choose a policy that evicts",
        false,
    ),
    ("READONLY", Refused, "this Redis is a read-only replica: use the master's address", true),
    ("MISCONF", Refused, "Redis cannot save to its disk and refuses writes: read its log", false),
    ("NOREPLICAS", Refused, "Redis refuses writes because it has too few replicas", false),
    ("MOVED", Refused, "this Redis is a node of a cluster: use the store for a cluster", true),
    ("ASK", Refused, "this Redis is a node of a cluster: use the store for a cluster", true),
    ("CROSSSLOT", Refused, "this Redis is a node of a cluster: use the store for a cluster", true),
    ("LOADING", Unreachable, "Redis is loading its data", false),
    ("CLUSTERDOWN", Unreachable, "the cluster of Redis is down", true),
    ("MASTERDOWN", Unreachable, "the master of Redis is down", true),
    ("TRYAGAIN", Unreachable, "the cluster of Redis moves the record", true),
    ("BUSY", Unreachable, "Redis runs a script that does not end", false),
];

impl Failure {
    pub(crate) fn of(error: &RedisError) -> Self {
        let answers = error.clone().into_server_errors();
        if let Some(answers) = answers.filter(|answers| !answers.is_empty()) {
            // `EXECABORT` only repeats that another command was refused.
            let codes = || answers.iter().map(|(_, it)| (it.code(), it.details().unwrap_or("")));
            let first = codes().find(|(code, _)| *code != "EXECABORT").or_else(|| codes().next());
            let (code, details) = first.unwrap_or_default();
            return Self::answered(code, details);
        }
        let (kind, cause) = match error.kind() {
            ErrorKind::AuthenticationFailed => {
                return Self::answered("WRONGPASS", "");
            }
            ErrorKind::Io if error.is_timeout() => return Self::timeout(),
            ErrorKind::Io => {
                let cause = "the connection broke before the answer";
                return Self { kind: Timeout, cause, spoils_connection: true, is_lost: true };
            }
            ErrorKind::MasterNameNotFoundBySentinel => {
                (Unreachable, "no Sentinel knows a master with this name")
            }
            ErrorKind::ClusterConnectionNotFound => {
                (Unreachable, "no node of the cluster can be reached")
            }
            ErrorKind::InvalidClientConfig => (Refused, "Redis cannot be used with these settings"),
            _ => (Broken, "the server does not answer as Redis does"),
        };
        Self { kind, cause, spoils_connection: true, is_lost: false }
    }

    /// The meaning of an answer of Redis, whose details are only searched.
    fn answered(code: &str, details: &str) -> Self {
        // A script that meets a missing right answers with the general code.
        let code = if details.contains("can't run this command") { "NOPERM" } else { code };
        // So does a server that takes no more clients; nothing else of it passes by itself.
        let (kind, cause, spoils) = match CODES.iter().find(|(known, ..)| *known == code) {
            Some((_, kind, cause, spoils)) => (*kind, *cause, *spoils),
            None if details.contains("max number of clients") => {
                (Unreachable, "Redis takes no more clients: raise maxclients", true)
            }
            None => (Refused, "Redis refuses the command: see what Redis must allow", true),
        };
        Self { kind, cause, spoils_connection: spoils, is_lost: false }
    }

    pub(crate) fn timeout() -> Self {
        let cause = "no answer within the time limit";
        Self { kind: Timeout, cause, spoils_connection: true, is_lost: false }
    }

    /// The same failure before a command was sent.
    pub(crate) fn while_connecting(self) -> Self {
        match self.kind {
            Timeout => Self {
                kind: Unreachable,
                cause: "no connection: check that Redis runs there, and TLS",
                ..self
            },
            _ => self,
        }
    }

    pub(crate) fn into_error(self) -> StoreError {
        StoreError::new(self.kind, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_kind_that_helps_the_caller() {
        for (code, details, kind) in [
            ("NOAUTH", "Authentication required.", Refused),
            ("ERR", "The user executing the script can't run this command or subcommand", Refused),
            ("ERR", "unknown command 'evalsha'", Refused),
            ("ERR", "max number of clients reached", Unreachable),
            ("LOADING", "Redis is loading the dataset in memory", Unreachable),
            ("CLUSTERDOWN", "Hash slot not served", Unreachable),
            ("MOVED", "3999 127.0.0.1:6381", Refused),
            ("SOMETHING", "s3cret", Refused),
        ] {
            let error = Failure::answered(code, details).into_error();
            assert_eq!(error.kind(), kind, "{code} {details}");
            assert!(!error.to_string().contains("s3cret") && !error.to_string().contains("127"));
        }
    }

    #[test]
    fn a_failure_before_the_command_says_that_nothing_was_written() {
        assert_eq!(Failure::timeout().into_error().kind(), Timeout);
        assert_eq!(Failure::timeout().while_connecting().into_error().kind(), Unreachable);
    }
}
