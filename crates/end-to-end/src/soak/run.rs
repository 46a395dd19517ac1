//! A run: its phases, a line every ten seconds, and the table at the end.

use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::callers::Callers;
use crate::clients::ClientKind;
use crate::figures::{CallKind, Figures, HealthyFigures, Tally, kinds, median, mib, worst_minute};
use crate::ledger::Broken;
use crate::options::Options;
use crate::plan::{Phase, PhaseKind};
use crate::record::Record;
use crate::remote::Remote;
use crate::resources::Resources;
use crate::server::Order;
use crate::shared::{Clients, Shared};
use crate::unix_time;
use crate::{promises, verdict};

const STEP: Duration = Duration::from_millis(50);
const LINE: Duration = Duration::from_secs(10);
/// How long threads and descriptors may take to end after the last call.
const SETTLING: Duration = Duration::from_secs(25);

/// Runs all phases and prints the results. Returns whether every promise was kept.
pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    // Less than 64 bits, since the seed is typed by hand to repeat a run.
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000_000));
    let (transport, plan) = (options.transport, options.plan(seed));
    println!("soak over {}, seed {seed}", transport.name());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let before = Resources::now(runtime.handle());
    let listen = free_address()?;
    let clients = Clients::build(transport, &format!("http://{listen}"), plan.life)?;
    let clients = Arc::new(clients);
    let handle = runtime.handle().clone();
    let mut run = Run::start(Arc::clone(&clients), handle, listen, seed, plan.short)?;
    let callers = Callers::start(runtime.handle(), &clients, seed);
    for phase in &plan.phases {
        run.run_phase(*phase)?;
    }
    let lost_callers = runtime.block_on(callers.stop());
    drop(clients);
    let mut figures = run.end()?;
    figures.lost_callers = lost_callers;
    (figures.before, figures.after) = (before, settled(before, runtime.handle()));

    println!("\n{figures}");
    for promise in promises::all(&figures) {
        println!("{promise}");
    }
    let broken = verdict::judge(&figures, &plan);
    for sentence in &broken {
        println!("BROKEN: {sentence}");
    }
    if broken.is_empty() {
        println!("every promise was kept");
    } else if !plan.short {
        let (name, minutes) = (transport.name(), options.minutes);
        println!("repeat: cargo xtask soak --transport {name} --minutes {minutes} --seed {seed}");
    }
    Ok(broken.is_empty())
}

/// Finds an address with a port that the system does not use for outgoing connections.
///
/// It stays free while the service is stopped. It does not depend on the seed, since two runs may have
/// the same seed.
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

/// Measures the resources after unused threads and connections had time to end.
fn settled(before: Resources, runtime: &Handle) -> Resources {
    let started = Instant::now();
    loop {
        let now = Resources::now(runtime);
        let gone = now.descriptors <= before.descriptors
            && now.threads <= before.threads
            && now.tasks <= before.tasks;
        if gone || started.elapsed() > SETTLING {
            return now;
        }
        thread::sleep(STEP);
    }
}

/// A run in progress.
struct Run {
    clients: Arc<Clients>,
    runtime: Handle,
    listen: String,
    service: Option<Remote>,
    chance: fastrand::Rng,
    short: bool,
    started: Instant,
    next_line: Instant,
    next_sample: Instant,
    /// Resident memory, once a second, in KiB.
    memory: Vec<u64>,
    /// Since when, and in which phase, the run waits for the first app token.
    waiting: Option<(Instant, PhaseKind)>,
    figures: Figures,
}

impl Run {
    fn start(
        clients: Arc<Clients>,
        runtime: Handle,
        listen: String,
        seed: u64,
        short: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let started = Instant::now();
        let mut run = Self {
            clients,
            runtime,
            listen,
            service: None,
            chance: fastrand::Rng::with_seed(seed),
            short,
            started,
            next_line: started + LINE,
            next_sample: started,
            memory: Vec::new(),
            waiting: None,
            figures: Figures::default(),
        };
        run.start_service()?;
        Ok(run)
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

    fn send(&mut self, order: Order) -> io::Result<()> {
        self.service.as_mut().map_or(Ok(()), |service| service.send(order))
    }

    fn run_phase(&mut self, phase: Phase) -> io::Result<()> {
        let end = Instant::now() + phase.length;
        match phase.kind {
            PhaseKind::Healthy => self.send(Order::Healthy)?,
            PhaseKind::Refusing => self.send(Order::Refusing)?,
            PhaseKind::Calm => {
                self.send(Order::Healthy)?;
                self.waiting = Some((Instant::now(), phase.kind));
            }
            PhaseKind::Away => self.stop_service()?,
            PhaseKind::Recovered => {
                self.start_service()?;
                self.waiting = Some((Instant::now(), phase.kind));
            }
            PhaseKind::Flaky => return self.run_flaky(phase, end),
            PhaseKind::Revoked => return self.run_revoked(phase, end),
        }
        self.watch(phase.kind, end);
        self.give_up_waiting();
        Ok(())
    }

    /// Revokes app tokens twice, and then leaves the service with noise only.
    fn run_revoked(&mut self, phase: Phase, end: Instant) -> io::Result<()> {
        self.send(Order::Healthy)?;
        let started = Instant::now();
        self.each(|shared| shared.ledger().healthy.begin(unix_time::now()));
        for time in phase.revocations() {
            self.watch(phase.kind, started + time);
            self.each(|shared| shared.ledger().healthy.revoke(unix_time::now()));
            self.send(Order::Revoke)?;
        }
        self.watch(phase.kind, end);
        self.each(|shared| shared.ledger().healthy.end(unix_time::now()));
        Ok(())
    }

    fn each(&self, change: impl Fn(&Shared)) {
        for shared in self.clients.all() {
            change(shared);
        }
    }

    /// The client that always needs the service.
    fn short_lived(&self) -> &Shared {
        self.clients.get(ClientKind::ShortLived)
    }

    /// Revokes app tokens every few seconds, and restarts the service in the middle.
    fn run_flaky(&mut self, phase: Phase, end: Instant) -> io::Result<()> {
        let restart = end - phase.length / 2;
        let mut restarted = phase.length < Duration::from_secs(10);
        let order = Order::Flaky { seed: self.chance.u64(..) };
        self.send(order)?;
        while Instant::now() < end {
            let pause = Duration::from_millis(self.chance.u64(8_000..14_000));
            self.watch(phase.kind, end.min(Instant::now() + pause));
            self.send(Order::Revoke)?;
            if !restarted && Instant::now() > restart {
                restarted = true;
                self.stop_service()?;
                let gap = Duration::from_millis(self.chance.u64(1_000..3_000));
                self.watch(phase.kind, Instant::now() + gap);
                self.start_service()?;
                self.send(order)?;
            }
        }
        Ok(())
    }

    /// Measures and prints until `end`.
    fn watch(&mut self, phase: PhaseKind, end: Instant) {
        while Instant::now() < end {
            thread::sleep(STEP);
            let was_waiting = self.waiting.is_some();
            self.look_for_the_first_token();
            if self.short && was_waiting && self.waiting.is_none() {
                // A short run ends with the first token.
                return;
            }
            let now = Instant::now();
            if now >= self.next_sample {
                self.next_sample += Duration::from_secs(1);
                self.memory.push(Resources::now(&self.runtime).memory);
                self.each(|shared| shared.ledger().settle(unix_time::now()));
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
        let calls = self.short_lived().tally().calls(CallKind::App).clone();
        let ledger = self.short_lived().ledger();
        let resources = Resources::now(&self.runtime);
        println!(
            "{:>5} s  {:<9}  app tokens: {} calls, {} failed [{}], {} while held; {} requests, {} in \
             the worst minute; {}, {} descriptors, {} threads",
            self.started.elapsed().as_secs(),
            phase.name(),
            calls.all(),
            calls.failures(),
            kinds(&calls.failed),
            ledger.broken(Broken::FailedWhileHeld).0,
            ledger.app_requests.len(),
            worst_minute(&ledger.app_requests),
            mib(resources.memory),
            resources.descriptors,
            resources.threads,
        );
    }

    /// Stops the service, judges the rest, and collects the figures.
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

/// Adds the figures of one client.
fn add(figures: &mut Figures, shared: &Shared) {
    let kind = shared.kind;
    let mut ledger = shared.ledger();
    // All records have arrived.
    ledger.settle(unix_time::now() + Duration::from_secs(60));
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
    let app_requests = &ledger.app_requests;
    figures.requests += ledger.requests;
    figures.app_requests += app_requests.len() as u64;
    figures.worst_minute = figures.worst_minute.max(worst_minute(app_requests));
    figures.acquired += ledger.app.acquired;
    let requests = ledger.healthy_requests();
    let healthy = &ledger.healthy;
    figures.healthy.push(HealthyFigures {
        kind,
        requests,
        replacements: healthy.replacements(),
        longest: healthy.longest,
        excused: healthy.excused,
    });
    drop(ledger);
    let tally: Tally = shared.tally().clone();
    figures.tally.add(&tally);
}
