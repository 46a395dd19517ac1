//! The app token that stays between runs: `--keep`, `--keep-dir`, `--store`.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use easemob_token_emulator::{DEMO_CLIENT_ID, Emulator};
use tempfile::TempDir;

use crate::{failure, json, run, set_up, stderr, stdout};

/// The command with a folder of caches in this directory.
fn keeping(emulator: &Emulator, directory: &TempDir, words: &[&str]) -> Command {
    let mut command = set_up(emulator, words);
    command.env("XDG_CACHE_HOME", directory.path());
    command
}

async fn token(command: Command) -> String {
    let output = run(command).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output).trim_end().to_owned()
}

#[tokio::test]
async fn a_kept_token_serves_every_later_run_and_shows_what_is_left() {
    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    let first = token(keeping(&emulator, &directory, &["app", "--keep"])).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let words = ["app", "--keep", "--format", "json"];
    let kept = json(&run(keeping(&emulator, &directory, &words)).await);
    assert_eq!(kept["access_token"], *first);
    let left = kept["expires_in"].as_u64().unwrap();
    assert!((60 * 86_400 - 60..60 * 86_400).contains(&left), "{left}");
    assert_eq!(emulator.request_count(), 1);
    // A user token costs its own request only.
    token(keeping(&emulator, &directory, &["user", "--username", "c", "--keep"])).await;
    assert_eq!(emulator.request_count(), 2);
    let folder = format!("file:{}", directory.path().join("easemob-token").display());
    // In a profile a path begins at the folder of the file.
    let profile = directory.path().join("config.toml");
    std::fs::write(&profile, "[default]\nstore = 'file:easemob-token'\n").unwrap();
    let profile = profile.display().to_string();
    for (name, value) in
        [("EASEMOB_KEEP", "1"), ("EASEMOB_STORE", &folder), ("EASEMOB_CONFIG", &profile)]
    {
        let mut command = keeping(&emulator, &directory, &["app"]);
        assert_eq!(
            token({
                command.env(name, value);
                command
            })
            .await,
            first
        );
    }
    assert_eq!(emulator.request_count(), 2);
    // Without the options nothing is kept, and another secret or lifetime is another record.
    assert_ne!(token(keeping(&emulator, &directory, &["app"])).await, first);
    assert_ne!(
        token(keeping(&emulator, &directory, &["app", "--keep", "--ttl", "1h"])).await,
        first
    );
    let mut wrong = keeping(&emulator, &directory, &["app", "--keep", "--format", "json"]);
    wrong.env("EASEMOB_CLIENT_SECRET", "another");
    assert_eq!(failure(&run(wrong).await).0, 3);
}

#[tokio::test]
async fn runs_that_start_at_once_cost_one_request() {
    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    let processes: Vec<_> = (0..200)
        .map(|_| {
            let mut command = keeping(&emulator, &directory, &["app", "--keep"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended = tokio::task::spawn_blocking(|| {
        processes.into_iter().map(|it| it.wait_with_output().unwrap()).collect::<Vec<Output>>()
    });
    let ended = ended.await.unwrap();
    for output in &ended {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
        assert_eq!(output.stdout, ended[0].stdout);
    }
    assert_eq!(emulator.request_count(), 1);
}

#[tokio::test]
async fn a_store_that_is_away_or_garbage_costs_no_error() {
    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    #[cfg(feature = "store-redis")]
    {
        // Its connections are made by the system, and never answered.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = listener.local_addr().unwrap().to_string();
        for (host, option, warning) in [
            ("127.0.0.1:1", "-v", "warning: the store cannot be reached"),
            ("127.0.0.1:1", "--quiet", ""),
            // Its connection times out, or the operation, whichever is first.
            (&silent, "-v", "while it fails, each run requests its own app token"),
        ] {
            let mut command = keeping(&emulator, &directory, &["app", option]);
            command.env("EASEMOB_STORE", format!("redis://user:s3cret-of-redis@{host}/0"));
            let start = std::time::Instant::now();
            let output = run(command).await;
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(0), "{text}");
            assert!(text.contains(warning) && !text.contains("s3cret"), "{text}");
            assert_eq!(text.matches("warning").count(), usize::from(!warning.is_empty()), "{text}");
            assert!(start.elapsed() < Duration::from_secs(4), "{host}: {:?}", start.elapsed());
        }
    }
    token(keeping(&emulator, &directory, &["app", "--keep"])).await;
    for file in std::fs::read_dir(directory.path().join("easemob-token")).unwrap() {
        std::fs::write(file.unwrap().path(), "garbage").unwrap();
    }
    token(keeping(&emulator, &directory, &["app", "--keep"])).await;
    // A file that others can read is named, also with `--quiet`, and in the form of the output.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in std::fs::read_dir(directory.path().join("easemob-token")).unwrap() {
            let open = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(file.unwrap().path(), open).unwrap();
        }
        let words = ["app", "--keep", "--quiet", "--format", "json"];
        let output = run(keeping(&emulator, &directory, &words)).await;
        let text: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(text["warning"]["kind"], "store_failed", "{text}");
        json(&output);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_stops_with_the_lock_delays_a_run_and_causes_one_warning() {
    use rustix::fs::{FlockOperation, flock};

    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    token(keeping(&emulator, &directory, &["app", "--keep"])).await;
    let mut locks = Vec::new();
    for file in std::fs::read_dir(directory.path().join("easemob-token")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().unwrap() == "lock" {
            locks.push(std::fs::File::open(path).unwrap());
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    flock(locks.first().unwrap(), FlockOperation::LockExclusive).unwrap();
    // Of the deadline, each of three operations may take a quarter.
    let output = run(keeping(&emulator, &directory, &["app", "--keep", "--deadline", "2s"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("warning").count(), 1, "{}", stderr(&output));
    assert_eq!(emulator.request_count(), 2);
}

#[tokio::test]
async fn a_wrong_place_is_refused_with_the_remedy_and_without_the_url() {
    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    let mut cases = vec![
        (vec!["--store", "nonsense:s3cret"], "", "", "--store: is no store; write file:DIR"),
        (vec!["--store", ""], "", "", "--store: is no store"),
        (vec!["--store", "file:"], "", "", "--store: is no store"),
        (vec!["--store", "file://s3cret/x"], "", "", "--store: names a host after file://"),
        (vec!["--store", "file:/x", "--keep"], "", "", "cannot be used together"),
        (vec!["--keep-dir", "/x", "--store", "file:/x"], "", "", "cannot be used together"),
        (vec![], "EASEMOB_STORE", "nonsense:s3cret", "--store (EASEMOB_STORE): is no store"),
        (vec![], "EASEMOB_KEEP", "perhaps", "(EASEMOB_KEEP): is none of 1, true, 0, false"),
    ];
    if cfg!(feature = "store-redis") {
        const STORE: &str = "EASEMOB_STORE";
        cases.extend([
            (vec![], STORE, "redis://:s3cret@[", "URL of Redis is not valid"),
            (vec![], STORE, "redis+sentinel://:s3cret@h", "redis+sentinel://USER:PASSWORD@HOST"),
            (vec![], STORE, "rediss+cluster://:s3cret@h/1", "redis+cluster://USER:PASSWORD@HOST"),
            (vec!["--store", "redis+sentinel://:s3cret@h/m"], "", "", "set EASEMOB_STORE"),
            (vec!["--store", "redis+unix:///s?pass=s3cret"], "", "", "set EASEMOB_STORE"),
        ]);
    }
    for (words, name, value, problem) in cases {
        let words = [&["app", "--format", "json"], &words[..]].concat();
        let mut command = keeping(&emulator, &directory, &words);
        if !name.is_empty() {
            command.env(name, value);
        }
        let (code, error) = failure(&run(command).await);
        let message = error["message"].as_str().unwrap();
        assert_eq!(code, 2, "{message}");
        assert!(message.contains(problem) && !message.contains("s3cret"), "{message}");
    }
    let mut both = keeping(&emulator, &directory, &["app", "--format", "json"]);
    both.env("EASEMOB_KEEP", "1").env("EASEMOB_STORE", "file:/x");
    assert_eq!(failure(&run(both).await).0, 2);
    let mut nowhere = set_up(&emulator, &["app", "--keep", "--format", "json"]);
    nowhere.env("EASEMOB_CLIENT_ID", DEMO_CLIENT_ID);
    let (_, error) = failure(&run(nowhere).await);
    assert!(error["message"].as_str().unwrap().contains("add --keep-dir DIR"), "{error}");
    let mut no_folder = set_up(&emulator, &["app", "--keep", "--format", "json"]);
    no_folder.env("HOME", std::env::current_exe().unwrap());
    let (_, error) = failure(&run(no_folder).await);
    assert!(error["message"].as_str().unwrap().starts_with("--keep: "), "{error}");
    // The options act on the app token only.
    for command in ["password", "dynamic"] {
        let words = [command, "--username", "c", "--keep", "--format", "json"];
        assert_eq!(failure(&run(keeping(&emulator, &directory, &words)).await).0, 2);
    }
    assert_eq!(emulator.request_count(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_path_of_a_home_folder_can_be_any_bytes() {
    use std::os::unix::ffi::OsStrExt as _;

    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    let home = directory.path().join(std::ffi::OsStr::from_bytes(b"h\xff"));
    let mut app = set_up(&emulator, &["app", "--keep"]);
    app.env("HOME", &home);
    let output = run(app).await;
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert!(home.join(".cache/easemob-token").is_dir());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_others_can_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let (emulator, directory) = (Emulator::start().await.unwrap(), TempDir::new().unwrap());
    let folder: PathBuf = directory.path().join("open");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = ["app", "--format", "json", "--keep-dir", folder.to_str().unwrap()];
    let (code, error) = failure(&run(keeping(&emulator, &directory, &words)).await);
    let message = error["message"].as_str().unwrap();
    assert!(code == 2 && message.contains("run chmod 700 on it"), "{message}");
}
