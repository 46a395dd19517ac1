//! The group `first`: the first token of a fresh process, with the roots of the system.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::goals::Goal;
use crate::median::Median;
use crate::sample::good;
use crate::table::{Table, number};
use crate::wire::clients::{
    BARE_HYPER, BARE_ISAHC, OURS_HYPER, OURS_ISAHC, REQWEST, REQWEST_AS_IT_COMES, client,
};
use crate::wire::server::Server;

/// Groups of clients, each with the client to compare with.
const FAMILIES: &[(&str, &[&str])] = &[
    (BARE_HYPER, &[BARE_HYPER, OURS_HYPER, REQWEST, REQWEST_AS_IT_COMES]),
    (BARE_ISAHC, &[BARE_ISAHC, OURS_ISAHC]),
];
const ROUNDS: usize = 21;
/// The variable with the file of root certificates, which the libraries read.
const ROOTS: &str = "SSL_CERT_FILE";
const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// The cost of the first token.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct First {
    /// Time from the start of `main` to the token.
    millis: f64,
    /// Allocated memory.
    kib: f64,
}

/// Measures fresh processes alternately.
pub(crate) fn run() -> Vec<Goal> {
    let mut goals = Vec::new();
    for scheme in ["http", "https"] {
        let server = Server::start(scheme);
        let roots = roots_with(&server);
        let mut table =
            Table::new(&["", "first token, ms", "against the library alone", "allocated, KiB"]);
        for (base, names) in FAMILIES {
            let mut firsts = vec![Vec::new(); names.len()];
            for _ in 0..ROUNDS {
                for (name, firsts) in names.iter().zip(&mut firsts) {
                    firsts.push(fresh(name, &server, &roots));
                }
            }
            for (name, own) in names.iter().zip(&firsts) {
                let millis = Median::of(own.iter().map(|first| first.millis).collect());
                let pairs = own.iter().zip(&firsts[0]);
                let ratio = Median::of(pairs.map(|(own, base)| own.millis / base.millis).collect());
                let kib = Median::of(own.iter().map(|first| first.kib).collect());
                table.row([
                    (*name).to_owned(),
                    format!("{:.1} ({:.1} to {:.1})", millis.middle, millis.low, millis.high),
                    ratio.to_string(),
                    number(kib.middle),
                ]);
                if *name == OURS_HYPER {
                    let what = format!("{scheme}: first token, {name} against {base}");
                    goals.push(Goal::mostly_at_most(&what, ratio, 1.1));
                }
            }
        }
        table.print(&format!("The first token of a fresh process, {scheme}"));
        let _ = std::fs::remove_file(roots);
    }
    goals
}

/// Writes the roots of the system and of the server into one file.
fn roots_with(server: &Server) -> PathBuf {
    let system = SYSTEM_ROOTS.iter().find_map(|path| std::fs::read(path).ok());
    let mut pem = system.unwrap_or_default();
    pem.extend(good(std::fs::read(&server.certificate)));
    let path = server.certificate.with_extension("roots.pem");
    good(std::fs::write(&path, pem));
    path
}

fn fresh(name: &str, server: &Server, roots: &PathBuf) -> First {
    let mut command = Command::new(good(std::env::current_exe()));
    let output = good(command.args(["first-of", name, &server.url]).env(ROOTS, roots).output());
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    good(serde_json::from_slice(&output.stdout))
}

/// The fresh process.
pub(crate) fn one(name: &str, url: &str) {
    let started = Instant::now();
    let (millis, counted) = allocations::count(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = good(runtime.enable_all().build());
        let send = client(name, url, None);
        assert!(runtime.block_on(send()) > 0);
        started.elapsed().as_secs_f64() * 1e3
    });
    let first = First { millis, kib: counted.bytes as f64 / 1024.0 };
    println!("{}", good(serde_json::to_string(&first)));
}
