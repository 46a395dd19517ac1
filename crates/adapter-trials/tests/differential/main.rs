//! Both adapters with the same bytes: some hundred random scripts, and each known difference.

mod known;
mod random;
