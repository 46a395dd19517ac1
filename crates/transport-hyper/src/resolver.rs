//! Name look-up by the system, except for loopback names, whose addresses are fixed.

use std::future::{Future, poll_fn, ready};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};
use std::vec;

use easemob_token_transport::loopback_addresses;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::watch;
use tower_service::Service;

/// How long a look-up is the only one of its name. After that, another one may be quicker.
const ALONE_FOR: Duration = Duration::from_secs(3);
/// How many look-ups of one name may be under way. A silent name server takes 10 to 30 s for each.
const MOST_AT_ONCE: usize = 8;

/// Resolves loopback names itself and all others by the system, on threads of its own.
///
/// A look-up by the system blocks a thread and cannot be cancelled. On tokio's blocking threads a
/// silent name server would use up the pool, and a runtime that is dropped would wait for it. So
/// callers share the look-ups of a name, and take the first address that one of them brings: the one
/// that an earlier caller gave up may be about to ask the second name server.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Lookups>);

type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;
/// `None` while the look-up is under way.
type Answer = Option<Result<Vec<SocketAddr>, Arc<io::Error>>>;
type Waiting = Pin<Box<dyn Future<Output = io::Result<vec::IntoIter<SocketAddr>>> + Send>>;

struct Lookups {
    system: Box<Lookup>,
    alone_for: Duration,
    under_way: Mutex<Vec<UnderWay>>,
}

/// A look-up that has not ended.
struct UnderWay {
    name: String,
    begun: Instant,
    answer: watch::Receiver<Answer>,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        // The connector sets the port.
        Self::over(|name| (name, 0).to_socket_addrs().map(Iterator::collect), ALONE_FOR)
    }

    pub(crate) fn over(
        system: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        alone_for: Duration,
    ) -> Self {
        let under_way = Mutex::default();
        Self(Arc::new(Lookups { system: Box::new(system), alone_for, under_way }))
    }
}

impl Lookups {
    /// Waits for each look-up of this name that is under way; one of them may be new.
    fn wait(self: &Arc<Self>, name: &str) -> io::Result<Vec<Waiting>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // Without its sender, the thread of a look-up is gone.
        under_way.retain(|own| own.answer.borrow().is_none() && own.answer.has_changed().is_ok());
        let begun: Vec<_> =
            under_way.iter().filter(|own| own.name == name).map(|own| own.begun).collect();
        let is_alone = begun.iter().any(|begun| begun.elapsed() < self.alone_for);
        if !is_alone && begun.len() < MOST_AT_ONCE {
            under_way.push(self.start(name)?);
        }
        let answers = under_way.iter().filter(|own| own.name == name);
        Ok(answers.map(|own| -> Waiting { Box::pin(wait(own.answer.clone())) }).collect())
    }

    fn start(self: &Arc<Self>, name: &str) -> io::Result<UnderWay> {
        let (sender, answer) = watch::channel(None);
        let (lookups, own) = (self.clone(), name.to_owned());
        let look_up = move || {
            sender.send_replace(Some((lookups.system)(&own).map_err(Arc::new)));
        };
        thread::Builder::new().name("easemob-token-dns".to_owned()).spawn(look_up)?;
        Ok(UnderWay { name: name.to_owned(), begun: Instant::now(), answer })
    }
}

async fn wait(mut answer: watch::Receiver<Answer>) -> io::Result<vec::IntoIter<SocketAddr>> {
    let answer = answer.wait_for(Option::is_some).await.map_err(io::Error::other)?;
    match answer.as_ref() {
        Some(Ok(addresses)) => Ok(addresses.clone().into_iter()),
        Some(Err(error)) => Err(io::Error::new(error.kind(), error.clone())),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// The first addresses that come, or the last error if none come.
async fn first(mut waiting: Vec<Waiting>) -> io::Result<vec::IntoIter<SocketAddr>> {
    poll_fn(|cx| {
        let mut ended = Poll::Pending;
        waiting.retain_mut(|own| match own.as_mut().poll(cx) {
            Poll::Pending => true,
            result => {
                if !matches!(ended, Poll::Ready(Ok(_))) {
                    ended = result;
                }
                false
            }
        });
        match ended {
            Poll::Ready(Err(_)) if !waiting.is_empty() => Poll::Pending,
            other => other,
        }
    })
    .await
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Waiting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(addresses) = loopback_addresses(name.as_str()) {
            let addresses = Vec::from(addresses.map(|address| SocketAddr::new(address, 0)));
            return Box::pin(ready(Ok(addresses.into_iter())));
        }
        match self.0.wait(name.as_str()) {
            Ok(waiting) => Box::pin(first(waiting)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use easemob_token_transport::{Exchange, ProxyRules, Transport, TransportErrorKind};
    use tokio::runtime::Builder;

    use super::*;
    use crate::HyperTransport;
    use crate::builder::default_limit;
    use crate::client::{HttpClient, PooledClient};
    use crate::connector::Connector;
    use crate::roots::Trust;
    use crate::tls::Tls;

    const ADDRESS: ([u8; 4], u16) = ([10, 99, 0, 1], 0);

    fn name(name: &str) -> Name {
        name.parse().unwrap()
    }

    #[tokio::test]
    async fn loopback_names_are_never_looked_up() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let note = asked.clone();
        let system = move |name: &str| {
            note.lock().unwrap().push(name.to_owned());
            Ok(vec![ADDRESS.into()])
        };
        let mut resolver = Resolver::over(system, ALONE_FOR);
        for own in ["localhost", "LocalHost.", "evil.localhost", "a.b.localhost."] {
            let addresses = resolver.call(name(own)).await.unwrap();
            let addresses: Vec<_> = addresses.map(|own| own.ip().to_string()).collect();
            assert_eq!(addresses, ["127.0.0.1", "::1"], "{own}");
        }
        assert!(asked.lock().unwrap().is_empty());
        let mut addresses = resolver.call(name("localhost.evil.com")).await.unwrap();
        assert_eq!(addresses.next(), Some(ADDRESS.into()));
        assert_eq!(*asked.lock().unwrap(), ["localhost.evil.com"]);
    }

    /// A name server that is silent until the sender is dropped, and the number of its look-ups.
    fn silent(alone_for: Duration) -> (Resolver, mpsc::Sender<()>, Arc<AtomicUsize>) {
        let (speak, silence) = mpsc::channel::<()>();
        let silence = Mutex::new(silence);
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let system = move |_: &str| {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = silence.lock().unwrap().recv();
            Ok(vec![ADDRESS.into()])
        };
        (Resolver::over(system, alone_for), speak, count)
    }

    #[tokio::test]
    async fn look_ups_that_hang_are_shared_and_bounded_for_each_name() {
        for (alone_for, most) in [(Duration::MAX, 1), (Duration::ZERO, MOST_AT_ONCE)] {
            let (mut resolver, speak, count) = silent(alone_for);
            let mut calls: Vec<_> = (0..600).map(|_| resolver.call(name("one.test"))).collect();
            calls.push(resolver.call(name("two.test")));
            // A caller that gives up takes the answer from nobody.
            drop(calls.remove(20));
            drop(speak);
            for call in calls {
                assert_eq!(call.await.unwrap().next(), Some(ADDRESS.into()));
            }
            assert_eq!(count.load(Ordering::SeqCst), most + 1);
            // An answer is not kept.
            resolver.call(name("one.test")).await.unwrap();
            assert_eq!(count.load(Ordering::SeqCst), most + 2);
        }
    }

    #[tokio::test]
    async fn the_first_addresses_count_and_an_error_only_if_no_look_up_brings_any() {
        for (first, second) in [(true, true), (false, true), (false, false)] {
            // It hands each question to the look-up that was started for it.
            let (ask, questions) = mpsc::sync_channel::<mpsc::Receiver<bool>>(0);
            let questions = Mutex::new(questions);
            let system = move |_: &str| {
                let answer = questions.lock().unwrap().recv().unwrap();
                let is_known = answer.recv().unwrap_or(false);
                is_known.then(|| vec![ADDRESS.into()]).ok_or_else(|| io::Error::other("unknown"))
            };
            let mut resolver = Resolver::over(system, Duration::ZERO);
            let [(one, answer_to_one), (mut two, answer_to_two)] = [(); 2].map(|()| {
                let (answer, question) = mpsc::channel();
                let call = resolver.call(name("one.test"));
                ask.send(question).unwrap();
                (call, answer)
            });
            answer_to_one.send(first).unwrap();
            assert_eq!(one.await.is_ok(), first);
            if !first {
                let is_pending = poll_fn(|cx| Poll::Ready(two.as_mut().poll(cx).is_pending()));
                assert!(is_pending.await, "the other look-up may bring addresses");
                answer_to_two.send(second).unwrap();
            }
            assert_eq!(two.await.is_ok(), first || second);
        }
    }

    #[test]
    fn a_name_server_that_is_silent_holds_up_neither_an_exchange_nor_the_end_of_a_runtime() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        for (connect_limit, limit) in [(50, 9_000), (9_000, 50)]
            .map(|(connect, all)| (Duration::from_millis(connect), Duration::from_millis(all)))
        {
            let (resolver, _speak, _) = silent(ALONE_FOR);
            let tls = Tls::new(provider.clone(), Trust::system(), None).unwrap();
            let connector = Connector::new(resolver, connect_limit, tls, ProxyRules::default());
            let transport = HyperTransport::over(
                HttpClient::Pooled(PooledClient::new(connector, true)),
                default_limit(),
            );
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let request = http::Request::post("https://silent.test/org/app/token").body("");
            let exchange = Exchange::new(request.unwrap()).with_timeout(limit);
            let begun = Instant::now();
            let error = runtime.block_on(transport.send(exchange)).unwrap_err();
            drop(runtime);
            assert_eq!(error.kind(), TransportErrorKind::Timeout);
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        }
    }
}
