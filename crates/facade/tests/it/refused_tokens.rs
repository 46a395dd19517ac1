//! App tokens that the service refuses before they expire: row 48 of the fault table, `authorize`,
//! user tokens. Budgets of reports are tested in simulated time (`src/simulated/reports.rs`).

use easemob_token::transport::Transport;
use easemob_token::{Authorization, ErrorKind};
use easemob_token_emulator::{Emulator, Fault, Grant, ReceivedRequest, Refusal};
use tokio::task::JoinSet;

use crate::driving::{in_time, user_call};
use crate::end_to_end::client_of;

const CALLERS: usize = 1_000;

fn sent(emulator: &Emulator, grant: Grant) -> usize {
    emulator.requests().iter().filter(|request| request.grant() == Some(grant)).count()
}

async fn row_48_a_thousand_reports_of_one_token_cause_one_refresh_and_old_reports_none(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let refused = client.app_token().await.unwrap();
    let mut authorization = client.authorize().await.unwrap();
    let hold = emulator.hold();
    let report = || {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, refused) = (client.clone(), refused.clone());
            callers.spawn(async move {
                client.invalidate_app_token(&refused);
                client.app_token().await.unwrap().generation()
            });
        }
        callers.join_all()
    };
    // Until the replacement is there, the reported token is used, and nobody waits.
    assert!(in_time(report()).await.iter().all(|&generation| generation == 1));
    in_time(emulator.wait_for_requests(2)).await;
    hold.release();
    assert!(in_time(authorization.renew()).await.unwrap());
    // Now it is an old one.
    assert!(in_time(report()).await.iter().all(|&generation| generation == 2));
    assert_eq!(emulator.request_count(), 2);
}

async fn row_48_a_thousand_renewals_of_one_token_send_one_request(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let authorization = client.authorize().await.unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut authorization = authorization.clone();
        callers.spawn(async move {
            assert!(authorization.renew().await.unwrap());
            authorization.header()
        });
    }
    let headers = callers.join_all().await;
    assert!(headers.iter().all(|header| *header == headers[0]));
    assert_ne!(headers[0], authorization.header());
    assert_eq!(emulator.request_count(), 2);
}

async fn a_revoked_app_token_is_replaced_once_for_all_user_tokens(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    client.app_token().await.unwrap();
    emulator.revoke_app_tokens();
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        callers.spawn(user_call(&client, "c"));
    }
    for result in callers.join_all().await {
        result.unwrap();
    }
    assert_eq!(sent(&emulator, Grant::ClientCredentials), 2);
    // Each was refused once at most.
    let statuses: Vec<_> = emulator.requests().iter().filter_map(ReceivedRequest::status).collect();
    assert!(statuses.iter().filter(|status| **status == 401).count() <= 100);
}

async fn an_authorization_is_a_header_and_one_more_try(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut authorization = client.authorize().await.unwrap();
    let bearer = |authorization: &Authorization| {
        let token = authorization.app_token().access_token().expose();
        assert!(authorization.header().is_sensitive());
        assert_eq!(authorization.header(), format!("Bearer {token}"));
        assert!(!format!("{authorization:?}").contains(token));
        token.to_owned()
    };
    let first = bearer(&authorization);
    assert_eq!(client.app_token().await.unwrap().access_token().expose(), first);
    emulator.revoke_app_tokens();
    assert!(authorization.renew().await.unwrap());
    let second = bearer(&authorization);
    assert_ne!(first, second);
    assert_eq!(emulator.request_count(), 2);

    // Refused as well: no third one for this call. It is replaced, and stays in use meanwhile.
    let hold = emulator.hold();
    assert!(!authorization.renew().await.unwrap());
    assert_eq!(bearer(&authorization), second);
    in_time(emulator.wait_for_requests(3)).await;
    let mut next = client.authorize().await.unwrap();
    assert_eq!(bearer(&next), second);
    hold.release();
    assert!(next.renew().await.unwrap());
    let third = bearer(&next);
    assert!(third != first && third != second);
    assert_eq!(emulator.request_count(), 3);

    // Two replacements are all that reports can cause within a minute, and harm no other call.
    let mut last = client.authorize().await.unwrap();
    assert!(!last.renew().await.unwrap());
    assert_eq!(bearer(&client.authorize().await.unwrap()), third);
    assert_eq!(emulator.request_count(), 3);
}

async fn a_renewal_that_fails_is_an_error_and_not_used_up(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut authorization = client.authorize().await.unwrap();
    emulator.inject(Fault::refusal(Refusal::ClientSecretMismatch)).unwrap();
    for _ in 0..2 {
        let error = authorization.renew().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidClient);
    }
    assert_eq!(emulator.request_count(), 2);
    assert_eq!(client.app_token().await.unwrap().generation(), 1);
}

over_each_transport!(
    row_48_a_thousand_reports_of_one_token_cause_one_refresh_and_old_reports_none,
    row_48_a_thousand_renewals_of_one_token_send_one_request,
    a_revoked_app_token_is_replaced_once_for_all_user_tokens,
    an_authorization_is_a_header_and_one_more_try,
    a_renewal_that_fails_is_an_error_and_not_used_up,
);
