//! The retry loop: queues a request, sends it, parses the response, retries if that may help.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use easemob_token_core::{
    BuildError, Grant, GrantType, IssuedToken, NextStep, Payload, Priority, Report, Retry,
    RetryLimits, Turn, Uptime,
};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{ConnectionUse, Exchange, TransportError};
use http::{Request, Response};

use super::{InFlight, RequestContext};
use crate::clock::jitter;
use crate::error::Error;
use crate::issued::Issued;
use crate::telemetry::Event;

/// A queued caller asks again after this time: callers ahead of it may have left.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Makes the grant of each request, with the current app token if the grant carries one.
pub(crate) trait GrantSource: Sync {
    type Token: IssuedToken;
    type Grant: Grant<Token = Self::Token> + Clone + Send + Sync;
    /// The app token that the grant carries, or `()`.
    type AppToken: Send + Sync;
    const GRANT: GrantType = Self::Grant::TYPE;

    /// The app token if one is usable at once; no event is emitted for it.
    fn current_app_token(&self) -> Option<Self::AppToken>;

    /// The app token for the next request; waits if none is usable. After a 401 it is another one.
    fn app_token(
        &self,
        refused: Option<&Refused<Self::AppToken>>,
        deadline: Uptime,
    ) -> impl Future<Output = Result<Self::AppToken, Error>> + Send;

    /// The grant with this app token.
    fn grant(&self, app_token: &Self::AppToken) -> Result<Cow<'_, Self::Grant>, BuildError>;

    /// Records that the service accepted this app token in a request sent at that time.
    fn accepted(&self, app_token: &Self::AppToken, sent: Uptime);

    /// Reports that the service refused this app token in a request sent at that time.
    fn refused(&self, app_token: &Self::AppToken, sent: Uptime) -> Report;

    fn is_same(&self, one: &Self::AppToken, other: &Self::AppToken) -> bool;
}

/// An app token that the service refused, and the verdict on the report.
pub(crate) struct Refused<A> {
    pub(crate) app_token: A,
    pub(crate) report: Report,
    pub(crate) error: Error,
}

/// A grant that carries no app token.
pub(crate) struct Plain<'a, G>(pub(crate) &'a G);

impl<G: Grant + Clone + Send + Sync> GrantSource for Plain<'_, G> {
    type Token = G::Token;
    type Grant = G;
    type AppToken = ();

    fn current_app_token(&self) -> Option<()> {
        Some(())
    }

    async fn app_token(&self, _: Option<&Refused<()>>, _: Uptime) -> Result<(), Error> {
        Ok(())
    }

    fn grant(&self, (): &()) -> Result<Cow<'_, G>, BuildError> {
        Ok(Cow::Borrowed(self.0))
    }

    fn accepted(&self, (): &(), _: Uptime) {}

    fn refused(&self, (): &(), _: Uptime) -> Report {
        Report::Ignored
    }

    fn is_same(&self, (): &(), (): &()) -> bool {
        true
    }
}

/// One acquisition under the retry rules.
pub(crate) struct RetryRun<'a, O> {
    context: &'a RequestContext,
    in_flight: &'a InFlight<O>,
    retry: Retry,
}

/// A request whose turn has come.
struct Ready<'a, 's, S: GrantSource> {
    /// The time at which it came.
    sent: Uptime,
    grant: Cow<'s, S::Grant>,
    app_token: S::AppToken,
    sending: Sending<'a>,
}

/// A request that is sent when its response is awaited.
struct Sending<'a> {
    /// Its number, from 1.
    attempt: u32,
    wants_fresh: bool,
    response: Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>,
}

impl<'a, O> RetryRun<'a, O> {
    /// An acquisition of at most `max_attempts` requests, and no more than the client's limit.
    pub(crate) fn new(
        context: &'a RequestContext,
        in_flight: &'a InFlight<O>,
        max_attempts: u32,
    ) -> Self {
        let max_attempts = max_attempts.min(context.limits.max_attempts);
        let limits = RetryLimits { max_attempts, ..context.limits };
        Self { context, in_flight, retry: Retry::new(limits, context.clock.uptime()) }
    }

    /// The only run of this acquisition, which starts with it, under the client's limits.
    pub(crate) fn of(in_flight: &'a InFlight<O>, context: &'a RequestContext) -> Self {
        Self { context, in_flight, retry: Retry::new(context.limits, in_flight.started()) }
    }

    /// Sends requests until one brings a token or the rules say to give up.
    pub(crate) async fn run<S: GrantSource>(
        mut self,
        source: &S,
    ) -> Result<Issued<S::Token>, Error> {
        let mut refused = None;
        loop {
            let ready = self.next_request(source, refused.as_ref()).await?;
            let Ready { sent, grant, app_token, sending } = ready;
            let error = match self.receive(sending, &*grant).await {
                Ok(Some(token)) => {
                    source.accepted(&app_token, sent);
                    return Ok(token);
                }
                // Sent once more, on a fresh connection.
                Ok(None) => continue,
                Err(error) => error,
            };
            // Reported even if this acquisition may not go on.
            let report = if error.refuses_app_token() {
                source.refused(&app_token, sent)
            } else {
                Report::Ignored
            };
            let before = refused.as_ref().map(|it: &Refused<_>| &it.app_token);
            let same = before.is_some_and(|before| source.is_same(before, &app_token));
            match Box::pin(self.next_step(&error, same)).await {
                NextStep::SendAt(_) => refused = None,
                NextStep::SendWithNewAppTokenAt(_) => {
                    refused = Some(Refused { app_token, report, error });
                }
                NextStep::GiveUp => return Err(error),
            }
        }
    }

    /// Sends one request of a grant that carries no app token.
    ///
    /// On failure it returns the error, and when the next request may be sent, if at all.
    #[cfg(feature = "fleet")]
    pub(crate) async fn once<G: Grant + Clone + Send + Sync>(
        &mut self,
        grant: &G,
    ) -> Result<Issued<G::Token>, (Error, Option<Uptime>)> {
        let source = Plain(grant);
        let ready = self.next_request(&source, None).await.map_err(|error| (error, None))?;
        let error = match self.receive(ready.sending, &*ready.grant).await {
            Ok(Some(token)) => return Ok(token),
            // Only a user token comes on a reused connection.
            Ok(None) => Error::dropped(self.in_flight.requests()),
            Err(error) => error,
        };
        let next = match self.decide(&error, false, self.context.clock.uptime()) {
            NextStep::SendAt(time) => Some(time),
            NextStep::SendWithNewAppTokenAt(_) | NextStep::GiveUp => None,
        };
        Err((error, next))
    }

    /// An acquisition of one request that has to end at this time.
    #[cfg(feature = "fleet")]
    pub(crate) fn last(
        context: &'a RequestContext,
        in_flight: &'a InFlight<O>,
        end: Uptime,
    ) -> Self {
        let now = context.clock.uptime();
        let limits = RetryLimits { max_attempts: 1, deadline: end.since(now), ..context.limits };
        Self { context, in_flight, retry: Retry::new(limits, now) }
    }

    /// The time at which the acquisition ends.
    #[cfg(feature = "fleet")]
    pub(crate) fn end(&self) -> Uptime {
        self.retry.end()
    }

    /// Waits until a request may be sent, and makes it then, with the app token of that moment.
    ///
    /// Nothing is held while it waits: no slot while it waits for the app token, and no app token
    /// while it waits for a slot.
    async fn next_request<'s, S: GrantSource>(
        &self,
        source: &'s S,
        refused: Option<&Refused<S::AppToken>>,
    ) -> Result<Ready<'a, 's, S>, Error> {
        let (context, deadline) = (self.context, self.retry.end());
        let mut queued = context.queue.queued(priority(S::GRANT));
        let mut held_back = Duration::ZERO;
        let mut app_token = source.app_token(refused, deadline).await?;
        loop {
            let grant = source.grant(&app_token)?;
            let request = context.endpoint.request(&*grant)?;
            if self.in_flight.is_abandoned() {
                return Err(Error::dropped(self.in_flight.requests()));
            }
            let now = context.clock.uptime();
            match queued.turn(now, deadline) {
                Turn::Now => {
                    #[cfg(feature = "fleet")]
                    context.book_slots(now);
                    if !held_back.is_zero() {
                        context
                            .telemetry
                            .emit(&Event::Throttled { grant: S::GRANT, time: held_back });
                    }
                    let sending = self.send(request, S::GRANT, now);
                    return Ok(Ready { sent: now, grant, app_token, sending });
                }
                Turn::At(time) => {
                    drop((grant, request));
                    // On the heap, so that the future of a request that does not wait stays small.
                    Box::pin(context.wait_for_turn(time.since(now).min(ASK_AGAIN))).await;
                    held_back += context.clock.uptime().since(now);
                    app_token = match source.current_app_token() {
                        Some(current) => current,
                        None => source.app_token(None, deadline).await?,
                    };
                }
                Turn::DeadlineExceeded(time) => {
                    return Err(Error::queue_too_long(time.since(now), self.in_flight.requests()));
                }
            }
        }
    }

    /// Sends the request when the result is awaited.
    ///
    /// Not `async`: the request is too large to be kept in a future that needs it no more.
    fn send(&self, request: Request<Payload>, grant: GrantType, sent: Uptime) -> Sending<'a> {
        let context = self.context;
        let attempt = self.in_flight.count_request(context.clock.now());
        let mut exchange = Exchange::new(request)
            .with_timeout(context.request_timeout.min(self.retry.end().since(sent)))
            .with_max_response_bytes(context.max_response_bytes);
        if context.plain_http_allowed {
            exchange = exchange.allow_plain_http();
        }
        // A reused connection can hold a response to no request. App tokens are fetched so seldom
        // that they need not take that risk.
        let is_user_token = grant != GrantType::ClientCredentials;
        if !is_user_token || context.avoids_reuse.load(Ordering::Relaxed) {
            exchange = exchange.on_fresh_connection();
        }
        let wants_fresh = exchange.needs_fresh_connection();
        context.telemetry.emit(&Event::Sent { grant, attempt });
        Sending { attempt, wants_fresh, response: context.transport.send(exchange) }
    }

    /// Parses the response; `None` if it may belong to another request.
    async fn receive<G: Grant>(
        &self,
        sending: Sending<'_>,
        grant: &G,
    ) -> Result<Option<Issued<G::Token>>, Error> {
        let context = self.context;
        let Sending { attempt, wants_fresh, response } = sending;
        let response = response
            .await
            .map_err(|error| Error::no_response(error, attempt, context.telemetry.host()))?;
        let (head, body) = response.into_parts();
        let is_reused = head.extensions.get() == Some(&ConnectionUse::Reused);
        let response = Response::from_parts(head, &body[..]);
        let received = context.clock.now();
        let token = context
            .endpoint
            .parse(grant, response, received.wall.into())
            .map_err(|error| Error::response(error, attempt))?;
        if is_reused && !wants_fresh && !token.names_its_user() {
            context.avoids_reuse.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        context.telemetry.warnings.received(&token);
        Ok(Some(Issued::new(token, received, &context.clock)))
    }

    /// Decides what follows an error; if that is another request, waits until its time.
    async fn next_step(&mut self, error: &Error, same_refused: bool) -> NextStep {
        let (context, now) = (self.context, self.context.clock.uptime());
        let step = self.decide(error, same_refused, now);
        if let NextStep::SendAt(time) | NextStep::SendWithNewAppTokenAt(time) = step {
            let (grant, pause) = (self.in_flight.grant(), time.since(now));
            context.telemetry.emit(&Event::Retrying { grant, error, pause });
            context.sleep(pause).await;
        }
        step
    }

    /// Decides what follows an error.
    ///
    /// `same_refused` is set if this request carried the app token that was refused before: a later
    /// request with it was accepted in between, or the service read two requests in another order.
    fn decide(&mut self, error: &Error, same_refused: bool, now: Uptime) -> NextStep {
        if same_refused && error.refuses_app_token() {
            match self.retry.once_more(now, jitter()) {
                NextStep::SendAt(time) => NextStep::SendWithNewAppTokenAt(time),
                other => other,
            }
        } else if let Some(error) = error.as_response() {
            self.retry.after_response(error, now, jitter())
        } else if error.as_transport().is_some_and(TransportError::is_retryable_once) {
            self.retry.once_more(now, jitter())
        } else if let Some(error) = error.as_transport() {
            self.retry.after_transport_failure(error.is_retryable(), now, jitter())
        } else {
            NextStep::GiveUp
        }
    }
}

/// The priority of a grant in the queue: others wait for an app token, so it goes first.
fn priority(grant: GrantType) -> Priority {
    match grant {
        GrantType::ClientCredentials => Priority::AppToken,
        GrantType::Password | GrantType::Inherit => Priority::UserToken,
    }
}
