//! User IDs from the arguments, or from standard input with one on each line.

use std::io::{self, BufRead, Read as _};
use std::thread;

use easemob_token::UserId;
use easemob_token::environment;
use tokio::sync::mpsc;

use crate::failure::Failure;

/// The longest line that can be a user ID, in bytes; the longest documented ID has 64.
const LONGEST_LINE: u64 = 1024;
/// A line of this length is no list of user IDs, and reading ends.
const ENDLESS: u64 = 16 << 20;
/// Lines that are read ahead.
const AHEAD: usize = 64;

/// A user ID, or what is wrong with it, and where it stands.
pub(crate) struct Entry {
    /// Such as `line 3`.
    pub(crate) place: String,
    pub(crate) user_id: Result<UserId, Failure>,
}

impl Entry {
    fn new(place: String, user_id: Result<UserId, String>) -> Self {
        let invalid = |problem| Failure::invalid_input(format!("{place}: {problem}"));
        Self { user_id: user_id.map_err(invalid), place }
    }
}

/// User IDs in order.
pub(crate) enum UserIds {
    Arguments(std::vec::IntoIter<Entry>),
    StandardInput(mpsc::Receiver<Result<Entry, Failure>>),
}

impl UserIds {
    /// Takes them from the arguments; one that is not valid is an error before anything is sent.
    pub(crate) fn of_arguments(ids: &[String]) -> Result<Self, Failure> {
        let entry = |(index, text): (usize, &String)| {
            let user_id = UserId::new(environment::trim(text)).map_err(|error| error.to_string());
            let entry = Entry::new(format!("ID {}", index + 1), user_id);
            entry.user_id.map(|id| Entry { user_id: Ok(id), place: entry.place })
        };
        let entries = ids.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::Arguments(entries.into_iter()))
    }

    /// Starts to read standard input, as far ahead as is needed.
    pub(crate) fn of_standard_input() -> Self {
        let (sender, entries) = mpsc::channel(AHEAD);
        // Never joined: a read of a terminal or a pipe cannot be cancelled.
        thread::spawn(move || read(io::stdin().lock(), &sender));
        Self::StandardInput(entries)
    }

    /// The next one, as soon as it is there.
    pub(crate) async fn next(&mut self) -> Option<Result<Entry, Failure>> {
        match self {
            Self::Arguments(entries) => entries.next().map(Ok),
            Self::StandardInput(entries) => entries.recv().await,
        }
    }

    /// The number of user IDs that are left, if it is known.
    pub(crate) fn left(&self) -> Option<usize> {
        match self {
            Self::Arguments(entries) => Some(entries.len()),
            Self::StandardInput(_) => None,
        }
    }
}

/// Reads lines until the end, an error, or until nobody wants more.
fn read(mut input: impl BufRead, entries: &mpsc::Sender<Result<Entry, Failure>>) {
    let mut line = Vec::new();
    for number in 1_u64.. {
        let entry = match next_line(&mut input, &mut line) {
            Ok(false) => break,
            Ok(true) if number == 1 && is_utf_16(&line) => {
                Err(invalid("is UTF-16; save the list as UTF-8"))
            }
            Ok(true) => match parsed(&line) {
                None => continue,
                Some(user_id) => Ok(Entry::new(format!("line {number}"), user_id)),
            },
            Err(error) => Err(invalid(&format!("cannot be read: {error}"))),
        };
        let is_last = entry.is_err();
        if entries.blocking_send(entry).is_err() || is_last {
            break;
        }
    }
}

fn invalid(problem: &str) -> Failure {
    Failure::invalid_input(format!("--stdin: standard input {problem}"))
}

/// Reads a line, of which no more than is needed is kept; `false` at the end of the input.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut length = input.take(LONGEST_LINE + 1).read_until(b'\n', line)? as u64;
    let mut rest = Vec::new();
    while length > LONGEST_LINE && !rest.ends_with(b"\n") && !line.ends_with(b"\n") {
        rest.clear();
        let read = input.take(LONGEST_LINE).read_until(b'\n', &mut rest)? as u64;
        length += read;
        if length > ENDLESS {
            return Err(io::Error::other("a line has no end; write a user ID on each line"));
        }
        if read == 0 {
            break;
        }
    }
    Ok(length > 0)
}

/// Windows PowerShell redirects in UTF-16.
fn is_utf_16(line: &[u8]) -> bool {
    line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff])
}

/// The user ID of a line; `None` if the line is blank.
fn parsed(line: &[u8]) -> Option<Result<UserId, String>> {
    if line.len() as u64 > LONGEST_LINE {
        return Some(Err(format!("is longer than {LONGEST_LINE} bytes; write one user ID")));
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(Err("is not UTF-8; save the list as UTF-8".to_owned()));
    };
    let text = environment::trim(text);
    (!text.is_empty()).then(|| UserId::new(text).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read: IDs, and problems without the text of their lines.
    fn all(input: &[u8]) -> Vec<String> {
        all_of(input)
    }

    fn all_of(input: impl BufRead) -> Vec<String> {
        let (sender, mut entries) = mpsc::channel(1000);
        read(input, &sender);
        drop(sender);
        let shown = |entry: Result<Entry, Failure>| match entry.map(|it| it.user_id) {
            Ok(Ok(id)) => id.as_str().to_owned(),
            Ok(Err(failure)) | Err(failure) => {
                let failure = serde_json::to_value(failure).unwrap();
                failure["message"].as_str().unwrap().to_owned()
            }
        };
        std::iter::from_fn(|| entries.try_recv().ok()).map(shown).collect()
    }

    #[test]
    fn each_line_is_a_user_id_or_is_refused_by_its_number() {
        for (input, read) in [
            (&b"a\nb"[..], vec!["a", "b"]),
            (b"\xef\xbb\xbfa\r\n\r\n \t\n  b \r\n", vec!["a", "b"]),
            (b"", vec![]),
            (b"\n\n", vec![]),
            (b"MARK\xff\na", vec!["line 1: is not UTF-8; save the list as UTF-8", "a"]),
            (b"\xff\xfea\0\n\0", vec!["--stdin: standard input is UTF-16; save the list as UTF-8"]),
        ] {
            assert_eq!(all(input), read, "{input:?}");
        }
        let [carriage, quoted] = &all(b"\nMARK\rb\n\"MARK\"\n")[..] else { panic!("two lines") };
        assert!(carriage.contains("line 2: ") && carriage.contains("U+000D"), "{carriage}");
        assert!(quoted.contains("line 3: ") && !quoted.contains("MARK"), "{quoted}");
    }

    #[test]
    fn a_long_line_is_refused_and_one_without_an_end_ends_the_list() {
        let long = [&b"x".repeat(1000)[..], b"\n", &b"y".repeat(5000), b"\nb"].concat();
        let [longest, too_long, last] = &all(&long)[..] else { panic!("three lines") };
        assert_eq!((longest.len(), &**last), (1000, "b"));
        assert_eq!(too_long, "line 2: is longer than 1024 bytes; write one user ID");
        let endless = all_of(io::BufReader::new(io::repeat(b'x')));
        assert!(endless.len() == 1 && endless[0].contains("a line has no end"), "{endless:?}");
    }
}
