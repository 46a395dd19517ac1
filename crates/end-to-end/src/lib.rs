//! What the tests of all servers share: a certificate, a process that ends with its test, patience.

mod authority;
mod patience;
mod process;

pub use authority::{Authority, Issued};
pub use patience::{LIMIT, eventually, within_limit};
pub use process::{Running, free_port};
