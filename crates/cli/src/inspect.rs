//! The command `inspect`: a token decoded offline.

use std::path::Path;
use std::time::SystemTime;

use easemob_token::dynamic::{Fault, Signer, UnverifiedToken};
use easemob_token::inspect::{self, Inspection};

use crate::args::Format;
use crate::failure::Failure;
use crate::findings::{Findings, SignatureState};
use crate::input::Input;
use crate::options::Options;
use crate::{output, secrets};

/// The token; the limit is far above the longest one.
const TOKEN: Input = Input { option: "TOKEN", content: "the token", max_kib: 64 };

pub(crate) fn run(options: &Options, token: Option<String>) -> Result<(), Failure> {
    let token = match token {
        Some(token) if token != "-" => token,
        _ => from_standard_input(options)?,
    };
    let token = token.trim();
    if token.is_empty() {
        return Err(Failure::invalid_input(
            "TOKEN: the input is empty; pass a token as an argument or on standard input",
        ));
    }
    let now = SystemTime::now();
    let findings = match (inspect::inspect(token), UnverifiedToken::parse(token)) {
        (Some(inspection), _) => access(&inspection, now),
        (None, Ok(token)) => dynamic_token(options, &token, now)?,
        (None, Err(error)) if token.starts_with("ZHQt") || token.starts_with("dt-") => {
            Findings::opaque(Some(error.to_string()))
        }
        (None, Err(_)) => Findings::opaque(None),
    };
    match options.format {
        Format::Text => output::line(findings.table())?,
        Format::Json => output::line(findings.json()?)?,
    }
    Ok(())
}

fn access(inspection: &Inspection, now: SystemTime) -> Findings {
    Findings::access(inspection).lived(Some(inspection.issued_at()), inspection.lifetime(), now)
}

fn dynamic_token(
    options: &Options,
    token: &UnverifiedToken,
    now: SystemTime,
) -> Result<Findings, Failure> {
    let signer = signer(options, token)?;
    let checked = match &signer {
        Some(signer) => signer.verify(token, now),
        None => token.verify(now),
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
    Ok(findings.lived(token.issued_at(), token.ttl(), now))
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
    TOKEN.read_text(options, Path::new("-"))
}
