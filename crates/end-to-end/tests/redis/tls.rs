//! Redis behind TLS, with an authority of the test.

use std::fs;

use easemob_token_store::{StoreErrorKind, TokenStore};
use easemob_token_store_redis::RedisStore;
use easemob_token_transport_testkit::{Authority, LOOPBACK};

use crate::server::{KEY, Redis};

#[tokio::test]
async fn only_a_certificate_that_is_trusted_and_valid_for_the_host_is_accepted() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (name, roots, is_accepted) in [
        (LOOPBACK, Some(authority.pem()), true),
        (LOOPBACK, Some(stranger.pem()), false),
        (LOOPBACK, None, false),
        ("127.0.0.2", Some(authority.pem()), false),
    ] {
        let files = tempfile::tempdir().unwrap();
        let identity = authority.issue(name);
        fs::write(files.path().join("certificate.pem"), identity.pem()).unwrap();
        fs::write(files.path().join("key.pem"), identity.key_pem()).unwrap();
        let shown = files.path().display();
        let redis = Redis::with(|port| {
            format!(
                "port 0\ntls-port {port}\ntls-cert-file {shown}/certificate.pem\n\
                 tls-key-file {shown}/key.pem\ntls-ca-cert-file {shown}/certificate.pem\n\
                 tls-auth-clients no"
            )
        });
        let url = format!("rediss://127.0.0.1:{}", redis.port());
        let mut builder = RedisStore::builder(&url);
        if let Some(roots) = roots {
            builder = builder.roots_pem(roots);
        }
        let read = builder.build().unwrap().read(KEY).await.map_err(|it| it.kind());
        let expected = if is_accepted { Ok(None) } else { Err(StoreErrorKind::Unreachable) };
        assert_eq!(read, expected, "{name}");
        // Without TLS, nothing is sent that could be taken for an answer.
        assert!(RedisStore::new(&redis.url()).unwrap().read(KEY).await.is_err());
    }
}
