//! The command `dynamic`: a user token made on this machine, nothing sent.

use std::time::SystemTime;

use easemob_token::dynamic::{LONG_TTL, Signer};
use easemob_token::{AppKey, Ttl};

use crate::args::Options;
use crate::failure::Failure;
use crate::success::Success;
use crate::{output, secrets, time};

pub(crate) fn run(options: &Options, username: &str) -> Result<(), Failure> {
    let ttl = match options.ttl {
        Ttl::For(ttl) => ttl,
        Ttl::Permanent => {
            return Err(Failure::invalid_input(
                "--ttl: there is no permanent dynamic token; write for instance 10m",
            ));
        }
        Ttl::ServerDefault => {
            return Err(Failure::invalid_input(
                "--ttl: missing; a dynamic token is made here, so say how long it lives, for \
                 instance 10m",
            ));
        }
    };
    let Some(app_key) = app_key(options)? else {
        return Err(Failure::invalid_input("--app-key (EASEMOB_APP_KEY): missing"));
    };
    let (client_id, client_secret) = secrets::credentials(options)?;
    let signer = Signer::new(&app_key, client_id, client_secret)?;
    let token = signer.token(username, ttl, SystemTime::now())?;
    if token.is_long_lived() {
        let text = format!(
            "--ttl: a dynamic token should live no longer than {}: no way to revoke one is \
             documented, and a new one costs no request",
            time::span(LONG_TTL)
        );
        output::warning(options, "long_dynamic_ttl", &text);
    }
    Success::dynamic(&token).report(options)
}

/// The App Key of the options, where there is one.
pub(crate) fn app_key(options: &Options) -> Result<Option<AppKey>, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error: easemob_token::BuildError| {
            Failure::invalid_input(format!("--app-key (EASEMOB_APP_KEY): {}", error.problem()))
        })
    };
    options.app_key.as_ref().map(parse).transpose()
}
