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
#[derive(Debug, PartialEq, Eq)]
struct Route {
    key: AppKey,
    endpoint: Endpoint,
}

/// The rest of a path. User IDs are in lower case.
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
            Self::User(_) => &[Method::GET, Method::DELETE],
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
    let segments = path.strip_prefix('/')?.split('/').map(decoded).collect::<Option<Vec<_>>>()?;
    if segments.iter().any(String::is_empty) {
        return None;
    }
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (org, app, rest) = match segments.as_slice() {
        [org, app, rest @ ..] => (*org, *app, rest),
        _ => return None,
    };
    let endpoint = match rest {
        ["token"] => Endpoint::Token,
        ["users"] => Endpoint::Users,
        ["users", user] => Endpoint::User(fold_user_id(user)),
        ["users", user, "password"] => Endpoint::Password(fold_user_id(user)),
        ["users", user, "activate"] => Endpoint::Activate(fold_user_id(user)),
        ["users", user, "deactivate"] => Endpoint::Deactivate(fold_user_id(user)),
        _ => return None,
    };
    Some(Route { key: (org.to_owned(), app.to_owned()), endpoint })
}

impl Service {
    /// Responds like the service. The checks of a gateway (size of bodies, faults) come before.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Response {
        let refused = |refusal: &Refusal| Response::refusal(refusal, self.stamp(call.arrived));
        let strict = self.settings().strict;
        if call.path == discovery::PATH {
            return match *call.method {
                Method::GET => Response::json(StatusCode::OK, &self.discovery(call)),
                _ => allowing(refused(&Refusal::MethodNotAllowed), &[Method::GET]),
            };
        }
        let Some(Route { key, endpoint }) = find(call.path) else {
            return refused(&Refusal::ServiceResourceNotFound);
        };
        let methods = endpoint.methods(strict);
        if !methods.contains(call.method) {
            return allowing(refused(&Refusal::MethodNotAllowed), methods);
        }
        let is_post = *call.method == Method::POST;
        let served = match endpoint {
            Endpoint::Token => self.token(call, &key),
            Endpoint::Users if is_post => self.register(call, &key),
            Endpoint::Users => self.users(call, &key),
            Endpoint::User(user) if *call.method == Method::GET => self.user(call, &key, &user),
            Endpoint::User(user) => self.delete_user(call, &key, &user),
            Endpoint::Password(user) => self.set_password(call, &key, &user),
            Endpoint::Activate(user) => self.set_activated(call, &key, &user, true),
            Endpoint::Deactivate(user) => self.set_activated(call, &key, &user, false),
        };
        match served {
            Ok(body) => Response::json(StatusCode::OK, &body),
            Err(refusal) => refused(&refusal),
        }
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
        let found = |path: &str| find(path).map(|it| (it.key.0, it.key.1, it.endpoint));
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
