//! The official Web SDK in a headless Chromium: it logs in up to the token.

use std::process::{Child, Stdio};
use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault};
use serde_json::{Value, json};

use crate::{beside, program, run};

const PACKAGE: &str = "easemob-websdk@4.21.1";
/// SHA-512 of the package.
const INTEGRITY: &str = "2d4d0cefcf4b980ecca69e62209b0d32f6b0545b052d7e93a2b4f61cc7ffbd3ae71ad6e097f9bfa8529e86c1930f365918a93327927bd697ac1398d9134ae8f6";

/// The code of the SDK, from npm.
fn web_sdk() -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut npm = program("NPM", "npm");
    npm.args(["pack", "--silent", PACKAGE, "--pack-destination"]).arg(folder.path());
    let packed = folder.path().join(run(&mut npm).trim());
    let sum = run(std::process::Command::new("sha512sum").arg(&packed));
    assert_eq!(sum.split(' ').next(), Some(INTEGRITY), "{PACKAGE} is another file than it was");
    let mut tar = std::process::Command::new("tar");
    tar.args(["--extract", "--to-stdout", "--gzip", "--file"]).arg(packed);
    run(tar.arg("package/Easemob-chat.js"))
}

/// A browser, which ends with its test.
struct Browser(Child);

impl Browser {
    fn open(url: &str, profile: &std::path::Path) -> Self {
        let mut chromium = program("CHROMIUM", "chromium");
        chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
        chromium.args(["--disable-background-networking", "--no-first-run", "--no-proxy-server"]);
        // Without it a headless browser ends when the page is loaded.
        chromium.arg("--remote-debugging-port=0");
        chromium.arg(format!("--user-data-dir={}", profile.display())).arg(url);
        chromium.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(chromium.spawn().expect("Chromium is installed; see `cargo xtask ci samples`"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Both have no effect on a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An emulator that serves the page, so that the page and the service are of different sites.
async fn page() -> Emulator {
    let emulator = Emulator::start().await.unwrap();
    let html = std::fs::read(beside("login.html")).unwrap();
    for (path, content_type, body) in [
        ("/login.html", "text/html", html),
        ("/Easemob-chat.js", "text/javascript", web_sdk().into_bytes()),
    ] {
        let page = Fault::response(200, [("content-type", content_type)], body);
        emulator.inject(page.on_path(path).always()).unwrap();
    }
    emulator
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_logs_in_with_the_official_web_sdk_up_to_the_token() {
    let (page, service) = (page().await, Emulator::start().await.unwrap());
    service.inject(Fault::response(200, [], "").on_path("/result").always()).unwrap();
    let logins = json!([
        { "user": "c", "password": "1" },
        { "user": "c", "password": "wrong" },
        { "user": "nobody", "password": "1" },
        { "user": "c", "password": "1", "discover": true },
    ]);
    let encoded = |text: &str| text.replace('#', "%23").replace('"', "%22").replace(' ', "%20");
    let query = format!(
        "app_key={}&base_url={}&logins={}",
        encoded(&service.app_key()),
        service.base_url(),
        encoded(&logins.to_string()),
    );
    let profile = tempfile::tempdir().unwrap();
    let mut finished = service.subscribe();
    let browser = Browser::open(&format!("{}/login.html?{query}", page.base_url()), profile.path());
    let told = async {
        while let Some(request) = finished.next().await {
            if request.method() == "POST" && request.path() == "/result" {
                return request.json().cloned();
            }
        }
        None
    };
    let results = tokio::time::timeout(Duration::from_secs(60), told).await;
    drop(browser);
    let results = results.unwrap_or_default().unwrap_or_else(|| {
        let lines: Vec<_> = service.requests().iter().map(ToString::to_string).collect();
        panic!("the page told nothing; {lines:#?}")
    });
    for login in [0, 3] {
        let token = results[login]["token"].as_str().unwrap_or_else(|| panic!("{results}"));
        assert!(service.accepts(token));
    }
    // The texts that the SDK compares, word for word.
    for (login, message) in [(1, "invalid password"), (2, "user not found")] {
        assert_eq!(results[login], json!({ "type": 1, "message": message }));
    }
    let requests = service.requests();
    let count = |method: &str, path: &str| {
        requests.iter().filter(|it| it.method() == method && it.path().ends_with(path)).count()
    };
    assert!(count("OPTIONS", "/token") >= 1, "it is asked before a request of another site");
    assert_eq!((count("POST", "/token"), count("GET", "/easemob/server.json")), (4, 1));
    assert!(requests.iter().all(|it| it.path() != "/result" || it.json() != Some(&Value::Null)));
}
