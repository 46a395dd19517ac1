//! The login server as a program: settings from the environment, logs, a graceful end.

use std::error::Error;
use std::sync::Arc;

use easemob_token::ClientBuilder;
use easemob_token::hyper::HyperTransport;
use easemob_token_axum_login_example::accounts::Accounts;
use easemob_token_axum_login_example::metrics::Metrics;
use easemob_token_axum_login_example::{Server, routes};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // RUST_LOG=debug shows more. At no level is a secret logged.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let metrics = Arc::new(Metrics::new());
    // EASEMOB_BASE_URL, EASEMOB_APP_KEY, EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET_FILE …
    let tokens = ClientBuilder::from_env()?
        .transport(HyperTransport::new())
        .cache_user_tokens(100_000)
        .observer(metrics.observer())
        .build()?;
    let mut accounts = Accounts::default();
    accounts.insert("alice", "correct horse battery staple")?;

    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let server = Server { tokens, accounts: Arc::new(accounts), metrics };
    axum::serve(listener, routes(server)).with_graceful_shutdown(end()).await?;
    Ok(())
}

/// Waits for Ctrl-C, or for SIGTERM as from `docker stop`.
async fn end() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}
