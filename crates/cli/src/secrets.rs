//! Secrets from files, standard input, the environment or a terminal; never from an argument.

use std::path::Path;

use easemob_token::environment;
use easemob_token::{OddCharacter, Secret};

use crate::failure::Failure;
use crate::input::{self, Input};
use crate::options::Options;
#[cfg(unix)]
use crate::{deadline, terminal};
use crate::{output, settings};

const CLIENT_SECRET: Input =
    Input { option: "--client-secret-file", content: "the client secret", max_kib: 64 };
const PASSWORD: Input = Input { option: "--password-file", content: "the password", max_kib: 64 };

/// The client secret, if one is set; trimmed, since no client secret has white space at its ends.
pub(crate) fn client_secret(options: &Options) -> Result<Option<Secret>, Failure> {
    let Some(file) = &options.client_secret_file else {
        return Ok(options.client_secret.clone());
    };
    let text = CLIENT_SECRET.read_text(options, file)?;
    Ok(Some(Secret::from(not_empty(CLIENT_SECRET, file, environment::trim(&text))?)))
}

/// Client ID and client secret, which [`settings::require`] has found.
pub(crate) fn credentials(options: &Options) -> Result<(String, Secret), Failure> {
    let client_id = settings::present(options.client_id.as_ref())?;
    Ok((client_id, settings::present(client_secret(options)?.as_ref())?))
}

/// The user's password; prompts for it on a terminal.
///
/// It is sent exactly as it is, without the line end of a file. Characters at its ends that nobody sees
/// cause a warning.
pub(crate) fn password(options: &Options, user_id: &str) -> Result<Secret, Failure> {
    let password = match (&options.password_file, &options.password) {
        (Some(file), _) => {
            let text = PASSWORD.read_text(options, file)?;
            Secret::from(not_empty(PASSWORD, file, without_line_end(&text))?)
        }
        (None, Some(password)) => password.clone(),
        (None, None) => prompt(options, user_id)?,
    };
    if let Some(odd) = OddCharacter::at_an_end(password.expose()) {
        let text = format!("the password {}, unless it belongs to it", odd.problem("check it"));
        output::warning(options.format, "odd_password", &text);
    }
    Ok(password)
}

#[cfg(unix)]
fn prompt(options: &Options, user_id: &str) -> Result<Secret, Failure> {
    let prompt = format!("Password of {}: ", user_id.escape_debug());
    let line = terminal::read_hidden(&prompt, deadline::left(options.deadline));
    let Some(line) = line.map_err(|error| no_prompt(&error))? else {
        return Err(Failure::deadline(
            "no password was typed within --deadline; raise it, or use --password-file".to_owned(),
            0,
        ));
    };
    let text = environment::utf8("the password", line);
    let text = text.map_err(|error| Failure::invalid_input(error.to_string()))?;
    match without_line_end(&text) {
        "" => Err(Failure::invalid_input("no password was typed; use --password-file, or type it")),
        password => Ok(Secret::from(password)),
    }
}

#[cfg(not(unix))]
fn prompt(_: &Options, user_id: &str) -> Result<Secret, Failure> {
    let password = rpassword::prompt_password(format!("Password of {user_id}: "));
    password.map(Secret::from).map_err(|error| no_prompt(&error))
}

fn no_prompt(error: &std::io::Error) -> Failure {
    Failure::invalid_input(format!(
        "cannot read a password from the terminal: {error}; use --password-file"
    ))
}

fn not_empty<'a>(input: Input, file: &Path, secret: &'a str) -> Result<&'a str, Failure> {
    if secret.is_empty() {
        let (option, name) = (input.option, input::shown(file));
        return Err(Failure::invalid_input(format!("{option}: {name} is empty")));
    }
    Ok(secret)
}

/// Strips one line end, which editors add.
fn without_line_end(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(text) => text.strip_suffix('\r').unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_the_password() {
        assert_eq!(without_line_end("pw\n"), "pw");
        assert_eq!(without_line_end("pw\r\n"), "pw");
        assert_eq!(without_line_end(" p w "), " p w ");
        assert_eq!(without_line_end("pw\n\n"), "pw\n");
        assert_eq!(without_line_end("pw\r"), "pw\r");
    }
}
