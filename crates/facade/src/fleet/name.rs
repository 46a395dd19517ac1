//! The name of the record that the clients of one app and one secret share.

use std::fmt::Write;

use easemob_token_core::{OddCharacter, TokenEndpoint, Ttl, TtlUnit};
use ring::digest::{Context, SHA256};

use super::seal::Seal;

/// The longest name that an application may choose.
const LONGEST: usize = 128;

/// The name of the record.
///
/// Everything counts that makes tokens differ: clients with other settings have another record. The key
/// ID is in each name, also in one that the application chose: while a secret is replaced, processes
/// with the old and with the new one do not overwrite each other's record.
pub(super) fn record_name(
    chosen: Option<&str>,
    endpoint: &TokenEndpoint,
    client_id: &str,
    ttl: Ttl,
    seal: &Seal,
) -> String {
    if let Some(chosen) = chosen {
        return format!("{chosen}:{}", hex(seal.key_id()));
    }
    let units = endpoint.units();
    let units = format!("units={},{}", unit(units.request), unit(units.response));
    let parts = [endpoint.base_url().to_string(), endpoint.app_key().to_string()];
    let mut digest = Context::new(&SHA256);
    let parts = parts.iter().map(String::as_bytes);
    let ttl = lifetime(ttl);
    let others = [client_id.as_bytes(), ttl.as_bytes(), units.as_bytes(), seal.key_id()];
    for part in parts.chain(others) {
        let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
        digest.update(&len.to_be_bytes());
        digest.update(part);
    }
    format!("easemob-token:v1:{}", hex(&digest.finish().as_ref()[..16]))
}

/// Checks a name that the application chose. Returns what is wrong with it.
pub(crate) fn check(chosen: &str) -> Result<(), String> {
    if chosen.is_empty() {
        return Err("is empty; leave it out, or write a name".to_owned());
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ":._-{}".contains(c);
    if let Some(odd) = OddCharacter::find(chosen, is_allowed) {
        return Err(odd.problem("write only letters, digits and : . _ - { }"));
    }
    if chosen.len() > LONGEST {
        return Err(format!("has {} characters; write at most {LONGEST}", chosen.len()));
    }
    Ok(())
}

fn unit(unit: TtlUnit) -> &'static str {
    match unit {
        TtlUnit::Seconds => "s",
        TtlUnit::Milliseconds => "ms",
    }
}

fn lifetime(ttl: Ttl) -> String {
    match ttl {
        Ttl::ServerDefault => "ttl=default".to_owned(),
        Ttl::Permanent => "ttl=permanent".to_owned(),
        Ttl::For(time) => format!("ttl={}ms", time.as_millis()),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use easemob_token_core::{AppKey, BaseUrl, Secret, TtlUnits};

    use super::*;

    const SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";
    const ID: &str = "YXA6i-Ak8Ol4Eei2l11ZjV-EAg";

    fn name(url: &str, app: &str, id: &str, secret: &str, ttl: Ttl, units: TtlUnits) -> String {
        let (url, app): (BaseUrl, AppKey) = (url.parse().unwrap(), app.parse().unwrap());
        let endpoint = TokenEndpoint::new(&url, &app, units).unwrap();
        record_name(None, &endpoint, id, ttl, &Seal::new(&app, &Secret::new(secret)))
    }

    #[test]
    fn each_setting_that_makes_tokens_differ_makes_another_name() {
        let (url, app) = ("https://a1.easemob.com", "easemob-demo#testapp");
        let (default, standard) = (Ttl::ServerDefault, TtlUnits::STANDARD);
        let hour = Ttl::For(Duration::from_secs(3_600));
        let names = [
            name(url, app, ID, SECRET, default, standard),
            name("https://a2.easemob.com", app, ID, SECRET, default, standard),
            name(url, "easemob-demo#other", ID, SECRET, default, standard),
            name(url, app, "another", SECRET, default, standard),
            name(url, app, ID, "another", default, standard),
            name(url, app, ID, SECRET, Ttl::Permanent, standard),
            name(url, app, ID, SECRET, hour, standard),
            name(url, app, ID, SECRET, default, TtlUnits::VIP5),
        ];
        // Computed by another implementation, in Python.
        assert_eq!(names[0], "easemob-token:v1:299ed4fd93707199ce78943612135cfb");
        for (index, one) in names.iter().enumerate() {
            assert!(!names[..index].contains(one), "number {index}");
        }
        assert_eq!(
            names[0],
            name("https://A1.easemob.com:443/", app, ID, SECRET, default, standard)
        );
    }

    #[test]
    fn a_chosen_name_is_checked_and_keeps_the_id_of_the_key() {
        for good in ["a", "my-app:prod", "{im}:token-1.0_x", &"x".repeat(LONGEST)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "x".repeat(LONGEST + 1);
        for (bad, problem) in [
            ("", "is empty; leave it out, or write a name"),
            ("my app", "has U+0020 (space) at character 3"),
            ("app：prod", "has U+FF1A (full-width :) at character 4"),
            ("*", "ends with U+002A"),
            ("a/b", "has U+002F"),
            (&*long, "has 129 characters; write at most 128"),
        ] {
            let found = check(bad).unwrap_err();
            assert!(found.starts_with(problem), "{bad:?}: {found}");
        }
        let (url, app): (BaseUrl, AppKey) =
            ("https://a1.easemob.com".parse().unwrap(), "easemob-demo#testapp".parse().unwrap());
        let endpoint = TokenEndpoint::new(&url, &app, TtlUnits::STANDARD).unwrap();
        let seal = Seal::new(&app, &Secret::new(SECRET));
        let name = record_name(Some("mine"), &endpoint, ID, Ttl::Permanent, &seal);
        assert_eq!(name, "mine:838d0bd8bbcae095");
    }
}
