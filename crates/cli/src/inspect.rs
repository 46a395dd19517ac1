//! The command `inspect`: what a token says of itself, without a request and without the token.

use std::path::Path;
use std::time::SystemTime;

use easemob_token::dynamic::{Fault, Signer, UnverifiedToken};
use easemob_token::inspect::{self, Inspection};

use crate::args::{Format, Options};
use crate::failure::Failure;
use crate::findings::{Findings, SignatureState};
use crate::input::Input;
use crate::{output, secrets, settings};

/// Far above the longest token.
const TOKEN: Input = Input { option: "TOKEN", content: "the token", max_kib: 64 };

pub(crate) fn run(options: &Options, token: Option<String>) -> Result<(), Failure> {
    let token = match token {
        Some(token) if token != "-" => token,
        _ => from_standard_input(options)?,
    };
    let token = token.trim();
    if token.is_empty() {
        return Err(Failure::invalid_input("there is no token: the input is empty"));
    }
    let now = SystemTime::now();
    let findings = match (inspect::inspect(token), UnverifiedToken::parse(token)) {
        (Some(said), _) => access(&said, now),
        (None, Ok(reading)) => dynamic_token(options, &reading, now)?,
        (None, Err(why)) if token.starts_with("ZHQt") || token.starts_with("dt-") => {
            Findings::opaque(Some(why.to_string()))
        }
        (None, Err(_)) => Findings::opaque(None),
    };
    match options.format {
        Format::Text => output::line(findings.table()),
        Format::Json => output::line(findings.json()?),
    }
}

fn access(said: &Inspection, now: SystemTime) -> Findings {
    Findings::access(said).lived(Some(said.issued_at()), said.lifetime(), now)
}

fn dynamic_token(
    options: &Options,
    reading: &UnverifiedToken,
    now: SystemTime,
) -> Result<Findings, Failure> {
    let signer = signer(options, reading)?;
    let checked = match &signer {
        Some(signer) => signer.verify(reading, now),
        None => reading.verify(now),
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
    let findings = Findings::dynamic(reading, state, &faults);
    Ok(findings.lived(reading.issued_at(), reading.ttl(), now))
}

/// What checks the signature, where client ID and client secret are at hand.
fn signer(options: &Options, reading: &UnverifiedToken) -> Result<Option<Signer>, Failure> {
    let own = settings::optional_app_key(options)?;
    let Some(app_key) = own.as_ref().or(reading.app_key()) else { return Ok(None) };
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
    TOKEN.read_text(options, Path::new("-"))
}
