//! Splits a PEM text into its sections, and decodes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::hints::LITERAL_LINE_ENDS;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const HYPHENS: &str = "-----";

/// A section: its label, and its lines between BEGIN and END.
pub(super) struct Section<'a> {
    pub(super) label: &'a str,
    /// The line of BEGIN, counted from 1.
    pub(super) line: usize,
    /// Whether a header says that the contents are encrypted (RFC 1421, as OpenSSL writes it).
    pub(super) is_encrypted: bool,
    body: Vec<(usize, &'a str)>,
}

/// The sections of a text, in their order. What is between them is skipped.
pub(super) fn split(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections = Vec::new();
    let mut open: Option<Section<'_>> = None;
    for (line, content) in lines(text) {
        match open.take() {
            None if is_armour(content, "BEGIN") => {
                let label = label(content, BEGIN).ok_or_else(|| broken_begin(line, content))?;
                open = Some(Section { label, line, is_encrypted: false, body: Vec::new() });
            }
            None => {}
            Some(section) if label(content, END) == Some(section.label) => sections.push(section),
            Some(section) if is_armour(content, "BEGIN") || is_armour(content, "END") => {
                return Err(section.without_end());
            }
            Some(mut section) => {
                section.add(line, content);
                open = Some(section);
            }
        }
    }
    match open {
        Some(section) => Err(section.without_end()),
        None => Ok(sections),
    }
}

/// The lines with their numbers, without a byte order mark and without spaces around them.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
    text.split(end).enumerate().flat_map(move |(at, line)| {
        // Two files, joined without a line end between.
        let joint = line.find("----------BEGIN ").map_or(line.len(), |joint| joint + HYPHENS.len());
        let (first, second) = line.split_at(joint);
        [first, second].map(|part| (at + 1, part.trim_matches(is_space)))
    })
}

/// Whether the line is meant as a line of this kind, well written or not.
fn is_armour(line: &str, word: &str) -> bool {
    let line = line.trim_start_matches(['"', '\'', '`']);
    // A long dash is what some editors make of two hyphens or more.
    let weight = |c: char| match c {
        '-' => 1,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => 3,
        _ => 0,
    };
    if line.starts_with(BEGIN) || line.starts_with(END) {
        return line.contains(word);
    }
    let upper = line.to_ascii_uppercase();
    line.chars().next().is_some_and(|c| weight(c) > 0)
        && line.chars().map(weight).sum::<usize>() >= 6
        && upper.contains(word)
        && ["CERT", "KEY", "PKCS", "X509"].iter().any(|label| upper.contains(label))
}

fn label<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    let label = line.strip_prefix(start)?.strip_suffix(HYPHENS)?;
    (!label.contains(HYPHENS)).then_some(label)
}

fn broken_begin(line: usize, content: &str) -> String {
    if content.contains("\\n") || content.contains("\\r") {
        return LITERAL_LINE_ENDS.to_owned();
    }
    let odd = |c: &char| !(c.is_ascii_graphic() || *c == ' ') || "\"'`".contains(*c);
    if let Some((at, odd)) = content.chars().enumerate().find(|(_, c)| odd(c)) {
        return format!(
            "has U+{:04X} in its BEGIN line (line {line}, character {}): the line is five hyphens, \
             BEGIN, a label, five hyphens, and nothing else",
            u32::from(odd),
            at + 1
        );
    }
    if content.contains(END) || content.matches(BEGIN).count() > 1 {
        return format!(
            "has lost its line ends (line {line}): BEGIN and END need lines of their own; in a shell, \
             write the variable in double quotes"
        );
    }
    format!(
        "has a damaged BEGIN line (line {line}): the line is five hyphens, BEGIN, a label, five hyphens"
    )
}

impl<'a> Section<'a> {
    fn add(&mut self, line: usize, content: &'a str) {
        if self.body.is_empty() && content.contains(':') {
            self.is_encrypted |= content.contains("ENCRYPTED");
        } else if !content.is_empty() {
            self.body.push((line, content));
        }
    }

    fn without_end(&self) -> String {
        format!(
            "is cut off: the section that begins in line {} has no END line that fits; copy the \
             whole file",
            self.line
        )
    }

    /// Decodes the contents, which must be base64 of a DER value.
    pub(super) fn decode(&self) -> Result<Vec<u8>, String> {
        let mut base64 = String::new();
        for (line, content) in &self.body {
            if content.contains("\\n") || content.contains("\\r") {
                return Err(LITERAL_LINE_ENDS.to_owned());
            }
            for (at, c) in content.chars().enumerate() {
                if c.is_ascii_alphanumeric() || "+/=".contains(c) {
                    base64.push(c);
                } else if !c.is_whitespace() {
                    return Err(format!(
                        "has U+{:04X} in line {line}, character {}, which is not base64: copy the \
                         file again",
                        u32::from(c),
                        at + 1
                    ));
                }
            }
        }
        match STANDARD.decode(base64) {
            Ok(der) if !der.is_empty() => Ok(der),
            // The decoder's error may name bytes of what may be a key.
            Ok(_) | Err(_) => Err(format!(
                "is damaged: the section that begins in line {} is not whole base64; copy the file \
                 again",
                self.line
            )),
        }
    }
}
