//! Numbers and yes-or-no from bytes, exactly and without guessing.

/// A decimal as written: `mantissa` ÷ 10^`places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i64,
    places: u32,
}

/// As many digits as programs write of a mean, few enough for an `i64`.
const MAX_DIGITS: usize = 17;

impl Decimal {
    /// Reads digits with an optional sign and point; nothing else, so `1e3`,
    /// `1,000` and `5 mg` are not numbers.
    #[inline]
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        if digits.is_empty() || digits.len() > MAX_DIGITS + 1 {
            return None;
        }
        let mut mantissa = 0;
        let mut point = None;
        for (index, &byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(index),
                _ => return None,
            }
        }
        let places = point.map_or(0, |at| digits.len() - at - 1);
        let count = digits.len() - usize::from(point.is_some());
        if !(1..=MAX_DIGITS).contains(&count) {
            return None;
        }
        let places = u32::try_from(places).expect("at most fifteen digits");
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, places })
    }

    /// The number times 10^`places`, if that is whole.
    #[inline]
    pub(super) fn scaled(self, places: u32) -> Option<i64> {
        if self.places <= places {
            return self.mantissa.checked_mul(10_i64.checked_pow(places - self.places)?);
        }
        let divisor = 10_i64.checked_pow(self.places - places)?;
        (self.mantissa % divisor == 0).then(|| self.mantissa / divisor)
    }

    /// The nearest whole number to the number times 10^`places`, halves upwards.
    pub(super) fn rounded(self, places: u32) -> Option<i64> {
        self.scaled(places).or_else(|| {
            let divisor = 10_i64.checked_pow(self.places.checked_sub(places)?)?;
            Some((self.mantissa + divisor / 2).div_euclid(divisor))
        })
    }

    /// The nearest double: one correctly rounded division of two exact doubles,
    /// up to fifteen digits.
    pub(super) fn to_f64(self) -> f64 {
        // Fifteen digits and 10^15 are both below 2^53.
        self.mantissa as f64 / 10_f64.powi(self.places.cast_signed())
    }

    /// Whether it is above zero.
    pub(super) fn is_positive(self) -> bool {
        self.mantissa > 0
    }
}

/// Reads a whole number; `7.0` is one, because spreadsheets write it so.
pub(super) fn whole(text: &[u8]) -> Option<i64> {
    Decimal::parse(text)?.scaled(0)
}

/// Reads yes or no.
pub(super) fn yes_or_no(text: &[u8]) -> Option<bool> {
    const YES: [&[u8]; 4] = [b"1", b"yes", b"true", b"y"];
    const NO: [&[u8]; 4] = [b"0", b"no", b"false", b"n"];
    let is = |words: [&[u8]; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(YES) {
        Some(true)
    } else if is(NO) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, whole, yes_or_no};

    #[test]
    fn decimals_are_exact() {
        let scaled = |text: &str, places| Decimal::parse(text.as_bytes()).and_then(|number| number.scaled(places));
        assert_eq!(scaled("6.5", 1), Some(65));
        assert_eq!(scaled("7", 1), Some(70));
        assert_eq!(scaled("7.00", 1), Some(70));
        assert_eq!(scaled("6.25", 1), None);
        assert_eq!(scaled("-0.025", 3), Some(-25));
        assert_eq!(scaled(".5", 1), Some(5));
        assert_eq!(whole(b"30.0"), Some(30));
        for text in ["", ".", "-", "1e3", "1,5", "5 mg", "+5", "1.2.3", "123456789012345678"] {
            assert_eq!(scaled(text, 3), None, "{text}");
        }
    }

    #[test]
    fn doubles_are_the_nearest() {
        for text in ["0.1", "0.35", "2.675", "123456.789", "0.000001"] {
            let nearest: f64 = text.parse().expect("a number");
            let ours = Decimal::parse(text.as_bytes()).expect("a number").to_f64();
            assert_eq!(ours.to_bits(), nearest.to_bits(), "{text}");
        }
    }

    #[test]
    fn only_known_words_are_yes_or_no() {
        assert_eq!(
            [&b"YES"[..], b"0", b"True", b"maybe", b""].map(yes_or_no),
            [Some(true), Some(false), Some(true), None, None]
        );
    }
}
