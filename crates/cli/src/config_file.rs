//! Files of settings (TOML): reading, unknown keys, and the values of one table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use easemob_token::environment;
use toml::Table;
use toml::de::DeTable;

use crate::failure::Failure;
use crate::input::{self, Input};

const FILE: Input = Input { option: "--config", content: "settings", max_kib: 1024 };

/// A file of settings, parsed.
pub(crate) struct Document {
    /// The name for messages.
    pub(crate) name: String,
    path: PathBuf,
    text: String,
    pub(crate) table: Table,
}

impl Document {
    /// Reads the file within this time.
    pub(crate) fn read(path: &Path, limit: Duration) -> Result<Self, Failure> {
        if path == Path::new("-") {
            let text = "--config: cannot be standard input; name a file";
            return Err(Failure::invalid_input(text));
        }
        let name = input::shown(path).into_owned();
        let wrong = |problem: String| Failure::invalid_input(format!("--config: {name} {problem}"));
        let bytes = FILE.read_within(limit, path)?;
        let text = environment::utf8(FILE.option, bytes)
            .map_err(|error| wrong(format!("cannot be read: {}", error.problem())))?;
        // Some editors begin a file so.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        // The text of the parser quotes lines, which can hold a secret.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_at(&text, span.start));
            wrong(format!("is not TOML; see line {line}"))
        })?;
        Ok(Self { name, path: path.to_owned(), text, table })
    }

    /// An error about the file, without its content.
    pub(crate) fn wrong(&self, problem: &str) -> Failure {
        Failure::invalid_input(format!("--config: {} {problem}", self.name))
    }

    /// Refuses the first unknown key of a table, with its line and a known key that is similar.
    ///
    /// `path` names the table; it is empty for the whole file.
    pub(crate) fn check_keys(
        &self,
        path: &[&str],
        known: &[String],
        remedy: &str,
    ) -> Result<(), Failure> {
        let Some(key) = self.keys(path).find(|key| !known.contains(&dashed(key))) else {
            return self.check_twice(path);
        };
        let place = [path, &[&*key]].concat();
        let line = self.line(&place).map_or(String::new(), |line| format!(" on line {line}"));
        // The key itself is not shown: it may be a secret.
        let tip = match similar(&key, known) {
            Some(similar) => format!("a similar one is {similar}"),
            None => remedy.to_owned(),
        };
        Err(self.wrong(&format!("has an unknown key{line}; {tip}")))
    }

    /// Refuses a key that is there with dashes and with underscores.
    fn check_twice(&self, path: &[&str]) -> Result<(), Failure> {
        let keys: Vec<_> = self.keys(path).collect();
        match keys.iter().find(|key| key.contains('_') && keys.contains(&dashed(key))) {
            None => Ok(()),
            Some(key) => {
                let line = self.line(&[path, &[&**key]].concat()).unwrap_or(1);
                let key = dashed(key);
                Err(self.wrong(&format!("has {key} twice; remove the one on line {line}")))
            }
        }
    }

    /// The settings of the whole file or of one of its tables, with a name for messages.
    pub(crate) fn settings(self, path: &[&str], name: String) -> Settings {
        let lines = self.keys(path).filter_map(|key| {
            let line = self.line(&[path, &[&*key]].concat())?;
            Some((dashed(&key), line))
        });
        let lines = lines.collect();
        let table = self.at(path).cloned().unwrap_or_default();
        let table = table.into_iter().map(|(key, value)| (dashed(&key), value)).collect();
        let folder = self.path.parent().map(Path::to_owned);
        Settings { name, folder, lines, table }
    }

    /// The table at this path.
    fn at(&self, path: &[&str]) -> Option<&Table> {
        path.iter().try_fold(&self.table, |table, key| table.get(*key)?.as_table())
    }

    fn keys(&self, path: &[&str]) -> std::vec::IntoIter<String> {
        let keys: Vec<_> = self.at(path).into_iter().flat_map(Table::keys).cloned().collect();
        keys.into_iter()
    }

    /// The line of a key.
    pub(crate) fn line(&self, path: &[&str]) -> Option<usize> {
        let document = DeTable::parse(&self.text).ok()?;
        let (last, tables) = path.split_last()?;
        let mut table = document.get_ref();
        for name in tables {
            table = table.get(*name)?.get_ref().as_table()?;
        }
        let (key, _) = table.iter().find(|(key, _)| key.get_ref() == *last)?;
        Some(line_at(&self.text, key.span().start))
    }
}

/// The settings in one table of a file: a value for each option.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    name: String,
    folder: Option<PathBuf>,
    lines: Vec<(String, usize)>,
    pub(crate) table: Table,
}

impl Settings {
    /// Whether an option or a key is there.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.table.contains_key(key(option))
    }

    /// The place of an option, for messages.
    pub(crate) fn place(&self, option: &str) -> String {
        match self.lines.iter().find(|(name, _)| name == key(option)) {
            Some((_, line)) => format!("{}, line {line}", self.name),
            None => self.name.clone(),
        }
    }

    /// The value of an option as text, trimmed; `None` if nothing is left.
    pub(crate) fn text(&self, option: &str) -> Result<Option<String>, &'static str> {
        let text = self.exact_text(option)?;
        Ok(text.map(|it| environment::trim(&it).to_owned()).filter(|it| !it.is_empty()))
    }

    /// The value of an option as text, exactly as it is written.
    pub(crate) fn exact_text(&self, option: &str) -> Result<Option<String>, &'static str> {
        match self.table.get(key(option)) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text.clone())),
            Some(toml::Value::Integer(number)) => Ok(Some(number.to_string())),
            Some(toml::Value::Boolean(on)) => Ok(Some(on.to_string())),
            Some(_) => Err("must be text, a whole number, true or false"),
        }
    }

    /// The values of an option that can be repeated.
    pub(crate) fn texts(&self, option: &str) -> Result<Vec<String>, &'static str> {
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        match self.table.get(key(option)) {
            None => Some(Vec::new()),
            Some(toml::Value::Array(values)) => values.iter().map(text).collect(),
            Some(value) => text(value).map(|text| vec![text]),
        }
        .ok_or("must be a list of texts")
    }

    /// The path of a value, which begins at the folder of the file.
    pub(crate) fn resolved(&self, path: &Path) -> PathBuf {
        match &self.folder {
            Some(folder) if path != Path::new("-") => folder.join(path),
            _ => path.to_owned(),
        }
    }
}

fn key(option: &str) -> &str {
    option.trim_start_matches('-')
}

/// The name of the option that a key means: underscores stand for dashes.
pub(crate) fn dashed(key: &str) -> String {
    key.replace('_', "-")
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The known key that differs least, if it is similar.
fn similar<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    let written = dashed(&key.to_ascii_lowercase());
    let differs = |known: &str| strsim::normalized_damerau_levenshtein(&written, known);
    let best = known.iter().max_by(|one, two| differs(one).total_cmp(&differs(two)))?;
    (differs(best) > 0.6).then_some(best)
}
