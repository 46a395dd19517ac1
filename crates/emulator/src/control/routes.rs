//! The table of calls: method, path, and the function behind them.

use super::error::ControlError;
use super::{Control, Done, Fields, apps, faults, requests, settings, stubs};

/// What a call runs.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    Now(fn(&Control, Fields) -> Done),
    /// The only call that waits.
    Wait,
}

type Route = (&'static str, &'static str, Verb);

/// Every call; `GET` of `/health`, `/ready` and `/openapi.json` come besides.
const ROUTES: &[Route] = &[
    ("GET", "", Verb::Now(settings::overview)),
    ("GET", "/apps", Verb::Now(apps::list)),
    ("POST", "/apps", Verb::Now(apps::create)),
    ("GET", "/users", Verb::Now(apps::users)),
    ("POST", "/users", Verb::Now(apps::put_user)),
    ("POST", "/users/ban", Verb::Now(apps::ban)),
    ("POST", "/users/unban", Verb::Now(apps::unban)),
    ("POST", "/clients", Verb::Now(apps::put_client)),
    ("POST", "/tokens/revoke", Verb::Now(apps::revoke_tokens)),
    ("POST", "/tokens/check", Verb::Now(stubs::check_token)),
    ("GET", "/stubs", Verb::Now(stubs::list)),
    ("POST", "/stubs", Verb::Now(stubs::put)),
    ("DELETE", "/stubs", Verb::Now(stubs::clear)),
    ("GET", "/clock", Verb::Now(settings::clock)),
    ("POST", "/clock/advance", Verb::Now(settings::advance)),
    ("POST", "/clock/turn-back", Verb::Now(settings::turn_back)),
    ("POST", "/clock/set", Verb::Now(settings::set_clock)),
    ("GET", "/settings", Verb::Now(settings::show)),
    ("PATCH", "/settings", Verb::Now(settings::change)),
    ("GET", "/faults", Verb::Now(faults::list)),
    ("POST", "/faults", Verb::Now(faults::inject)),
    ("DELETE", "/faults", Verb::Now(faults::clear)),
    ("POST", "/hold", Verb::Now(settings::hold)),
    ("POST", "/release", Verb::Now(settings::release)),
    ("GET", "/requests", Verb::Now(requests::list)),
    ("GET", "/requests/count", Verb::Now(requests::count)),
    ("DELETE", "/requests", Verb::Now(requests::clear)),
    ("POST", "/requests/wait", Verb::Wait),
    ("POST", "/reset", Verb::Now(settings::reset)),
    ("POST", "/shutdown", Verb::Now(settings::shutdown)),
];

/// The calls with a path of their own.
const FIXED: &[&str] = &["/health", "/ready", "/openapi.json"];

/// Finds the function of a call.
pub(super) fn find(method: &str, path: &str) -> Result<Verb, ControlError> {
    let path = path.trim_end_matches('/');
    if let Some((.., verb)) = ROUTES.iter().find(|(its, at, _)| *its == method && *at == path) {
        return Ok(*verb);
    }
    let methods = methods(path);
    if methods.is_empty() {
        let text = "there is no such call; /__emulator/openapi.json describes every one";
        return Err(ControlError::not_found(text));
    }
    Err(ControlError::method_not_allowed(format!("use {}", methods.join(" or "))))
}

/// The methods of a path.
pub(super) fn methods(path: &str) -> Vec<&'static str> {
    let path = path.trim_end_matches('/');
    if FIXED.contains(&path) {
        return vec!["GET"];
    }
    ROUTES.iter().filter(|(_, at, _)| *at == path).map(|(method, ..)| *method).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_has_exactly_the_calls_of_the_table() {
        let description: Value = serde_json::from_str(super::super::OPENAPI).unwrap();
        assert_eq!(description["openapi"], "3.1.0");
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert((method.to_uppercase(), path.replace("/__emulator", "")));
            }
        }
        let mut known: BTreeSet<_> = ROUTES
            .iter()
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        known.extend(FIXED.iter().map(|path| ("GET".to_owned(), (*path).to_owned())));
        assert_eq!(described, known);
    }
}
