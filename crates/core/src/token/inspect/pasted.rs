//! Token in a pasted text, and the kind of text that was pasted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::IgnoredAny;

use super::clean::clean;
use super::{TEXT_LEN, layout};

/// The token in a pasted text: a header, a command line, a JSON response, or the token alone.
///
/// Quotes, line breaks that a terminal added, a byte order mark, escapes of JSON and URLs (`\u003d`,
/// `%3D`) and all text around the token are left out. `Debug` does not show the token.
///
/// ```
/// use easemob_token_core::inspect::{PastedText, TextKind};
///
/// let pasted = PastedText::parse("curl -H 'Authorization: Bearer YWMtrR6ECkz8Eeyx6Y9j1eX9'");
/// assert_eq!(pasted.token(), "YWMtrR6ECkz8Eeyx6Y9j1eX9");
/// assert_eq!(pasted.kind(), TextKind::CutOffAccessToken);
/// assert_eq!(PastedText::parse("YXA6VunqiNxoB7IwXHInk1cGiXOOJfc").kind(), TextKind::Credential);
/// ```
#[derive(Clone)]
pub struct PastedText<'a> {
    token: Cow<'a, str>,
    kind: TextKind,
    odd_character: Option<char>,
}

/// Kind of a pasted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextKind {
    /// An access token with the known layout: [`inspect`](super::inspect()) reads it.
    AccessToken,
    /// A dynamic token; the module `dynamic` parses it.
    DynamicToken,
    /// A part of an access token with the known layout.
    CutOffAccessToken,
    /// A part of a dynamic token.
    CutOffDynamicToken,
    /// A JSON Web Token (`eyJ…`), which Easemob does not issue.
    Jwt,
    /// A token of Agora (`007…`), for the sister service.
    AgoraToken,
    /// A client ID or a client secret (`YXA6…`), or both in a `Basic` header.
    Credential,
    /// Anything else. It can be a good token whose contents are unknown.
    Opaque,
    /// No token: nothing was pasted, or a JSON object without one.
    NoToken,
}

impl TextKind {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::DynamicToken => "dynamic",
            Self::CutOffAccessToken | Self::CutOffDynamicToken => "cut_off",
            Self::Jwt => "jwt",
            Self::AgoraToken => "agora",
            Self::Credential => "credential",
            Self::Opaque => "opaque",
            Self::NoToken => "no_token",
        }
    }
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessToken => "an access token",
            Self::DynamicToken => "a dynamic token",
            Self::CutOffAccessToken => {
                "an access token that was cut off: it has fewer than 130 characters; copy it again"
            }
            Self::CutOffDynamicToken => {
                "a dynamic token that was cut off; copy it again"
            }
            Self::Jwt => "not a token of Easemob but a JSON Web Token (eyJ…)",
            Self::AgoraToken => "not a token of Easemob but a token of Agora (007…)",
            Self::Credential => {
                "not a token but a client ID or client secret (YXA6…); replace a secret that others saw"
            }
            Self::Opaque => "opaque: nothing to decode (not an error)",
            Self::NoToken => "not a token: there is none in the text",
        })
    }
}

const ACCESS: &str = "YWMt";
/// Beginnings of dynamic tokens, also of those with `dt-` outside the base64.
const DYNAMIC: [&str; 3] = ["ZHQt", "dt-ZHQt", "dt-eyJ"];
/// Beginnings of credentials: as they are, and in a `Basic` header.
const CREDENTIALS: [&str; 2] = ["YXA6", "WVhBN"];
/// More beginnings of tokens in one text are not looked at, so that no text takes long.
const MAX_CANDIDATES: usize = 16;
/// A token is joined of at most this many lines.
const MAX_LINES: usize = 64;
/// The longest token.
const MAX_BYTES: usize = 8192;

/// Both alphabets (see [`decode`]), padded or not, and cut off anywhere.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl<'a> PastedText<'a> {
    /// Finds the token. Any text is accepted.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let found = |token, kind| Self { token, kind, odd_character: None };
        if layout(text).is_some() {
            return found(Cow::Borrowed(text), TextKind::AccessToken);
        }
        let cleaned = clean(text);
        let joined: String = cleaned.split_whitespace().collect();
        // A line break can be anywhere, also in the first four characters.
        let token = find_token(&cleaned).or_else(|| find_token(&joined));
        if let Some(Candidate { token, kind, odd_character }) = token {
            return Self { token: Cow::Owned(token), kind, odd_character };
        }
        match other(&cleaned) {
            Some((token, kind)) => found(Cow::Owned(token.to_owned()), kind),
            None => found(Cow::Borrowed(""), TextKind::NoToken),
        }
    }

    /// The token, or what is there of it. Do not log it.
    ///
    /// Empty if there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The kind of the text.
    #[must_use]
    pub fn kind(&self) -> TextKind {
        self.kind
    }

    /// The character outside ASCII at which a token that was cut off ends.
    ///
    /// It can be `…`, or a dash that an editor made of a hyphen.
    #[must_use]
    pub fn odd_character(&self) -> Option<char> {
        self.odd_character
    }
}

impl fmt::Debug for PastedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastedText").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A token with a known beginning.
struct Candidate {
    token: String,
    kind: TextKind,
    odd_character: Option<char>,
}

/// The first whole token with a known beginning, or else the first part of one.
fn find_token(text: &str) -> Option<Candidate> {
    let starts = text.char_indices().filter(|(start, _)| begins_token(text, *start));
    let mut first = None;
    for (start, _) in starts.take(MAX_CANDIDATES) {
        let candidate = candidate(&text[start..]);
        if is_whole(&candidate.token) {
            return Some(candidate);
        }
        first = first.or(Some(candidate));
    }
    first
}

fn begins_token(text: &str, start: usize) -> bool {
    const BEARER: &str = "bearer";
    let (before, rest) = text.split_at(start);
    if !rest.starts_with(ACCESS) && !DYNAMIC.iter().any(|prefix| rest.starts_with(prefix)) {
        return false;
    }
    let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let glued = before.len().checked_sub(BEARER.len()).and_then(|at| before.get(at..));
    !is_part || glued.is_some_and(|word| word.eq_ignore_ascii_case(BEARER))
}

/// The token at the beginning of the text; line breaks in it are left out if it is whole then.
fn candidate(text: &str) -> Candidate {
    let is_access = text.starts_with(ACCESS);
    let kind_of = |token: &str| if is_access { access_kind(token) } else { dynamic_kind(token) };
    let (part, mut rest) = split_run(text, is_access);
    let mut joined = part.to_owned();
    let kind = kind_of(part);
    let is_cut_off = matches!(kind, TextKind::CutOffAccessToken | TextKind::CutOffDynamicToken);
    let odd_character = odd(rest).filter(|_| is_cut_off);
    let lines = if is_cut_off { MAX_LINES } else { 1 };
    for _ in 1..lines {
        let next = rest.trim_start_matches(is_between);
        let space = &rest[..rest.len() - next.len()];
        let (part, after) = split_run(next, is_access);
        let is_too_long = joined.len() + part.len() > MAX_BYTES;
        if part.is_empty() || is_too_long || !continues(space, part, after) {
            break;
        }
        joined.push_str(part);
        rest = after;
        if is_whole(&joined) {
            return Candidate { kind: kind_of(&joined), token: joined, odd_character: None };
        }
    }
    Candidate { token: part.to_owned(), kind, odd_character }
}

fn is_whole(token: &str) -> bool {
    layout(token).is_some() || matches!(parse_json(token), Some(Ok(_)))
}

/// What can stand between two lines of one token: white space, marks of a continued or quoted line.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\\' | '`' | '^' | '>' | '|')
}

/// Whether this part goes on with a token, or is a word that happens to follow it.
fn continues(space: &str, part: &str, after: &str) -> bool {
    let is_new_line = space.contains(['\n', '\r']);
    let is_label = after.starts_with([':', '=']);
    let is_random = part.contains(|c: char| c.is_ascii_digit())
        && part.contains(|c: char| c.is_ascii_uppercase());
    !space.is_empty() && !is_label && (is_new_line || is_random)
}

/// The characters of a token at the beginning of the text, and the rest.
fn split_run(text: &str, is_access: bool) -> (&str, &str) {
    let standard = |c: char| !is_access && matches!(c, '+' | '/');
    let is_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || standard(c);
    let end = text.find(|c| !is_run(c)).unwrap_or(text.len());
    let padding = text[end..].bytes().take_while(|byte| !is_access && *byte == b'=').count();
    text.split_at(end + padding.min(2))
}

fn odd(rest: &str) -> Option<char> {
    const QUOTES: [char; 6] = ['“', '”', '‘', '’', '」', '』'];
    rest.chars().next().filter(|c| !c.is_ascii() && !c.is_whitespace() && !QUOTES.contains(c))
}

fn access_kind(token: &str) -> TextKind {
    match token.len() {
        TEXT_LEN if layout(token).is_some() => TextKind::AccessToken,
        ..TEXT_LEN => TextKind::CutOffAccessToken,
        _ => TextKind::Opaque,
    }
}

/// Whether the contents of a dynamic token end early; other faults are found when it is parsed.
fn dynamic_kind(token: &str) -> TextKind {
    match parse_json(token) {
        Some(Err(error)) if error.is_eof() => TextKind::CutOffDynamicToken,
        _ => TextKind::DynamicToken,
    }
}

/// Parses the JSON in a dynamic token; `None` if it is not base64.
fn parse_json(token: &str) -> Option<serde_json::Result<BTreeMap<String, IgnoredAny>>> {
    let bytes = decode(token)?;
    Some(serde_json::from_slice(bytes.strip_prefix(b"dt-").unwrap_or(&bytes)))
}

/// Decodes base64 in both alphabets that may be cut off.
fn decode(token: &str) -> Option<Vec<u8>> {
    let text = token.strip_prefix("dt-").unwrap_or(token).trim_end_matches('=');
    let whole = if text.len() % 4 == 1 { text.len() - 1 } else { text.len() };
    let url_safe = text.get(..whole)?.replace('+', "-").replace('/', "_");
    BASE64.decode(url_safe).ok()
}

/// A text that is no token with a known beginning; `None` if there is nothing like a token.
fn other(text: &str) -> Option<(&str, TextKind)> {
    const NOTHING: [&str; 4] = ["bearer", "authorization", "null", "undefined"];
    let is_run = |c: char| c.is_ascii_alphanumeric() || "-_+/=.~".contains(c);
    let runs = || text.split(|c| !is_run(c)).filter(|run| !run.is_empty());
    let first = |test: fn(&str) -> Option<TextKind>| {
        // A label such as `token=` belongs to the run.
        let values = runs().flat_map(|run| [run, run.split_once('=').map_or("", |it| it.1)]);
        values.filter_map(|run| Some((run, test(run)?))).next()
    };
    let kinds = [without_beginning, json_kind, agora_kind, credential_kind];
    if let Some(found) = kinds.into_iter().find_map(first) {
        return Some(found);
    }
    if text.trim_start().starts_with('{') && !text.contains("token") {
        return None;
    }
    let is_nothing = |run: &&str| NOTHING.iter().any(|word| run.eq_ignore_ascii_case(word));
    let longest = runs().filter(|run| !is_nothing(run)).max_by_key(|run| run.len());
    // Text of other scripts is opaque too.
    let is_other = text.contains(|c: char| !c.is_ascii() && c.is_alphanumeric());
    longest.or(is_other.then_some(text)).map(|run| (run, TextKind::Opaque))
}

/// The kind of a token whose first characters were not copied.
fn without_beginning(run: &str) -> Option<TextKind> {
    let is_missing = |part: &str| is_whole(&format!("{part}{run}"));
    if run.len() < TEXT_LEN && (1..=4).any(|len| is_missing(&ACCESS[..len])) {
        return Some(TextKind::CutOffAccessToken);
    }
    // Without all four it is a token whose maker has left out `dt-`.
    let is_dynamic = (1..=3).any(|len| is_missing(&DYNAMIC[0][..len]));
    is_dynamic.then_some(TextKind::CutOffDynamicToken)
}

/// The kind of base64 that begins with `{"`: a JSON Web Token, or a dynamic token without `dt-`.
fn json_kind(run: &str) -> Option<TextKind> {
    if !run.starts_with("eyJ") {
        return None;
    }
    let bytes = decode(run).unwrap_or_default();
    let is_dynamic = bytes.windows(11).any(|part| part == b"\"signature\"");
    Some(if is_dynamic { dynamic_kind(run) } else { TextKind::Jwt })
}

fn agora_kind(run: &str) -> Option<TextKind> {
    // After `007` comes base64 of zlib, whose first byte is 0x78.
    let zlib = run.strip_prefix("007e")?;
    zlib.starts_with(|c: char| matches!(c, 'A'..='P')).then_some(TextKind::AgoraToken)
}

fn credential_kind(run: &str) -> Option<TextKind> {
    CREDENTIALS.iter().any(|prefix| run.starts_with(prefix)).then_some(TextKind::Credential)
}
