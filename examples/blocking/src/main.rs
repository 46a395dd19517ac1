//! Prints a token for each user ID of the command line.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its results")]

use std::error::Error;
use std::process::ExitCode;

use easemob_token::ClientBuilder;
use easemob_token::hyper::HyperTransport;
use easemob_token_blocking_example::tokens_of;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    // EASEMOB_BASE_URL, EASEMOB_APP_KEY, EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET_FILE …
    let client = ClientBuilder::from_env()?.transport(HyperTransport::new()).build_blocking()?;
    let user_ids: Vec<String> = std::env::args().skip(1).collect();
    let user_ids: Vec<&str> = user_ids.iter().map(String::as_str).collect();
    let mut code = ExitCode::SUCCESS;
    for (user_id, token) in user_ids.iter().zip(tokens_of(&client, &user_ids)) {
        match token {
            Ok(token) => println!("{user_id} {}", token.access_token().expose()),
            Err(error) => {
                eprintln!("{user_id}: {}", error.report());
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
