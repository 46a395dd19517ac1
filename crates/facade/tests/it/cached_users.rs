//! Cached user tokens, and passwords, which are checked every time.

use crate::memory::Numbering;
use crate::memory::builder;

#[tokio::test]
async fn about_as_many_users_as_set_are_cached_and_all_are_served() {
    let service = Numbering::default();
    let client = builder(service.clone()).cache_user_tokens(100).requests_per_second(u32::MAX);
    let client = client.build().unwrap();
    let user = |number: usize| format!("user-{number}");
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
    }
    assert_eq!(service.received().len(), 1_001);
    // In the second round about a hundred are in the cache.
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
    }
    let again = (0..1_000).filter(|&number| service.requests_for(&user(number)) == 2).count();
    assert!((850..=1_000).contains(&again), "{again}");
    // A user that is used all the time stays in the cache.
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
        client.user_token("regular").await.unwrap();
    }
    assert!(service.requests_for("regular") <= 3, "{}", service.requests_for("regular"));
}

#[cfg(any(feature = "hyper", feature = "isahc"))]
mod over_sockets {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::time::Duration;

    use easemob_token::transport::Transport;
    use easemob_token::{Client, ErrorKind, Ttl, UserToken};
    use easemob_token_emulator::{BodyKind, Emulator, Fault};
    use tokio::task::JoinSet;

    use crate::driving::{begin, in_time, user_call};
    use crate::end_to_end::client_of;

    fn text(token: &UserToken) -> &str {
        token.access_token().expose()
    }

    async fn caching(transport: impl Transport) -> (Emulator, Client) {
        let emulator = Emulator::builder().user("c", "1").user("d", "2").start().await.unwrap();
        let client = client_of(&emulator, transport).cache_user_tokens(100).build().unwrap();
        client.app_token().await.unwrap();
        (emulator, client)
    }

    async fn a_thousand_callers_for_one_user_are_served_by_one_request(transport: impl Transport) {
        let (emulator, client) = caching(transport).await;
        let hold = emulator.hold();
        let mut callers = JoinSet::new();
        for number in 0..1_000 {
            // The service reads user IDs without regard to case.
            let user = ["c", "C"][number % 2];
            callers.spawn(user_call(&client, user));
        }
        emulator.wait_for_requests(2).await;
        crate::driving::yield_to_tasks().await;
        hold.release();
        let tokens = callers.join_all().await;
        let first = text(tokens[0].as_ref().unwrap());
        assert!(tokens.iter().all(|token| text(token.as_ref().unwrap()) == first));
        assert_eq!(text(&client.user_token("c").await.unwrap()), first);
        assert_eq!(emulator.request_count(), 2);
    }

    async fn a_user_whose_first_token_is_fetched_is_never_evicted(transport: impl Transport) {
        let emulator = Emulator::start().await.unwrap();
        let client = client_of(&emulator, transport).cache_user_tokens(1).build().unwrap();
        client.app_token().await.unwrap();
        let hold = emulator.hold();
        let mut calls = JoinSet::new();
        for round in 0..2 {
            for number in 0..20 {
                let (client, user) = (client.clone(), format!("user-{number}"));
                let mut call =
                    Box::pin(async move { client.user_token(user).auto_create_user(true).await });
                begin(call.as_mut()).await;
                calls.spawn(call);
            }
            emulator.wait_for_requests(21).await;
            assert_eq!(emulator.request_count(), 21, "round {round}");
        }
        hold.release();
        for result in in_time(calls.join_all()).await {
            result.unwrap();
        }
        assert_eq!(emulator.request_count(), 21);
    }

    async fn a_slow_user_does_not_delay_another(transport: impl Transport) {
        let (emulator, client) = caching(transport).await;
        emulator.inject(Fault::hang().for_user("c")).unwrap();
        let mut slow = client.user_token("c").into_future();
        begin(Pin::new(&mut slow)).await;
        emulator.wait_for_requests(2).await;
        for _ in 0..3 {
            in_time(client.user_token("d").into_future()).await.unwrap();
        }
        assert_eq!(emulator.request_count(), 3);

        // A user whose request is retried, and one that does not exist.
        emulator.inject(Fault::server_error(503, BodyKind::Empty).for_user("e").always()).unwrap();
        let mut failing = client.user_token("e").into_future();
        begin(Pin::new(&mut failing)).await;
        assert_eq!(client.user_token("f").await.unwrap_err().kind(), ErrorKind::UserNotFound);
        client.user_token("d").auto_create_user(true).await.unwrap();
        begin(Pin::new(&mut failing)).await;
    }

    async fn other_options_are_other_tokens_and_a_report_finds_each(transport: impl Transport) {
        let (emulator, client) = caching(transport).await;
        let hour = Duration::from_secs(3600);
        let requests = || {
            [
                client.user_token("c"),
                client.user_token("c").auto_create_user(true),
                client.user_token("c").ttl(hour),
                client.user_token("c").ttl(hour * 2),
                client.user_token("c").ttl(Ttl::Permanent),
            ]
        };
        let mut tokens = Vec::new();
        for request in requests() {
            tokens.push(request.await.unwrap());
        }
        for (request, token) in requests().into_iter().zip(&tokens) {
            assert_eq!(text(&request.await.unwrap()), text(token));
        }
        assert_eq!(emulator.request_count(), 6);

        // A report finds the token by its text, with whatever options it was fetched.
        for (number, replaced) in [(7, 1), (8, 2), (9, 4)] {
            client.invalidate_user_token(&tokens[replaced]);
            for (other, request) in requests().into_iter().enumerate() {
                let token = request.await.unwrap();
                assert_eq!(text(&token) != text(&tokens[other]), other == replaced, "{other}");
                tokens[other] = token;
            }
            assert_eq!(emulator.request_count(), number);
        }
    }

    async fn a_thousand_reports_of_one_token_cause_one_request(transport: impl Transport) {
        let (emulator, client) = caching(transport).await;
        let old = client.user_token("c").await.unwrap();
        let mut reports = JoinSet::new();
        for _ in 0..1_000 {
            let (client, old) = (client.clone(), old.clone());
            reports.spawn(async move {
                client.invalidate_user_token(&old);
                client.user_token("c").await.unwrap()
            });
        }
        let new = reports.join_all().await;
        assert!(new.iter().all(|token| text(token) == text(&new[0])));
        assert_ne!(text(&new[0]), text(&old));
        assert_eq!(emulator.request_count(), 3);
        // Neither an old token, nor another user's, nor one by password is the cached one.
        client.user_token("d").await.unwrap();
        let by_password = client.user_token_by_password("c", "1").await.unwrap();
        client.invalidate_user_token(&old);
        client.invalidate_user_token(&by_password);
        assert_eq!(text(&client.user_token("C").await.unwrap()), text(&new[0]));
        assert_eq!(emulator.request_count(), 5);
    }

    async fn a_password_is_checked_every_time(transport: impl Transport) {
        let transport = Arc::new(transport);
        for cache in [false, true] {
            let emulator = Emulator::builder().user("c", "right").start().await.unwrap();
            let client = client_of(&emulator, Arc::clone(&transport));
            let client = if cache { client.cache_user_tokens(100) } else { client };
            let client = client.build().unwrap();
            let enter = |password: &str| client.user_token_by_password("c", password).into_future();
            let refused = || async {
                let error = enter("wrong").await.unwrap_err();
                assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidPassword, 1));
            };
            // After the right password, and while a token of the same user is cached.
            enter("right").await.unwrap();
            refused().await;
            client.user_token("c").await.unwrap();
            client.user_token("c").await.unwrap();
            refused().await;
            // A refusal is not remembered either.
            enter("right").await.unwrap();
            enter("right").await.unwrap();
            // Concurrent calls do not share a request.
            let before = emulator.request_count();
            let mut callers = JoinSet::new();
            for number in 0..50 {
                let right = number % 2 == 0;
                let call = enter(if right { "right" } else { "wrong" });
                callers.spawn(async move { (right, call.await.is_ok()) });
            }
            for (right, entered) in callers.join_all().await {
                assert_eq!(right, entered);
            }
            assert_eq!(emulator.request_count(), before + 50);
            // A token fetched by password is not cached.
            let cached = client.user_token("c").await.unwrap();
            let entered = enter("right").await.unwrap();
            assert_ne!(text(&cached), text(&entered));
            emulator.add_user("c", "changed").unwrap();
            assert!(enter("right").await.is_err());
        }
    }

    over_each_transport!(
        a_thousand_callers_for_one_user_are_served_by_one_request,
        a_user_whose_first_token_is_fetched_is_never_evicted,
        a_slow_user_does_not_delay_another,
        other_options_are_other_tokens_and_a_report_finds_each,
        a_thousand_reports_of_one_token_cause_one_request,
        a_password_is_checked_every_time,
    );
}
