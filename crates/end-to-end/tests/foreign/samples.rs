//! The tests in `docs/emulator.md`, as they stand there, in both languages.

use std::path::Path;
use std::process::Command;

use easemob_token_emulator::Emulator;

use crate::{program, run_against};

const PAGES: [&str; 2] = ["emulator.md", "emulator.zh-CN.md"];

/// The only block of a page in this language.
fn block(page: &str, language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(page).unwrap();
    let start = format!("\n```{language}\n");
    let mut blocks = text.split(&start).skip(1).map(|it| it.split_once("```\n").unwrap().0);
    let block = blocks.next().expect("a block in this language");
    assert!(blocks.all(|other| other == block), "{language}: one sample for all");
    block.to_owned()
}

/// Writes the sample of both pages, which is the same, to a file and runs the command with its name.
async fn sample(emulator: &Emulator, language: &str, file: &str, mut command: Command) {
    let code = block(PAGES[0], language);
    assert_eq!(code, block(PAGES[1], language), "both pages have the same {language}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), code).unwrap();
    command.arg(file).current_dir(folder.path());
    run_against(emulator, command).await;
    assert!(emulator.request_count() >= 2, "{language}: the sample runs no test");
}

async fn started() -> Emulator {
    Emulator::builder().control().start().await.unwrap()
}

/// The field `Content-Type` of each request to the service.
fn content_types(emulator: &Emulator) -> Vec<Option<String>> {
    emulator.requests().iter().map(|it| it.header("content-type").map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pytest() {
    let mut pytest = program("PYTEST", "pytest-3");
    pytest.args(["--quiet", "-p", "no:cacheprovider"]).env("PYTHONDONTWRITEBYTECODE", "1");
    sample(&started().await, "python", "test_login.py", pytest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    let mut node = program("NODE", "node");
    node.arg("--test");
    sample(&started().await, "js", "login.test.mjs", node).await;
}

/// As the official PHP SDK: JSON under the content type of a form, which PHP sends by default.
#[tokio::test(flavor = "multi_thread")]
async fn php() {
    let emulator = started().await;
    sample(&emulator, "php", "login.php", program("PHP", "php")).await;
    let form = Some("application/x-www-form-urlencoded".to_owned());
    assert!(content_types(&emulator).iter().all(|it| *it == form), "{emulator:?}");
}

/// As the official Java SDK 1.x: JSON without a content type.
#[tokio::test(flavor = "multi_thread")]
async fn java() {
    let emulator = started().await;
    sample(&emulator, "java", "LoginTest.java", program("JAVA", "java")).await;
    assert!(content_types(&emulator).iter().all(Option::is_none), "{emulator:?}");
}

/// As clients in Go that only know `https://`: the file of the authority is all that they need.
#[tokio::test(flavor = "multi_thread")]
async fn go() {
    let builder = Emulator::builder().control().tls(["localhost"]);
    let emulator = builder.start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, emulator.ca_pem().expect("TLS")).unwrap();
    let mut go = program("GO", "go");
    go.arg("test")
        .env("SSL_CERT_FILE", authority)
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0");
    go.env("GOCACHE", folder.path().join("cache")).env("GO111MODULE", "off");
    sample(&emulator, "go", "login_test.go", go).await;
}
