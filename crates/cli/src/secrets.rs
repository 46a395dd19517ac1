//! Secrets from files, standard input, the environment or a terminal; never from an argument.

use std::io::IsTerminal;
use std::path::Path;

use easemob_token::Secret;

use crate::args::Options;
use crate::failure::Failure;
use crate::input::Input;

const CLIENT_SECRET: Input =
    Input { option: "--client-secret-file", content: "the client secret", max_kib: 64 };
const PASSWORD: Input = Input { option: "--password-file", content: "the password", max_kib: 64 };

/// The client secret, if one is set.
pub(crate) fn client_secret(options: &Options) -> Result<Option<Secret>, Failure> {
    match &options.client_secret_file {
        Some(file) => from_file(options, CLIENT_SECRET, file).map(Some),
        None => from_environment("EASEMOB_CLIENT_SECRET"),
    }
}

/// Client ID and client secret.
pub(crate) fn credentials(options: &Options) -> Result<(&str, Secret), Failure> {
    let Some(client_id) = &options.client_id else {
        return Err(Failure::invalid_input("--client-id (EASEMOB_CLIENT_ID): missing"));
    };
    let Some(client_secret) = client_secret(options)? else {
        return Err(Failure::invalid_input(
            "client secret: missing; set EASEMOB_CLIENT_SECRET, or name a file with \
             --client-secret-file (\"-\" is standard input)",
        ));
    };
    Ok((client_id, client_secret))
}

/// The user's password; prompts for it on a terminal.
pub(crate) fn password(options: &Options, user_id: &str) -> Result<Secret, Failure> {
    if let Some(file) = &options.password_file {
        return from_file(options, PASSWORD, file);
    }
    if let Some(password) = from_environment("EASEMOB_PASSWORD")? {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::invalid_input(
            "password: missing; set EASEMOB_PASSWORD, or name a file with --password-file (\"-\" \
             is standard input)",
        ));
    }
    rpassword::prompt_password(format!("Password of {user_id}: ")).map(Secret::from).map_err(
        |error| {
            Failure::invalid_input(format!("cannot read a password from the terminal: {error}"))
        },
    )
}

fn from_environment(name: &str) -> Result<Option<Secret>, Failure> {
    match std::env::var(name) {
        Ok(secret) if secret.is_empty() => Ok(None),
        Ok(secret) => Ok(Some(Secret::from(secret))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::invalid_input(format!("{name} is not UTF-8")))
        }
    }
}

fn from_file(options: &Options, input: Input, file: &Path) -> Result<Secret, Failure> {
    let text = input.read_text(options, file)?;
    let secret = without_line_break(&text);
    if secret.is_empty() {
        let option = input.option;
        return Err(Failure::invalid_input(format!("{option}: {} is empty", file.display())));
    }
    Ok(Secret::from(secret))
}

/// Strips one line break at the end, which editors add.
fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        assert_eq!(without_line_break("pw\n"), "pw");
        assert_eq!(without_line_break("pw\r\n"), "pw");
        assert_eq!(without_line_break(" p w "), " p w ");
        assert_eq!(without_line_break("pw\n\n"), "pw\n");
    }
}
