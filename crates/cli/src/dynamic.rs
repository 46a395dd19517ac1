//! The command `dynamic`: a user token made locally.

use std::time::SystemTime;

use easemob_token::Ttl;
use easemob_token::dynamic::{LONG_TTL, Signer};

use crate::failure::Failure;
use crate::options::Options;
use crate::out::OutArgs;
use crate::settings::Setting::{AppKey, ClientId, ClientSecret};
use crate::success::Success;
use crate::{output, secrets, settings, time};

pub(crate) fn run(options: &Options, user_id: &str, out: OutArgs) -> Result<(), Failure> {
    let to = out.destination()?;
    settings::require(options, &[AppKey, ClientId, ClientSecret])?;
    let ttl = match options.ttl {
        Ttl::For(ttl) => ttl,
        Ttl::Permanent => {
            return Err(Failure::invalid_input(
                "--ttl: there is no permanent dynamic token; write for example 10m",
            ));
        }
        Ttl::ServerDefault => {
            return Err(Failure::invalid_input(
                "--ttl: missing; a dynamic token needs a lifetime, for example 10m",
            ));
        }
    };
    let app_key = settings::present(options.app_key.as_ref())?;
    let (client_id, client_secret) = secrets::credentials(options)?;
    let signer = Signer::new(&app_key, client_id, client_secret)?;
    let token = signer.token(user_id, ttl, SystemTime::now())?;
    if token.is_long_lived() {
        let text = format!(
            "--ttl: a dynamic token should live at most {}: no way to revoke it is documented, and \
             a new one costs no request",
            time::span(LONG_TTL)
        );
        output::warning(options.format, "long_dynamic_ttl", &text);
    }
    Success::dynamic(&token).report(options, to)
}
