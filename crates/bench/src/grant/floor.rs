//! The floor: code by hand for these requests only, without checks.

use std::hint::black_box;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, Uri};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::case::{Case, Run};
use crate::sample::{self, good};

pub(super) const CASES: &[Case] = &[
    Case { name: "floor: password, build", prepare: build },
    Case { name: "floor: password, parse, owned", prepare: parse_owned },
    Case { name: "floor: password, parse, borrowed", prepare: parse_borrowed },
    Case { name: super::FLOOR, prepare: || both::<Owned>(&PASSWORD, None, sample::USER_RESPONSE) },
    Case { name: "floor: password, both, borrowed", prepare: both_borrowed },
    Case {
        name: "floor: client_credentials, both, owned",
        prepare: || both::<OwnedApp>(&APP, None, sample::APP_RESPONSE),
    },
    Case {
        name: "floor: inherit, both, owned",
        prepare: || both::<Owned>(&INHERIT, Some(sample::APP_TOKEN), sample::USER_RESPONSE),
    },
];

#[derive(Serialize)]
struct Password<'a> {
    grant_type: &'a str,
    username: &'a str,
    password: &'a str,
    ttl: u64,
}

const PASSWORD: Password<'_> = Password {
    grant_type: "password",
    username: sample::USERNAME,
    password: sample::PASSWORD,
    ttl: sample::TTL,
};

#[derive(Serialize)]
struct App<'a> {
    grant_type: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
}

const APP: App<'_> = App {
    grant_type: "client_credentials",
    client_id: sample::CLIENT_ID,
    client_secret: sample::CLIENT_SECRET,
};

#[derive(Serialize)]
struct Inherit<'a> {
    grant_type: &'a str,
    username: &'a str,
    #[serde(rename = "autoCreateUser")]
    auto_create_user: bool,
}

const INHERIT: Inherit<'_> =
    Inherit { grant_type: "inherit", username: sample::USERNAME, auto_create_user: true };

/// The response, copied from the body. Not generic over its texts, which costs instructions.
#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed like in a real client, and not used here")]
pub(crate) struct Owned {
    pub(crate) access_token: String,
    expires_in: i64,
    user: OwnedUser,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed like in a real client, and not used here")]
struct OwnedUser {
    uuid: String,
    r#type: String,
    created: i64,
    modified: i64,
    username: String,
    activated: bool,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed like in a real client, and not used here")]
struct OwnedApp {
    access_token: String,
    expires_in: i64,
    application: String,
}

/// The response, borrowed from the body.
#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed like in a real client, and not used here")]
struct Borrowed<'a> {
    access_token: &'a str,
    expires_in: i64,
    user: BorrowedUser<'a>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed like in a real client, and not used here")]
struct BorrowedUser<'a> {
    uuid: &'a str,
    r#type: &'a str,
    created: i64,
    modified: i64,
    username: &'a str,
    activated: bool,
}

/// The request of the password grant, which the bare clients of other groups send too.
pub(crate) fn password_request(uri: &Uri) -> Request<Bytes> {
    request(uri, black_box(&PASSWORD), None)
}

fn request(uri: &Uri, members: &impl Serialize, app_token: Option<&str>) -> Request<Bytes> {
    let mut request = Request::new(Bytes::from(good(serde_json::to_vec(members))));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    *headers = HeaderMap::with_capacity(3 + usize::from(app_token.is_some()));
    headers.insert(CONTENT_TYPE, sample::JSON);
    headers.insert(ACCEPT, sample::JSON);
    headers.insert(USER_AGENT, sample::USER_AGENT);
    if let Some(token) = app_token {
        headers.insert(AUTHORIZATION, good(HeaderValue::try_from(format!("Bearer {token}"))));
    }
    request
}

fn uri() -> Uri {
    good(sample::URI.parse())
}

fn build() -> Run {
    let uri = uri();
    Box::new(move |times| {
        for _ in 0..times {
            black_box(password_request(&uri));
        }
    })
}

fn parse_owned() -> Run {
    let body = sample::on_heap(sample::USER_RESPONSE);
    Box::new(move |times| {
        for _ in 0..times {
            let response = Response::new(black_box(&*body));
            black_box(good(serde_json::from_slice::<Owned>(response.body())));
        }
    })
}

fn parse_borrowed() -> Run {
    let body = sample::on_heap(sample::USER_RESPONSE);
    Box::new(move |times| {
        for _ in 0..times {
            let response = Response::new(black_box(&*body));
            black_box(good(serde_json::from_slice::<Borrowed<'_>>(response.body())));
        }
    })
}

fn received(body: &[u8]) -> Response<&[u8]> {
    let mut response = Response::new(black_box(body));
    response.headers_mut().insert(CONTENT_TYPE, sample::JSON);
    response
}

fn both<T: DeserializeOwned>(
    members: &'static (impl Serialize + Sync),
    app_token: Option<&'static str>,
    response: &'static str,
) -> Run {
    let (uri, body) = (uri(), sample::on_heap(response));
    Box::new(move |times| {
        for _ in 0..times {
            black_box(request(&uri, black_box(members), app_token));
            black_box(good(serde_json::from_slice::<T>(received(&body).body())));
        }
    })
}

fn both_borrowed() -> Run {
    let (uri, body) = (uri(), sample::on_heap(sample::USER_RESPONSE));
    Box::new(move |times| {
        for _ in 0..times {
            black_box(password_request(&uri));
            let response = received(&body);
            black_box(good(serde_json::from_slice::<Borrowed<'_>>(response.body())));
        }
    })
}
