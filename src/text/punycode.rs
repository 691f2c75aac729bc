//! Host labels in ASCII: the encoding of RFC 3492.
//!
//! Invariant: what comes out is ASCII letters, digits and hyphens. Refuses labels that do not fit a name (63 bytes).

/// Parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// Bytes of the longest label of a host name (RFC 1035).
const MAX_LABEL: usize = 63;

/// The ASCII form of one label, `xn--…` if it holds anything else; `None` if that is too long.
pub(super) fn ascii_label(label: &str) -> Option<String> {
    // A label of more characters can never fit, and the encoding is quadratic.
    if label.chars().count() > MAX_LABEL {
        return None;
    }
    let ascii = if label.is_ascii() { label.to_owned() } else { format!("xn--{}", encode(label)?) };
    (ascii.len() <= MAX_LABEL).then_some(ascii)
}

/// Section 6.3 of RFC 3492; `None` on overflow.
fn encode(label: &str) -> Option<String> {
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let total = u32::try_from(label.chars().count()).ok()?;
    let (mut n, mut delta, mut bias, mut done) = (INITIAL_N, 0u32, INITIAL_BIAS, basic);
    while done < total {
        let next = label.chars().map(u32::from).filter(|c| *c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(done + 1)?)?;
        n = next;
        for c in label.chars().map(u32::from) {
            if c < n {
                delta = delta.checked_add(1)?;
            }
            if c == n {
                write_number(&mut out, delta, bias);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

/// A number in digits of growing weight.
fn write_number(out: &mut String, number: u32, bias: u32) {
    let mut rest = number;
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            out.push(digit(rest));
            return;
        }
        out.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
        rest = (rest - threshold) / (BASE - threshold);
        k += BASE;
    }
}

fn digit(value: u32) -> char {
    char::from_digit(value.saturating_sub(26), 10)
        .filter(|_| value >= 26)
        .or_else(|| char::from_u32(u32::from('a') + value))
        .unwrap_or('a')
}

/// Section 6.1 of RFC 3492.
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_labels() {
        for (label, ascii) in [
            ("example", "example"),
            ("münchen", "xn--mnchen-3ya"),
            ("аррӏе", "xn--80ak6aa92e"),
            ("例え", "xn--r8jz45g"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(ascii_label(label).as_deref(), Some(ascii));
        }
        assert_eq!(ascii_label(&"a".repeat(64)), None);
        assert_eq!(ascii_label(&"ü".repeat(80)), None);
    }
}
