//! A token on standard output: alone, or as one JSON object.

use easemob_token::dynamic::DynamicToken;
use easemob_token::{AccessToken, AppToken, Lifetime, User, UserToken};
use serde::Serialize;
use std::time::{Duration, SystemTime};

use crate::args::{Format, Options};
use crate::failure::Failure;
use crate::{output, time};

/// A token and its facts; the fields are the members of the JSON form.
#[derive(Serialize)]
pub(crate) struct Success<'a> {
    access_token: &'a str,
    kind: &'static str,
    expires_in: Option<u64>,
    lifetime: &'static str,
    expires_at: Option<String>,
    /// Facts of this kind of token; a dynamic token has none.
    #[serde(flatten)]
    about: Option<About<'a>>,
    /// The user of a dynamic token, for the text form.
    #[serde(skip)]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum About<'a> {
    Application(Option<&'a str>),
    User(Option<AboutUser<'a>>),
}

#[derive(Serialize)]
struct AboutUser<'a> {
    uuid: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    username: Option<&'a str>,
    activated: Option<bool>,
    created: Option<String>,
    modified: Option<String>,
}

impl<'a> Success<'a> {
    pub(crate) fn app(token: &'a AppToken) -> Self {
        let about = About::Application(token.application());
        let life = (token.lifetime(), token.remaining(), token.expires_at());
        Self::new("app", token.access_token(), life, Some(about))
    }

    pub(crate) fn dynamic(token: &'a DynamicToken) -> Self {
        let ttl = token.ttl();
        let life = (Lifetime::Expires(ttl), Some(ttl), Some(token.expires_at()));
        let success = Self::new("dynamic", token.access_token(), life, None);
        Self { user_id: Some(token.user_id()), ..success }
    }

    pub(crate) fn user(token: &'a UserToken) -> Self {
        let about = About::User(token.user().map(AboutUser::new));
        let life = (token.lifetime(), token.remaining(), token.expires_at());
        Self::new("user", token.access_token(), life, Some(about))
    }

    fn new(
        kind: &'static str,
        token: &'a AccessToken,
        (lifetime, remaining, expires_at): (Lifetime, Option<Duration>, Option<SystemTime>),
        about: Option<About<'a>>,
    ) -> Self {
        Self {
            access_token: token.expose(),
            kind,
            expires_in: lifetime.duration().zip(remaining).map(|(life, left)| seconds(life, left)),
            lifetime: match lifetime {
                Lifetime::Expires(_) => "expires",
                Lifetime::Permanent => "permanent",
                Lifetime::Unknown => "unknown",
            },
            expires_at: expires_at.and_then(time::rfc3339),
            about,
            user_id: None,
        }
    }

    /// Writes the token to standard output and, in text form, the rest to standard error.
    pub(crate) fn report(&self, options: &Options) -> Result<(), Failure> {
        match options.format {
            Format::Json => {
                let json = serde_json::to_string(self)
                    .map_err(|error| Failure::internal(format!("cannot write JSON: {error}")))?;
                output::line(json)?;
            }
            Format::Text => {
                output::line(self.access_token)?;
                if !options.quiet {
                    output::note(self.line());
                }
            }
        }
        Ok(())
    }

    /// The token's facts in one line, without the token.
    pub(crate) fn line(&self) -> String {
        let life = match (self.expires_in, &self.expires_at) {
            (Some(seconds), Some(end)) => {
                format!("lives {}, until {end}", time::span(Duration::from_secs(seconds)))
            }
            (Some(seconds), None) => format!("lives {seconds} s"),
            _ if self.lifetime == "permanent" => "never expires".to_owned(),
            _ => "lifetime unknown: do not store it".to_owned(),
        };
        match &self.about {
            None => {
                let name = self.user_id.unwrap_or("a user without a name");
                format!("dynamic user token of {name}, {life}")
            }
            Some(About::Application(Some(id))) => format!("app token, {life}, application {id}"),
            Some(About::Application(None)) => format!("app token, {life}"),
            Some(About::User(user)) => {
                let user = user.as_ref();
                let name = user.and_then(|user| user.username).unwrap_or("a user without a name");
                let banned = user.and_then(|user| user.activated) == Some(false);
                format!("user token of {name}{}, {life}", if banned { " (banned)" } else { "" })
            }
        }
    }
}

/// What is left of a lifetime, in whole seconds; all of it if the token was received just now.
fn seconds(life: Duration, left: Duration) -> u64 {
    let is_new = life.saturating_sub(left) < Duration::from_secs(1);
    if is_new { life.as_secs() } else { left.as_secs() }
}

impl<'a> AboutUser<'a> {
    fn new(user: &'a User) -> Self {
        Self {
            uuid: user.uuid(),
            kind: user.kind(),
            username: user.username(),
            activated: user.activated(),
            created: user.created().and_then(time::rfc3339_ms),
            modified: user.modified().and_then(time::rfc3339_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_its_whole_lifetime_and_a_kept_one_what_is_left() {
        let life = Duration::from_secs(3_600);
        for (left, shown) in
            [(3_600_000, 3_600), (3_599_995, 3_600), (3_599_000, 3_599), (999, 0), (0, 0)]
        {
            assert_eq!(seconds(life, Duration::from_millis(left)), shown, "{left}");
        }
    }
}
