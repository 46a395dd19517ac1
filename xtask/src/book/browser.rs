//! The built site in headless Chromium, served over a loopback port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::stage::Book;
use crate::problem::{Problem, report};
use crate::shell;

/// Forty pages take some seconds; a browser that hangs must not block everything else.
const LIMIT: Duration = Duration::from_secs(120);
/// The page that opens all others and reports what it sees.
const CHECK: &str = include_str!("../../../book/check.html");

/// What a run in the browser reports.
enum Report {
    /// A problem: a request for a missing file, or a message on a console.
    Problem(String),
    /// The end, with the problems that the page found, as JSON.
    End(String),
}

/// Opens each page at the width of a phone, and searches once in each language.
pub(super) fn open(chromium: &Path, work: &Path, books: &[Book]) -> Result<()> {
    let addresses: Vec<_> = books.iter().flat_map(Book::addresses).collect();
    let find: Vec<_> = books.iter().map(|book| (book.start(), book.language.searches)).collect();
    let pages = serde_json::json!({ "open": addresses, "find": find }).to_string();

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (reports, received) = channel();
    let (site, served) = (work.join("site"), reports.clone());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (site, pages, reports) = (site.clone(), pages.clone(), served.clone());
            thread::spawn(move || serve(&stream, &site, &pages, &reports));
        }
    });

    let mut browser =
        start(chromium, &work.join("profile"), &format!("http://{address}/check.html"))?;
    if let Some(printed) = browser.stderr.take() {
        thread::spawn(move || {
            for line in BufReader::new(printed).lines().map_while(Result::ok) {
                if line.contains(":CONSOLE") {
                    let _ = reports.send(Report::Problem(line));
                }
            }
        });
    }
    let ended = read_reports(&received, &mut browser);
    let _ = browser.kill();
    let _ = browser.wait();
    report(ended?, "pages in Chromium at the width of a phone")
}

/// Starts a browser whose console messages are lines of its standard error.
fn start(chromium: &Path, profile: &Path, url: &str) -> Result<Child> {
    Command::new(chromium)
        .args(["--headless", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"])
        // Its sandbox does not start as root, and only our own pages are opened.
        .args(["--no-sandbox", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", chromium.display()))
}

/// Collects problems until the page reports its own.
fn read_reports(received: &Receiver<Report>, browser: &mut Child) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let deadline = Instant::now() + LIMIT;
    loop {
        match received.recv_timeout(Duration::from_millis(200)) {
            Ok(Report::Problem(text)) => problems.push(text),
            Ok(Report::End(json)) => {
                problems.extend(serde_json::from_str::<Vec<String>>(&json)?);
                break;
            }
            Err(_) if browser.try_wait()?.is_some() => {
                problems.push("Chromium ended without a report".to_owned());
                break;
            }
            Err(_) => {}
        }
        if Instant::now() > deadline {
            problems.push(format!("Chromium sent no report within {LIMIT:?}"));
            break;
        }
    }
    // The last lines of the console may still be on their way.
    while let Ok(Report::Problem(text)) = received.recv_timeout(Duration::from_millis(300)) {
        problems.push(text);
    }
    Ok(problems.iter().map(|text| Problem::new("book", 0, text)).collect())
}

/// Answers one request of the browser.
fn serve(stream: &TcpStream, site: &Path, pages: &str, reports: &Sender<Report>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    if head.is_empty() {
        // A connection that the browser opened ahead and did not need.
        return Ok(());
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let body = match (method, path) {
        ("POST", "/report") => {
            let length = head.to_lowercase();
            let length = length.split("content-length:").nth(1).and_then(|it| it.lines().next());
            let mut json = vec![0; length.unwrap_or_default().trim().parse()?];
            reader.read_exact(&mut json)?;
            let _ = reports.send(Report::End(shell::text(&json)));
            Some(Vec::new())
        }
        (_, "/check.html") => Some(CHECK.as_bytes().to_vec()),
        (_, "/pages.json") => Some(pages.as_bytes().to_vec()),
        (_, "/favicon.ico") => Some(Vec::new()),
        _ if path.contains("..") => None,
        _ => std::fs::read(site.join(path.trim_start_matches('/'))).ok(),
    };
    if body.is_none() {
        let _ = reports.send(Report::Problem(format!("`{path}` was requested and is missing")));
    }
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let (kind, body) = (media_type(path), body.unwrap_or_default());
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Cache-Control: max-age=60\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    Ok(stream.write_all(&body)?)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css",
        "js" => "text/javascript",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
