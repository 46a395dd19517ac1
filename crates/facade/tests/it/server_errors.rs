//! Server errors are retried, and error texts are cut and redacted (rows 39 and 40 of the fault
//! table).

use std::error::Error as _;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token::transport::Transport;
use easemob_token::{Error, ErrorKind};
use easemob_token_emulator::{BodyKind, DEMO_CLIENT_SECRET, Emulator, Fault};
use tokio::task::JoinSet;

use crate::end_to_end::client_of;
use crate::recorder::Recorder;

async fn row_39_server_errors_are_retried_up_to_three_requests(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut calls = JoinSet::new();
    for status in [408, 500, 501, 502, 503, 504, 507, 520, 599] {
        for body in [BodyKind::Json, BodyKind::Html, BodyKind::Text, BodyKind::Empty] {
            // A user for each case, so that all of them run at once.
            let user = format!("{status}-{body:?}");
            let fault = Fault::server_error(status, body).for_user(&user).always();
            emulator.inject(fault).unwrap();
            let call = client.user_token_by_password(&user, "1").into_future();
            calls.spawn(async move { (user, status, call.await.unwrap_err()) });
        }
    }
    let start = Instant::now();
    for (user, status, error) in calls.join_all().await {
        assert_eq!((error.kind(), error.status()), (ErrorKind::ServerError, Some(status)));
        assert_eq!((error.attempts(), error.is_retryable()), (3, true), "{user}");
        let requests = emulator.requests();
        let times: Vec<_> = requests
            .iter()
            .filter(|request| request.username() == Some(&*user))
            .map(easemob_token_emulator::ReceivedRequest::received_at)
            .collect();
        assert_eq!(times.len(), 3, "{user}");
        for pair in times.windows(2) {
            let pause = pair[1].duration_since(pair[0]).unwrap();
            assert!(pause >= Duration::from_millis(990), "{user}: {pause:?}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// All texts of an error and its sources.
fn texts(error: &Error) -> String {
    let mut texts = format!("{error}\n{error:?}\n{error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(texts, "\n{error}\n{error:?}").unwrap();
        cause = error.source();
    }
    texts
}

async fn row_40_error_texts_are_cut_escaped_and_free_of_our_secrets(transport: impl Transport) {
    const PASSWORD: &str = "MARK-pass\"word\\";
    let (recorder, _guard) = Recorder::start();
    let transport = Arc::new(transport);
    let emulator = Emulator::builder().user("c", PASSWORD).start().await.unwrap();
    let builder = client_of(&emulator, transport).max_response_bytes(4 << 20);
    let client = builder.clone().build().unwrap();
    let app_token = client.app_token().await.unwrap().access_token().expose().to_owned();
    let bare = |secret: &str| secret.replace(['"', '\\'], "");

    let long = "x".repeat(1 << 20);
    let mut all = Vec::new();
    for (tail, cut) in [("", false), (&*long, true)] {
        for secret in [PASSWORD, DEMO_CLIENT_SECRET, &app_token] {
            let text = format!("\u{1b}[31m{secret}\u{1b}]0;x\u{7}\r\n{secret}\u{202e}{tail}");
            let code = format!("\u{1b}{secret}");
            emulator.inject(Fault::error(400, code, Some(&text))).unwrap();
            let error = if secret == PASSWORD {
                client.user_token_by_password("c", PASSWORD).await.unwrap_err()
            } else if secret == DEMO_CLIENT_SECRET {
                builder.clone().build().unwrap().app_token().await.unwrap_err()
            } else {
                client.user_token("c").await.unwrap_err()
            };
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Rejected, 1), "{error}");
            let description = error.description().unwrap();
            assert!(description.starts_with("\\u{1b}[31m***\\u{1b}]0;x\\u{7}\\r\\n***"));
            assert_eq!(description.chars().count() == 512, cut, "{description}");
            assert_eq!(error.code(), Some("\\u{1b}***"));
            let texts = texts(&error);
            assert!(!texts.contains(secret) && !texts.contains(&bare(secret)), "{texts}");
            let lines = recorder.take();
            for line in texts.lines().chain(lines.iter().map(String::as_str)) {
                assert!(!line.contains(char::is_control) && !line.contains('\u{202e}'), "{line}");
                assert!(line.len() < 2_000, "{line}");
            }
            all.extend(lines);
        }
    }
    // The recorder has at least the events of this thread.
    let lines = all.join("\n");
    assert!(lines.contains("(400 \\u{1b}***"), "{lines}");
    for secret in [PASSWORD, &bare(PASSWORD), DEMO_CLIENT_SECRET, &app_token] {
        assert!(!lines.contains(secret), "{lines}");
    }
}

over_each_transport!(
    row_39_server_errors_are_retried_up_to_three_requests,
    row_40_error_texts_are_cut_escaped_and_free_of_our_secrets,
);
