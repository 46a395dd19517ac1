//! The command `emulator`: the emulator, until it is interrupted.

use easemob_token::{TtlUnit, TtlUnits};
use easemob_token_emulator::{
    DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, DEMO_USER, Emulator, Unit,
};

use crate::failure::Failure;
use crate::options::Options;
use crate::output;

pub(crate) async fn run(
    options: &Options,
    listen: String,
    users: Vec<(String, String)>,
    clients: Vec<(String, String)>,
) -> Result<(), Failure> {
    let TtlUnits { request, response } = options.ttl_unit;
    let mut builder = Emulator::builder().listen(listen).ttl_units(unit(request), unit(response));
    if let Some(key) = &options.app_key {
        builder = builder.app_key(key.org(), key.app());
    }
    let own = (!clients.is_empty(), !users.is_empty());
    for (id, secret) in clients {
        builder = builder.client(id, &secret);
    }
    for (id, password) in users {
        builder = builder.user(id, &password);
    }
    let emulator = builder.start().await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Failure::invalid_input(format!("--listen: {error}{}", cause.unwrap_or_default()))
    })?;
    let mut finished = emulator.subscribe();
    output::line(format_args!("listening on {}", emulator.base_url()))?;
    if !options.quiet {
        output::note(introduction(&emulator, options.ttl_unit, own));
    }
    while let Some(request) = finished.next().await {
        if !options.quiet {
            output::note(request);
        }
    }
    Ok(())
}

fn unit(unit: TtlUnit) -> Unit {
    match unit {
        TtlUnit::Seconds => Unit::Seconds,
        TtlUnit::Milliseconds => Unit::Milliseconds,
    }
}

/// Commands for another terminal. The demo credentials are public; others are not shown.
fn introduction(emulator: &Emulator, units: TtlUnits, own: (bool, bool)) -> String {
    let name = |unit| match unit {
        TtlUnit::Seconds => "seconds",
        TtlUnit::Milliseconds => "milliseconds",
    };
    let (own_clients, own_users) = own;
    let mut lines = vec![
        "# in another terminal:".to_owned(),
        format!("export EASEMOB_BASE_URL='{}'", emulator.base_url()),
        format!("export EASEMOB_APP_KEY='{}'", emulator.app_key()),
    ];
    if units != TtlUnits::STANDARD {
        let (request, response) = (name(units.request), name(units.response));
        lines.push(format!("export EASEMOB_TTL_UNIT='request={request},response={response}'"));
    }
    if own_clients {
        lines.push("# and EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET as set with --client".into());
    } else {
        lines.push(format!("export EASEMOB_CLIENT_ID='{DEMO_CLIENT_ID}'"));
        lines.push(format!("export EASEMOB_CLIENT_SECRET='{DEMO_CLIENT_SECRET}'"));
    }
    if own_users {
        lines.push("# and EASEMOB_PASSWORD as set with --user".to_owned());
    } else {
        lines.push(format!("export EASEMOB_PASSWORD='{DEMO_PASSWORD}'"));
        lines.push(format!("easemob-token password --username {DEMO_USER}"));
    }
    lines.push("# requests, with secrets masked; stop with Ctrl-C:".to_owned());
    lines.join("\n")
}
