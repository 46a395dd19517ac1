//! The three grants with the core.

use std::hint::black_box;

use easemob_token_core::{
    AccessToken, AppToken, ClientCredentials, Grant, Inherit, Lifetime, Password, Secret,
};
use http::Response;
use http::header::CONTENT_TYPE;

use crate::case::{Case, Run};
use crate::sample::{self, good};

/// Our cases, each with its floor.
pub(super) const CASES: &[(Case, &str)] = &[
    (Case { name: "password, build", prepare: || build(password()) }, "floor: password, build"),
    (
        Case { name: "password, parse", prepare: || parse(password(), sample::USER_RESPONSE) },
        "floor: password, parse, owned",
    ),
    (
        Case { name: super::PASSWORD, prepare: || both(password(), sample::USER_RESPONSE) },
        super::FLOOR,
    ),
    (
        Case { name: "client_credentials, both", prepare: || both(app(), sample::APP_RESPONSE) },
        "floor: client_credentials, both, owned",
    ),
    (
        Case { name: "inherit, both", prepare: || both(inherit(), sample::USER_RESPONSE) },
        "floor: inherit, both, owned",
    ),
];

fn password() -> Password {
    let grant = good(Password::new(sample::USERNAME, Secret::new(sample::PASSWORD)));
    grant.with_ttl(std::time::Duration::from_secs(sample::TTL))
}

fn app() -> ClientCredentials {
    good(ClientCredentials::new(sample::CLIENT_ID, Secret::new(sample::CLIENT_SECRET)))
}

fn inherit() -> Inherit {
    let access_token = good(AccessToken::new(sample::APP_TOKEN));
    let app_token = AppToken::from_parts(access_token, Lifetime::Unknown, sample::received_at());
    good(Inherit::new(sample::USERNAME, &app_token)).with_auto_create_user(true)
}

fn build<G: Grant + Send + Sync + 'static>(grant: G) -> Run {
    let endpoint = sample::endpoint();
    Box::new(move |times| {
        for _ in 0..times {
            black_box(good(endpoint.request(black_box(&grant))));
        }
    })
}

fn parse<G: Grant + Send + Sync + 'static>(grant: G, body: &'static str) -> Run {
    let (endpoint, body) = (sample::endpoint(), sample::on_heap(body));
    Box::new(move |times| {
        for _ in 0..times {
            let response = Response::new(black_box(&*body));
            black_box(good(endpoint.parse(&grant, response, sample::received_at())));
        }
    })
}

fn both<G: Grant + Send + Sync + 'static>(grant: G, body: &'static str) -> Run {
    let (endpoint, body) = (sample::endpoint(), sample::on_heap(body));
    Box::new(move |times| {
        for _ in 0..times {
            black_box(good(endpoint.request(black_box(&grant))));
            let mut response = Response::new(black_box(&*body));
            response.headers_mut().insert(CONTENT_TYPE, sample::JSON);
            black_box(good(endpoint.parse(&grant, response, sample::received_at())));
        }
    })
}
