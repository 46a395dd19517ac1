//! What another program needs to know: the ready line, the variables, the health check.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

use easemob_token::{TtlUnit, TtlUnits};
use easemob_token_emulator::{
    DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, DEMO_USER, Emulator,
};
use serde_json::json;

use super::plan::Plan;
use crate::args::Format;
use crate::failure::Failure;

/// How long each step of a health check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one line on standard output.
pub(crate) fn line(emulator: &Emulator, plan: &Plan, format: Format) -> String {
    match format {
        Format::Json => json!({
            "ready": true,
            "base_url": emulator.base_url(),
            "app_key": emulator.app_key(),
            "token_url": emulator.token_url(),
            "control_url": emulator.control_url(),
            "ca_file": plan.ca_out,
            "pid": std::process::id(),
        })
        .to_string(),
        _ => format!("listening on {}", emulator.base_url()),
    }
}

/// The variables of a command: where the emulator is, and accounts that it knows.
pub(crate) fn variables(emulator: &Emulator, plan: &Plan) -> Vec<(&'static str, String)> {
    let accounts = &plan.accounts;
    let mut variables = vec![
        ("EASEMOB_BASE_URL", emulator.base_url()),
        ("EASEMOB_APP_KEY", emulator.app_key()),
        ("EASEMOB_CLIENT_ID", accounts.client.0.clone()),
        ("EASEMOB_CLIENT_SECRET", accounts.client.1.clone()),
        ("EASEMOB_USERNAME", accounts.user.0.clone()),
    ];
    variables.extend(accounts.user.1.clone().map(|password| ("EASEMOB_PASSWORD", password)));
    variables.extend(units(plan.units).map(|text| ("EASEMOB_TTL_UNIT", text)));
    variables.extend(emulator.control_url().map(|url| ("EASEMOB_EMULATOR_CONTROL_URL", url)));
    if let Some(file) = plan.ca_out.as_deref().and_then(|file| std::path::absolute(file).ok()) {
        variables.push(("EASEMOB_ADD_CA_FILE", file.to_string_lossy().into_owned()));
    }
    variables
}

/// Commands for another terminal. The demo credentials are public; others are not shown.
pub(crate) fn introduction(emulator: &Emulator, plan: &Plan) -> String {
    let mut lines = vec![
        "# in another terminal:".to_owned(),
        format!("export EASEMOB_BASE_URL='{}'", emulator.base_url()),
        format!("export EASEMOB_APP_KEY='{}'", emulator.app_key()),
    ];
    lines.extend(units(plan.units).map(|text| format!("export EASEMOB_TTL_UNIT='{text}'")));
    if plan.accounts.own_client {
        lines.push("# and EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET as set for the emulator".into());
    } else {
        lines.push(format!("export EASEMOB_CLIENT_ID='{DEMO_CLIENT_ID}'"));
        lines.push(format!("export EASEMOB_CLIENT_SECRET='{DEMO_CLIENT_SECRET}'"));
    }
    if plan.accounts.own_user {
        lines.push("# and EASEMOB_PASSWORD as set for the emulator".to_owned());
    } else {
        lines.push(format!("export EASEMOB_PASSWORD='{DEMO_PASSWORD}'"));
        lines.push(format!("easemob-token password --username {DEMO_USER}"));
    }
    if let Some(url) = emulator.control_url() {
        lines.push(format!("# control plane, described in {url}/openapi.json"));
    }
    lines.push("# requests, with secrets masked; stop with Ctrl-C:".to_owned());
    lines.join("\n")
}

/// The units, unless they are the usual ones.
fn units(units: TtlUnits) -> Option<String> {
    let name = |unit| match unit {
        TtlUnit::Seconds => "seconds",
        TtlUnit::Milliseconds => "milliseconds",
    };
    let (request, response) = (name(units.request), name(units.response));
    (units != TtlUnits::STANDARD).then(|| format!("request={request},response={response}"))
}

/// Asks the emulator of this plan for its health, for images without a program that can.
pub(crate) fn check(plan: &Plan) -> Result<ExitCode, Failure> {
    let address = match &plan.control {
        Some(control) => control,
        None if plan.tls => {
            return Err(Failure::invalid_input(
                "--health: cannot check an emulator with --tls; give it --control HOST:PORT, which \
                 speaks HTTP",
            ));
        }
        None => &plan.listen,
    };
    if address.ends_with(":0") {
        return Err(Failure::invalid_input("--health: needs the port; name it with --listen"));
    }
    match ask(address) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Err(unhealthy("what listens on the address is not an emulator")),
        Err(error) => Err(unhealthy(&error.to_string())),
    }
}

fn unhealthy(problem: &str) -> Failure {
    Failure::invalid_input(format!("--health: the emulator does not answer: {problem}"))
        .with_exit_code(1)
}

fn ask(address: &str) -> std::io::Result<bool> {
    let address = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
    let none = || std::io::Error::other("the address has no host");
    let found = address.to_socket_addrs()?.next().ok_or_else(none)?;
    let mut stream = TcpStream::connect_timeout(&found, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = "GET /__emulator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.take(64 * 1024).read_to_string(&mut response)?;
    Ok(response.starts_with("HTTP/1.1 200 ") && response.contains("\"emulator\""))
}
