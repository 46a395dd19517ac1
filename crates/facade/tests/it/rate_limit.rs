//! The rate limit of a client: requests per second, and an error at once if that is too late.

use std::time::{Duration, Instant};

use easemob_token::ErrorKind;
use tokio::task::JoinSet;

use crate::driving::{at_once, begin, user_call};
use crate::memory::Numbering;
use crate::memory::builder;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn no_second_has_more_requests_than_the_client_may_send_and_all_callers_are_served() {
    let service = Numbering::default();
    let client = builder(service.clone()).requests_per_second(20).build().unwrap();
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for number in 0..60 {
        callers.spawn(user_call(&client, &format!("user-{number}")));
    }
    for result in callers.join_all().await {
        result.unwrap();
    }
    let times: Vec<_> = service.received().iter().map(|received| received.time).collect();
    // The app token counts as well.
    assert_eq!(times.len(), 61);
    let within = |start: Instant| {
        times.iter().filter(|time| (start..start + SECOND).contains(*time)).count()
    };
    let busiest = times.iter().map(|&time| within(time)).max().unwrap();
    assert!(busiest <= 20, "{busiest}");
    // It does not slow down more than the limit asks for.
    assert!(start.elapsed() < SECOND * 10, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_call_that_cannot_be_served_in_time_fails_at_once_and_sends_nothing() {
    let service = Numbering::default();
    // One at once, and then one each third of a second.
    let client = builder(service.clone())
        .requests_per_second(4)
        .acquisition_deadline(SECOND)
        .build()
        .unwrap();
    let call = |user: String| client.user_token_by_password(user, "1").into_future();
    call("first".into()).await.unwrap();
    let mut waiting = ["a", "b", "c"].map(|user| call(user.into()));
    for call in &mut waiting {
        begin(call.as_mut()).await;
    }
    for number in 0..100 {
        let late = at_once(call(format!("late-{number}"))).await.expect("it fails at once");
        let error = late.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0), "{error}");
        assert!(error.is_retryable());
        let pause = error.retry_after().unwrap();
        assert!(pause > SECOND / 2 && pause <= SECOND * 2, "{pause:?}");
    }
    assert_eq!(service.received().len(), 1);
    // The waiting callers are served all the same.
    let [first, second, third] = waiting;
    first.await.unwrap();
    second.await.unwrap();
    drop(third);
    assert_eq!(service.received().len(), 3);
}

#[tokio::test]
async fn one_client_and_its_clones_share_one_limit_and_another_client_has_its_own() {
    let service = Numbering::default();
    let build =
        || builder(service.clone()).requests_per_second(1).acquisition_deadline(SECOND / 2).build();
    let (client, other) = (build().unwrap(), build().unwrap());
    client.user_token_by_password("c", "1").await.unwrap();
    let error = client.clone().user_token_by_password("c", "1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let pause = error.retry_after().unwrap();
    assert!(pause > SECOND / 2 && pause <= SECOND, "{pause:?}");
    other.user_token_by_password("c", "1").await.unwrap();
    assert_eq!(service.received().len(), 2);
}
