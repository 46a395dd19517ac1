//! The command `demo`: every grant once, on every transport compiled in, told as a story.

use std::collections::BTreeMap;
use std::time::Duration;

use easemob_token::transport::Proxy;
use easemob_token::{Client, Ttl};
use easemob_token_emulator::{
    DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, Emulator, Subscription,
};
use tokio::task::JoinSet;

use crate::args::{Format, Options, TransportName};
use crate::failure::Failure;
use crate::success::Success;
use crate::{output, transports};

/// The user ID of the documentation's sample, which comes back in lower case.
const USERNAME: &str = "C";
/// The lifetime of the documentation's sample.
const SAMPLE_TTL: Duration = Duration::from_secs(1_024_000);
/// How many ask for the app token at once in the end.
const CALLERS: usize = 10_000;

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    if options.format == Format::Json {
        return Err(Failure::invalid_input("--format: demo tells a story and has no JSON form"));
    }
    let names = TransportName::compiled_in();
    let over: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    output::line(
        "A stand-in for the Easemob token service, inside this command, and a client of it:",
    )?;
    output::line(format_args!(
        "every grant of POST /{{org}}/{{app}}/token, over {}.",
        over.join(" and ")
    ))?;
    for name in names {
        over_transport(name).await?;
    }
    output::line("\nWhat to try next:")?;
    output::line(
        "  easemob-token emulator          the same service in a terminal of its own; it",
    )?;
    output::line("                                  prints what to set in another one, and then")?;
    output::line("  easemob-token app               TOKEN=$(easemob-token app) works in a script")?;
    output::line("  easemob-token user --username alice --create --ttl 12h --format json")?;
    output::line(
        "  easemob-token --help            every option; your own cluster is --base-url away",
    )?;
    if !cfg!(feature = "isahc") {
        output::line("  cargo run -p easemob-token-cli --features isahc -- demo")?;
        output::line(
            "                                  the same over libcurl too (compiles it: minutes)",
        )?;
    }
    Ok(())
}

async fn over_transport(name: TransportName) -> Result<(), Failure> {
    // An emulator for each transport, so that each story begins with an empty service.
    let emulator = Emulator::start()
        .await
        .map_err(|error| Failure::internal(format!("the stand-in service: {error}")))?;
    let mut requests = emulator.subscribe();
    let builder = Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(transports::make(name, None, Proxy::Off)?);
    let client = builder.clone().build()?;
    output::line(format_args!("\n== over {} == {}", name.as_str(), emulator.base_url()))?;

    output::line("\n1. An app token, for your server itself: client ID and client secret.")?;
    let app = client.app_token().await?;
    tell(&mut requests)?;
    result(&Success::app(&app), app.access_token().expose())?;

    output::line(
        "\n2. A user token by user ID: no password. The app token of step 1 is kept and goes",
    )?;
    output::line("   along, so this is one request; the service creates the user.")?;
    let alice = async || {
        let request = client.user_token("alice").auto_create_user(true);
        request.ttl(Duration::from_secs(43_200)).await
    };
    let first = alice().await?;
    tell(&mut requests)?;
    result(&Success::user(&first), first.access_token().expose())?;
    let second = alice().await?;
    let seen = std::iter::from_fn(|| requests.try_next()).count();
    output::line(format_args!(
        "\n   The same once more; requests sent: {seen}, none for an app token."
    ))?;
    result(&Success::user(&second), second.access_token().expose())?;

    output::line(format_args!(
        "\n3. A user token by user ID and password. {USERNAME:?} comes back in lower case."
    ))?;
    let request = client.user_token_by_password(USERNAME, DEMO_PASSWORD).ttl(Ttl::For(SAMPLE_TTL));
    let c = request.await?;
    tell(&mut requests)?;
    result(&Success::user(&c), c.access_token().expose())?;

    output::line(
        "\n4. Another user, and the service has revoked the app token meanwhile: it answers 401,",
    )?;
    output::line("   so a new app token is fetched, once, and the request goes out again.")?;
    emulator.revoke_app_tokens();
    let bob = client.user_token("bob").auto_create_user(true).await?;
    tell(&mut requests)?;
    result(&Success::user(&bob), bob.access_token().expose())?;

    output::line(format_args!(
        "\n5. {CALLERS} callers of a new client at once: no app token yet."
    ))?;
    herd(&emulator, &builder.build()?).await?;

    emulator.shutdown().await;
    Ok(())
}

/// Many callers want the app token, and the service answers when all of them have asked.
async fn herd(emulator: &Emulator, client: &Client) -> Result<(), Failure> {
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

/// What went over the wire since the last time, secrets masked.
fn tell(requests: &mut Subscription) -> Result<(), Failure> {
    while let Some(request) = requests.try_next() {
        output::line(format_args!("   > {} {}", request.method(), request.path()))?;
        if let Some(credentials) = request.masked_header("authorization") {
            output::line(format_args!("     Authorization: {credentials}"))?;
        }
        output::line(format_args!("     {}", request.masked_body()))?;
        let status = request.status().map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        output::line(format_args!(
            "   < {status} {}",
            request.masked_response_body().unwrap_or_default()
        ))?;
    }
    Ok(())
}

fn result(success: &Success<'_>, token: &str) -> Result<(), Failure> {
    output::line(format_args!("   = {}", success.line()))?;
    output::line(format_args!("     {token}"))
}
