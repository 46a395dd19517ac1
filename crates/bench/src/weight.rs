//! The group `weight`: crates, build time and size of a minimal program that gets a token.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::goals::Goal;
use crate::table::{Table, number};

/// A program and its dependencies.
struct Program {
    name: &'static str,
    /// Lines of `[dependencies]`; `CRATES` stands for the folder of our crates.
    dependencies: &'static str,
    /// The text, and the expression for `TRANSPORT` in it.
    main: (&'static str, &'static str),
    /// The most crates, if there is a goal.
    at_most: Option<u32>,
}

const CORE: &str = r#"
use std::time::SystemTime;
use easemob_token_core::{Password, Secret, TokenEndpoint, TtlUnits};
fn main() {
    let (base, app) = ("https://a1.easemob.com".parse().unwrap(), "org#app".parse().unwrap());
    let endpoint = TokenEndpoint::new(&base, &app, TtlUnits::STANDARD).unwrap();
    let grant = Password::new("alice", Secret::new("secret")).unwrap();
    println!("{}", endpoint.request(&grant).unwrap().uri());
    let answer = std::env::args().nth(1).unwrap_or_default();
    let token = endpoint.parse(&grant, http::Response::new(answer.as_bytes()), SystemTime::now());
    println!("{}", token.unwrap().access_token().expose());
}
"#;

/// `TRANSPORT` stands for an expression.
const BLOCKING: &str = r#"
use easemob_token::Client;
fn main() {
    let client = Client::builder("https://a1.easemob.com", "org#app")
        .transport(TRANSPORT).build_blocking().unwrap();
    let token = client.user_token_by_password("alice", "secret").send().unwrap();
    println!("{}", token.access_token().expose());
}
"#;

const BOTH: &str = r#"
use easemob_token::{Client, hyper::HyperTransport, isahc::IsahcTransport};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = Client::builder("https://a1.easemob.com", "org#app");
    let client = match std::env::args().nth(1) {
        Some(_) => client.transport(HyperTransport::new()),
        None => client.transport(IsahcTransport::new()),
    };
    let token = client.build().unwrap().user_token_by_password("alice", "secret").await.unwrap();
    println!("{}", token.access_token().expose());
}
"#;

const OAUTH2: &str = r#"
use oauth2::{basic::BasicClient, *};
fn main() {
    let url = TokenUrl::new("https://a1.easemob.com/org/app/token".to_owned()).unwrap();
    let client = BasicClient::new(ClientId::new("id".to_owned())).set_token_uri(url);
    let (name, word) = ("alice".to_owned(), "secret".to_owned());
    let (name, word) = (ResourceOwnerUsername::new(name), ResourceOwnerPassword::new(word));
    let send = |request: HttpRequest| -> Result<HttpResponse, std::io::Error> {
        println!("{}", request.uri());
        Ok(HttpResponse::new(std::env::args().nth(1).unwrap_or_default().into_bytes()))
    };
    let token = client.exchange_password(&name, &word).request(&send).unwrap();
    println!("{}", token.access_token().secret());
}
"#;

const OAUTH2_REQWEST: &str = r#"
use oauth2::{basic::BasicClient, *};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = TokenUrl::new("https://a1.easemob.com/org/app/token".to_owned()).unwrap();
    let client = BasicClient::new(ClientId::new("id".to_owned())).set_token_uri(url);
    let (name, word) = ("alice".to_owned(), "secret".to_owned());
    let (name, word) = (ResourceOwnerUsername::new(name), ResourceOwnerPassword::new(word));
    let http = oauth2::reqwest::Client::new();
    let token = client.exchange_password(&name, &word).request_async(&http).await.unwrap();
    println!("{}", token.access_token().secret());
}
"#;

const REQWEST: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let body = serde_json::json!({"grant_type": "password", "username": "alice", "password": "x"});
    let request = reqwest::Client::new().post("https://a1.easemob.com/org/app/token").json(&body);
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    println!("{}", answer["access_token"]);
}
"#;

const TOKIO: &str = r#"tokio = { version = "1", features = ["macros", "rt"] }"#;

/// The programs, those with the shortest build first.
const PROGRAMS: &[Program] = &[
    Program {
        name: "easemob-token-core",
        dependencies: "easemob-token-core = { path = \"CRATES/core\" }\nhttp = \"1\"",
        main: (CORE, ""),
        // Sixteen, and our own parser of hosts, which core and transport share.
        at_most: Some(17),
    },
    Program {
        name: "the same with `dynamic`",
        dependencies: "easemob-token-core = { path = \"CRATES/core\", features = [\"dynamic\"] }\nhttp = \"1\"",
        main: (CORE, ""),
        at_most: Some(20),
    },
    Program {
        name: "oauth2 5 without an HTTP client",
        dependencies: "oauth2 = { version = \"5\", default-features = false }",
        main: (OAUTH2, ""),
        at_most: None,
    },
    Program {
        name: "easemob-token over hyper",
        dependencies: "easemob-token = { path = \"CRATES/facade\", features = [\"blocking\"] }",
        main: (BLOCKING, "easemob_token::hyper::HyperTransport::new()"),
        at_most: Some(70),
    },
    Program {
        name: "oauth2 5 with its defaults (reqwest 0.12)",
        dependencies: "oauth2 = \"5\"\nTOKIO",
        main: (OAUTH2_REQWEST, ""),
        at_most: None,
    },
    Program {
        name: "reqwest 0.13",
        dependencies: "reqwest = { version = \"0.13\", features = [\"json\"] }\nserde_json = \"1\"\nTOKIO",
        main: (REQWEST, ""),
        at_most: None,
    },
    Program {
        name: "easemob-token over isahc",
        dependencies: "easemob-token = { path = \"CRATES/facade\", default-features = false, features = [\"blocking\", \"isahc\"] }",
        main: (BLOCKING, "easemob_token::isahc::IsahcTransport::new()"),
        at_most: None,
    },
    Program {
        name: "easemob-token over both",
        dependencies: "easemob-token = { path = \"CRATES/facade\", features = [\"isahc\"] }\nTOKIO",
        main: (BOTH, ""),
        at_most: None,
    },
];

/// Compiles every program from scratch. Returns the goals and the programs that do not build.
pub(crate) fn run() -> Result<(Vec<Goal>, Vec<String>), String> {
    let (mut goals, mut problems) = (Vec::new(), Vec::new());
    let mut table = Table::new(&["", "crates", "clean release build, s", "stripped, KiB"]);
    for program in PROGRAMS {
        let folder = create(program)?;
        let crates = crates(&folder)?;
        if let Some(limit) = program.at_most {
            let what = format!("crates of {}", program.name);
            goals.push(Goal::at_most(&what, f64::from(crates), f64::from(limit)));
        }
        let started = Instant::now();
        let built = cargo(&folder, &["build", "--release", "--quiet"])?;
        let seconds = started.elapsed().as_secs_f64();
        let size = std::fs::metadata(folder.join("target/release/weighed"));
        match size {
            Ok(file) if built.status.success() => {
                let kib = number(file.len() as f64 / 1024.0);
                println!("{}: {crates} crates, {seconds:.0} s, {kib} KiB", program.name);
                table.row([program.name.to_owned(), crates.to_string(), number(seconds), kib]);
            }
            _ => {
                let errors = String::from_utf8_lossy(&built.stderr).into_owned();
                problems.push(format!("{} does not build: {errors}", program.name));
            }
        }
        // The folder has some hundred megabytes.
        let _ = std::fs::remove_dir_all(&folder);
    }
    table.print("The smallest program that gets a token");
    Ok((goals, problems))
}

fn create(program: &Program) -> Result<PathBuf, String> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = target.parent().ok_or("no target folder")?;
    let folder = target.join("weight");
    let _ = std::fs::remove_dir_all(&folder);
    let crates = ours.parent().ok_or("no folder of crates")?.display().to_string();
    let dependencies = program.dependencies.replace("CRATES", &crates).replace("TOKIO", TOKIO);
    let manifest = format!(
        "[package]\nname = \"weighed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nstrip = true\n\n[dependencies]\n{dependencies}\n"
    );
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder.join("src")).map_err(|error| error.to_string())?;
    write("Cargo.toml", &manifest)?;
    write("src/main.rs", &program.main.0.replace("TRANSPORT", program.main.1))?;
    // The versions of all other measurements.
    let lock = std::fs::read_to_string(ours.join("Cargo.lock")).map_err(|e| e.to_string())?;
    write("Cargo.lock", &lock)?;
    Ok(folder)
}

/// Counts the crates without the program itself.
fn crates(folder: &Path) -> Result<u32, String> {
    let tree = cargo(folder, &["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe"])?;
    let printed = String::from_utf8_lossy(&tree.stdout).into_owned();
    let mut lines: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.dedup();
    u32::try_from(lines.len().saturating_sub(1)).map_err(|error| error.to_string())
}

fn cargo(folder: &Path, arguments: &[&str]) -> Result<std::process::Output, String> {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    command.output().map_err(|error| format!("cargo could not be started: {error}"))
}
