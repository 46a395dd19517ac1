//! Properties that hold for any text, any number and any bytes.

use std::time::Duration;

use easemob_token_core::{
    AccessToken, AppKey, BaseUrl, ClientCredentials, Inherit, Lifetime, Password, Ttl, TtlUnit,
    TtlUnits, UserId,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{app_token, endpoint, inherit_grant, password_grant, received_at, response};

/// Any text, with the characters that break naive JSON writers more often than chance has them.
fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        '"', '\\', '\0', '\n', '\u{1f}', '\u{2028}', '😀', '/', '\u{7f}',
    ]);
    prop::collection::vec(prop_oneof![2 => any::<char>(), 1 => awkward], 1..40)
        .prop_map(|chars| chars.into_iter().collect())
}

/// Any user ID that is not refused.
const USER_ID: &str = "[!-~é张😀][ -~é张😀]{0,38}[a-z]";
/// Any client ID or client secret that is not refused.
const CREDENTIAL: &str = "[!-~]{0,39}[a-z]";

/// Letters that no error text has four of in a row, with characters that are wrong somewhere.
fn misplaced() -> impl Strategy<Value = String> {
    let wrong =
        prop::sample::select("\"'“” \n\u{a0}\u{200b}#＃/：@%。环\\=,".chars().collect::<Vec<_>>());
    let letter = prop::char::range('G', 'Z');
    prop::collection::vec(prop_oneof![6 => letter, 1 => wrong], 4..30)
        .prop_map(|chars| chars.into_iter().collect())
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n)),
        (0..10_000_u64).prop_map(Duration::from_millis),
        (0..100_u64).prop_map(|d| Duration::from_secs(i64::MAX as u64) + Duration::from_secs(d)),
    ]
}

fn unit() -> impl Strategy<Value = TtlUnit> {
    prop_oneof![Just(TtlUnit::Seconds), Just(TtlUnit::Milliseconds)]
}

/// The number that the request for this lifetime carries; `None` if it is refused.
fn sent(time: Duration, unit: TtlUnit) -> Option<i64> {
    let units = TtlUnits { request: unit, response: unit };
    let request = endpoint(units).request(&password_grant().with_ttl(time)).ok()?;
    let body: Value = serde_json::from_slice(request.body().as_ref()).unwrap();
    Some(body["ttl"].as_i64().unwrap())
}

fn received(number: i64, unit: TtlUnit, requested: Ttl) -> Lifetime {
    let units = TtlUnits { request: TtlUnit::Milliseconds, response: unit };
    let body = format!(r#"{{"access_token":"t","expires_in":{number}}}"#);
    let grant = password_grant().with_ttl(requested);
    endpoint(units).parse(&grant, response(200, body.as_bytes()), received_at()).unwrap().lifetime()
}

/// The text of an error, and its `Debug`.
fn shown<T, E: std::fmt::Display + std::fmt::Debug>(result: Result<T, E>) -> Option<String> {
    result.err().map(|error| format!("{error} {error:?}"))
}

proptest! {
    #[test]
    fn no_error_repeats_four_characters_of_the_input(text in misplaced()) {
        let client = |id: &str, secret: &str| shown(ClientCredentials::new(id, secret));
        let mut errors = vec![
            client(&text, "s"), client("id", &text),
            shown(text.parse::<TtlUnits>()), shown(text.parse::<TtlUnit>()),
            shown(UserId::new(&text)), shown(AccessToken::new(&text)),
            shown(AppKey::new(&text, "app")), shown(AppKey::new("org", &text)),
        ];
        for around in ["", "https://", "https://user:{}@a1.x", "https://a1.x/", "https://a1.x:", "https://[", "#", "org#"] {
            let around = if around.contains("{}") { around.to_owned() } else { format!("{around}{{}}") };
            let text = around.replace("{}", &text);
            errors.extend([shown(text.parse::<BaseUrl>()), shown(text.parse::<AppKey>())]);
        }
        #[cfg(feature = "dynamic")]
        {
            use easemob_token_core::dynamic::Signer;
            let app_key = "org#app".parse().unwrap();
            let signer = |id: &str, secret: &str| shown(Signer::new(&app_key, id, secret));
            prop_assert_eq!(signer(&text, "s"), client(&text, "s"));
            prop_assert_eq!(signer("id", &text), client("id", &text));
        }
        prop_assert!(errors.iter().flatten().count() > 2);
        let characters: Vec<char> = text.chars().collect();
        for four in characters.windows(4) {
            let four: String = four.iter().collect();
            for error in errors.iter().flatten() {
                prop_assert!(!error.contains(&four), "{}", error);
            }
        }
    }

    #[test]
    fn credentials_are_visible_ascii(text in misplaced()) {
        let is_quoted = text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
        prop_assume!(!is_quoted);
        let is_visible = text.chars().all(|c| c.is_ascii_graphic());
        prop_assert_eq!(ClientCredentials::new("id", &*text).is_ok(), is_visible);
        prop_assert_eq!(ClientCredentials::new(&*text, "secret").is_ok(), is_visible);
        prop_assert!(Password::new("c", &*text).is_ok(), "a password has any characters");
    }

    #[test]
    fn a_request_body_parses_back_to_its_input(
        username in USER_ID, id in CREDENTIAL, client_secret in CREDENTIAL, secret in text(), ttl in 1..i64::MAX, timed: bool, create: bool,
    ) {
        let endpoint = endpoint(TtlUnits::STANDARD);
        let requested = if timed { Ttl::For(Duration::from_secs(ttl as u64)) } else { Ttl::ServerDefault };
        let app_token = app_token("app");
        let password = Password::new(&*username, &*secret).unwrap().with_ttl(requested);
        let client = ClientCredentials::new(&*id, &*client_secret).unwrap().with_ttl(requested);
        let inherit = Inherit::new(&*username, &app_token).unwrap()
            .with_auto_create_user(create).with_ttl(requested);
        let bodies = [
            (endpoint.request(&password).unwrap(), json!({
                "grant_type": "password", "username": username, "password": secret})),
            (endpoint.request(&client).unwrap(), json!({
                "grant_type": "client_credentials", "client_id": id, "client_secret": client_secret})),
            (endpoint.request(&inherit).unwrap(), json!({
                "grant_type": "inherit", "username": username, "autoCreateUser": create})),
        ];
        for (request, mut expected) in bodies {
            if timed {
                expected["ttl"] = json!(ttl);
            }
            let sent: Value = serde_json::from_slice(request.body().as_ref()).unwrap();
            prop_assert_eq!(&sent, &expected);
            // The masked form is the same JSON with the secret replaced.
            for member in ["password", "client_secret"] {
                if expected.get(member).is_some() {
                    expected[member] = json!("***");
                }
            }
            let masked: Value = serde_json::from_str(&request.body().masked().to_string()).unwrap();
            prop_assert_eq!(masked, expected);
        }
    }

    #[test]
    fn the_ttl_sent_is_exact_and_never_longer_than_requested(time in duration(), unit in unit()) {
        let (one, whole) = match unit {
            TtlUnit::Seconds => (Duration::from_secs(1), u128::from(time.as_secs())),
            TtlUnit::Milliseconds => (Duration::from_millis(1), time.as_millis()),
        };
        match sent(time, unit) {
            Some(number) => {
                prop_assert!(number > 0, "never permanent");
                prop_assert_eq!(number as u128, whole);
            }
            None => prop_assert!(time < one || whole > i64::MAX as u128),
        }
    }

    #[test]
    fn a_longer_ttl_is_never_sent_as_a_shorter_one(a in duration(), b in duration(), unit in unit()) {
        let (shorter, longer) = (a.min(b), a.max(b));
        if let (Some(less), Some(more)) = (sent(shorter, unit), sent(longer, unit)) {
            prop_assert!(less <= more);
        }
    }

    #[test]
    fn any_expires_in_has_a_meaning(number: i64, unit in unit(), permanent: bool) {
        let requested = if permanent { Ttl::Permanent } else { Ttl::ServerDefault };
        match received(number, unit, requested) {
            Lifetime::Expires(time) => {
                prop_assert!(number > 0);
                let exact = match unit {
                    TtlUnit::Seconds => Duration::from_secs(number as u64),
                    TtlUnit::Milliseconds => Duration::from_millis(number as u64),
                };
                let ten_years = Duration::from_secs(315_360_000);
                prop_assert_eq!(time, exact.min(ten_years));
                prop_assert!(!permanent || exact <= ten_years);
            }
            Lifetime::Permanent => prop_assert!(permanent),
            Lifetime::Unknown => prop_assert!(!permanent && number <= 0),
        }
    }

    #[test]
    fn a_larger_expires_in_is_never_a_shorter_lifetime(a in 1..i64::MAX, b in 1..i64::MAX, unit in unit()) {
        let life = |n| received(n, unit, Ttl::ServerDefault).duration().unwrap();
        prop_assert!(life(a.min(b)) <= life(a.max(b)));
    }

    #[test]
    fn the_requested_time_comes_back_as_the_same_time(seconds in 1..315_360_000_u64, unit in unit()) {
        let time = Duration::from_secs(seconds);
        let number = sent(time, unit).unwrap();
        prop_assert_eq!(received(number, unit, Ttl::For(time)), Lifetime::Expires(time));
    }

    #[test]
    fn any_bytes_with_any_status_are_a_token_or_an_error(
        status in 100..1000_u16, body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = endpoint(TtlUnits::STANDARD)
            .parse(&inherit_grant(), response(status, &body), received_at());
    }

    #[test]
    fn a_mutated_response_is_a_token_or_an_error_that_shows_nothing(
        at in 0..200_usize, byte: u8, cut in 0..200_usize, status in prop::sample::select(vec![200, 400, 429]),
    ) {
        let mut body = br#"{"access_token":"MARK-MARK-MARK","expires_in":1024000,"user":{"uuid":"MARK","type":"user","created":1637740861395,"username":"c","activated":true}}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        body.truncate(body.len() - cut.min(body.len()) / 2);
        let result = endpoint(TtlUnits::STANDARD)
            .parse(&password_grant(), response(status, &body), received_at());
        if let (200, Err(error)) = (status, result) {
            let text = format!("{error} {error:?}");
            prop_assert!(!text.contains("MARK"), "{}", text);
        }
    }
}
