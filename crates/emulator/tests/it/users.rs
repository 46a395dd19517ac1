//! The list of users: a page, and the app token that it needs.

use easemob_token_emulator::Emulator;

use crate::client::{Reply, get_bearing, start_with_app_token};

async fn list(emulator: &Emulator, token: &str, query: &str) -> Reply {
    get_bearing(emulator, token, &format!("/easemob-demo/testapp/users{query}")).await
}

#[tokio::test]
async fn users_are_listed_by_their_ids_and_the_page_is_limited() {
    let (emulator, token) = start_with_app_token().await;
    emulator.add_user_without_password("alice").unwrap();
    emulator.ban("alice").unwrap();
    let page = list(&emulator, &token, "").await.json();
    assert_eq!(
        (&page["action"], &page["path"], &page["count"]),
        (&"get".into(), &"/users".into(), &2.into())
    );
    let users = page["entities"].as_array().unwrap();
    assert_eq!((&users[0]["username"], &users[0]["activated"]), (&"alice".into(), &false.into()));
    assert_eq!((&users[1]["username"], &users[1]["activated"]), (&"c".into(), &true.into()));
    assert_eq!(list(&emulator, &token, "?limit=1").await.json()["count"], 1);
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?limit="] {
        assert_eq!(list(&emulator, &token, query).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_dead_token_is_refused_as_by_the_token_endpoint() {
    let (emulator, token) = start_with_app_token().await;
    emulator.revoke_app_tokens();
    let refused = list(&emulator, &token, "").await.error();
    assert_eq!(refused, "401 unauthorized: Unable to authenticate (OAuth)");
    let refused = list(&emulator, "rubbish", "").await.error();
    assert_eq!(refused, "401 unauthorized: Unable to authenticate (OAuth)");
    let elsewhere = get_bearing(&emulator, &token, "/other/testapp/users").await;
    assert_eq!(elsewhere.status, 404);
}
