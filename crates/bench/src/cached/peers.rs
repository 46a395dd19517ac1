//! Libraries that cache a token, each after one response from the loopback or from memory.

use std::hint::black_box;
use std::sync::Arc;
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
use tame_oauth::gcp::{TokenOrRequest, TokenProvider as _};
use tokio::runtime::Runtime;
use yup_oauth2::{ServiceAccountAuthenticator, ServiceAccountKey};

use super::{AWS, GCP_AUTH, GOOGLE, YUP_OAUTH2};
use crate::case::{Case, Run};
use crate::grant::tame_client;
use crate::sample::{self, good};
use crate::{loopback, rsa_key};

pub(super) const CASES: &[Case] = &[
    Case { name: "moka 0.12 and a clock", prepare: moka },
    Case { name: "tame-oauth 0.10", prepare: tame },
    Case { name: YUP_OAUTH2, prepare: yup },
    Case { name: GCP_AUTH, prepare: gcp },
    Case { name: AWS, prepare: aws },
    Case { name: GOOGLE, prepare: google },
];

const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];

fn service_account() -> serde_json::Value {
    serde_json::json!({
        "type": "service_account",
        "project_id": "bench",
        "private_key_id": "1",
        "private_key": rsa_key::pem(),
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
            if let Some(cached) = cache.get(&())
                && Instant::now() < cached.1
            {
                black_box(&*cached.0);
            }
        }
    })
}

fn tame() -> Run {
    let client = tame_client();
    if let TokenOrRequest::Request { scope_hash, .. } = good(client.get_token(SCOPES)) {
        let response = sample::APP_RESPONSE.replacen('{', r#"{"token_type":"bearer","#, 1);
        good(client.parse_token_response(scope_hash, http::Response::new(response.into_bytes())));
    }
    Box::new(move |times| {
        for _ in 0..times {
            let TokenOrRequest::Token(token) = good(client.get_token(SCOPES)) else {
                panic!("tame-oauth cached nothing");
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
