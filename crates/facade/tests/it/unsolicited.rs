//! Responses to no request, on connections that are reused.

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_transport_testkit::{Script, ScriptedServer, reply};

use crate::driving::in_time;

/// A service that names no user, and sends another user's token after each response.
fn service() -> ScriptedServer {
    let token =
        |text| reply::ok(format!(r#"{{"access_token":"{text}","expires_in":3600}}"#).as_bytes());
    let both = [token("own"), token("foreign")].concat();
    let script = (0..10).fold(Script::new(), |script, _| script.request().write(both.clone()));
    ScriptedServer::start(script)
}

#[tokio::test]
async fn a_foreign_token_right_after_a_response_reaches_nobody() {
    let service = service();
    for _ in 0..20 {
        let client = Client::builder(format!("http://{}", service.address()), "org#app")
            .client_credentials("id", "secret")
            .transport(HyperTransport::new())
            .build()
            .unwrap();
        let app = in_time(client.app_token()).await.unwrap();
        assert_eq!(app.access_token().expose(), "own");
        for user in ["a", "b", "c"] {
            let token = in_time(client.user_token(user).into_future()).await.unwrap();
            assert_eq!(token.access_token().expose(), "own");
        }
        client.invalidate_app_token(&app);
        let mut authorization = client.authorize().await.unwrap();
        // The same text again is no other token.
        assert!(!in_time(authorization.renew()).await.unwrap());
    }
}
