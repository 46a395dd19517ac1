//! Tokens for several users at once, from plain threads: no async runtime, and one app token for all.

use std::panic::resume_unwind;
use std::thread;

use easemob_token::blocking::Client;
use easemob_token::{Error, UserToken};

/// Gets a token for each user, on a thread for each.
///
/// Clones of the client share the app token: it is requested once for all threads.
#[must_use]
pub fn tokens_of(client: &Client, user_ids: &[&str]) -> Vec<Result<UserToken, Error>> {
    thread::scope(|scope| {
        let threads: Vec<_> = user_ids
            .iter()
            .map(|user_id| {
                scope.spawn(|| client.user_token(*user_id).auto_create_user(true).send())
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}
