//! The command `demo`: every grant once, over every transport compiled in, and processes that share a token.

mod processes;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use easemob_token::transport::Proxy;
use easemob_token::{Client, Ttl};
use easemob_token_emulator::{
    DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, Emulator, Subscription,
};
use tokio::task::JoinSet;

use crate::args::TransportName;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::success::Success;
use crate::transports::Roots;
use crate::{output, transports};

/// The user ID of the vendor's sample, which the service returns in lower case.
const USER_ID: &str = "C";
/// The lifetime of the vendor's sample.
const SAMPLE_TTL: Duration = Duration::from_secs(1_024_000);
/// Number of concurrent callers in the last step.
const CALLERS: usize = 10_000;

/// Runs the demo until its end or a signal, so that its processes and folders go with it.
pub(crate) async fn run() -> Result<ExitCode, Failure> {
    let mut signals = Signals::that_end()
        .map_err(|error| Failure::internal(format!("cannot handle signals: {error}")))?;
    tokio::select! {
        done = steps() => done.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(signal.exit_code())),
    }
}

async fn steps() -> Result<(), Failure> {
    let names = TransportName::compiled_in();
    let over: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    output::line(
        "The emulator of the Easemob token service, inside this command, and a client of it:",
    )?;
    output::line(format_args!(
        "every grant of POST /{{org}}/{{app}}/token, over {}.",
        over.join(" and ")
    ))?;
    for name in names {
        over_transport(name).await?;
    }
    processes::run().await?;
    output::line("\nNext steps:")?;
    output::line(
        "  easemob-token emulator          the same emulator in a terminal of its own; it",
    )?;
    output::line("                                  prints the settings for another terminal")?;
    output::line(
        "  easemob-token app               an app token; in a script: TOKEN=$(easemob-token app)",
    )?;
    output::line("  easemob-token user --username alice --create --ttl 12h --format json")?;
    output::line(
        "  easemob-token --help            every option; --base-url selects your own cluster",
    )?;
    if !cfg!(feature = "isahc") {
        output::line("  cargo run -p easemob-token-cli --features isahc -- demo")?;
        output::line(
            "                                  the same over libcurl too (takes minutes to compile)",
        )?;
    }
    Ok(())
}

async fn start() -> Result<Emulator, Failure> {
    let started = Emulator::start().await;
    started.map_err(|error| Failure::internal(format!("cannot start the emulator: {error}")))
}

async fn over_transport(name: TransportName) -> Result<(), Failure> {
    // An emulator for each transport, so that each starts with an empty service.
    let emulator = start().await?;
    let mut requests = emulator.subscribe();
    let builder = Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(transports::make(name, Roots::default(), Proxy::Off)?);
    let client = builder.clone().build()?;
    output::line(format_args!("\n== over {} == {}", name.as_str(), emulator.base_url()))?;

    output::line("\n1. An app token, for your server itself: client ID and client secret.")?;
    let app = client.app_token().await?;
    log(&mut requests)?;
    result(&Success::app(&app), app.access_token().expose())?;

    output::line(
        "\n2. A user token by user ID: no password. The request carries the cached app token of",
    )?;
    output::line("   step 1, so it is the only request; the service creates the user.")?;
    let alice = async || {
        let request = client.user_token("alice").auto_create_user(true);
        request.ttl(Duration::from_secs(43_200)).await
    };
    let first = alice().await?;
    log(&mut requests)?;
    result(&Success::user(&first), first.access_token().expose())?;
    let second = alice().await?;
    let seen = std::iter::from_fn(|| requests.try_next()).count();
    output::line(format_args!(
        "\n   The same once more; requests sent: {seen}, none for an app token."
    ))?;
    result(&Success::user(&second), second.access_token().expose())?;

    output::line(format_args!(
        "\n3. A user token by user ID and password. {USER_ID:?} comes back in lower case."
    ))?;
    let request = client.user_token_by_password(USER_ID, DEMO_PASSWORD).ttl(Ttl::For(SAMPLE_TTL));
    let c = request.await?;
    log(&mut requests)?;
    result(&Success::user(&c), c.access_token().expose())?;

    output::line(
        "\n4. Another user, after the service has revoked the app token: the response is 401, so",
    )?;
    output::line("   the client fetches a new app token, once, and sends the request again.")?;
    emulator.revoke_app_tokens();
    let bob = client.user_token("bob").auto_create_user(true).await?;
    log(&mut requests)?;
    result(&Success::user(&bob), bob.access_token().expose())?;

    output::line(format_args!(
        "\n5. {CALLERS} concurrent callers of a new client, without a cached app token."
    ))?;
    many_callers(&emulator, &builder.build()?).await?;

    emulator.shutdown().await;
    Ok(())
}

/// Lets many callers get the app token; the service responds when all of them wait.
async fn many_callers(emulator: &Emulator, client: &Client) -> Result<(), Failure> {
    let before = emulator.request_count();
    let hold = emulator.hold();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move { client.app_token().await.map(|token| token.generation()) });
    }
    emulator.wait_for_requests(before + 1).await;
    tokio::task::yield_now().await;
    hold.release();
    let mut served = BTreeMap::new();
    while let Some(caller) = callers.join_next().await {
        let generation = caller.map_err(|error| Failure::internal(error.to_string()))??;
        *served.entry(generation).or_insert(0) += 1;
    }
    let requests = emulator.request_count() - before;
    for (generation, callers) in served {
        output::line(format_args!(
            "   = {callers} callers have app token number {generation}; requests sent: {requests}"
        ))?;
    }
    Ok(())
}

/// Prints the requests and responses since the last call, with secrets masked.
fn log(requests: &mut Subscription) -> Result<(), Failure> {
    while let Some(request) = requests.try_next() {
        output::line(format_args!("   > {} {}", request.method(), request.path()))?;
        if let Some(credentials) = request.masked_header("authorization") {
            output::line(format_args!("     Authorization: {credentials}"))?;
        }
        output::line(format_args!("     {}", request.masked_body()))?;
        let status = request.status().map_or_else(|| "no response".to_owned(), |s| s.to_string());
        output::line(format_args!(
            "   < {status} {}",
            request.masked_response_body().unwrap_or_default()
        ))?;
    }
    Ok(())
}

fn result(success: &Success<'_>, token: &str) -> Result<(), Failure> {
    output::line(format_args!("   = {}", success.line()))?;
    output::line(format_args!("     {token}"))?;
    Ok(())
}
