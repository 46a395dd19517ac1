//! Grants that carry the shared app token: with a new one, once, where the service refuses it.

use std::sync::Arc;

use easemob_token_core::{AppToken, BuildError, Grant, NextStep};

use crate::acquire::Acquirer;
use crate::app_token::AppTokenCache;
use crate::error::Error;
use crate::event::GrantType;
use crate::received::Received;

/// The app's right to ask for its users' tokens.
#[derive(Clone, Debug)]
pub(crate) struct OnBehalf {
    pub(crate) acquirer: Arc<Acquirer>,
    pub(crate) app_token: Arc<AppTokenCache>,
}

impl OnBehalf {
    /// The token of the grant that `make` makes with an app token. The app token comes first, by
    /// an acquisition of its own where none is kept.
    pub(crate) async fn acquire<G: Grant<Token: Received>>(
        &self,
        grant: GrantType,
        attempts: u32,
        on_send: impl Fn(),
        make: impl Fn(&AppToken) -> Result<G, BuildError>,
    ) -> Result<G::Token, Error> {
        let mut app_token = AppToken::clone(&*self.app_token.get().await?);
        let mut attempts = self.acquirer.start(grant, attempts, on_send);
        loop {
            let error = match attempts.send(&make(&app_token)?).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            match attempts.next_step(&error).await {
                NextStep::SendAt(_) => {}
                NextStep::SendWithNewAppTokenAt(_) => {
                    self.app_token.invalidate(app_token.access_token());
                    app_token = AppToken::clone(&*self.app_token.get().await?);
                }
                NextStep::GiveUp => return Err(error),
            }
        }
    }
}
