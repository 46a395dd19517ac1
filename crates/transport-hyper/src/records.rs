//! The records of TLS, as far as is needed to see that one is incomplete.
//!
//! TLS shows what is in a record only when all of it has come. Of an unsolicited response whose last
//! bytes come late, neither rustls nor hyper notices anything before the next request is written, and
//! then the response is taken for that of the request.

/// A record begins with its type, two bytes of its version and two of its length.
const HEADER: usize = 5;

/// The place in the records up to which a peer has sent.
#[derive(Default)]
pub(crate) struct Records {
    /// The bytes of the header that have come.
    header: usize,
    /// The last of them; in the end the length.
    length: u16,
    /// How many bytes of the content are missing.
    missing: usize,
}

impl Records {
    /// Notes the next bytes.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.missing > 0 {
                let content = self.missing.min(bytes.len());
                self.missing -= content;
                bytes = &bytes[content..];
                continue;
            }
            self.header += 1;
            self.length = self.length << 8 | u16::from(*first);
            if self.header == HEADER {
                (self.header, self.missing) = (0, self.length.into());
            }
            bytes = rest;
        }
    }

    /// Whether the last record is incomplete.
    pub(crate) fn is_cut(&self) -> bool {
        self.header > 0 || self.missing > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_at_the_end_of_a_record_none_is_cut() {
        let two = [&[23, 3, 3, 1, 2][..], &[0; 0x102], &[21, 3, 3, 0, 2, 1, 0]].concat();
        let ends = [0, HEADER + 0x102, two.len()];
        for cut in 0..=two.len() {
            let mut records = Records::default();
            records.pass(&two[..cut]);
            assert_eq!(records.is_cut(), !ends.contains(&cut), "{cut}");
            records.pass(&two[cut..]);
            assert!(!records.is_cut(), "{cut}");
        }
    }
}
