//! The mark on a response that says whether its connection had been used before.

/// Whether the connection of a response had carried an exchange before this one.
///
/// An adapter that can tell puts the mark into the response's extensions. A response without a mark
/// may have come on a connection of either kind.
///
/// ```
/// use easemob_token_transport::ConnectionUse;
///
/// let mut response = http::Response::new(());
/// response.extensions_mut().insert(ConnectionUse::Reused);
/// assert_eq!(response.extensions().get(), Some(&ConnectionUse::Reused));
/// ```
// Complete on purpose: a connection is new or it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionUse {
    /// This exchange was the first on its connection.
    Fresh,
    /// The connection had carried at least one exchange before.
    Reused,
}
