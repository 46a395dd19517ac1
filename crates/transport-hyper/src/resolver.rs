//! Name look-up by the system, except for loopback names, whose addresses are fixed.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};
use std::vec;

use easemob_token_transport::loopback_addresses;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::watch;
use tower_service::Service;

/// How long a look-up is shared. After that, its answer may be lost, and another one may be quick.
const SHARED_FOR: Duration = Duration::from_secs(3);
/// How many look-ups of one name may be under way; a silent name server takes 10 to 30 s for each.
const MOST_AT_ONCE: usize = 8;

/// Resolves loopback names itself and all others by the system, on threads of its own.
///
/// A look-up by the system blocks a thread and cannot be cancelled. On tokio's blocking threads a
/// silent name server would use up the pool, and a runtime that is dropped would wait for it.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Lookups>);

type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;
/// `None` while it is under way.
type Answer = Option<Result<Vec<SocketAddr>, Arc<io::Error>>>;

struct Lookups {
    system: Box<Lookup>,
    shared_for: Duration,
    under_way: Mutex<HashMap<String, UnderWay>>,
}

/// The look-ups of one name that have not ended.
struct UnderWay {
    count: usize,
    newest: watch::Receiver<Answer>,
    begun: Instant,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        // The connector sets the port.
        Self::over(|name| (name, 0).to_socket_addrs().map(Iterator::collect), SHARED_FOR)
    }

    pub(crate) fn over(
        system: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        shared_for: Duration,
    ) -> Self {
        let under_way = Mutex::default();
        Self(Arc::new(Lookups { system: Box::new(system), shared_for, under_way }))
    }
}

impl Lookups {
    fn under_way(&self) -> MutexGuard<'_, HashMap<String, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of the look-up that is under way, or of a new one.
    fn answer(self: &Arc<Self>, name: &str) -> io::Result<watch::Receiver<Answer>> {
        let mut under_way = self.under_way();
        let running = under_way.get(name);
        if let Some(running) = running {
            let is_young = running.begun.elapsed() < self.shared_for;
            let is_open = running.newest.borrow().is_none();
            if is_open && (is_young || running.count >= MOST_AT_ONCE) {
                return Ok(running.newest.clone());
            }
        }
        let count = running.map_or(0, |running| running.count) + 1;
        let (sender, newest) = watch::channel(None);
        let (lookups, own) = (self.clone(), name.to_owned());
        thread::Builder::new().name("easemob-token-dns".to_owned()).spawn(move || {
            let answer = (lookups.system)(&own).map_err(Arc::new);
            lookups.end(&own);
            sender.send_replace(Some(answer));
        })?;
        let begun = Instant::now();
        under_way.insert(name.to_owned(), UnderWay { count, newest: newest.clone(), begun });
        Ok(newest)
    }

    fn end(&self, name: &str) {
        let mut under_way = self.under_way();
        match under_way.get_mut(name) {
            Some(running) if running.count > 1 => running.count -= 1,
            _ => drop(under_way.remove(name)),
        }
    }
}

async fn wait(mut answer: watch::Receiver<Answer>) -> io::Result<vec::IntoIter<SocketAddr>> {
    let answer = answer.wait_for(Option::is_some).await;
    match answer.map_err(io::Error::other)?.as_ref() {
        Some(Ok(addresses)) => Ok(addresses.clone().into_iter()),
        Some(Err(error)) => Err(io::Error::new(error.kind(), error.clone())),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(addresses) = loopback_addresses(name.as_str()) {
            let addresses = Vec::from(addresses.map(|address| SocketAddr::new(address, 0)));
            return Box::pin(ready(Ok(addresses.into_iter())));
        }
        match self.0.answer(name.as_str()) {
            Ok(answer) => Box::pin(wait(answer)),
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
    use crate::client::PooledClient;
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
        let mut resolver = Resolver::over(system, SHARED_FOR);
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
    fn silent(shared_for: Duration) -> (Resolver, mpsc::Sender<()>, Arc<AtomicUsize>) {
        let (speak, silence) = mpsc::channel::<()>();
        let silence = Mutex::new(silence);
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let system = move |_: &str| {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = silence.lock().unwrap().recv();
            Ok(vec![ADDRESS.into()])
        };
        (Resolver::over(system, shared_for), speak, count)
    }

    #[tokio::test]
    async fn look_ups_that_hang_are_shared_and_bounded_for_each_name() {
        for (shared_for, most) in [(Duration::MAX, 1), (Duration::ZERO, MOST_AT_ONCE)] {
            let (mut resolver, speak, count) = silent(shared_for);
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

    #[test]
    fn a_name_server_that_is_silent_holds_up_neither_an_exchange_nor_the_end_of_a_runtime() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        for (connect_limit, limit) in [(50, 9_000), (9_000, 50)]
            .map(|(connect, all)| (Duration::from_millis(connect), Duration::from_millis(all)))
        {
            let (resolver, _speak, _) = silent(SHARED_FOR);
            let tls = Tls::new(provider.clone(), Trust::System, None);
            let connector = Connector::new(resolver, connect_limit, tls, ProxyRules::default());
            let transport =
                HyperTransport::over(PooledClient::new(connector, true), default_limit());
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
