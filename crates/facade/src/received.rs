//! A token that came over the wire, of whatever kind.

use easemob_token_core::{AccessToken, AppToken, Lifetime, UnitSuspicion, UserToken};

/// What the client asks of every token.
pub(crate) trait Received {
    fn access_token(&self) -> &AccessToken;
    fn lifetime(&self) -> Lifetime;
    fn unit_suspicion(&self) -> Option<&UnitSuspicion>;
}

macro_rules! received {
    ($token:ty) => {
        impl Received for $token {
            fn access_token(&self) -> &AccessToken {
                self.access_token()
            }

            fn lifetime(&self) -> Lifetime {
                self.lifetime()
            }

            fn unit_suspicion(&self) -> Option<&UnitSuspicion> {
                self.unit_suspicion()
            }
        }
    };
}

received!(AppToken);
received!(UserToken);
