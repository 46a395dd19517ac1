//! The mark on a response that tells whether its connection was reused.

/// Whether the connection of a response was reused.
///
/// An adapter that knows it adds this mark to the response's extensions. Without a mark it is unknown.
///
/// ```
/// use easemob_token_transport::ConnectionUse;
///
/// let mut response = http::Response::new(());
/// response.extensions_mut().insert(ConnectionUse::Reused);
/// assert_eq!(response.extensions().get(), Some(&ConnectionUse::Reused));
/// ```
// Complete on purpose: a connection is new or reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionUse {
    /// This exchange was the first on its connection.
    Fresh,
    /// The connection carried at least one exchange before.
    Reused,
}
