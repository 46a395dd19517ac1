//! Decoded text, each byte with its place in the original text.

use std::ops::Range;

/// Bytes, and the range of the original text that each was decoded from.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Decoded {
    /// The text as it is.
    pub(super) fn of(text: &str) -> Self {
        let places = (0..text.len()).map(|i| i..i + 1).collect();
        Self { bytes: text.as_bytes().to_vec(), places }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The place of these bytes, which must not be empty.
    pub(super) fn place(&self, bytes: Range<usize>) -> Range<usize> {
        self.places[bytes.start].start..self.places[bytes.end - 1].end
    }

    pub(super) fn push(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    pub(super) fn push_char(&mut self, c: char, place: &Range<usize>) {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            self.push(byte, place.clone());
        }
    }

    /// The text in the form in which it is compared: in lower case, `+` as a space.
    ///
    /// HTML forms write a space as `+`. A byte that is not UTF-8 is read as Latin-1, which some services
    /// still use.
    pub(super) fn folded(&self) -> Folded {
        let mut folded = Folded::default();
        let mut at = 0;
        for chunk in self.bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                folded.push(c, self.place(at..at + c.len_utf8()));
                at += c.len_utf8();
            }
            for byte in chunk.invalid() {
                folded.push(char::from(*byte), self.place(at..at + 1));
                at += 1;
            }
        }
        folded
    }
}

/// Text made for comparison, each byte of it with its place in the original text.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) text: String,
    places: Vec<Range<usize>>,
}

impl Folded {
    fn push(&mut self, c: char, place: Range<usize>) {
        let c = if c == '+' { ' ' } else { c };
        for lower in c.to_lowercase() {
            self.text.push(lower);
            self.places.resize(self.text.len(), place.clone());
        }
    }

    /// The place of this part, which must not be empty.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        self.places[part.start].start..self.places[part.end - 1].end
    }
}
