//! Serves the demo application until it is stopped and prints a line for each request.

use std::io::{self, Write as _};

use easemob_token_emulator::Emulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let emulator = Emulator::builder().listen(listen).start().await?;
    let mut requests = emulator.subscribe();
    writeln!(io::stdout(), "send token requests to {}", emulator.token_url())?;
    while let Some(request) = requests.next().await {
        writeln!(io::stdout(), "{request}")?;
    }
    Ok(())
}
