//! Asks a proxy for a tunnel (`CONNECT`) over an open stream to it.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};

use crate::client::MAX_HEAD_BUFFER;

type BoxError = Box<dyn Error + Send + Sync>;

/// Returns the stream when the proxy has connected it to the target: it answered with any 2xx.
///
/// Each error is a phrase that quotes nothing of the proxy's but its status.
pub(crate) async fn open<S>(
    stream: S,
    target: &Uri,
    authorization: Option<HeaderValue>,
) -> Result<S, BoxError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let has_credentials = authorization.is_some();
    let request = connect_request(target, authorization)?;
    let (mut sender, mut connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BUFFER)
        .allow_obsolete_multiline_headers_in_responses(true)
        // Some old proxies compare the names of header fields by case.
        .title_case_headers(true)
        .handshake(stream)
        .await?;
    let mut response = pin!(sender.send_request(request));
    let answered = poll_fn(|cx| {
        let running = connection.poll_without_shutdown(cx);
        // The connection may end with the response, so the response is looked at first.
        match (response.as_mut().poll(cx), running) {
            (Poll::Ready(response), _) => Poll::Ready(response),
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            (Poll::Pending, _) => Poll::Pending,
        }
    });
    let response =
        answered.await.map_err(|error| format!("the proxy opened no tunnel: {error}"))?;
    if !response.status().is_success() {
        return Err(refusal(response.status(), has_credentials).into());
    }
    // hyper reads no further once it has the head of a 2xx.
    let parts = connection.into_parts();
    if !parts.read_buf.is_empty() {
        return Err("the proxy sent bytes through the tunnel before the server could".into());
    }
    Ok(parts.io)
}

fn connect_request(
    target: &Uri,
    authorization: Option<HeaderValue>,
) -> Result<Request<Empty<Bytes>>, BoxError> {
    let host = target.host().ok_or("the target has no host")?;
    let authority = format!("{host}:{}", target.port_u16().unwrap_or(443));
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(authority.as_str())
        .header(HOST, authority.as_str())
        .body(Empty::new())?;
    if let Some(authorization) = authorization {
        request.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
    }
    Ok(request)
}

/// The reason why there is no tunnel, and what to do if that is known.
fn refusal(status: StatusCode, has_credentials: bool) -> String {
    let code = status.as_u16();
    match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED if has_credentials => {
            format!("the proxy refused the credentials ({code}): check them in the proxy's URL")
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => format!(
            "the proxy wants credentials ({code}): put them into the proxy's URL, as in \
             http://name:secret@host:port"
        ),
        StatusCode::FORBIDDEN => {
            format!("the proxy permits no tunnel to this host and port ({code})")
        }
        _ => format!("the proxy opened no tunnel (status {code})"),
    }
}
