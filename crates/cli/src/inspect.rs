//! The command `inspect`: a token decoded offline.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use easemob_token::dynamic::{Fault, Signer, UnverifiedToken};
use easemob_token::inspect::{self, PastedText, TextKind};
use easemob_token::{ErrorKind, Lifetime};

use crate::args::Format;
use crate::failure::Failure;
use crate::findings::{Findings, SignatureState};
use crate::input::Input;
use crate::options::{FORMAT, Options};
use crate::{output, secrets};

/// The token; the limit is far above the longest one.
const TOKEN: Input = Input { option: "TOKEN", content: "the token", max_kib: 64 };

pub(crate) fn run(
    options: &Options,
    token: Option<String>,
    leeway: Duration,
    check: bool,
) -> Result<ExitCode, Failure> {
    output::require_format(options.format, &options.origins.of(FORMAT.0), "inspect")?;
    let is_argument = token.as_deref().is_some_and(|token| token != "-");
    let text = match token {
        Some(token) if token != "-" => token,
        _ => from_standard_input(options)?,
    };
    let pasted = PastedText::parse(&text);
    let findings = match pasted.kind() {
        TextKind::NoToken => return Err(no_token(&text)),
        TextKind::AccessToken => access(pasted.token()),
        TextKind::DynamicToken | TextKind::Opaque => match UnverifiedToken::parse(&text) {
            Ok(token) => dynamic_token(options, &token, leeway)?,
            Err(error) if pasted.kind() == TextKind::DynamicToken || text.starts_with("dt-") => {
                Findings::undecoded(TextKind::Opaque, Some(error.to_string()))
            }
            Err(_) => Findings::undecoded(TextKind::Opaque, None),
        },
        kind => Findings::undecoded(kind, Some(reason(&pasted))),
    };
    let is_json = options.format == Format::Json;
    output::line(if is_json { findings.json()? } else { findings.table() })?;
    if is_argument {
        let text = "arguments are visible to other users of this machine; inspect - reads the token \
                    from standard input";
        output::warning(options.format, "token_argument", text);
    }
    let is_refused = check && findings.is_expired_or_faulty();
    Ok(if is_refused { Failure::exit_code_of(ErrorKind::Unauthorized) } else { ExitCode::SUCCESS })
}

fn no_token(text: &str) -> Failure {
    let problem =
        if text.trim().is_empty() { "the input is empty" } else { "the input holds no token" };
    Failure::invalid_input(format!(
        "TOKEN: {problem}; pass a token as an argument or on standard input"
    ))
}

/// The kind of the text, and how much of a token that was cut off is there.
fn reason(pasted: &PastedText<'_>) -> String {
    let (kind, length) = (pasted.kind(), pasted.token().len());
    let odd = pasted.odd_character().map(|odd| format!(", then U+{:04X}", u32::from(odd)));
    match kind {
        TextKind::CutOffAccessToken | TextKind::CutOffDynamicToken => {
            format!("{kind} ({length} characters here{})", odd.unwrap_or_default())
        }
        _ => kind.to_string(),
    }
}

fn access(token: &str) -> Findings {
    let Some(contents) = inspect::inspect(token) else {
        return Findings::undecoded(TextKind::Opaque, None);
    };
    let (issued_at, lifetime) = (Some(contents.issued_at()), contents.lifetime());
    Findings::access(&contents).lived(issued_at, lifetime, SystemTime::now(), Duration::ZERO)
}

fn dynamic_token(
    options: &Options,
    token: &UnverifiedToken,
    leeway: Duration,
) -> Result<Findings, Failure> {
    let now = SystemTime::now();
    let signer = signer(options, token)?.map(|signer| signer.with_leeway(leeway));
    let checked = match &signer {
        Some(signer) => signer.verify(token, now),
        None => token.clone().with_leeway(leeway).verify(now),
    };
    let faults = checked.err().map_or_else(Vec::new, |faults| faults.as_slice().to_vec());
    let has = |wanted: &[Fault]| wanted.iter().any(|fault| faults.contains(fault));
    let state = if has(&[Fault::BadSignature, Fault::Sha1Signature, Fault::MalformedSignature]) {
        SignatureState::Bad
    } else if signer.is_none() || has(&[Fault::OtherAppKey, Fault::InvalidAppKey]) {
        SignatureState::Unchecked
    } else {
        SignatureState::Good
    };
    let findings = Findings::dynamic(token, state, &faults);
    Ok(findings.lived(token.issued_at(), Lifetime::Expires(token.ttl()), now, leeway))
}

/// The signer that checks the signature, if client ID and client secret are set.
fn signer(options: &Options, token: &UnverifiedToken) -> Result<Option<Signer>, Failure> {
    let Some(app_key) = options.app_key.as_ref().or(token.app_key()) else { return Ok(None) };
    let (Some(id), Some(secret)) = (&options.client_id, secrets::client_secret(options)?) else {
        return Ok(None);
    };
    Ok(Some(Signer::new(app_key, id, secret)?))
}

fn from_standard_input(options: &Options) -> Result<String, Failure> {
    if options.client_secret_file.as_deref() == Some(Path::new("-")) {
        return Err(Failure::invalid_input(
            "the token and --client-secret-file cannot both be standard input",
        ));
    }
    Ok(decode(&TOKEN.read(options, Path::new("-"))?))
}

/// Decodes text in any encoding: a token is ASCII, whatever is around it.
///
/// Windows PowerShell redirects in UTF-16.
fn decode(bytes: &[u8]) -> String {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, text @ ..] => utf_16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf_16(text, u16::from_be_bytes),
        text => String::from_utf8_lossy(text).into_owned(),
    }
}
