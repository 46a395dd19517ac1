//! Libraries that keep a token, each warmed by one answer from the loopback or from memory.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{
    Identity, ResolveCachedIdentity as _, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::config_bag::ConfigBag;
use gcp_auth::{CustomServiceAccount, TokenProvider as _};
use google_cloud_auth::credentials::user_account;
use tame_oauth::gcp::{
    EndUserCredentials, EndUserCredentialsInfo, TokenOrRequest, TokenProvider as _,
};
use tokio::runtime::Runtime;
use yup_oauth2::{ServiceAccountAuthenticator, ServiceAccountKey};

use super::{AWS, GCP_AUTH, GOOGLE, YUP_OAUTH2};
use crate::case::{Case, Run};
use crate::loopback;
use crate::sample::{self, good};

pub(super) const CASES: &[Case] = &[
    Case { name: "moka 0.12 and a clock", prepare: moka },
    Case { name: "tame-oauth 0.10", prepare: tame },
    Case { name: YUP_OAUTH2, prepare: yup },
    Case { name: GCP_AUTH, prepare: gcp },
    Case { name: AWS, prepare: aws },
    Case { name: GOOGLE, prepare: google },
];

const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];

/// Hands a key to the processes that callgrind starts: making one takes very long there.
pub(crate) const KEY_VARIABLE: &str = "EASEMOB_TOKEN_BENCH_RSA_KEY";

/// A service account's private key, made for this run and for nothing else.
pub(crate) fn rsa_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        std::env::var(KEY_VARIABLE).unwrap_or_else(|_| {
            let (kind, size) = (&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
            good(rcgen::KeyPair::generate_rsa_for(kind, size)).serialize_pem()
        })
    })
}

fn service_account() -> serde_json::Value {
    serde_json::json!({
        "type": "service_account",
        "project_id": "bench",
        "private_key_id": "1",
        "private_key": rsa_key(),
        "client_email": "bench@bench.example",
        "client_id": "1",
        "token_uri": loopback::start(),
    })
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    good(builder.worker_threads(1).enable_all().build())
}

fn moka() -> Run {
    let cache = moka::sync::Cache::new(1);
    let until = Instant::now() + Duration::from_secs(5_184_000);
    cache.insert((), Arc::new((sample::APP_TOKEN.to_owned(), until)));
    Box::new(move |times| {
        for _ in 0..times {
            if let Some(kept) = cache.get(&())
                && Instant::now() < kept.1
            {
                black_box(&*kept.0);
            }
        }
    })
}

fn tame() -> Run {
    let client = EndUserCredentials::new(EndUserCredentialsInfo {
        client_id: sample::CLIENT_ID.to_owned(),
        client_secret: sample::CLIENT_SECRET.to_owned(),
        refresh_token: sample::PASSWORD.to_owned(),
        client_type: "authorized_user".to_owned(),
    });
    if let TokenOrRequest::Request { scope_hash, .. } = good(client.get_token(SCOPES)) {
        let answer = sample::APP_ANSWER.replacen('{', r#"{"token_type":"bearer","#, 1);
        good(client.parse_token_response(scope_hash, http::Response::new(answer.into_bytes())));
    }
    Box::new(move |times| {
        for _ in 0..times {
            let TokenOrRequest::Token(token) = good(client.get_token(SCOPES)) else {
                panic!("tame-oauth kept nothing");
            };
            black_box(&*token.access_token);
        }
    })
}

fn yup() -> Run {
    let runtime = runtime();
    let key: ServiceAccountKey = good(serde_json::from_value(service_account()));
    let client = good(runtime.block_on(ServiceAccountAuthenticator::builder(key).build()));
    good(runtime.block_on(client.token(SCOPES)));
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                black_box(good(client.token(SCOPES).await).token());
            }
        });
    })
}

fn gcp() -> Run {
    let runtime = runtime();
    let client = good(CustomServiceAccount::from_json(&service_account().to_string()));
    good(runtime.block_on(client.token(SCOPES)));
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                black_box(good(client.token(SCOPES).await).as_str());
            }
        });
    })
}

fn aws() -> Run {
    let runtime = runtime();
    let until = SystemTime::now() + Duration::from_secs(86_400);
    let identity = Identity::new(sample::APP_TOKEN.to_owned(), Some(until));
    let resolver = SharedIdentityResolver::new(identity);
    let components = RuntimeComponentsBuilder::for_tests()
        .with_sleep_impl(Some(TokioSleep::new()))
        .with_time_source(Some(SystemTimeSource::new()));
    let (components, settings) = (good(components.build()), ConfigBag::base());
    let cache = IdentityCache::lazy().build();
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                let resolved =
                    cache.resolve_cached_identity(resolver.clone(), &components, &settings);
                black_box(good(resolved.await).data::<String>());
            }
        });
    })
}

fn google() -> Run {
    let runtime = runtime();
    let user = serde_json::json!({
        "type": "authorized_user",
        "client_id": sample::CLIENT_ID,
        "client_secret": sample::CLIENT_SECRET,
        "refresh_token": sample::PASSWORD,
    });
    // It starts its own task for renewal.
    let entered = runtime.enter();
    let client = good(user_account::Builder::new(user).with_token_uri(loopback::start()).build());
    drop(entered);
    good(runtime.block_on(client.headers(http::Extensions::new())));
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                black_box(good(client.headers(http::Extensions::new()).await));
            }
        });
    })
}
