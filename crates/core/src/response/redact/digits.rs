//! Numbers that are written in digits, with nothing else around them.

/// The number that these digits write.
pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digit = |number: u32, b: &u8| {
        let digit = char::from(*b).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, digit) }
}

pub(super) fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

pub(super) fn hex_byte(digits: &[u8]) -> Option<u8> {
    u8::try_from(hex(digits)?).ok()
}
