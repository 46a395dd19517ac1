//! Settings from a configuration file: precedence, profiles, wrong files, and secrets in them.

use std::fs;
use std::path::Path;
use std::process::Command;

use easemob_token_emulator::Emulator;

use crate::{TRANSPORTS, command, failure, json, run, set_up, stderr, stdout};

/// The command with this configuration file, named by an option; errors are JSON.
fn with_file(file: &Path, words: &[&str]) -> Command {
    let mut command = command(words);
    command.env("EASEMOB_FORMAT", "json").arg("--config").arg(file);
    command
}

/// The message of a command that refuses its settings.
fn refusal(mut command: Command) -> String {
    let (code, error) = failure(&command.output().unwrap());
    let message = error["message"].as_str().unwrap().to_owned();
    assert_eq!(code, 2, "{message}");
    assert!(!message.contains("MARK"), "{message}");
    message
}

/// Makes the file readable for its owner only, or for everybody.
#[cfg(unix)]
fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

/// The setting is wrong in the places that follow the last one listed, so the first one counts.
#[test]
fn a_wrong_value_is_told_with_the_place_that_it_comes_from() {
    const WRONG: &str = "MARK wrong";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, format!("[default]\nbase-url = '{WRONG}'\n")).unwrap();
    let told = |words: &[&str], variable: &str, place: &str| {
        let mut app = with_file(&file, words);
        let message = refusal({
            app.env("EASEMOB_BASE_URL", variable);
            app
        });
        assert!(message.contains(place), "{message}");
    };
    let name = file.display();
    told(&["app"], "", &format!("--base-url (profile default of {name}, line 2): "));
    told(&["app"], WRONG, "--base-url (EASEMOB_BASE_URL): ");
    told(&["app", "--base-url", WRONG], WRONG, "--base-url: ");
    fs::write(&file, "[default]\nformat = 'header'\n").unwrap();
    let output = with_file(&file, &["doctor"]).env_remove("EASEMOB_FORMAT").output().unwrap();
    let expected = format!("--format (profile default of {name}, line 2): doctor has no header;");
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[tokio::test]
async fn a_profile_has_everything_that_a_command_needs() {
    let emulator = Emulator::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/easemob-token");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("secret"), easemob_token_emulator::DEMO_CLIENT_SECRET).unwrap();
    let text = format!(
        "\u{feff}[default]\nbase-url = 'MARK'\n\n[test]\nbase_url = '{}'\napp-key = '{}'\n\
         client-id = '{}'\nclient_secret_file = 'secret'\nttl = 3600\nformat = 'json'\n\
         max-attempts = 1\nallow-http = true\n",
        emulator.base_url(),
        emulator.app_key(),
        easemob_token_emulator::DEMO_CLIENT_ID,
    );
    let file = folder.join("config.toml");
    fs::write(&file, text).unwrap();
    let in_home = |words: &[&str]| {
        let mut command = command(words);
        command.env("HOME", home.path()).env_remove("EASEMOB_TRANSPORT");
        command
    };
    // At the usual places, and at a named one.
    let mut in_xdg = command(&["app"]);
    in_xdg.env("XDG_CONFIG_HOME", home.path().join(".config")).env("EASEMOB_PROFILE", " test\r");
    let mut named = command(&["app", "--profile", "test"]);
    named.env("EASEMOB_CONFIG", &file).env("EASEMOB_PROFILE", "default");
    for command in [in_home(&["--profile", "test", "app"]), in_xdg, named] {
        assert_eq!(json(&run(command).await)["expires_in"], 3600);
    }
    let output = run(in_home(&["doctor", "--profile", "test"])).await;
    let origin = format!("(profile test of {}, line ", file.display());
    let report = format!("{}{}", stdout(&output), stderr(&output)).replace("\\\"", "\"");
    for setting in ["base URL", "App Key", "client ID", "client secret"] {
        let line = report.split("\"").find(|it| it.starts_with(setting)).unwrap_or_default();
        assert!(line.contains(&origin), "{setting}: {report}");
    }
    assert!(report.contains("(default)"), "{report}");
    // What does not act on a command is not looked at.
    let dynamic = in_home(&["dynamic", "alice", "--profile", "test", "--ttl", "10m"]);
    assert_eq!(run(dynamic).await.status.code(), Some(0));
    let demo = run(in_home(&["demo"])).await;
    assert_eq!(demo.status.code(), Some(0), "{}", stderr(&demo));
    let mut empty = set_up(&emulator, &["app", "--config", "/dev/null"]);
    empty.env("HOME", home.path());
    #[cfg(unix)]
    assert!(stdout(&run(empty).await).starts_with("YWMt"));
    #[cfg(not(unix))]
    drop(empty);
}

#[test]
fn a_wrong_file_is_told_with_its_line_and_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    for (text, more, expected) in [
        (
            "[default]\nclient-sekret-file = 'MARK'",
            &[][..],
            "on line 2; a similar one is client-secret-file",
        ),
        ("[default]\n\n[b]\nMARK = 1", &[], "has an unknown key on line 4; keys are the names"),
        ("[default]\nttl = 1\nclient-id 'MARK'", &[], "is not TOML; see line 3"),
        ("\nbase-url = 'MARK'", &[], "has a key on line 2 that is in no profile; write [default]"),
        ("[default]\nttl = ['MARK']", &[], "line 2): must be text, a whole number, true or false"),
        (
            "[default]\nclient-id = '1'\nclient_id = 'MARK'",
            &[],
            "has client-id twice; remove the one on line 3",
        ),
        ("[a]\n[b]", &[], "has no profile named default; add --profile; it has: a, b"),
        ("[a]\n[b]", &["--profile", "MARK"], "--profile: "),
        ("[a]\n[b]", &["--profile", "MARK"], "has no such profile; it has: a, b"),
        (
            "[default]\nkeep = true\nstore = 'file:MARK'\nbase-url='http://127.0.0.1:1'\napp-key='o#a'\n\
          client-id='x'\nclient-secret-file='config.toml'",
            &[],
            "line 3 are both set; unset one of them",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let mut app = with_file(&file, &["app"]);
        let message = refusal({
            app.args(more);
            app
        });
        assert!(message.contains(expected), "{expected}: {message}");
    }
    fs::write(&file, "[default]\nttl = '1h\u{ff11}'\n").unwrap();
    assert!(refusal(with_file(&file, &["app"])).contains("U+FF11"));
    for (words, expected) in [
        (&["app", "--config", "no-such-file"][..], "--config: "),
        (&["app", "--config", "-"], "--config: cannot be standard input; name a file"),
        (&["app", "--profile", "a"], "--profile: there is no configuration file at "),
        (&["emulator", "--profile", "a"], "--profile: has no effect on emulator, only on app"),
    ] {
        let mut command = command(words);
        let message = refusal({
            command.env("EASEMOB_FORMAT", "json").env("HOME", folder.path());
            command
        });
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_stands_only_in_a_file_of_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let account = "[default]\napp-key = 'o#a'\nclient-id = 'id'\n";
    for secret in ["client-secret = 'MARK'", "password = 'MARK'", "store = 'redis://:MARK@h'"] {
        fs::write(&file, format!("{account}client-secret-file = 'x'\n[other]\n{secret}\n"))
            .unwrap();
        set_mode(&file, 0o640);
        let message = refusal(with_file(&file, &["dynamic", "alice"]));
        assert!(message.contains("on line 6) and others can read it; run chmod 600"), "{message}");
    }
    fs::write(&file, format!("{account}client_secret = 'MARK'\nttl = '10m'\n")).unwrap();
    set_mode(&file, 0o600);
    let token = with_file(&file, &["dynamic", "alice"]).output().unwrap();
    assert_eq!(json(&token)["kind"], "dynamic");
    fs::write(&file, format!("{account}client-secret = 'MARK'\nclient-secret-file = 'x'\n"))
        .unwrap();
    let message = refusal(with_file(&file, &["dynamic", "alice"]));
    assert!(message.contains("line 4): is set together with client-secret"), "{message}");
    // The environment has its own pair.
    let mut variable = with_file(&file, &["dynamic", "alice", "--ttl", "10m"]);
    assert_eq!(
        json(&variable.env("EASEMOB_CLIENT_SECRET", "y").output().unwrap())["kind"],
        "dynamic"
    );
}

#[test]
fn what_is_wrong_and_what_is_missing_is_told_together() {
    let mut app = command(&["app", "--ttl", "1y", "--app-key", "org"]);
    let message = refusal({
        app.env("EASEMOB_FORMAT", "json").env("EASEMOB_TIMEOUT", "x");
        app
    });
    for part in
        ["--ttl: ", "--app-key: ", "--timeout (EASEMOB_TIMEOUT): ", "export EASEMOB_BASE_URL="]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("export EASEMOB_APP_KEY"), "{message}");
    for words in [&["password"][..], &["dynamic", "alice", "--username", "alice"]] {
        assert_eq!(command(words).output().unwrap().status.code(), Some(2), "{words:?}");
    }
}

/// The server takes no connection without a certificate of its authority.
#[tokio::test]
async fn a_client_certificate_is_presented() {
    use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer, ServerTls};

    let emulator = Emulator::start().await.unwrap();
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let identity = authority.issue("client");
    fs::write(path("roots"), authority.pem()).unwrap();
    fs::write(path("cert"), identity.pem()).unwrap();
    fs::write(path("key"), identity.key_pem()).unwrap();
    for transport in TRANSPORTS {
        let code = async |variables: &[(&str, &str)]| {
            let tls = ServerTls::new(authority.issue(LOOPBACK));
            let script = Script::new().tls(tls.require_client_certificate(&authority)).serve();
            let server = ScriptedServer::start(script);
            let mut app = set_up(&emulator, &["app", "--max-attempts", "1"]);
            app.env("EASEMOB_BASE_URL", format!("https://{}", server.address()));
            app.env("EASEMOB_CA_FILE", path("roots")).env("EASEMOB_TRANSPORT", transport);
            app.envs(variables.iter().map(|(name, file)| (name, path(file))));
            let output = run(app).await;
            (output.status.code().unwrap(), stderr(&output).to_owned())
        };
        let (cert, key) = (("EASEMOB_CLIENT_CERT", "cert"), ("EASEMOB_CLIENT_KEY", "key"));
        // What the script answers is no token, which shows that the connection was accepted.
        let (presented, errors) = code(&[cert, key]).await;
        assert_eq!(presented, 6, "{transport}: {errors}");
        assert_eq!(code(&[]).await.0, 5, "{transport}");
        let (half, errors) = code(&[key]).await;
        assert!(half == 2 && errors.contains("EASEMOB_CLIENT_CERT"), "{transport}: {errors}");
    }
}
