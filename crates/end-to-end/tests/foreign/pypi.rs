//! A client in Python, over HTTP and HTTPS.

use easemob_token_emulator::{Emulator, Grant};
use tempfile::TempDir;

use crate::{beside, program, run, run_against};

/// A folder with the Python packages.
fn packages() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut pip = program("PIP", "pip3");
    pip.args(["install", "--quiet", "--no-deps", "--require-hashes", "--no-compile", "--target"]);
    run(pip.arg(folder.path()).arg("--requirement").arg(beside("requirements.txt")));
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn pypi_client_manages_users_and_renews_after_a_401() {
    let packages = packages();
    for tls in [false, true] {
        let mut builder = Emulator::builder().control();
        if tls {
            builder = builder.tls(["localhost"]);
        }
        let emulator = builder.start().await.unwrap();
        let mut python = program("PYTHON", "python3");
        python.arg(beside("client.py")).env("PYTHONPATH", packages.path());
        if let Some(pem) = emulator.ca_pem() {
            // Clients with `https://` in their code need nothing but to trust this file.
            let file = packages.path().join("authority.pem");
            std::fs::write(&file, pem).unwrap();
            python.env("REQUESTS_CA_BUNDLE", file);
        }
        run_against(&emulator, python).await;
        let requests = emulator.requests();
        let grants = |grant| requests.iter().filter(|it| it.grant() == Some(grant)).count();
        assert_eq!((grants(Grant::ClientCredentials), grants(Grant::Password)), (2, 1));
        let statuses: Vec<_> =
            requests.iter().filter_map(easemob_token_emulator::ReceivedRequest::status).collect();
        assert_eq!(statuses.iter().filter(|it| **it == 401).count(), 1, "{statuses:?}");
    }
}
