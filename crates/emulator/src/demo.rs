//! Demo credentials: the public samples of the documentation.

/// Organization of the demo application.
pub const DEMO_ORG: &str = "easemob-demo";

/// Name of the demo application.
pub const DEMO_APP: &str = "testapp";

/// App Key of the demo application: [`DEMO_ORG`], `#`, [`DEMO_APP`].
pub const DEMO_APP_KEY: &str = "easemob-demo#testapp";

/// UUID of the demo application, as in the documented sample app token.
pub const DEMO_APPLICATION_ID: &str = "8be024f0-e978-11e8-b697-5d598d5f8402";

/// Client ID of the demo application.
pub const DEMO_CLIENT_ID: &str = "YXA6i-Ak8Ol4Eei2l11ZjV-EAg";

/// Client secret of the demo application. It is printed in the public documentation and works
/// with this emulator only.
pub const DEMO_CLIENT_SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";

/// User ID of the demo user, as in the sample of the password grant.
pub const DEMO_USER: &str = "c";

/// Password of the demo user, as in the sample of the password grant.
pub const DEMO_PASSWORD: &str = "1";
