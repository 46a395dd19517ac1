//! The paths of the service, and the methods of each.

use http::Method;
use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use percent_encoding::percent_decode_str;

use super::{AppKey, Call, Service, discovery};
use crate::naming::fold_user_id;
use crate::refusal::Refusal;
use crate::response::Response;

/// A path of one application.
struct Route {
    key: AppKey,
    /// The decoded segments below the application.
    rest: Vec<String>,
    endpoint: Option<Endpoint>,
}

/// The rest of a path, if it is known. User IDs are in lower case.
#[derive(Debug, PartialEq, Eq)]
enum Endpoint {
    Token,
    Users,
    User(String),
    Password(String),
    Activate(String),
    Deactivate(String),
}

impl Endpoint {
    fn methods(&self, strict: bool) -> &'static [Method] {
        match self {
            Self::Token if strict => &[Method::POST],
            Self::Token | Self::Users => &[Method::GET, Method::POST],
            Self::User(_) => &[Method::GET, Method::PUT, Method::DELETE],
            Self::Password(_) => &[Method::PUT],
            Self::Activate(_) | Self::Deactivate(_) => &[Method::POST],
        }
    }
}

/// Decodes one segment of a path: `%2D` is `-`.
pub(crate) fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(String::from)
}

fn find(path: &str) -> Option<Route> {
    let mut segments = path.strip_prefix('/')?.split('/').map(decoded);
    let key = (segments.next()??, segments.next()??);
    let rest = segments.collect::<Option<Vec<_>>>()?;
    if key.0.is_empty() || key.1.is_empty() || rest.iter().any(String::is_empty) {
        return None;
    }
    let endpoint = match rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["token"] => Some(Endpoint::Token),
        ["users"] => Some(Endpoint::Users),
        ["users", user] => Some(Endpoint::User(fold_user_id(user))),
        ["users", user, "password"] => Some(Endpoint::Password(fold_user_id(user))),
        ["users", user, "activate"] => Some(Endpoint::Activate(fold_user_id(user))),
        ["users", user, "deactivate"] => Some(Endpoint::Deactivate(fold_user_id(user))),
        _ => None,
    };
    Some(Route { key, rest, endpoint })
}

/// The application of a path, whatever follows.
pub(crate) fn app_of(path: &str) -> Option<AppKey> {
    let mut segments = path.strip_prefix('/')?.split('/').map(decoded);
    Some((segments.next()??, segments.next()??))
}

impl Service {
    /// Responds like the service. The checks of a gateway (size of bodies, faults) come before.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Response {
        let route = find(call.path);
        let key = route.as_ref().map(|route| &route.key);
        let refused = |refusal: &Refusal| Response::refusal(refusal, self.stamp(key, call.arrived));
        if call.path == discovery::PATH {
            return match *call.method {
                Method::GET => Response::json(StatusCode::OK, &self.discovery(call)),
                _ => allowing(refused(&Refusal::MethodNotAllowed), &[Method::GET]),
            };
        }
        let Some(Route { key, rest, endpoint }) = &route else {
            return refused(&Refusal::ServiceResourceNotFound);
        };
        if let Some(stubbed) = self.stubbed(call, key, rest) {
            return stubbed.unwrap_or_else(|refusal| refused(&refusal));
        }
        let Some(endpoint) = endpoint else {
            return refused(&Refusal::ServiceResourceNotFound);
        };
        let methods = endpoint.methods(self.settings_of(Some(key)).strict);
        if !methods.contains(call.method) {
            return allowing(refused(&Refusal::MethodNotAllowed), methods);
        }
        let call = &Call { arrived: self.local(Some(key), call.arrived), ..*call };
        let is_post = *call.method == Method::POST;
        let served = match endpoint {
            Endpoint::Token => self.token(call, key),
            Endpoint::Users if is_post => self.register(call, key),
            Endpoint::Users => self.users(call, key),
            Endpoint::User(user) if *call.method == Method::GET => self.user(call, key, user),
            Endpoint::User(user) if *call.method == Method::PUT => {
                self.change_user_entity(call, key, user)
            }
            Endpoint::User(user) => self.delete_user(call, key, user),
            Endpoint::Password(user) => self.set_password(call, key, user),
            Endpoint::Activate(user) => self.set_activated(call, key, user, true),
            Endpoint::Deactivate(user) => self.set_activated(call, key, user, false),
        };
        match served {
            Ok(body) => Response::json(StatusCode::OK, &body),
            Err(refusal) => refused(&refusal),
        }
    }

    /// The answer of a stub, if there is one for this request.
    fn stubbed(
        &self,
        call: &Call<'_>,
        key: &AppKey,
        rest: &[String],
    ) -> Option<Result<Response, Refusal>> {
        let mut apps = self.lock();
        let app = self.find_or_make(&mut apps, key)?;
        let stub = app.stubs.iter().find(|stub| stub.matches(call.method, rest))?.clone();
        let users = stub.takes_user_tokens;
        let checked = self.check_bearer(&apps, key, call.authorization, users);
        Some(checked.map(|()| stub.response()))
    }
}

fn allowing(mut response: Response, methods: &[Method]) -> Response {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    response.headers.extend(HeaderValue::from_str(&names.join(", ")).map(|it| (ALLOW, it)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_after_the_path_is_split() {
        let found = |path: &str| find(path).and_then(|it| Some((it.key.0, it.key.1, it.endpoint?)));
        let token = |org: &str, app: &str| Some((org.into(), app.into(), Endpoint::Token));
        assert_eq!(found("/easemob%2Ddemo/t%65st/token"), token("easemob-demo", "test"));
        assert_eq!(found("/a%23b/c%2Fd/token"), token("a#b", "c/d"));
        let user = Endpoint::Password("a b".into());
        assert_eq!(found("/o/a/users/A%20B/password"), Some(("o".into(), "a".into(), user)));
        for bad in [
            "",
            "/",
            "/o/a",
            "//a/token",
            "/o/a/token/",
            "/o/a/users/",
            "/o/a/users/u/x",
            "/o/%ff/token",
            "/o/a%23b",
            "/o/a/chatgroups",
            "o/a/token",
        ] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }
}
