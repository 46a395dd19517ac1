//! Who of ours may lean on whom, and on which crates of others, read from `cargo metadata`.

use std::collections::BTreeSet;

use crate::context::{Dependency, Kind, Member};
use crate::failure::Problem;

const HOST: &str = "easemob-token-host";
const CORE: &str = "easemob-token-core";
const TRANSPORT: &str = "easemob-token-transport";
const HYPER: &str = "easemob-token-transport-hyper";
const ISAHC: &str = "easemob-token-transport-isahc";
const TESTKIT: &str = "easemob-token-transport-testkit";
const ADAPTER_TRIALS: &str = "easemob-token-adapter-trials";
const UREQ_EXAMPLE: &str = "easemob-token-transport-ureq-example";
const SMOL_EXAMPLE: &str = "easemob-token-core-on-smol-example";
const END_TO_END: &str = "easemob-token-end-to-end";
const FACADE: &str = "easemob-token";
const EMULATOR: &str = "easemob-token-emulator";
const COMMAND: &str = "easemob-token-cli";

/// What one crate may list in its manifest.
struct Room {
    name: &'static str,
    /// Crates of ours, in `[dependencies]` and `[build-dependencies]`.
    ours: &'static [&'static str],
    /// Crates of ours that its tests may use besides.
    ours_in_tests: &'static [&'static str],
    /// Where its public API must show no type of an HTTP library or runtime: the only crates of
    /// others that it may name. What is no dependency cannot be in a signature.
    theirs: Option<&'static [&'static str]>,
}

/// Every member of the workspace. A new one gets its row here before anything may build on it.
const ROOMS: &[Room] = &[
    // Host and port of a URL, the one rule for base URLs and proxies.
    Room { name: HOST, ours: &[], ours_in_tests: &[], theirs: Some(&[]) },
    // What to send, what came back, what to do next.
    Room {
        name: CORE,
        ours: &[HOST],
        ours_in_tests: &[],
        theirs: Some(&[
            "base16ct",
            "base64",
            "bytes",
            "hmac-sha256",
            "http",
            "httpdate",
            "serde",
            "serde_json",
            "subtle",
        ]),
    },
    // The port. It knows nothing of tokens, and the core knows nothing of it.
    Room {
        name: TRANSPORT,
        ours: &[HOST],
        ours_in_tests: &[],
        theirs: Some(&[
            "async-trait",
            "base64",
            "bytes",
            "http",
            "ipnet",
            "percent-encoding",
            "rustix",
        ]),
    },
    // The adapters: the port and a library of their own.
    Room { name: HYPER, ours: &[TRANSPORT], ours_in_tests: &[TESTKIT], theirs: None },
    Room { name: ISAHC, ours: &[TRANSPORT], ours_in_tests: &[TESTKIT], theirs: None },
    // The suite that certifies adapters: it must not know what the core knows.
    Room { name: TESTKIT, ours: &[TRANSPORT], ours_in_tests: &[HYPER, ISAHC], theirs: None },
    // Every adapter in the suite, under random bytes, and before loggers; never published.
    Room {
        name: ADAPTER_TRIALS,
        ours: &[TRANSPORT, HYPER, ISAHC, TESTKIT],
        ours_in_tests: &[EMULATOR],
        theirs: None,
    },
    // An adapter of somebody else's, as the documentation shows it: the port, and the suite for it.
    Room { name: UREQ_EXAMPLE, ours: &[TRANSPORT], ours_in_tests: &[TESTKIT], theirs: None },
    // The core in somebody else's framework, as the documentation shows it: the core and no port.
    Room { name: SMOL_EXAMPLE, ours: &[CORE], ours_in_tests: &[EMULATOR], theirs: None },
    // The only place where core and port meet.
    Room {
        name: FACADE,
        ours: &[CORE, TRANSPORT, HYPER, ISAHC],
        ours_in_tests: &[EMULATOR, TESTKIT],
        theirs: Some(&[
            "arc-swap",
            "bytes",
            "event-listener",
            "fastrand",
            "http",
            "quick_cache",
            "rustix",
            "tracing",
        ]),
    },
    // The stand-in for the service: written from the documentation and not from our serializer.
    Room { name: EMULATOR, ours: &[], ours_in_tests: &[], theirs: None },
    // The command.
    Room { name: COMMAND, ours: &[FACADE, EMULATOR], ours_in_tests: &[], theirs: None },
    // Everything together, for minutes and behind servers that other people wrote; never published.
    Room { name: END_TO_END, ours: &[FACADE, EMULATOR], ours_in_tests: &[TESTKIT], theirs: None },
    // The contributor's side stands beside the house.
    Room { name: "xtask", ours: &[], ours_in_tests: &[], theirs: None },
];

/// Whoever stands on the left must never have the right one below it, by whatever way, not even
/// for its tests: a serializer shared by both sides hides the errors of both.
const NEVER: &[(&str, &str)] =
    &[(EMULATOR, CORE), (TESTKIT, CORE), (TRANSPORT, CORE), (CORE, TRANSPORT)];

pub(super) fn check(members: &[Member]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in members {
        let Some(room) = ROOMS.iter().find(|room| room.name == member.name) else {
            let text = "is no room that the step knows: add it, with what it may lean on, to \
                        xtask/src/layers/rooms.rs";
            problems.push(Problem::new(&member.name, 0, text));
            continue;
        };
        let faults = member.dependencies.iter().filter_map(|d| fault_of(room, d, members));
        problems.extend(faults.map(|text| Problem::new(&member.name, 0, text)));
    }
    for (above, below) in NEVER {
        if let Some(way) = way_between(above, below, members) {
            problems.push(Problem::new(
                above,
                0,
                format!("reaches `{below}`: {}", way.join(" -> ")),
            ));
        }
    }
    problems
}

fn fault_of(room: &Room, dependency: &Dependency, members: &[Member]) -> Option<String> {
    let name = dependency.name.as_str();
    let in_tests = dependency.kind == Kind::Dev;
    if members.iter().any(|member| member.name == name) {
        let allowed = room.ours.contains(&name) || in_tests && room.ours_in_tests.contains(&name);
        return (!allowed).then(|| {
            let (here, list) = match dependency.kind {
                Kind::Dev => ("in its tests ", [room.ours, room.ours_in_tests].concat()),
                Kind::Build => ("in its build script ", room.ours.to_vec()),
                Kind::Normal => ("", room.ours.to_vec()),
            };
            format!("must not depend on `{name}` {here}(of ours it may use: {})", listed(&list))
        });
    }
    let allowed = in_tests || room.theirs.is_none_or(|theirs| theirs.contains(&name));
    (!allowed).then(|| {
        let list = listed(room.theirs.unwrap_or_default());
        format!("must not depend on `{name}` (of others it may use: {list})")
    })
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The first way found from one crate of ours to another. The tests of `from` count; those of the
/// crates in between do not come along.
fn way_between<'a>(from: &'a str, to: &str, members: &'a [Member]) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![from]];
    while let Some(way) = ways.pop() {
        let here = *way.last()?;
        if way.len() > 1 && here == to {
            return Some(way);
        }
        if !seen.insert(here) {
            continue;
        }
        let member = members.iter().find(|member| member.name == here);
        for dependency in member.into_iter().flat_map(|member| &member.dependencies) {
            if dependency.kind != Kind::Dev || here == from {
                let mut longer = way.clone();
                longer.push(&dependency.name);
                ways.push(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &[(&str, Kind)]) -> Member {
        let dependency =
            |(name, kind): &(&str, Kind)| Dependency { name: (*name).to_owned(), kind: *kind };
        Member {
            name: name.to_owned(),
            rust_version: None,
            features: Vec::new(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn house(name: &str, dependencies: &[(&str, Kind)]) -> Vec<String> {
        let mut members = vec![
            member(CORE, &[("http", Kind::Normal), ("proptest", Kind::Dev)]),
            member(TRANSPORT, &[("http", Kind::Normal)]),
            member(HYPER, &[(TRANSPORT, Kind::Normal), ("hyper", Kind::Normal)]),
            member(ISAHC, &[(TRANSPORT, Kind::Normal), ("isahc", Kind::Normal)]),
            member(
                FACADE,
                &[(CORE, Kind::Normal), (TRANSPORT, Kind::Normal), (HYPER, Kind::Normal)],
            ),
            member(EMULATOR, &[("hyper", Kind::Normal)]),
            member(COMMAND, &[(FACADE, Kind::Normal), (EMULATOR, Kind::Normal)]),
        ];
        if let Some(member) = members.iter_mut().find(|member| member.name == name) {
            let more = dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: *kind });
            member.dependencies.extend(more);
        } else if !name.is_empty() {
            members.push(member(name, dependencies));
        }
        check(&members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_house_as_it_is_planned_is_left_alone() {
        assert_eq!(house("", &[]), Vec::<String>::new());
        assert_eq!(
            house(FACADE, &[(EMULATOR, Kind::Dev), ("tokio", Kind::Dev)]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn core_and_transport_lean_on_nobody_of_ours() {
        for kind in [Kind::Normal, Kind::Build, Kind::Dev] {
            assert!(!house(CORE, &[(TRANSPORT, kind)]).is_empty());
            assert!(!house(CORE, &[(EMULATOR, kind)]).is_empty());
            assert!(!house(TRANSPORT, &[(CORE, kind)]).is_empty());
        }
    }

    #[test]
    fn an_adapter_knows_the_port_alone() {
        for other in [CORE, FACADE, ISAHC] {
            assert!(!house(HYPER, &[(other, Kind::Normal)]).is_empty(), "{other}");
        }
        assert!(!house(HYPER, &[(EMULATOR, Kind::Dev)]).is_empty());
    }

    #[test]
    fn what_tests_may_use_is_not_for_the_library() {
        assert!(house(FACADE, &[(EMULATOR, Kind::Dev)]).is_empty());
        assert!(!house(FACADE, &[(EMULATOR, Kind::Normal)]).is_empty());
        assert!(!house(FACADE, &[(EMULATOR, Kind::Build)]).is_empty());
    }

    #[test]
    fn the_emulator_never_sees_the_core_even_by_a_detour() {
        assert!(!house(EMULATOR, &[(CORE, Kind::Dev)]).is_empty());
        let detour = house(EMULATOR, &[(FACADE, Kind::Dev)]);
        assert!(detour.iter().any(|text| text.contains("-> easemob-token-core")), "{detour:?}");
    }

    #[test]
    fn the_public_api_cannot_show_what_is_no_dependency() {
        for (room, name) in
            [(CORE, "tokio"), (TRANSPORT, "hyper"), (FACADE, "rustls"), (FACADE, "isahc")]
        {
            assert_eq!(house(room, &[(name, Kind::Normal)]).len(), 1, "{room} {name}");
        }
    }

    #[test]
    fn a_room_without_a_row_is_refused() {
        let found = house("easemob-token-store-redis", &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("layers/rooms.rs"), "{found:?}");
    }
}
