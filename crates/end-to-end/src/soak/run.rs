//! One run: the phases one after the other, a line every ten seconds, the table at the end.

use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::callers::Callers;
use crate::clients::ClientKind;
use crate::figures::{Ask, Figures, HealthyFigures, Tally, kinds, median, mib, worst_minute};
use crate::ledger::Broken;
use crate::options::Options;
use crate::plan::{Phase, PhaseKind};
use crate::record::Record;
use crate::remote::Remote;
use crate::resources::Resources;
use crate::server::Order;
use crate::shared::{Clients, Shared};
use crate::wall;
use crate::{promises, verdict};

const STEP: Duration = Duration::from_millis(50);
const LINE: Duration = Duration::from_secs(10);
/// How long threads and descriptors may take to go, once nobody asks for anything.
const SETTLING: Duration = Duration::from_secs(25);

/// Whether every promise was kept.
pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    println!("soak over {}, seed {}", options.transport.name(), options.seed);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let before = Resources::now(runtime.handle());
    let chance = fastrand::Rng::with_seed(options.seed);
    let listen = free_address()?;
    let (plan, base_url) = (&options.plan, format!("http://{listen}"));
    let clients = Arc::new(Clients::build(options.transport, &base_url, plan.life)?);
    let handle = runtime.handle().clone();
    let mut course = Course::begin(Arc::clone(&clients), handle, listen, chance, plan.short)?;
    let callers = Callers::start(runtime.handle(), &clients, options.seed);
    for phase in &plan.phases {
        course.go_through(*phase)?;
    }
    let lost_callers = runtime.block_on(callers.stop());
    drop(clients);
    let mut figures = course.end()?;
    figures.lost_callers = lost_callers;
    (figures.before, figures.after) = (before, settled(before, runtime.handle()));

    println!("\n{figures}");
    for promise in promises::all(&figures) {
        println!("{promise}");
    }
    let broken = verdict::judge(&figures, plan);
    for sentence in &broken {
        println!("BROKEN: {sentence}");
    }
    if broken.is_empty() {
        println!("every promise was kept");
    } else if !plan.short {
        let (name, minutes) = (options.transport.name(), plan.length().as_secs() / 60);
        let seed = options.seed;
        println!("again: cargo xtask soak --transport {name} --minutes {minutes} --seed {seed}");
    }
    Ok(broken.is_empty())
}

/// A port below those that the system gives to outgoing connections: it stays ours while nobody
/// listens, and nobody connects to himself by chance. It is not the seed's: two runs with the same one
/// may go on beside each other.
fn free_address() -> io::Result<String> {
    let mut tried = Err(io::Error::other("no port was tried"));
    for _ in 0..50 {
        let address = format!("127.0.0.1:{}", fastrand::u16(20_000..30_000));
        tried = TcpListener::bind(&address).map(|_| address);
        if tried.is_ok() {
            break;
        }
    }
    tried
}

/// What is held once threads and connections that nobody needs any more have had time to go.
fn settled(before: Resources, runtime: &Handle) -> Resources {
    let begun = Instant::now();
    loop {
        let now = Resources::now(runtime);
        let gone = now.descriptors <= before.descriptors
            && now.threads <= before.threads
            && now.tasks <= before.tasks;
        if gone || begun.elapsed() > SETTLING {
            return now;
        }
        thread::sleep(STEP);
    }
}

/// A run in progress.
struct Course {
    clients: Arc<Clients>,
    runtime: Handle,
    listen: String,
    service: Option<Remote>,
    chance: fastrand::Rng,
    short: bool,
    begun: Instant,
    next_line: Instant,
    next_sample: Instant,
    /// Resident memory, once a second, in KiB.
    memory: Vec<u64>,
    /// Since when, and after what, the first app token is waited for.
    waiting: Option<(Instant, PhaseKind)>,
    figures: Figures,
}

impl Course {
    fn begin(
        clients: Arc<Clients>,
        runtime: Handle,
        listen: String,
        chance: fastrand::Rng,
        short: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let begun = Instant::now();
        let mut course = Self {
            clients,
            runtime,
            listen,
            service: None,
            chance,
            short,
            begun,
            next_line: begun + LINE,
            next_sample: begun,
            memory: Vec::new(),
            waiting: None,
            figures: Figures::default(),
        };
        course.start_service()?;
        Ok(course)
    }

    fn start_service(&mut self) -> io::Result<()> {
        let clients = Arc::clone(&self.clients);
        let sink = move |record: Record| clients.record(&record);
        self.service = Some(Remote::start(&self.listen, sink)?);
        Ok(())
    }

    fn stop_service(&mut self) -> io::Result<()> {
        self.service.take().map_or(Ok(()), Remote::stop)
    }

    fn tell(&mut self, order: Order) -> io::Result<()> {
        self.service.as_mut().map_or(Ok(()), |service| service.tell(order))
    }

    fn go_through(&mut self, phase: Phase) -> io::Result<()> {
        let end = Instant::now() + phase.length;
        match phase.kind {
            PhaseKind::Healthy => self.tell(Order::Well)?,
            PhaseKind::Refusing => self.tell(Order::Refusing)?,
            PhaseKind::Calm => {
                self.tell(Order::Well)?;
                self.waiting = Some((Instant::now(), phase.kind));
            }
            PhaseKind::Away => self.stop_service()?,
            PhaseKind::Recovered => {
                self.start_service()?;
                self.waiting = Some((Instant::now(), phase.kind));
            }
            PhaseKind::Flaky => return self.be_flaky(phase, end),
            PhaseKind::Revoked => return self.revoke_twice(phase, end),
        }
        self.watch(phase.kind, end);
        self.give_up_waiting();
        Ok(())
    }

    /// App tokens are revoked twice, and then nothing happens but noise.
    fn revoke_twice(&mut self, phase: Phase, end: Instant) -> io::Result<()> {
        self.tell(Order::Well)?;
        let begun = Instant::now();
        self.each(|shared| shared.ledger().healthy().begin(wall::now()));
        for time in phase.revocations() {
            self.watch(phase.kind, begun + time);
            self.each(|shared| shared.ledger().healthy().revoke(wall::now()));
            self.tell(Order::Revoke)?;
        }
        self.watch(phase.kind, end);
        self.each(|shared| shared.ledger().healthy().end(wall::now()));
        Ok(())
    }

    fn each(&self, change: impl Fn(&Shared)) {
        for shared in self.clients.all() {
            change(shared);
        }
    }

    /// The client that needs the service all the time.
    fn short_lived(&self) -> &Shared {
        self.clients.get(ClientKind::ShortLived)
    }

    /// App tokens are revoked every few seconds, and in the middle the service restarts.
    fn be_flaky(&mut self, phase: Phase, end: Instant) -> io::Result<()> {
        let restart = end - phase.length / 2;
        let mut restarted = phase.length < Duration::from_secs(10);
        let order = Order::Flaky { seed: self.chance.u64(..) };
        self.tell(order)?;
        while Instant::now() < end {
            let pause = Duration::from_millis(self.chance.u64(8_000..14_000));
            self.watch(phase.kind, end.min(Instant::now() + pause));
            self.tell(Order::Revoke)?;
            if !restarted && Instant::now() > restart {
                restarted = true;
                self.stop_service()?;
                let gap = Duration::from_millis(self.chance.u64(1_000..3_000));
                self.watch(phase.kind, Instant::now() + gap);
                self.start_service()?;
                self.tell(order)?;
            }
        }
        Ok(())
    }

    /// Looks on until `end`.
    fn watch(&mut self, phase: PhaseKind, end: Instant) {
        while Instant::now() < end {
            thread::sleep(STEP);
            let was_waiting = self.waiting.is_some();
            self.look_for_the_first_token();
            if self.short && was_waiting && self.waiting.is_none() {
                // A short run has seen what it is for.
                return;
            }
            let now = Instant::now();
            if now >= self.next_sample {
                self.next_sample += Duration::from_secs(1);
                self.memory.push(Resources::now(&self.runtime).memory);
                self.each(|shared| shared.ledger().settle(wall::now()));
            }
            if now >= self.next_line {
                self.next_line += LINE;
                self.print_line(phase);
            }
        }
    }

    fn look_for_the_first_token(&mut self) {
        let Some((since, _)) = self.waiting else { return };
        if let Some(time) = self.short_lived().last_success().filter(|&time| time >= since) {
            self.waited(Some(time - since));
        }
    }

    fn give_up_waiting(&mut self) {
        self.look_for_the_first_token();
        self.waited(None);
    }

    fn waited(&mut self, time: Option<Duration>) {
        match self.waiting.take() {
            Some((_, PhaseKind::Recovered)) => self.figures.recoveries.push(time),
            Some(_) => self.figures.after_trouble.push(time),
            None => {}
        }
    }

    fn print_line(&self, phase: PhaseKind) {
        let calls = self.short_lived().tally().calls(Ask::App).clone();
        let ledger = self.short_lived().ledger();
        let resources = Resources::now(&self.runtime);
        println!(
            "{:>5} s  {:<9}  app tokens: {} calls, {} failed [{}], {} while held; {} requests, {} in \
             the worst minute; {}, {} descriptors, {} threads",
            self.begun.elapsed().as_secs(),
            phase.name(),
            calls.all(),
            calls.failures(),
            kinds(&calls.failed),
            ledger.broken(Broken::FailedWhileHeld).0,
            ledger.app_requests().len(),
            worst_minute(ledger.app_requests()),
            mib(resources.memory),
            resources.descriptors,
            resources.threads,
        );
    }

    /// Stops the service, judges what is not judged yet, and adds up.
    fn end(mut self) -> io::Result<Figures> {
        self.stop_service()?;
        let mut figures = self.figures;
        for shared in self.clients.all() {
            add(&mut figures, shared);
        }
        let third = self.memory.len() / 3;
        figures.memory_early = median(&self.memory[..third]);
        figures.memory_late = median(&self.memory[self.memory.len() - third..]);
        Ok(figures)
    }
}

/// Adds what is known of one client.
fn add(figures: &mut Figures, shared: &Shared) {
    let kind = shared.kind;
    let mut ledger = shared.ledger();
    // Everything has been told.
    ledger.settle(wall::now() + Duration::from_secs(60));
    for (breaches, broken) in [
        (&mut figures.failed_while_held, Broken::FailedWhileHeld),
        (&mut figures.failed_while_healthy, Broken::FailedWhileHealthy),
        (&mut figures.slow_while_held, Broken::SlowWhileHeld),
        (&mut figures.wrong_tokens, Broken::WrongToken),
        (&mut figures.dead_tokens, Broken::DeadToken),
    ] {
        let (count, first) = ledger.broken(broken);
        breaches.add(kind, count, first);
    }
    let app_requests = ledger.app_requests();
    figures.requests += ledger.requests();
    figures.app_requests += app_requests.len() as u64;
    figures.worst_minute = figures.worst_minute.max(worst_minute(app_requests));
    figures.acquired += ledger.acquired();
    let requests = ledger.healthy_requests();
    let healthy = ledger.healthy();
    let (replacements, longest) = (healthy.replacements(), healthy.longest());
    let excused = healthy.excused();
    figures.healthy.push(HealthyFigures { kind, requests, replacements, longest, excused });
    drop(ledger);
    let tally: Tally = shared.tally().clone();
    figures.tally.add(&tally);
}
