//! One client under load, in its own process, so that its time and memory are measured alone.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::clients::{SendRequest, UREQ, client};
use super::server::Server;
use crate::sample::good;

/// The result of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Requests per second.
    pub(crate) rate: f64,
    /// In microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Processor time of the client's process, in microseconds per request.
    pub(crate) cpu: f64,
    /// Peak memory of the process, in MiB.
    pub(crate) peak: f64,
}

impl Load {
    /// Runs the client in a process of its own.
    pub(crate) fn of(name: &str, server: &Server, in_flight: usize, requests: usize) -> Self {
        let mut command = Command::new(good(std::env::current_exe()));
        command.args(["load", name, &server.url]).arg(&server.certificate);
        command.args([in_flight.to_string(), requests.to_string()]);
        let output = good(command.output());
        let output_text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        good(serde_json::from_str(&output_text))
    }
}

/// The process that runs the client.
pub(crate) fn run(name: &str, url: &str, certificate: &Path, in_flight: usize, requests: usize) {
    let roots = good(std::fs::read(certificate));
    let send = client(name, url, Some(&roots));
    let load = if name == UREQ {
        on_threads(&send, in_flight, in_flight * 10);
        measured(|| on_threads(&send, in_flight, requests), requests)
    } else {
        // One thread, as the server has one: so neither takes the other's processor.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = good(runtime.enable_all().build());
        runtime.block_on(tasks(send.clone(), in_flight, in_flight * 10));
        measured(|| runtime.block_on(tasks(send.clone(), in_flight, requests)), requests)
    };
    println!("{}", good(serde_json::to_string(&load)));
}

fn measured(work: impl FnOnce() -> Vec<Duration>, requests: usize) -> Load {
    let (cpu, started) = (cpu_time(), Instant::now());
    let mut times = work();
    let (cpu, taken) = (cpu_time() - cpu, started.elapsed());
    times.sort();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Load {
        rate: requests as f64 / taken.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        cpu: cpu.as_secs_f64() * 1e6 / requests as f64,
        peak: peak_memory(),
    }
}

/// Runs callers, each of which sends its next request after a response.
async fn tasks(send: SendRequest, in_flight: usize, requests: usize) -> Vec<Duration> {
    let left = Arc::new(AtomicUsize::new(requests));
    let callers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (send, left) = (send.clone(), left.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while take_one(&left) {
                    let started = Instant::now();
                    assert!(send().await > 0);
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::with_capacity(requests);
    for caller in callers {
        times.extend(good(caller.await));
    }
    times
}

fn on_threads(send: &SendRequest, in_flight: usize, requests: usize) -> Vec<Duration> {
    let left = AtomicUsize::new(requests);
    std::thread::scope(|scope| {
        let caller = || {
            let mut times = Vec::new();
            while take_one(&left) {
                let started = Instant::now();
                assert!(futures_lite::future::block_on(send()) > 0);
                times.push(started.elapsed());
            }
            times
        };
        let callers: Vec<_> = (0..in_flight).map(|_| scope.spawn(caller)).collect();
        let times = callers.into_iter().map(|caller| match caller.join() {
            Ok(times) => times,
            Err(_) => panic!("a caller panicked"),
        });
        times.flatten().collect()
    })
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The peak memory in MiB, or 0 if the system does not report it.
pub(crate) fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
