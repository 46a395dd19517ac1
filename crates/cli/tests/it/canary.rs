//! Text that somebody typed in the wrong place: no output repeats it, in any encoding.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;

use base64::Engine as _;

use crate::{command, stderr, stdout};

/// The secret. Percent-encoding and escapes leave it as it is.
const CANARY: &str = "hunter2";
/// What people type where a secret does not belong; ★ is the canary.
const FORMS: [&str; 9] = [
    "YXA6★",
    "https://user:★@127.0.0.1:1",
    "★/★",
    "id:★ \u{e9}\"\\",
    "10m★",
    "{\"password\":\"★",
    "[default]\npassword = \"★\"\r\n",
    "—★",
    "org#★#app",
];

fn form(index: usize) -> OsString {
    FORMS[index % FORMS.len()].replace('★', CANARY).into()
}

/// A form that is not UTF-8.
#[cfg(unix)]
fn bytes() -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(format!("{CANARY}\u{fffd}").into_bytes()[..8].to_vec())
}

#[cfg(not(unix))]
fn bytes() -> OsString {
    form(0)
}

/// Words of a command line, and variables.
#[derive(Default)]
struct Case {
    words: Vec<OsString>,
    variables: Vec<(String, OsString)>,
}

impl Case {
    fn of(command: &str, words: impl IntoIterator<Item = OsString>) -> Self {
        let needed: &[&str] = match command {
            "user" | "password" => &["--username", "alice"],
            "dynamic" => &["--username", "alice", "--ttl", "10m"],
            _ => &[],
        };
        let needed = [command].into_iter().chain(needed.iter().copied()).map(OsString::from);
        Self { words: needed.chain(words).collect(), variables: Vec::new() }
    }

    fn with(self, variables: impl IntoIterator<Item = (String, OsString)>) -> Self {
        Self { variables: variables.into_iter().collect(), ..self }
    }

    /// Runs it with settings that are complete and lead nowhere, in a folder of its own.
    fn run(&self, folder: &Path) -> Output {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = command(&[]);
        command
            .args(&self.words)
            .env("EASEMOB_BASE_URL", "http://127.0.0.1:1")
            .env("EASEMOB_APP_KEY", "org#app")
            .env("EASEMOB_CLIENT_ID", "id")
            .env("EASEMOB_CLIENT_SECRET", "secret")
            .env("EASEMOB_PASSWORD", "password")
            .env("EASEMOB_MAX_ATTEMPTS", "1")
            // The emulator cannot listen on another machine's address.
            .env("EASEMOB_EMULATOR_LISTEN", "192.0.2.1:1")
            .env("HOME", folder)
            .current_dir(folder);
        // The demo has no JSON form. For all others, half of the cases have it.
        if self.words[0] == "demo" || self.words.len() % 2 == 0 {
            command.env("EASEMOB_FORMAT", "json");
        }
        for (name, value) in &self.variables {
            // A secret beside its file is refused, which would hide what is wrong with the file.
            name.strip_suffix("_FILE").map(|secret| command.env_remove(secret));
            command.env(name, value);
        }
        command.output().unwrap()
    }
}

/// The canary as it would look in an output: as it is, and in base64 at each of three offsets.
fn encodings() -> Vec<String> {
    let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
    let at = |offset: usize| {
        let encoded = engine.encode([&" ".repeat(offset), CANARY].concat());
        // The characters at the ends depend on what is around it.
        encoded[[0, 2, 3][offset]..encoded.len() - 1].to_owned()
    };
    [CANARY.to_owned()].into_iter().chain([0, 1, 2].map(at)).collect()
}

/// The commands that the help lists.
fn commands(folder: &Path) -> Vec<String> {
    let help = Case { words: vec!["--help".into()], ..Case::default() }.run(folder);
    let list = stdout(&help).split("Commands:\n").nth(1).unwrap();
    let names = list.lines().take_while(|line| !line.is_empty());
    let names = names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

/// Words that begin so in the help of the commands, each with the first command that has it.
fn in_help(commands: &[String], begins: &str, folder: &Path) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for command in commands {
        let help = Case::of(command, ["--help".into()]).run(folder);
        for part in stdout(&help).split(begins).skip(1) {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let name: String = part.chars().take_while(|c| is_part(*c)).collect();
            if !name.is_empty() && name != "help" && seen.insert(name.clone()) {
                found.push((command.clone(), name));
            }
        }
    }
    found
}

fn cases(folder: &Path) -> Vec<Case> {
    let commands = commands(folder);
    let options = in_help(&commands, " --", folder);
    let mut variables = in_help(&commands, "EASEMOB_", folder);
    let of_emulator = options.iter().filter(|(command, _)| command == "emulator");
    variables.extend(of_emulator.map(|(command, option)| {
        (command.clone(), format!("EMULATOR_{}", option.to_uppercase().replace('-', "_")))
    }));
    assert!(commands.len() > 8 && options.len() > 40 && variables.len() > 40, "{options:?}");
    let mut cases = Vec::new();
    for (index, (command, option)) in options.iter().enumerate() {
        for value in [form(0), form(index), bytes()] {
            let mut joined = OsString::from(format!("--{option}="));
            joined.push(value);
            cases.push(Case::of(command, [joined]));
        }
        let misspelt = format!("--{option}x={}", FORMS[index % 9].replace('★', CANARY));
        cases.push(Case::of(command, [misspelt.into()]));
        cases.push(Case::of(command, [format!("--{option}").into(), form(index), form(0)]));
    }
    for (index, command) in commands.iter().enumerate() {
        cases.push(Case::of(command, [form(0), form(index)]));
        cases.push(Case::of(command, [form(index + 1), bytes()]));
        cases.push(Case::of(&format!("{command}{CANARY}"), []));
        // Everything is wrong at once, and asked for help.
        let all = variables.iter().map(|(_, name)| (format!("EASEMOB_{name}"), form(index)));
        cases.push(Case::of(command, []).with(all.clone()));
        cases.push(Case::of(command, ["--help".into()]).with(all));
    }
    for (index, (command, name)) in variables.iter().enumerate() {
        for value in [form(0), form(index), bytes()] {
            let variable = (format!("EASEMOB_{name}"), value);
            cases.push(Case::of(command, []).with([variable]));
        }
    }
    cases
}

#[test]
fn no_output_repeats_what_was_typed_in_the_wrong_place() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("canary");
    let _ = std::fs::remove_dir_all(&folder);
    let (cases, encodings) = (cases(&folder), encodings());
    let check = |part: &[Case], folder: PathBuf| {
        for (index, case) in part.iter().enumerate() {
            let output = case.run(&folder.join(index.to_string()));
            let text = [stdout(&output), stderr(&output)].concat();
            let repeated = encodings.iter().find(|it| text.contains(*it));
            let (words, variables) = (&case.words, &case.variables);
            assert!(repeated.is_none(), "{repeated:?}: {words:?} {variables:?}: {text}");
        }
    };
    let (one, other) = cases.split_at(cases.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| check(one, folder.join("one")));
        check(other, folder.join("other"));
    });
}
