//! UUIDs inside a token, with the time at which one of version 1 was made.

use std::fmt;
use std::time::Duration;

/// A UUID in a token. `Display` and `Debug` are the usual 36 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

/// Time from the epoch of version 1 to the Unix epoch, in steps of 100 ns.
///
/// Version 1 counts from the start of the Gregorian calendar (RFC 9562, section 5.1).
const GREGORIAN_TO_UNIX: u64 = 0x01B2_1DD2_1381_4000;

impl Uuid {
    pub(super) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The time since the Unix epoch at which a UUID of version 1 was made; `None` for all others.
    pub(super) fn made_at(self) -> Option<Duration> {
        let [a, b, c, d, e, f, version_and_g, h, variant, ..] = self.0;
        if version_and_g >> 4 != 1 || variant >> 6 != 0b10 {
            return None;
        }
        let ticks = u64::from_be_bytes([version_and_g & 0x0f, h, e, f, a, b, c, d]);
        let since = ticks.checked_sub(GREGORIAN_TO_UNIX)?;
        Some(Duration::from_micros(since / 10))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_version_1_is_read_and_other_versions_have_none() {
        // The example of RFC 9562, appendix A.1: 2022-02-22T19:22:22Z.
        let mut bytes = [
            0xC2, 0x32, 0xAB, 0x00, 0x94, 0x14, 0x11, 0xEC, 0xB3, 0xC8, 0x9F, 0x6B, 0xDE, 0xCE,
            0xD8, 0x46,
        ];
        assert_eq!(Uuid(bytes).made_at(), Some(Duration::from_secs(1_645_557_742)));
        assert_eq!(Uuid(bytes).to_string(), "c232ab00-9414-11ec-b3c8-9f6bdeced846");
        bytes[6] = 0x41;
        assert_eq!(Uuid(bytes).made_at(), None);
        assert_eq!(Uuid([0; 16]).made_at(), None);
        bytes[6] = 0x10;
        bytes[7] = 0;
        // Before the Unix epoch.
        assert_eq!(Uuid(bytes).made_at(), None);
    }
}
