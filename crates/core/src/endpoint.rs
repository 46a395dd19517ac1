//! Token endpoint of one app: builds the request of a grant and parses its response.

mod app_key;
mod app_url;
mod base_url;
mod user_agent;

use std::borrow::Cow;
use std::time::SystemTime;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

pub use self::app_key::AppKey;
pub use self::base_url::BaseUrl;
use crate::build_error::{BuildError, Field};
use crate::grant::{Grant, Payload};
use crate::response::{Hidden, ResponseError, Sent, TokenResponse, refusal};
use crate::token::{AccessToken, TtlUnits, UserId};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The endpoint `POST {base URL}/{org}/{app}/token`, with the units in which its cluster counts.
///
/// Make one for each app and keep it: the URI is prepared once and shared by every request.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    uri: Uri,
    base_url: BaseUrl,
    app_key: AppKey,
    units: TtlUnits,
    user_agent: HeaderValue,
}

impl TokenEndpoint {
    /// The endpoint of the app `app_key` on the cluster at `base_url`.
    ///
    /// The units are [`TtlUnits::STANDARD`] (seconds) except on a VIP 5 cluster
    /// ([`TtlUnits::VIP5`]).
    ///
    /// # Errors
    ///
    /// [`Field::BaseUrl`] if the URI library does not accept the result. No parsed base URL and App
    /// Key are known for which that happens.
    pub fn new(base_url: &BaseUrl, app_key: &AppKey, units: TtlUnits) -> Result<Self, BuildError> {
        let uri = format!("{base_url}/{}/{}/token", app_key.org(), app_key.app());
        let uri = Uri::try_from(uri)
            .map_err(|_| BuildError::new(Field::BaseUrl, "does not form a URI with the app key"))?;
        let user_agent = user_agent::DEFAULT;
        let (base_url, app_key) = (base_url.clone(), app_key.clone());
        Ok(Self { uri, base_url, app_key, units, user_agent })
    }

    /// Sends another `User-Agent` than `easemob-token/` and this crate's version.
    ///
    /// Every request has exactly one, since many gateways refuse a request without it. Name your
    /// application and its version, such as `my-app/1.0`.
    ///
    /// # Errors
    ///
    /// [`Field::UserAgent`] if it is empty, longer than 256 characters, begins or ends with a space, or
    /// has a character that is neither visible ASCII nor a space.
    pub fn with_user_agent(mut self, user_agent: impl AsRef<str>) -> Result<Self, BuildError> {
        self.user_agent = user_agent::parse(user_agent.as_ref())?;
        Ok(self)
    }

    /// The URI of every request.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The base URL of the cluster.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        &self.app_key
    }

    /// The units of `ttl` and `expires_in`.
    #[must_use]
    pub fn units(&self) -> TtlUnits {
        self.units
    }

    /// The request for a grant.
    ///
    /// # Errors
    ///
    /// [`Field::Ttl`] if the requested lifetime is shorter than one of this endpoint's units or longer
    /// than an `i64` of units.
    pub fn request<G: Grant>(&self, grant: &G) -> Result<Request<Payload>, BuildError> {
        let ttl = grant.ttl().to_wire(self.units.request)?;
        let mut request = Request::new(grant.body(ttl)?);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        let authorization = grant.authorization();
        *headers = HeaderMap::with_capacity(3 + usize::from(authorization.is_some()));
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(token) = authorization {
            headers.insert(AUTHORIZATION, token.authorization());
        }
        Ok(request)
    }

    /// The token in a response, or the typed reason why there is none.
    ///
    /// `received_at` is the wall-clock time at which the response arrived: the token's lifetime
    /// counts from it, and a `Retry-After` date is read against it.
    ///
    /// # Errors
    ///
    /// A [`ResponseError`] for every status but 200, and for a 200 that holds no usable token. If such a
    /// 200 has an `error` in its body, it is the refusal that this names. Beside a usable token an
    /// `error` is ignored.
    pub fn parse<G: Grant>(
        &self,
        grant: &G,
        response: Response<&[u8]>,
        received_at: SystemTime,
    ) -> Result<G::Token, ResponseError> {
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            return Err(refusal::parse(&head, body, &sent(grant), received_at));
        }
        // One look at the whole body is cheaper than one at each string in it.
        let text = match std::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(body),
        };
        TokenResponse::parse(&text, self.units, grant.ttl(), received_at)
            .and_then(|response| grant.token(response).map_err(ResponseError::wrong_shape))
            .map_err(|malformed| {
                // Some gateways replace the status of every response by 200.
                refusal::parse_ok(&head, body, &sent(grant), received_at).unwrap_or(malformed)
            })
    }
}

fn sent<G: Grant>(grant: &G) -> Sent<'_> {
    let hidden = Hidden {
        app_token: grant.authorization().map(AccessToken::expose),
        secret: grant.secret(),
        former_secret: grant.former_secret(),
        user_id: grant.user_id().map(UserId::as_str),
    };
    Sent { grant: G::TYPE, hidden }
}

/// Implements `TryFrom` for text in each of its forms, by `FromStr`.
macro_rules! try_from_text {
    ($($parsed:ty: $text:ty),+ $(,)?) => {$(
        impl TryFrom<$text> for $parsed {
            type Error = BuildError;

            fn try_from(text: $text) -> Result<Self, BuildError> {
                text.parse()
            }
        }
    )+};
}

try_from_text! {
    AppKey: &str,
    AppKey: String,
    AppKey: &String,
    BaseUrl: &str,
    BaseUrl: String,
    BaseUrl: &String,
}

impl From<&Self> for AppKey {
    fn from(app_key: &Self) -> Self {
        app_key.clone()
    }
}

impl From<&Self> for BaseUrl {
    fn from(base_url: &Self) -> Self {
        base_url.clone()
    }
}
