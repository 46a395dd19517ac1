//! Token responses with members in another form: what is needed is checked, the rest is read if it can be.

use std::time::Duration;

use easemob_token_core::{Password, ResponseError, ResponseErrorKind, TtlUnits};

use crate::token_responses::user_token;
use crate::{app_grant, endpoint, received_at, response};

#[test]
fn an_ornament_of_a_wrong_type_does_not_cost_the_token() {
    let values = [
        "null",
        "false",
        "true",
        "0",
        "1",
        "-1",
        "1.5",
        "1e300",
        "\"\"",
        "\"c\"",
        "\"x y\"",
        "[]",
        "[[1]]",
        "{}",
        "{\"a\":{}}",
        "\"2021-11-24T08:01:01Z\"",
        "\"1637740861395\"",
        "1637740861395.0",
    ];
    for value in values {
        for member in ["uuid", "type", "created", "modified", "activated", "nickname"] {
            let user = format!(r#"{{"username":"c","{member}":{value}}}"#);
            let body = format!(r#"{{"access_token":"t","expires_in":60,"user":{user}}}"#);
            let token = user_token(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
            assert_eq!(token.user().unwrap().username(), Some("c"), "{body}");
        }
        for member in ["user", "application", "error", "token_type", "timestamp"] {
            let body = format!(r#"{{"access_token":"t","expires_in":60,"{member}":{value}}}"#);
            assert!(user_token(&body).is_ok(), "{body}");
            let response = response(200, body.as_bytes());
            let app = endpoint(TtlUnits::STANDARD).parse(&app_grant(), response, received_at());
            assert!(app.is_ok(), "{body}");
        }
    }
}

#[test]
fn an_ornament_in_another_form_is_read_if_it_can_be() {
    let user = |members: &str| {
        let body = format!(r#"{{"access_token":"t","expires_in":60,"user":{{{members}}}}}"#);
        user_token(&body).unwrap().user().unwrap().clone()
    };
    for (value, read) in [
        ("0", Some(false)),
        ("\"false\"", Some(false)),
        ("1", Some(true)),
        ("\"TRUE\"", Some(true)),
        ("2", None),
    ] {
        assert_eq!(user(&format!(r#""activated":{value}"#)).activated(), read, "{value}");
    }
    let second = Some(std::time::UNIX_EPOCH + Duration::from_secs(1));
    for (value, read) in [("1000.0", second), ("\"1000\"", second), ("1000.5", None)] {
        assert_eq!(user(&format!(r#""created":{value}"#)).created(), read, "{value}");
    }
    let read = user(r#""uuid":7,"type":8.0,"uuid":null"#);
    assert_eq!((read.uuid(), read.kind()), (Some("7"), Some("8")));
    let body = br#"{"access_token":"t","expires_in":60,"application":"a","application":5}"#;
    let app = endpoint(TtlUnits::STANDARD).parse(&app_grant(), response(200, body), received_at());
    assert_eq!(app.unwrap().application(), Some("5"));
}

#[test]
fn a_member_that_occurs_twice_costs_the_token_only_if_it_contradicts_itself() {
    for (members, is_good) in [
        (r#""user":{"username":"c"},"user":{"username":"c","type":"user"}"#, true),
        (r#""user":{"username":"c","username":"c"}"#, true),
        (r#""user":null,"user":{"username":"c"},"user":[]"#, true),
        (r#""user":{"uuid":"a","uuid":"b"}"#, true),
        (r#""user":{"username":"c"},"user":{"username":"mallory"}"#, false),
        (r#""user":{"username":"mallory"},"user":{"username":"c"}"#, false),
        (r#""user":{"username":"mallory"},"user":5"#, false),
        (r#""user":{"username":"c","username":["mallory"]}"#, false),
        (r#""access_token":"t""#, true),
        (r#""access_token":null"#, true),
        (r#""access_token":"other""#, false),
        (r#""access_token":5"#, false),
        (r#""expires_in":"60""#, true),
        (r#""expires_in":61"#, false),
        (r#""expires_in":61,"expires_in":60"#, false),
    ] {
        let body = format!(r#"{{"access_token":"t","expires_in":60,{members}}}"#);
        assert_eq!(user_token(&body).is_ok(), is_good, "{body}");
    }
}

#[test]
fn a_numeric_user_name_names_the_user_with_these_digits() {
    let named = |user_id: &str, name: &str| {
        let body =
            format!(r#"{{"access_token":"t","expires_in":60,"user":{{"username":{name}}}}}"#);
        let response = response(200, body.as_bytes());
        let token = endpoint(TtlUnits::STANDARD).parse(
            &Password::new(user_id, "1").unwrap(),
            response,
            received_at(),
        )?;
        Ok::<_, ResponseError>(token.user().unwrap().username().map(str::to_owned))
    };
    for name in ["13800138000", "13800138000.0", "\"13800138000\""] {
        assert_eq!(named("13800138000", name).unwrap().as_deref(), Some("13800138000"));
    }
    assert_eq!(named("7", "\"\"").unwrap(), None);
    for (user_id, name) in [
        ("13800138000", "13800138001"),
        ("007", "7"),
        ("7", "7.5"),
        ("1", "true"),
        ("c", "99"),
        ("c", "[\"c\"]"),
        ("c", "{\"c\":1}"),
        ("12345678901234567890123", "12345678901234567890123"),
    ] {
        let error = named(user_id, name).unwrap_err();
        assert_eq!(error.kind(), ResponseErrorKind::Malformed, "{user_id} {name}");
        assert!(error.to_string().contains("user.username"), "{error}");
    }
}
