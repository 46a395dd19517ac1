//! Prints the user IDs of an app, one a line.
#![expect(clippy::print_stdout, reason = "a command prints its results")]

use std::error::Error;

use easemob_token::ClientBuilder;
use easemob_token::hyper::HyperTransport;
use easemob_token_call_the_rest_api_example::users;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // EASEMOB_BASE_URL, EASEMOB_APP_KEY, EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET_FILE …
    let tokens = ClientBuilder::from_env()?.transport(HyperTransport::new()).build()?;
    // Without redirects: they would send the token to another server.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    for user in users(&tokens, &http, 100).await? {
        println!("{}", user.username);
    }
    Ok(())
}
