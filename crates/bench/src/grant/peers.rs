//! The password grant with oauth2, and the refresh grant with tame-oauth, which has no other.

use std::hint::black_box;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, Client, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, RefreshToken, ResourceOwnerPassword, ResourceOwnerUsername, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use tame_oauth::gcp::{EndUserCredentials, EndUserCredentialsInfo, TokenOrRequest, TokenProvider};

use crate::case::{Case, Run};
use crate::sample::{self, good};

pub(super) const CASES: &[Case] = &[
    Case { name: super::OAUTH2, prepare: standard },
    Case {
        name: "oauth2 5: the same, a token type of one's own",
        prepare: || oauth2::<OwnToken>(sample::USER_RESPONSE),
    },
    Case { name: "tame-oauth 0.10: refresh, both", prepare: tame },
];

/// A field per member of the response: the least work for oauth2.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct OwnToken {
    access_token: AccessToken,
    /// Never in the response, but required by the trait.
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    expires_in: u64,
    user: User,
}

#[derive(Debug, Deserialize, Serialize)]
struct User {
    uuid: String,
    r#type: String,
    created: i64,
    modified: i64,
    username: String,
    activated: bool,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl TokenResponse for OwnToken {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.expires_in))
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Extra members for the crate's own token type. It flattens them and requires a `token_type`, which
/// this service does not send.
#[derive(Debug, Deserialize, Serialize)]
struct Extra {
    user: User,
}

impl ExtraTokenFields for Extra {}

pub(crate) type OAuth2<T> = Client<
    BasicErrorResponse,
    T,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

pub(crate) fn oauth2_client<T: TokenResponse>(url: &str) -> OAuth2<T> {
    Client::new(ClientId::new(sample::CLIENT_ID.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(good(TokenUrl::new(url.to_owned())))
}

fn oauth2<T: TokenResponse + Send + Sync + 'static>(response: &'static str) -> Run {
    let client = oauth2_client::<T>(sample::URI);
    let username = ResourceOwnerUsername::new(sample::USERNAME.to_owned());
    let password = ResourceOwnerPassword::new(sample::PASSWORD.to_owned());
    let body = sample::on_heap(response);
    let send = move |request: HttpRequest| -> Result<HttpResponse, std::io::Error> {
        black_box(request);
        let mut response = HttpResponse::new(black_box(&*body).to_vec());
        response.headers_mut().insert(CONTENT_TYPE, sample::JSON);
        Ok(response)
    };
    Box::new(move |times| {
        for _ in 0..times {
            let request = client.exchange_password(&username, &password);
            let request = request.add_extra_param("ttl", sample::TTL.to_string());
            black_box(good(request.request(&send)));
        }
    })
}

fn standard() -> Run {
    let response = sample::USER_RESPONSE.replacen('{', r#"{"token_type":"bearer","#, 1);
    oauth2::<StandardTokenResponse<Extra, BasicTokenType>>(response.leak())
}

pub(crate) fn tame_client() -> EndUserCredentials {
    EndUserCredentials::new(EndUserCredentialsInfo {
        client_id: sample::CLIENT_ID.to_owned(),
        client_secret: sample::CLIENT_SECRET.to_owned(),
        refresh_token: sample::PASSWORD.to_owned(),
        client_type: "authorized_user".to_owned(),
    })
}

fn tame() -> Run {
    let client = tame_client();
    let body = sample::USER_RESPONSE.replacen('{', r#"{"token_type":"bearer","#, 1);
    Box::new(move |times| {
        for _ in 0..times {
            // Without its cache, which would return the token.
            let result = good(client.inner().get_token(&["scope"]));
            let TokenOrRequest::Request { request, scope_hash, .. } = result else { return };
            black_box(request);
            let mut response = http::Response::new(black_box(&*body).as_bytes());
            response.headers_mut().insert(CONTENT_TYPE, sample::JSON);
            black_box(good(client.inner().parse_token_response(scope_hash, response)));
        }
    })
}
