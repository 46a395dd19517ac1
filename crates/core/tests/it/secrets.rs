//! Secrets: no `Debug`, `Display` or error shows one, or a byte of a successful body.

use easemob_token_core::{
    ClientCredentials, Grant, Inherit, Password, ResponseError, Secret, TtlUnits,
};

use crate::{app_token, endpoint, received_at, response};

const CLIENT_SECRET: &str = "MARK-client-secret";
const PASSWORD: &str = "MARK-password";
const APP_TOKEN: &str = "MARK-app-token";
const USER_TOKEN: &str = "MARK-user-token";

fn grants() -> (ClientCredentials, Password, Inherit) {
    (
        ClientCredentials::new("id", CLIENT_SECRET).unwrap(),
        Password::new("c", PASSWORD).unwrap(),
        Inherit::new("c", &app_token(APP_TOKEN)).unwrap(),
    )
}

#[test]
fn nothing_that_prints_shows_a_secret() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    let (app, password, inherit) = grants();
    let body =
        format!(r#"{{"access_token":"{USER_TOKEN}","expires_in":60,"user":{{"username":"c"}}}}"#);
    let app_token = endpoint.parse(&app, response(200, body.as_bytes()), received_at()).unwrap();
    let token = endpoint.parse(&password, response(200, body.as_bytes()), received_at()).unwrap();
    let password = password.authorized_by(&app_token);
    let text = format!(
        "{:?} {app:?} {password:?} {inherit:?} {app_token:?} {token:?} {:?} {:?} {:?} {:?} {} {}",
        Secret::new(PASSWORD),
        endpoint.request(&app).unwrap(),
        endpoint.request(&password).unwrap(),
        endpoint.request(&inherit).unwrap(),
        app_token.authorization(),
        endpoint.request(&app).unwrap().body().masked(),
        endpoint.request(&password).unwrap().body().masked(),
    );
    assert!(!text.contains("MARK"), "{text}");
    // Positive control: the secrets are in the body.
    assert!(
        std::str::from_utf8(endpoint.request(&app).unwrap().body().as_ref())
            .unwrap()
            .contains("MARK")
    );
    assert_eq!(token.access_token().expose(), USER_TOKEN);
}

#[test]
fn an_error_of_the_service_that_repeats_a_secret_is_cleaned() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    let (app, password, inherit) = grants();
    let body = format!(
        r#"{{"error":"{PASSWORD}","error_description":"got {CLIENT_SECRET}, {PASSWORD}, Bearer {APP_TOKEN}"}}"#
    );
    let response = || response(400, body.as_bytes());
    let texts = [
        (endpoint.parse(&app, response(), received_at()).unwrap_err(), CLIENT_SECRET),
        (endpoint.parse(&password, response(), received_at()).unwrap_err(), PASSWORD),
        (endpoint.parse(&inherit, response(), received_at()).unwrap_err(), APP_TOKEN),
    ];
    for (error, secret) in texts {
        let text = format!("{error} {error:?} {:?} {:?}", error.code(), error.description());
        assert!(!text.contains(secret), "{text}");
        // Positive control: other text is shown.
        assert!(text.contains("got "), "{text}");
    }
}

#[test]
fn a_redirect_that_carries_a_secret_in_its_host_is_cleaned() {
    let (_, password, inherit) = grants();
    for (secret, error) in
        [(PASSWORD, redirected(&password, PASSWORD)), (APP_TOKEN, redirected(&inherit, APP_TOKEN))]
    {
        let text = format!("{error} {error:?} {:?}", error.description());
        assert!(!text.contains(secret), "{text}");
        assert_eq!(error.description(), Some("to https://***.example"));
    }
}

fn redirected<G: Grant>(grant: &G, secret: &str) -> ResponseError
where
    G::Token: std::fmt::Debug,
{
    let location = format!("https://{secret}.example/");
    let response = http::Response::builder().status(302).header("location", location);
    let response = response.body(&b""[..]).unwrap();
    endpoint(TtlUnits::STANDARD).parse(grant, response, received_at()).unwrap_err()
}
