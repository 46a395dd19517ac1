//! Events of a client for its observer and for `tracing`: sequences, counts, names; no secret.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token::{Client, ClientBuilder, Event, GrantType};
use tokio::task::JoinSet;

use crate::driving::{user_call, yield_to_tasks};
use crate::memory::{Memory, Numbering, Outcome, builder, response};
use crate::recorder::Recorder;

/// Secrets that no event may hold, each marked.
const PASSWORD: &str = "MARK-password";
const USER: &str = "MARK-user";

fn app(number: u32) -> Outcome {
    response(200, &format!(r#"{{"access_token":"MARK-app-{number}","expires_in":3600}}"#))
}

fn user() -> Outcome {
    response(200, r#"{"access_token":"MARK-user-token","expires_in":3600}"#)
}

fn unauthorized() -> Outcome {
    response(401, r#"{"error":"unauthorized"}"#)
}

/// One line per event, without its times.
fn line(event: &Event<'_>) -> String {
    match event {
        Event::Hit { grant } => format!("{grant} hit"),
        Event::Waited { grant, .. } => format!("{grant} waited"),
        Event::Started { grant, refresh } => format!("{grant} started refresh={refresh}"),
        Event::Throttled { grant, .. } => format!("{grant} throttled"),
        Event::Sent { grant, attempt } => format!("{grant} sent {attempt}"),
        Event::Retrying { grant, error, pause, .. } => {
            let short = if *pause < Duration::from_secs(1) { " too soon" } else { "" };
            format!("{grant} retrying {}{short}", error.kind())
        }
        Event::Succeeded { grant, generation, .. } => format!("{grant} succeeded {generation}"),
        Event::Failed { grant, error, usable, .. } => {
            format!("{grant} failed {} usable={usable}", error.kind())
        }
        Event::Invalidated { grant, generation, .. } => format!("{grant} invalidated {generation}"),
        other => format!("not known to this test: {other:?}"),
    }
}

/// An observer that records everything.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn observed(&self, builder: ClientBuilder) -> Client {
        let lines = Arc::clone(&self.0);
        let observer = move |event: &Event<'_>| {
            // A panic of an observer is caught, so a marked secret is recorded instead.
            let shown = format!("{event:?}");
            let line = if shown.contains("MARK") { shown } else { line(event) };
            lines.lock().unwrap().push(line);
        };
        builder.observer(observer).build().unwrap()
    }

    /// Takes the lines recorded since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

const APP: &str = "client_credentials";

/// Lines of one grant.
fn of(grant: &str, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| format!("{grant} {line}")).collect()
}

#[tokio::test]
async fn a_miss_a_hit_a_report_and_a_failure_are_emitted_in_order() {
    let refused = response(400, r#"{"error":"invalid_grant","error_description":"client_secret"}"#);
    let lines = Lines::default();
    let client = lines.observed(builder(Memory::responding([app(1), app(2), refused])));

    let first = client.app_token().await.unwrap();
    let cold = ["started refresh=false", "sent 1", "succeeded 1", "waited"];
    assert_eq!(lines.take(), of(APP, &cold));

    client.app_token().await.unwrap();
    assert_eq!(lines.take(), of(APP, &["hit"]));

    client.invalidate_app_token(&first);
    client.invalidate_app_token(&first);
    assert_eq!(lines.take(), of(APP, &["invalidated 1"]));
    // The reported token stays in use until its replacement is there.
    assert_eq!(client.app_token().await.unwrap().generation(), 1);
    assert_eq!(lines.take(), of(APP, &["hit"]));
    yield_to_tasks().await;
    assert_eq!(lines.take(), of(APP, &["started refresh=true", "sent 1", "succeeded 2"]));
    let second = client.app_token().await.unwrap();
    assert_eq!(lines.take(), of(APP, &["hit"]));
    client.invalidate_app_token(&first);
    yield_to_tasks().await;
    assert_eq!(lines.take(), of(APP, &[]));

    client.invalidate_app_token(&second);
    yield_to_tasks().await;
    let refresh = ["started refresh=true", "sent 1", "failed invalid_client usable=true"];
    assert_eq!(lines.take(), of(APP, &[&["invalidated 2"][..], &refresh].concat()));
    assert_eq!(client.app_token().await.unwrap().generation(), 2);
    assert_eq!(lines.take(), of(APP, &["hit"]));
}

#[tokio::test]
async fn a_failure_is_emitted_once_and_not_while_it_is_remembered() {
    let refused = response(400, r#"{"error":"invalid_grant","error_description":"client_secret"}"#);
    let lines = Lines::default();
    let client = lines.observed(builder(Memory::responding([refused])));
    client.app_token().await.unwrap_err();
    let failed =
        ["started refresh=false", "sent 1", "failed invalid_client usable=false", "waited"];
    assert_eq!(lines.take(), of(APP, &failed));
    // A remembered error is no acquisition and no wait.
    client.app_token().await.unwrap_err();
    assert_eq!(lines.take(), of(APP, &[]));
}

#[tokio::test]
async fn a_retry_and_a_failure_are_emitted_with_their_errors() {
    let memory =
        Memory::responding([response(503, ""), app(1), response(500, ""), response(502, "")]);
    let lines = Lines::default();
    let client = lines.observed(builder(memory.clone()).max_attempts(2));
    client.app_token().await.unwrap();
    let started = ["started refresh=false", "sent 1", "retrying server_error", "sent 2"];
    assert_eq!(lines.take(), of(APP, &[&started[..], &["succeeded 1", "waited"]].concat()));
    let client = lines.observed(builder(memory).max_attempts(2));
    client.app_token().await.unwrap_err();
    let failed = ["failed server_error usable=false", "waited"];
    assert_eq!(lines.take(), of(APP, &[&started[..], &failed].concat()));
}

#[tokio::test]
async fn user_tokens_emit_events_of_theirs_and_of_the_app_token() {
    let memory = Memory::responding([app(1), user(), user(), unauthorized(), app(2), user()]);
    let lines = Lines::default();
    let client = lines.observed(builder(memory));
    client.user_token(USER).await.unwrap();
    let expected = [
        of("inherit", &["started refresh=false"]),
        of(APP, &["started refresh=false", "sent 1", "succeeded 1", "waited"]),
        of("inherit", &["sent 1", "succeeded 0"]),
    ];
    assert_eq!(lines.take(), expected.concat());

    client.user_token_by_password(USER, PASSWORD).await.unwrap();
    let expected = ["started refresh=false", "sent 1", "succeeded 0"];
    assert_eq!(lines.take(), of("password", &expected));

    client.user_token(USER).await.unwrap();
    let expected = [
        of("inherit", &["started refresh=false"]),
        of(APP, &["hit"]),
        of("inherit", &["sent 1"]),
        of(APP, &["invalidated 1"]),
        of("inherit", &["retrying unauthorized"]),
        of(APP, &["started refresh=true", "sent 1", "succeeded 2"]),
        of("inherit", &["sent 2", "succeeded 0"]),
    ];
    assert_eq!(lines.take(), expected.concat());
}

#[tokio::test]
async fn cached_user_tokens_and_throttled_requests_are_emitted() {
    let lines = Lines::default();
    let builder = builder(Numbering::default()).cache_user_tokens(10).requests_per_second(4);
    let client = lines.observed(builder);
    client.user_token(USER).await.unwrap();
    client.user_token(USER).await.unwrap();
    let expected = [
        of("inherit", &["started refresh=false"]),
        of(APP, &["started refresh=false", "sent 1", "succeeded 1", "waited"]),
        of("inherit", &["throttled", "sent 1", "succeeded 1", "waited", "hit"]),
    ];
    assert_eq!(lines.take(), expected.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_emit_one_acquisition_and_a_hit_or_wait_each() {
    let [hits, waits, started, sent, succeeded, others] = [const { AtomicU64::new(0) }; 6];
    let counts = Arc::new([hits, waits, started, sent, succeeded, others]);
    let observer = {
        let counts = Arc::clone(&counts);
        move |event: &Event<'_>| {
            let place = match event {
                Event::Hit { grant: GrantType::ClientCredentials, .. } => 0,
                Event::Waited { .. } => 1,
                Event::Started { .. } => 2,
                Event::Sent { .. } => 3,
                Event::Succeeded { .. } => 4,
                _ => 5,
            };
            counts[place].fetch_add(1, Ordering::Relaxed);
        }
    };
    let client = builder(Numbering::default()).observer(observer).build().unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let client = client.clone();
        callers.spawn(async move { drop(client.app_token().await.unwrap()) });
    }
    callers.join_all().await;
    let [hits, waits, rest @ ..] = &*counts;
    assert_eq!(hits.load(Ordering::Relaxed) + waits.load(Ordering::Relaxed), 10_000);
    assert_eq!(rest.each_ref().map(|count| count.load(Ordering::Relaxed)), [1, 1, 1, 0]);
}

#[tokio::test]
async fn a_panic_of_an_observer_is_caught() {
    let memory = Memory::responding([response(503, ""), app(1), user()]);
    let observer = |event: &Event<'_>| panic!("a bug of the observer: {event:?}");
    let client = builder(memory).observer(observer).cache_user_tokens(10).build().unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..10 {
        callers.spawn(user_call(&client, USER));
    }
    for result in crate::driving::in_time(callers.join_all()).await {
        result.unwrap();
    }
    let token = client.app_token().await.unwrap();
    client.invalidate_app_token(&token);
}

/// The level, span, event and fields of each line, without message and times.
fn fields(lines: &[String]) -> Vec<String> {
    let fields = |line: &String| {
        let (head, rest) = line.split_once(" message=").unwrap_or((line, ""));
        let rest = rest.find("event=").map_or("", |start| &rest[start..]);
        let shown = |word: &&str| !word.starts_with("time_ms=") && !word.starts_with("pause_ms=");
        let words = head.split(' ').chain(rest.split(' ')).filter(|it| !it.is_empty());
        words.filter(shown).collect::<Vec<_>>().join(" ")
    };
    lines.iter().map(fields).collect()
}

#[tokio::test]
async fn tracing_gets_the_events_under_stable_names_within_a_span() {
    let (recorder, _guard) = Recorder::start();
    let memory = Memory::responding([response(503, ""), app(1)]);
    let client = builder(memory).build().unwrap();
    client.app_token().await.unwrap();
    let app = r#"grant="client_credentials""#;
    let expected = [
        format!("DEBUG span acquire {app} refresh=false"),
        format!(r#"DEBUG acquire: event="started" {app} refresh=false"#),
        format!(r#"DEBUG acquire: event="sent" {app} attempt=1"#),
        format!(
            r#"DEBUG acquire: event="retrying" {app} attempt=1 kind="server_error" status=503"#
        ),
        format!(r#"DEBUG acquire: event="sent" {app} attempt=2"#),
        format!(r#"DEBUG acquire: event="succeeded" {app} generation=1"#),
        format!(r#"TRACE -: event="waited" {app}"#),
    ];
    assert_eq!(fields(&recorder.take()), expected);
    client.app_token().await.unwrap();
    assert_eq!(recorder.take(), Vec::<String>::new(), "a hit is for the observer only");
}

#[tokio::test]
async fn tracing_gets_failures_with_their_levels_and_no_secret() {
    let (recorder, _guard) = Recorder::start();
    let echo = format!(r#"{{"error":"invalid_grant","error_description":"{PASSWORD} is wrong"}}"#);
    let responses = [app(1), user(), response(400, &echo), unauthorized(), unauthorized()];
    let memory = Memory::responding(responses);
    let client = builder(memory.clone()).build().unwrap();
    let token = client.app_token().await.unwrap();
    client.user_token(USER).await.unwrap();
    client.user_token_by_password(USER, PASSWORD).await.unwrap_err();
    client.invalidate_app_token(&token);
    yield_to_tasks().await;
    builder(memory).build().unwrap().app_token().await.unwrap_err();
    let lines = recorder.take();
    assert!(!lines.join("\n").contains("MARK"), "{}", lines.join("\n"));
    let lines = fields(&lines);
    for expected in [
        r#"DEBUG span acquire grant="inherit" refresh=false"#,
        r#"DEBUG acquire: event="succeeded" grant="inherit" generation=0"#,
        // A failure of one user is not the operator's concern; a failure of the app is.
        r#"DEBUG acquire: event="failed" grant="password" host="a1.easemob.com" attempts=1 kind="invalid_password" status=400 usable=false"#,
        r#"INFO -: event="invalidated" grant="client_credentials" generation=1"#,
        r#"WARN acquire: event="failed" grant="client_credentials" host="a1.easemob.com" attempts=1 kind="invalid_client" status=401 usable=false"#,
        // The reported token is still in use.
        r#"WARN acquire: event="failed" grant="client_credentials" host="a1.easemob.com" attempts=1 kind="invalid_client" status=401 usable=true"#,
    ] {
        assert!(lines.iter().any(|it| it == expected), "{expected}\n{}", lines.join("\n"));
    }
}
