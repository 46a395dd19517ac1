//! One line of code for each thing that `crates/core/clippy.toml` bans, so that every ban is tried.

/// What is banned, and an expression that uses it.
pub(super) const METHODS: &[(&str, &str)] = &[
    ("std::time::Instant::now", "std::time::Instant::now()"),
    ("std::time::Instant::elapsed", "std::time::Instant::elapsed"),
    ("std::time::SystemTime::now", "std::time::SystemTime::now()"),
    ("std::time::SystemTime::elapsed", "std::time::UNIX_EPOCH.elapsed()"),
    ("std::env::var", "std::env::var(\"A\")"),
    ("std::env::var_os", "std::env::var_os(\"A\")"),
    ("std::env::vars", "std::env::vars()"),
    ("std::env::vars_os", "std::env::vars_os()"),
    ("std::env::args", "std::env::args()"),
    ("std::env::args_os", "std::env::args_os()"),
    ("std::env::current_dir", "std::env::current_dir()"),
    ("std::env::current_exe", "std::env::current_exe()"),
    ("std::env::temp_dir", "std::env::temp_dir()"),
    ("std::fs::read", "std::fs::read(\"a\")"),
    ("std::fs::read_to_string", "std::fs::read_to_string(\"a\")"),
    ("std::fs::read_dir", "std::fs::read_dir(\"a\")"),
    ("std::fs::write", "std::fs::write(\"a\", \"b\")"),
    ("std::fs::copy", "std::fs::copy(\"a\", \"b\")"),
    ("std::fs::rename", "std::fs::rename(\"a\", \"b\")"),
    ("std::fs::metadata", "std::fs::metadata(\"a\")"),
    ("std::fs::exists", "std::fs::exists(\"a\")"),
    ("std::fs::create_dir", "std::fs::create_dir(\"a\")"),
    ("std::fs::create_dir_all", "std::fs::create_dir_all(\"a\")"),
    ("std::fs::remove_file", "std::fs::remove_file(\"a\")"),
    ("std::fs::remove_dir_all", "std::fs::remove_dir_all(\"a\")"),
    ("std::path::Path::exists", "std::path::Path::new(\"a\").exists()"),
    ("std::path::Path::is_file", "std::path::Path::new(\"a\").is_file()"),
    ("std::path::Path::is_dir", "std::path::Path::new(\"a\").is_dir()"),
    ("std::path::Path::metadata", "std::path::Path::new(\"a\").metadata()"),
    ("std::io::stdin", "std::io::stdin()"),
    ("std::io::stdout", "std::io::stdout()"),
    ("std::io::stderr", "std::io::stderr()"),
    (
        "std::net::ToSocketAddrs::to_socket_addrs",
        "std::net::ToSocketAddrs::to_socket_addrs(\"a:1\")",
    ),
    ("std::thread::spawn", "std::thread::spawn(|| ())"),
    ("std::thread::scope", "std::thread::scope(|_| ())"),
    ("std::thread::sleep", "std::thread::sleep"),
    ("std::thread::yield_now", "std::thread::yield_now()"),
    ("std::thread::park", "std::thread::park()"),
    ("std::process::exit", "std::process::exit"),
    ("std::process::abort", "std::process::abort"),
    ("std::process::id", "std::process::id()"),
];

/// Types that are banned by name.
pub(super) const TYPES: &[(&str, &str)] = &[
    ("std::fs::File", "std::fs::File"),
    ("std::fs::OpenOptions", "std::fs::OpenOptions"),
    ("std::net::TcpStream", "std::net::TcpStream"),
    ("std::net::TcpListener", "std::net::TcpListener"),
    ("std::net::UdpSocket", "std::net::UdpSocket"),
    ("std::process::Command", "std::process::Command"),
    ("std::thread::Builder", "std::thread::Builder"),
    ("std::thread::JoinHandle", "std::thread::JoinHandle<()>"),
    ("std::collections::HashMap", "std::collections::HashMap<(), ()>"),
    ("std::collections::HashSet", "std::collections::HashSet<()>"),
    ("std::hash::RandomState", "std::hash::RandomState"),
];

/// A module that breaks every ban, one a line, and what is banned on each of its lines.
pub(super) fn source() -> (String, Vec<&'static str>) {
    let mut text = String::from("//! Breaks every ban.\n");
    let mut banned = vec![""];
    for (path, expression) in METHODS {
        let n = banned.len();
        text.push_str(&format!("pub(crate) fn m{n}() {{ let _ = {expression}; }}\n"));
        banned.push(path);
    }
    for (path, name) in TYPES {
        let n = banned.len();
        text.push_str(&format!("pub(crate) fn t{n}(_: &{name}) {{}}\n"));
        banned.push(path);
    }
    (text, banned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ban_has_a_line_of_its_own() {
        let (text, banned) = source();
        assert_eq!(text.lines().count(), banned.len());
        for (line, path) in text.lines().zip(&banned).skip(1) {
            let last = path.rsplit("::").next().unwrap();
            assert!(line.contains(last), "{line} {path}");
        }
    }
}
