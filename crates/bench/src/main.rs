//! The program behind `cargo xtask bench`: measures a group, or is a process of a measurement.

mod allocations;
mod baseline;
mod cached;
mod callgrind;
mod case;
mod exact;
#[cfg(feature = "peers")]
mod first;
mod gate;
mod goals;
mod grant;
mod inline;
#[cfg(feature = "peers")]
mod loopback;
mod median;
#[cfg(feature = "peers")]
mod rsa_key;
mod sample;
mod table;
mod users;
#[cfg(feature = "peers")]
mod weight;
#[cfg(feature = "peers")]
mod wire;

use std::process::ExitCode;

use crate::callgrind::Callgrind;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                println!("error: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command and returns the problems that it found.
fn run(words: &[&str]) -> Result<Vec<String>, String> {
    match words {
        ["once", group, case, times] => once(group, case, times).map(|()| Vec::new()),
        ["gate"] => gate::run(callgrind().as_ref(), false),
        ["gate", "--keep"] => gate::run(callgrind().as_ref(), true),
        ["grant"] => Ok(goals::report(&exact::grant(callgrind().as_ref())?)),
        ["users"] => Ok(goals::report(&users::run()?)),
        ["fill", name, users] => users::fill(name, users).map(|()| Vec::new()),
        ["cached"] => Ok(goals::report(&exact::cached(callgrind().as_ref())?)),
        _ => among_peers(words),
    }
}

#[cfg(not(feature = "peers"))]
fn among_peers(words: &[&str]) -> Result<Vec<String>, String> {
    Err(format!("the command `{}` is unknown without the feature `peers`", words.join(" ")))
}

/// Runs a group that needs peers, or a process of it.
#[cfg(feature = "peers")]
fn among_peers(words: &[&str]) -> Result<Vec<String>, String> {
    match words {
        ["wire"] => return Ok(goals::report(&wire::run(callgrind().as_ref())?)),
        ["first"] => return Ok(goals::report(&first::run())),
        ["weight"] => {
            let (goals, mut problems) = weight::run()?;
            problems.extend(goals::report(&goals));
            return Ok(problems);
        }
        ["first-of", name, url] => first::one(name, url),
        ["serve", scheme] => wire::server::serve(scheme),
        ["load", name, url, certificate, in_flight, requests] => {
            let number = |word: &str| word.parse().map_err(|error| format!("`{word}`: {error}"));
            let (in_flight, requests) = (number(in_flight)?, number(requests)?);
            wire::load::run(name, url, certificate.as_ref(), in_flight, requests);
        }
        _ => return Err(format!("unknown command `{}`", words.join(" "))),
    }
    Ok(Vec::new())
}

/// Runs a case several times, for callgrind.
fn once(group: &str, name: &str, times: &str) -> Result<(), String> {
    let cases = match group {
        "grant" => grant::cases(),
        "cached" => cached::cases(),
        "users" => users::cases(),
        "nothing" => return Ok(()),
        _ => return Err(format!("unknown group `{group}`")),
    };
    let times = times.parse().map_err(|error| format!("`{times}`: {error}"))?;
    let case = cases.iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("unknown case `{name}`"))?;
    (case.prepare)()(times);
    Ok(())
}

/// Finds callgrind, or reports that instructions are not checked.
fn callgrind() -> Option<Callgrind> {
    match Callgrind::find() {
        Ok(callgrind) => Some(callgrind),
        Err(why) => {
            println!("NOT CHECKED: instructions, since callgrind does not run here: {why}");
            None
        }
    }
}
