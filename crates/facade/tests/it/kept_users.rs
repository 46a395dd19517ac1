//! User tokens that are kept, and passwords, which are checked every time.

use crate::app_token::builder;
use crate::memory::Numbering;

#[tokio::test]
async fn about_so_many_users_are_kept_and_all_are_served() {
    let service = Numbering::default();
    let client = builder(service.clone()).keep_user_tokens(100).requests_per_second(u32::MAX);
    let client = client.build().unwrap();
    let user = |number: usize| format!("user-{number}");
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
    }
    assert_eq!(service.asked().len(), 1_001);
    // The second round finds what was kept, about a hundred, and asks for the rest.
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
    }
    let again = (0..1_000).filter(|&number| service.asked_for(&user(number)) == 2).count();
    assert!((850..=1_000).contains(&again), "{again}");
    // Who is asked for all the time is kept, however many pass by.
    for number in 0..1_000 {
        client.user_token(user(number)).await.unwrap();
        client.user_token("regular").await.unwrap();
    }
    assert!(service.asked_for("regular") <= 3, "{}", service.asked_for("regular"));
}

#[cfg(any(feature = "hyper", feature = "isahc"))]
mod over_sockets {
    use std::sync::Arc;
    use std::time::Duration;

    use easemob_token::transport::Transport;
    use easemob_token::{Client, ErrorKind, Ttl, UserToken};
    use easemob_token_emulator::{BodyKind, Emulator, Fault};
    use tokio::task::JoinSet;

    use crate::calls::{begin, in_time};
    use crate::end_to_end::client_of;

    fn text(token: &UserToken) -> &str {
        token.access_token().expose()
    }

    async fn keeping(transport: impl Transport) -> (Emulator, Client) {
        let emulator = Emulator::builder().user("c", "1").user("d", "2").start().await.unwrap();
        let client = client_of(&emulator, transport).keep_user_tokens(100).build().unwrap();
        client.app_token().await.unwrap();
        (emulator, client)
    }

    async fn a_thousand_callers_for_one_user_are_served_by_one_request(transport: impl Transport) {
        let (emulator, client) = keeping(transport).await;
        let hold = emulator.hold();
        let mut callers = JoinSet::new();
        for number in 0..1_000 {
            // The service reads user IDs without regard to case.
            let user = ["c", "C"][number % 2];
            callers.spawn(client.user_token(user).into_future());
        }
        emulator.wait_for_requests(2).await;
        crate::calls::everybody_has_a_turn().await;
        hold.release();
        let tokens = callers.join_all().await;
        let first = text(tokens[0].as_ref().unwrap());
        assert!(tokens.iter().all(|token| text(token.as_ref().unwrap()) == first));
        assert_eq!(text(&client.user_token("c").await.unwrap()), first);
        assert_eq!(emulator.request_count(), 2);
    }

    /// However many pass by, there is no second request for one who is waited for.
    async fn a_user_who_is_waited_for_keeps_the_place(transport: impl Transport) {
        let emulator = Emulator::start().await.unwrap();
        let client = client_of(&emulator, transport).keep_user_tokens(1).build().unwrap();
        client.app_token().await.unwrap();
        let hold = emulator.hold();
        let mut calls = JoinSet::new();
        let call = |user: String| client.user_token(user).auto_create_user(true).into_future();
        for round in 0..2 {
            for number in 0..20 {
                let mut call = call(format!("user-{number}"));
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

    async fn one_users_trouble_does_not_delay_another(transport: impl Transport) {
        let (emulator, client) = keeping(transport).await;
        emulator.inject(Fault::hang().for_user("c")).unwrap();
        let mut slow = client.user_token("c").into_future();
        begin(slow.as_mut()).await;
        emulator.wait_for_requests(2).await;
        for _ in 0..3 {
            in_time(client.user_token("d").into_future()).await.unwrap();
        }
        assert_eq!(emulator.request_count(), 3);

        // A user whose token fails and is asked again, and one who is refused for good.
        emulator.inject(Fault::server_error(503, BodyKind::Empty).for_user("e").always()).unwrap();
        let mut failing = client.user_token("e").into_future();
        begin(failing.as_mut()).await;
        assert_eq!(client.user_token("f").await.unwrap_err().kind(), ErrorKind::UserNotFound);
        client.user_token("d").auto_create_user(true).await.unwrap();
        begin(failing.as_mut()).await;
    }

    async fn other_options_are_other_tokens_and_each_is_reported_by_its_own(
        transport: impl Transport,
    ) {
        let (emulator, client) = keeping(transport).await;
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

        // A token is known by its options; an old one, or another's, changes nothing.
        client.user_token("c").invalidate(&tokens[2]);
        client.user_token("d").invalidate(&tokens[0]);
        assert_eq!(text(&client.user_token("C").await.unwrap()), text(&tokens[0]));
        assert_eq!(emulator.request_count(), 6);
        let mut reports = JoinSet::new();
        for _ in 0..1_000 {
            let (client, old) = (client.clone(), tokens[0].clone());
            reports.spawn(async move {
                client.user_token("C").invalidate(&old);
                client.user_token("c").await.unwrap()
            });
        }
        let new = reports.join_all().await;
        assert!(new.iter().all(|token| text(token) == text(&new[0])));
        assert_ne!(text(&new[0]), text(&tokens[0]));
        assert_eq!(emulator.request_count(), 7);
        assert_eq!(text(&client.user_token("c").ttl(hour).await.unwrap()), text(&tokens[2]));
    }

    async fn a_password_is_checked_every_time(transport: impl Transport) {
        let transport = Arc::new(transport);
        for keep in [false, true] {
            let emulator = Emulator::builder().user("c", "right").start().await.unwrap();
            let client = client_of(&emulator, Arc::clone(&transport));
            let client = if keep { client.keep_user_tokens(100) } else { client };
            let client = client.build().unwrap();
            let enter = |password: &str| client.user_token_by_password("c", password).into_future();
            let refused = || async {
                let error = enter("wrong").await.unwrap_err();
                assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidPassword, 1));
            };
            // Right after the right one, and while a token of the same user is kept.
            enter("right").await.unwrap();
            refused().await;
            client.user_token("c").await.unwrap();
            client.user_token("c").await.unwrap();
            refused().await;
            // A refusal is not remembered either.
            enter("right").await.unwrap();
            enter("right").await.unwrap();
            // And many at once are many.
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
            // A token that was got by password does not become the kept one.
            let kept = client.user_token("c").await.unwrap();
            let entered = enter("right").await.unwrap();
            assert_ne!(text(&kept), text(&entered));
            emulator.add_user("c", "changed").unwrap();
            assert!(enter("right").await.is_err());
        }
    }

    over_each_transport!(
        a_thousand_callers_for_one_user_are_served_by_one_request,
        a_user_who_is_waited_for_keeps_the_place,
        one_users_trouble_does_not_delay_another,
        other_options_are_other_tokens_and_each_is_reported_by_its_own,
        a_password_is_checked_every_time,
    );
}
