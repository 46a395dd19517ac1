//! Errors in the arguments: what is wrong is named, and no argument is repeated.

use std::process::Output;

use crate::{command, failure, stderr};

/// What no output may repeat.
const SECRET: &str = "YXA6hunter2";

/// What an error begins with in text form.
const PREFIX: &str = "easemob-token: invalid_input: ";

/// Wrong arguments after `app`, with a part of the message.
const AFTER_APP: &[(&[&str], &str)] = &[
    (&["--base-url", SECRET], "--base-url: "),
    (&["--app-key", SECRET], "--app-key: "),
    (&["--proxy", SECRET], "--proxy: "),
    (&["--ttl", SECRET], "--ttl: "),
    (&["--ttl=-5"], "--ttl: "),
    (&["--ttl", "-5"], "--ttl: "),
    (&["--ttl-unit", SECRET], "--ttl-unit: "),
    (&["--timeout", SECRET], "--timeout: "),
    (&["--deadline", SECRET], "--deadline: "),
    (&["--max-attempts", SECRET], "--max-attempts: "),
    (&["--max-attempts", "0"], "--max-attempts: "),
    (&["--transport", SECRET], "--transport: is none of hyper, isahc"),
    (&["--format", SECRET], "--format: is none of text, json"),
    (&["--client-id"], "--client-id: needs a value"),
    (&["--client-id", "--verbose"], "--client-id: needs a value"),
    (&[SECRET], "argument 2 is not expected here"),
    (&["--base-ulr", SECRET], "a similar one is --base-url"),
    (&["--ttl", "5", "--ttl", SECRET], "--ttl: can be used only once"),
    (&["-v", "-q"], "--verbose: cannot be used together with --quiet"),
    (&["–v"], "U+2013 (dash)"),
    (&["-proxy", SECRET], "argument 2 is not an option here"),
    (&["--ttl", "5", "m"], "argument 4 is not expected here"),
];

fn output(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

/// The message, which is the same in both formats, and without the secret.
fn refused(words: &[&str]) -> String {
    let text = output(words);
    let json = command(words).env("EASEMOB_FORMAT", "json").output().unwrap();
    let json_first = output(&[&["--format=json"], words].concat());
    let (code, error) = failure(&json);
    assert_eq!((code, error["kind"].as_str()), (2, Some("invalid_input")), "{words:?}");
    let message = error["message"].as_str().unwrap().to_owned();
    assert_eq!(stderr(&text), format!("{PREFIX}{message}\n"));
    assert_eq!((text.status.code(), &text.stdout[..]), (Some(2), &b""[..]));
    assert_eq!(failure(&json_first).0, 2);
    for output in [&text, &json, &json_first] {
        let errors = stderr(output).to_lowercase();
        assert!(!errors.contains("hunter") && !errors.contains("yxa6"), "{words:?}: {errors}");
    }
    message
}

#[test]
fn a_secret_as_an_argument_is_refused_by_name_with_the_remedy() {
    let joined = format!("--client-secret={SECRET}");
    let assigned = format!("EASEMOB_CLIENT_SECRET={SECRET}");
    let short = format!("-p{SECRET}");
    let secret: &[&[&str]] = &[
        &["--client-secret", SECRET],
        &[&joined],
        &["--client-secret"],
        &["--client-sec", SECRET],
        &["--client_secret", SECRET],
        &["--CLIENT-SECRET", SECRET],
        &["-client-secret", SECRET],
        &["—client-secret", SECRET],
        &["--secret", SECRET],
        &["--client-secret-fil", SECRET],
        &["--client-credentials", SECRET],
        &["--", &joined],
        &[&assigned],
    ];
    let password: &[&[&str]] = &[
        &["--password", SECRET],
        &["--pass", SECRET],
        &["--passwd", SECRET],
        &["--pw", SECRET],
        &["-p", SECRET],
        &[&short],
        &["--user-password", SECRET],
    ];
    let token: &[&[&str]] =
        &[&["--token", SECRET], &["--access-token", SECRET], &["--tok", SECRET]];
    let kinds = [
        (secret, "--client-secret", "EASEMOB_CLIENT_SECRET, or name a file"),
        (password, "--password", "EASEMOB_PASSWORD, or name a file"),
        (token, "--token", "standard input"),
    ];
    for (forms, name, remedy) in kinds {
        for form in forms {
            for words in [[&["app"], *form].concat(), [*form, &["app"]].concat()] {
                let message = refused(&words);
                let names_it = message.starts_with(&format!("{name}: is refused"));
                assert!(names_it && message.contains(remedy), "{words:?}: {message}");
            }
        }
    }
    let commands: [&[&str]; 8] = [
        &["user", "--username", "c"],
        &["password", "--username", "c"],
        &["password"],
        &["dynamic", "--username", "c"],
        &["inspect"],
        &["emulator"],
        &["demo"],
        &["completions", "bash"],
    ];
    for words in commands {
        let message = refused(&[words, &["--client-secret", SECRET]].concat());
        assert!(message.starts_with("--client-secret: is refused"), "{words:?}: {message}");
    }
}

#[test]
fn a_refused_value_or_word_is_not_repeated() {
    let url = format!("https://user:{SECRET}@a1.easemob.com");
    let unknown = format!("--{SECRET}");
    let switch = format!("--allow-http={SECRET}");
    let pair = format!("not legal!:{SECRET}");
    let crlf = format!("{SECRET}\r");
    let cases: &[(&[&str], &str)] = &[
        (&["app", "--base-url", &url], "--base-url: "),
        (&["app", "--proxy", &url], "--proxy: "),
        (&["app", &unknown], "argument 2 is not an option here"),
        (&[&unknown, "app"], "argument 1 is not an option here"),
        (&["app", &switch], "--allow-http: takes no value"),
        (&[SECRET], "argument 1 is not a command"),
        (&["ap", "--ttl", SECRET], "a similar one is app"),
        (&["help", SECRET], "is not a command"),
        (&["app", SECRET], "argument 2 is not expected here"),
        (&["user"], "missing: <ID>..."),
        (&["inspect", "a", SECRET], "argument 3 is not expected here"),
        (&["app", "app"], "argument 2 is not expected here"),
        (&["--ttl", "5", "app", "app"], "argument 4 is not expected here"),
        (&["inspect", "--leeway", SECRET], "--leeway: is not a time"),
        (&["completions", SECRET], "<SHELL>: is none of bash"),
        (&["emulator", "--user", SECRET], "--user: has no colon"),
        (&["emulator", "--client", SECRET], "--client: has no colon"),
        (&["emulator", "--user", &pair], "--user or --user-file: "),
        (&["emulator", "--listen", SECRET], "--listen: "),
        (&["emulator", "--app-key", &pair], "--app-key: "),
        (&["app", &crlf], "U+000D (carriage return)"),
    ];
    let after_app = AFTER_APP.iter().map(|(words, part)| ([&["app"], *words].concat(), *part));
    let cases = cases.iter().map(|(words, part)| (words.to_vec(), *part));
    for (words, part) in after_app.chain(cases) {
        let message = refused(&words);
        assert!(message.contains(part), "{words:?}: {message}");
    }
}

/// Options that several commands take, with these commands; a value fits each of them.
const ACTING: &[(&str, &[&str])] = &[
    ("--base-url=https://127.0.0.1:1", REQUESTING),
    ("--transport=hyper", REQUESTING),
    ("--timeout=1s", REQUESTING),
    ("--max-attempts=1", &["app", "user", "password"]),
    ("--ca-file=x", REQUESTING),
    ("--add-ca-file=x", REQUESTING),
    ("--user-agent=x", REQUESTING),
    ("--proxy=none", REQUESTING),
    ("--allow-http", REQUESTING),
    ("--ttl-unit=seconds", &["app", "user", "password", "doctor", "emulator"]),
    ("--ttl=5", &["app", "user", "password", "dynamic", "doctor"]),
    ("--config=x", &["app", "user", "password", "dynamic", "inspect", "doctor", "emulator"]),
    ("--profile=x", &["app", "user", "password", "dynamic", "inspect", "doctor"]),
    ("--out=x", &["app", "user", "password", "dynamic"]),
    ("--app-key=a#b", SIGNING),
    ("--client-id=x", SIGNING),
    ("--client-secret-file=x", SIGNING),
    ("--deadline=5", SIGNING),
    ("--password-file=x", &["password"]),
    ("--authorize-password", &["password"]),
    ("--keep", &["app", "user"]),
    ("--store=file:x", &["app", "user"]),
    ("-v", &["app", "user", "password", "doctor", "emulator"]),
    ("--quiet", &["app", "user", "password", "dynamic", "doctor", "emulator"]),
    (
        "--format=text",
        &["app", "user", "password", "dynamic", "inspect", "doctor", "emulator", "version"],
    ),
    ("--leeway=1s", &["inspect"]),
    ("--listen=127.0.0.1:0", &["emulator"]),
];
const REQUESTING: &[&str] = &["app", "user", "password", "doctor"];
const SIGNING: &[&str] = &["app", "user", "password", "dynamic", "inspect", "doctor", "emulator"];
const COMMANDS: [&str; 11] = [
    "app",
    "user",
    "password",
    "dynamic",
    "inspect",
    "doctor",
    "emulator",
    "demo",
    "completions",
    "man",
    "version",
];

#[test]
fn an_option_is_refused_where_it_does_nothing_and_is_not_in_that_help() {
    for command in COMMANDS {
        let help = String::from_utf8(output(&[command, "--help"]).stdout).unwrap();
        for (index, (word, acting)) in ACTING.iter().enumerate() {
            let name = word.split('=').next().unwrap();
            let ends = [" ", ", ", "\n"].map(|end| format!(" {name}{end}"));
            let acts = acting.contains(&command);
            assert_eq!(ends.iter().any(|it| help.contains(it)), acts, "{name}: {help}");
            // Options stand before and after the command.
            let words = if index % 2 == 0 { [command, word] } else { [word, command] };
            if acts {
                let output = output(&[words[0], words[1], "--help"]);
                assert_eq!(output.status.code(), Some(0), "{words:?}: {}", stderr(&output));
                continue;
            }
            let output = output(&words);
            let message = stderr(&output);
            let begin = format!("{PREFIX}{name}: has no effect on {command}");
            assert!(message.starts_with(&begin), "{words:?}: {message}");
            let names_them = acting.iter().all(|it| message.contains(it));
            assert!(names_them || command == "emulator", "{words:?}: {message}");
            assert_eq!(output.status.code(), Some(2));
        }
    }
}

/// An option with a wrong format is refused with those of the command; a variable is another test.
#[test]
fn a_command_has_only_its_own_formats_and_lists_them() {
    const ALL: [&str; 4] = ["text", "json", "env", "header"];
    for command in COMMANDS {
        let known = match command {
            "app" | "user" | "password" | "dynamic" => &ALL[..],
            "inspect" | "doctor" | "emulator" | "version" => &ALL[..2],
            _ => &[],
        };
        let help = String::from_utf8(output(&[command, "--help"]).stdout).unwrap();
        for format in ALL {
            let listed = help.contains(&format!("\n          - {format}: "));
            assert_eq!(listed, known.contains(&format), "{command} {format}: {help}");
            if !known.is_empty() && !listed {
                let output = output(&[command, &format!("--format={format}")]);
                let expected = format!("{PREFIX}--format: is none of {};", known.join(", "));
                assert!(stderr(&output).starts_with(&expected), "{command}: {}", stderr(&output));
                assert_eq!(output.status.code(), Some(2), "{command}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_told_by_its_number() {
    use std::os::unix::ffi::OsStrExt as _;

    let odd = std::ffi::OsStr::from_bytes(b"YXA6hunter2\xff");
    for (words, message) in [
        (&["app", "--app-key"][..], "argument 3 is not UTF-8; see easemob-token --help"),
        (&["app"], "argument 2 is not expected here; see easemob-token --help"),
        (&["app", "--profile"], "argument 3 is not UTF-8; see easemob-token --help"),
    ] {
        let output = command(words).arg(odd).output().unwrap();
        assert_eq!(stderr(&output), format!("{PREFIX}{message}\n"), "{words:?}");
    }
}

#[test]
fn the_name_of_a_file_is_shown_only_if_it_is_one() {
    let file = format!("./{SECRET}");
    for option in ["--client-secret-file", "--password-file", "--ca-file"] {
        for name in [SECRET, &file, "hunter2", "hunter2/x", "/hunter2", "-----BEGIN hunter2"] {
            let mut command = command(&["password", "--username", "c", "--format", "json"]);
            command.args(["--base-url", "https://127.0.0.1:1", "--app-key", "org#app"]);
            command.args(["--client-id", "id", "--authorize-password"]);
            command.env("EASEMOB_PASSWORD", "x").env("EASEMOB_CLIENT_SECRET", "x");
            let (code, error) = failure(&command.arg(format!("{option}={name}")).output().unwrap());
            let message = error["message"].as_str().unwrap();
            assert!(
                code == 2 && message.starts_with(&format!("{option}: cannot read")),
                "{message}"
            );
            assert!(
                !message.contains("hunter2") && message.contains("name is not shown"),
                "{message}"
            );
        }
    }
}
