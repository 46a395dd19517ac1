//! The list of our crates: the job of each, what it may depend on, and where it must build.
//!
//! Every other list of crates links here or is checked against this one, and this one is checked
//! against `cargo metadata`. A new crate gets its row here first.

use crate::context::{Dependency, Package, Workspace};
use crate::problem::Problem;

pub(crate) const HOST: &str = "easemob-token-host";
pub(crate) const CORE: &str = "easemob-token-core";
pub(crate) const STORE: &str = "easemob-token-store";
pub(crate) const STORE_FILE: &str = "easemob-token-store-file";
pub(crate) const STORE_REDIS: &str = "easemob-token-store-redis";
pub(crate) const TRANSPORT: &str = "easemob-token-transport";
pub(crate) const HYPER: &str = "easemob-token-transport-hyper";
pub(crate) const ISAHC: &str = "easemob-token-transport-isahc";
pub(crate) const REQWEST: &str = "easemob-token-transport-reqwest";
pub(crate) const TESTKIT: &str = "easemob-token-transport-testkit";
pub(crate) const FACADE: &str = "easemob-token";
pub(crate) const EMULATOR: &str = "easemob-token-emulator";
pub(crate) const COMMAND: &str = "easemob-token-cli";
pub(crate) const ADAPTER_TRIALS: &str = "easemob-token-adapter-trials";
pub(crate) const END_TO_END: &str = "easemob-token-end-to-end";

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    /// One line, repeated in CONTRIBUTING.md.
    pub(crate) job: &'static str,
    /// Without `publish = false` in its manifest.
    pub(crate) published: bool,
    /// Our crates that it may depend on.
    pub(crate) ours: &'static [&'static str],
    /// Our crates that its tests may use in addition.
    pub(crate) ours_in_tests: &'static [&'static str],
    /// The only other crates that it may depend on, if there is a limit.
    ///
    /// Its public API must show no type of an HTTP library or runtime, and a crate that is not a
    /// dependency cannot be in a signature.
    pub(crate) theirs: Option<&'static str>,
    /// The limits of everything below it, if it has any.
    pub(crate) tree: Option<Tree>,
    /// Must build where there is no operating system.
    pub(crate) wasm: bool,
    /// Must build with the oldest Rust that `Cargo.toml` promises.
    pub(crate) msrv: bool,
    /// Must have no second TLS or HTTP stack below it with its default features.
    pub(crate) lean: bool,
}

/// The limits of a dependency tree, on every platform at once.
#[derive(Debug)]
pub(crate) struct Tree {
    /// A list of everything that may be there with all features; a ban would miss the unforeseen.
    pub(crate) allowed: &'static str,
    /// The most crates with the default features, itself included.
    pub(crate) most: usize,
}

/// A published crate that nothing special holds for.
const PUBLISHED: Crate = Crate {
    name: "",
    job: "",
    published: true,
    ours: &[],
    ours_in_tests: &[],
    theirs: None,
    tree: None,
    wasm: false,
    msrv: false,
    lean: false,
};
const INTERNAL: Crate = Crate { published: false, ..PUBLISHED };

pub(crate) const CRATES: &[Crate] = &[
    Crate {
        name: HOST,
        job: "checks of text that people set: hosts, odd characters; shared by core and transport",
        theirs: Some(""),
        tree: Some(Tree { allowed: "", most: 1 }),
        wasm: true,
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: CORE,
        job: "what to send, what came back, what to do next: no I/O",
        ours: &[HOST],
        theirs: Some(
            "base16ct base64 bytes hmac-sha256 http httpdate serde serde_json \
              subtle",
        ),
        tree: Some(Tree {
            allowed: "easemob-token-host base16ct base64 bytes hmac-sha256 http httpdate \
              itoa memchr proc-macro2 quote serde serde_core serde_derive serde_json \
              subtle syn unicode-ident zmij",
            most: 17,
        }),
        wasm: true,
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: TRANSPORT,
        job: "the port: send one exchange; spawn and sleep",
        ours: &[HOST],
        theirs: Some(
            "async-trait base64 bytes http ipnet openssl-probe percent-encoding rustix \
              rustls-native-certs socket2 tokio",
        ),
        tree: Some(Tree {
            allowed: "easemob-token-host async-trait base64 bitflags bytes core-foundation \
              core-foundation-sys errno http ipnet itoa libc linux-raw-sys mio openssl-probe \
              percent-encoding pin-project-lite proc-macro2 quote rustix rustls-native-certs \
              rustls-pki-types schannel security-framework security-framework-sys socket2 syn \
              tokio unicode-ident wasi windows-link windows-sys zeroize",
            most: 20,
        }),
        wasm: true,
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: STORE,
        job: "the port: read and replace one record that processes share",
        theirs: Some("async-trait bytes"),
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: STORE_FILE,
        job: "the store in a folder, for the processes of one host",
        ours: &[STORE],
        ours_in_tests: &[TESTKIT],
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: STORE_REDIS,
        job: "the store in Redis, for the processes of several hosts",
        ours: &[STORE],
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        name: HYPER,
        job: "the port over hyper and rustls, on tokio",
        ours: &[TRANSPORT],
        ours_in_tests: &[TESTKIT],
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        // Not for the oldest Rust: libcurl would be compiled once more for it, and the crate itself
        // uses nothing that the others do not.
        name: ISAHC,
        job: "the port over isahc (libcurl), on any executor",
        ours: &[TRANSPORT],
        ours_in_tests: &[TESTKIT],
        ..PUBLISHED
    },
    Crate {
        name: REQWEST,
        job: "the port over your own reqwest::ClientBuilder, on tokio",
        ours: &[TRANSPORT],
        ours_in_tests: &[TESTKIT],
        msrv: true,
        ..PUBLISHED
    },
    Crate {
        // It must not know what the core knows.
        name: TESTKIT,
        job: "the conformance suite that certifies any adapter",
        ours: &[TRANSPORT],
        ours_in_tests: &[HYPER, ISAHC],
        ..PUBLISHED
    },
    Crate {
        // The only crate that sees core and transport.
        name: FACADE,
        job: "the crate that applications add",
        ours: &[CORE, STORE, TRANSPORT, HYPER, ISAHC, REQWEST],
        ours_in_tests: &[EMULATOR, STORE_FILE, STORE_REDIS, TESTKIT],
        theirs: Some("arc-swap bytes event-listener fastrand http quick_cache ring rustix tracing"),
        msrv: true,
        lean: true,
        ..PUBLISHED
    },
    Crate {
        // Written from the documentation, not from our serializer.
        name: EMULATOR,
        job: "a mock of the service, for tests and first steps",
        ..PUBLISHED
    },
    Crate {
        name: COMMAND,
        job: "the command `easemob-token`",
        ours: &[FACADE, EMULATOR, STORE_FILE, STORE_REDIS],
        ours_in_tests: &[TESTKIT],
        lean: true,
        ..PUBLISHED
    },
    Crate {
        name: ADAPTER_TRIALS,
        job: "every adapter in the conformance suite, under random bytes, and searched for leaks",
        ours: &[TRANSPORT, HYPER, ISAHC, TESTKIT],
        ours_in_tests: &[FACADE, EMULATOR],
        ..INTERNAL
    },
    Crate {
        name: END_TO_END,
        job: "everything together: soak, and real servers and proxies",
        ours: &[FACADE, EMULATOR],
        ours_in_tests: &[STORE, STORE_FILE, STORE_REDIS, TESTKIT],
        ..INTERNAL
    },
    Crate {
        name: "easemob-token-transport-ureq-example",
        job: "example: an adapter for another HTTP library",
        ours: &[TRANSPORT],
        ours_in_tests: &[TESTKIT],
        ..INTERNAL
    },
    Crate {
        name: "easemob-token-axum-login-example",
        job: "example: a login server, with its tests",
        ours: &[FACADE],
        ours_in_tests: &[EMULATOR],
        ..INTERNAL
    },
    Crate {
        name: "easemob-token-call-the-rest-api-example",
        job: "example: a job that calls another REST endpoint",
        ours: &[FACADE],
        ours_in_tests: &[EMULATOR],
        ..INTERNAL
    },
    Crate {
        name: "easemob-token-blocking-example",
        job: "example: tokens without an async runtime",
        ours: &[FACADE],
        ours_in_tests: &[EMULATOR],
        ..INTERNAL
    },
    Crate {
        name: "easemob-token-core-on-smol-example",
        job: "example: the core in another framework",
        ours: &[CORE],
        ours_in_tests: &[EMULATOR],
        ..INTERNAL
    },
    Crate { name: "xtask", job: "the checks", ..INTERNAL },
];

/// Returns `-p NAME` for each crate that the filter picks.
pub(crate) fn packages(pick: impl Fn(&Crate) -> bool) -> Vec<&'static str> {
    CRATES.iter().filter(|it| pick(it)).flat_map(|it| ["-p", it.name]).collect()
}

/// Compares the list with `cargo metadata`, and the pages that list crates with both.
pub(crate) fn check(workspace: &Workspace, contributing: &str, architecture: &str) -> Vec<Problem> {
    let packages = &workspace.packages;
    let mut problems = Vec::new();
    for dir in packages.iter().map(|package| package.dir(workspace)) {
        if !architecture.contains(&format!("| `{dir}` |")) {
            problems.push(Problem::new(
                "docs/architecture.md",
                0,
                format!("add a row for `{dir}`"),
            ));
        }
    }
    for row in CRATES {
        let line = format!("| `{}` | {} |", row.name, row.job);
        if !contributing.contains(&line) {
            problems.push(Problem::new("CONTRIBUTING.md", 0, format!("add the row `{line}`")));
        }
    }
    for package in packages {
        let Some(row) = CRATES.iter().find(|row| row.name == package.name) else {
            let text = "has no row in xtask/src/crates.rs; add it, with what it may depend on";
            problems.push(Problem::new(&package.name, 0, text));
            continue;
        };
        if row.published != package.is_published() {
            let text = "`publish` in its manifest differs from `published` in xtask/src/crates.rs";
            problems.push(Problem::new(row.name, 0, text));
        }
        let wrong = package.dependencies.iter().filter_map(|it| forbidden(row, it, packages));
        problems.extend(wrong.map(|text| Problem::new(row.name, 0, text)));
    }
    let missing = CRATES.iter().filter(|row| packages.iter().all(|it| it.name != row.name));
    let text = "is not in the workspace; remove its row from xtask/src/crates.rs";
    problems.extend(missing.map(|row| Problem::new(row.name, 0, text)));
    problems
}

fn forbidden(row: &Crate, dependency: &Dependency, packages: &[Package]) -> Option<String> {
    let name = dependency.name.as_str();
    let in_tests = dependency.kind.as_deref() == Some("dev");
    let is_ours = packages.iter().any(|it| it.name == name);
    let allowed = match (is_ours, in_tests) {
        (true, false) => row.ours.to_vec(),
        (true, true) => [row.ours, row.ours_in_tests].concat(),
        (false, false) => row.theirs?.split_whitespace().collect(),
        (false, true) => return None,
    };
    (!allowed.contains(&name)).then(|| {
        let tests = if in_tests { " in its tests" } else { "" };
        format!("must not depend on `{name}`{tests}; allowed are: {}", allowed.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../CONTRIBUTING.md");

    fn row(name: &str) -> &'static Crate {
        CRATES.iter().find(|row| row.name == name).unwrap()
    }

    /// The complaints about a workspace of the rows, with one dependency more.
    fn problems(name: &str, dependency: &str, kind: Option<&str>) -> usize {
        let package = |row: &Crate| Package {
            name: row.name.to_owned(),
            publish: (!row.published).then(Vec::new),
            ..Package::default()
        };
        let mut packages: Vec<_> = CRATES.iter().map(package).collect();
        let package = packages.iter_mut().find(|it| it.name == name).unwrap();
        let kind = kind.map(str::to_owned);
        let name = dependency.to_owned();
        package.dependencies.push(Dependency { name, kind, ..Dependency::default() });
        check(&Workspace { packages, ..Workspace::default() }, PAGE, "| `` |").len()
    }

    #[test]
    fn a_forbidden_dependency_is_found() {
        let dev = Some("dev");
        for (name, dependency, kind) in [
            (CORE, TRANSPORT, None),
            (CORE, EMULATOR, dev),
            (TRANSPORT, CORE, Some("build")),
            (HYPER, ISAHC, None),
            (HYPER, EMULATOR, dev),
            (FACADE, EMULATOR, None),
            (EMULATOR, FACADE, dev),
            (CORE, "tokio", None),
            (FACADE, "rustls", None),
        ] {
            assert_eq!(problems(name, dependency, kind), 1, "{name} {dependency}");
        }
        for (name, dependency, kind) in
            [(FACADE, EMULATOR, dev), (FACADE, "tokio", dev), (HYPER, "hyper", None)]
        {
            assert_eq!(problems(name, dependency, kind), 0, "{name} {dependency}");
        }
    }

    #[test]
    fn an_unknown_a_missing_and_a_wrongly_published_crate_are_found() {
        let text = |package: Package| -> String {
            let workspace = Workspace { packages: vec![package], ..Workspace::default() };
            check(&workspace, PAGE, "").iter().map(ToString::to_string).collect()
        };
        let found = text(Package { name: "new".to_owned(), ..Package::default() });
        assert!(found.contains("new: has no row"), "{found}");
        assert!(found.contains("easemob-token-core: is not in the workspace"), "{found}");
        let found = text(Package { name: "xtask".to_owned(), ..Package::default() });
        assert!(found.contains("xtask: `publish`"), "{found}");
        let rows = check(&Workspace::default(), "no row", "").len();
        assert_eq!(rows, 2 * CRATES.len());
    }

    /// A serializer shared by both sides hides the errors of both.
    #[test]
    fn the_list_keeps_core_away_from_transport_testkit_and_emulator() {
        let reaches = |from: &str, to: &str| {
            let mut next = [row(from).ours, row(from).ours_in_tests].concat();
            while let Some(name) = next.pop() {
                if name == to {
                    return true;
                }
                next.extend(row(name).ours);
            }
            false
        };
        assert!(reaches(COMMAND, CORE));
        for (from, to) in [(EMULATOR, CORE), (TESTKIT, CORE), (TRANSPORT, CORE), (CORE, TRANSPORT)]
        {
            assert!(!reaches(from, to), "{from} {to}");
        }
    }
}
