//! Facts named in a conversation: codes, e-mail addresses, phone numbers, amounts, dates, times and plain numbers.
//!
//! Every fact is a piece of what was written, byte for byte: nothing is computed, completed or translated, so none can be
//! invented. Reading is by shape alone; what a code means is the agent's business.

use serde::{Deserialize, Serialize};

/// What shape a fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Order, booking or account code: letters and digits, or a long number.
    Code,
    /// E-mail address.
    Email,
    /// Telephone number.
    Phone,
    /// Money or a percentage.
    Amount,
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// A count, with the word it counts.
    Number,
}

/// A fact as found in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its shape.
    pub kind: FactKind,
    /// The piece of the text.
    pub text: &'a str,
}

/// A word with its place, surrounding punctuation removed.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

const MONTHS: [&str; 24] = [
    "jan",
    "january",
    "feb",
    "february",
    "mar",
    "march",
    "apr",
    "april",
    "may",
    "jun",
    "june",
    "jul",
    "july",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "october",
    "nov",
    "november",
    "dec",
    "december",
];
const MONEY_WORDS: [&str; 20] = [
    "dollar", "dollars", "usd", "eur", "euro", "euros", "gbp", "pound", "pounds", "chf", "cent", "cents",
    "percent", "yen", "kr", "sek", "dkk", "nok", "bucks", "quid",
];
const MONEY_SIGNS: [char; 5] = ['$', '€', '£', '¥', '₹'];

/// Words of three letters, and abbreviations, that are no code however they are written.
const SHOUTED: [&str; 26] = [
    "ASAP", "FAQ", "USA", "URL", "PDF", "THE", "NOT", "AND", "YES", "BUT", "ALL", "NOW", "WHY", "HOW", "WHO",
    "YOU", "ANY", "OUT", "OFF", "CAN", "DID", "HAS", "TOO", "ONE", "WTF", "OMG",
];

/// All facts of `text` in the order they stand.
pub fn find(text: &str) -> Vec<Found<'_>> {
    let pieces = pieces(text);
    let shouting = !text.chars().any(char::is_lowercase);
    let mut out = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let (kind, n) = match classify(text, &pieces, at, shouting) {
            Some(found) => found,
            None => {
                at += 1;
                continue;
            }
        };
        let last = pieces[(at + n - 1).min(pieces.len() - 1)];
        out.push(Found { kind, text: &text[pieces[at].start..last.end] });
        at += n;
    }
    out
}

/// The kind of fact that begins at `at` and how many pieces it takes.
fn classify(text: &str, pieces: &[Piece<'_>], at: usize, shouting: bool) -> Option<(FactKind, usize)> {
    let word = pieces[at].text;
    let lower = word.to_lowercase();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let near = |i: usize| {
        // Only a blank or a comma and a blank may part the words of one fact.
        let between = pieces.get(i).zip(pieces.get(i + 1)).map(|(a, b)| &text[a.end..b.start]);
        between.is_some_and(|gap| gap.trim_matches(|c| c == ' ' || c == ',').is_empty() && gap.len() <= 2)
    };
    let next = pieces.get(at + 1).filter(|_| near(at)).map(|p| p.text.to_lowercase());
    if is_email(word) {
        return Some((FactKind::Email, 1));
    }
    if MONTHS.contains(&lower.trim_end_matches('.')) {
        let day = next.as_deref().is_some_and(is_day);
        if !day {
            return None;
        }
        let year = near(at + 1) && pieces.get(at + 2).is_some_and(|p| is_year(p.text));
        return Some((FactKind::Date, if year { 3 } else { 2 }));
    }
    if is_day(&lower) && next.as_deref().is_some_and(|n| MONTHS.contains(&n.trim_end_matches('.'))) {
        let year = near(at + 1) && pieces.get(at + 2).is_some_and(|p| is_year(p.text));
        return Some((FactKind::Date, if year { 3 } else { 2 }));
    }
    if digits == 0 {
        let letters = word.chars().count();
        let code = !shouting
            && (3..=10).contains(&letters)
            && word.chars().all(|c| c.is_ascii_uppercase() || c == '-')
            && !SHOUTED.contains(&word)
            // Longer than an airport's code, a word without a digit is one only where it is called one: else it is shouted.
            && (letters == 3 || at > 0 && near(at - 1) && is_label(pieces[at - 1].text));
        return code.then_some((FactKind::Code, 1));
    }
    if is_date(word) {
        return Some((FactKind::Date, 1));
    }
    if is_time(&lower) {
        let half = next.as_deref().is_some_and(|n| matches!(n, "am" | "pm" | "a.m" | "p.m" | "est" | "uhr"));
        return Some((FactKind::Time, 1 + usize::from(half)));
    }
    let signed = word.contains(MONEY_SIGNS) || word.ends_with('%');
    let number = is_number(word.trim_matches(|c: char| MONEY_SIGNS.contains(&c) || c == '%'));
    if signed && (number || word.chars().filter(|c| c.is_alphabetic()).count() <= 3) {
        return Some((FactKind::Amount, 1));
    }
    if number && next.as_deref().is_some_and(|n| MONEY_WORDS.contains(&n)) {
        return Some((FactKind::Amount, 2));
    }
    if let Some(n) = phone(text, pieces, at) {
        return Some((FactKind::Phone, n));
    }
    if number && (digits <= 3 || word.contains([',', '.'])) {
        let counted = next.as_deref().is_some_and(|n| n.chars().all(char::is_alphabetic) && n.len() > 2);
        return Some((FactKind::Number, 1 + usize::from(counted)));
    }
    if is_year(word) && word.starts_with("20") && next.is_none() && digits == 4 {
        return Some((FactKind::Number, 1));
    }
    let coded = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '/' | '.' | ':'));
    (coded && word.chars().count() >= 3).then_some((FactKind::Code, 1))
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    for part in text.split(|c: char| {
        c.is_whitespace() || matches!(c, '(' | ')' | '"' | '“' | '”' | '<' | '>' | '*' | '[' | ']')
    }) {
        let lead = part.len() - part.trim_start_matches(|c: char| is_edge(c)).len();
        let body = part.trim_matches(is_edge);
        if !body.is_empty() {
            let body = body.strip_suffix("'s").or_else(|| body.strip_suffix("’s")).unwrap_or(body);
            out.push(Piece { text: body, start: from + lead, end: from + lead + body.len() });
        }
        // The separator after this part is one char; find its width by what follows.
        from += part.len();
        from += text[from..].chars().next().map_or(0, char::len_utf8);
    }
    out
}

fn is_edge(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | '!' | '?' | ';' | ':' | '\'' | '’' | '‘' | '-' | '–' | '—' | '…' | '/' | '|' | '{' | '}'
    )
}

fn is_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
    })
}

fn is_number(word: &str) -> bool {
    !word.is_empty()
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

fn is_day(word: &str) -> bool {
    let digits =
        word.trim_end_matches("st").trim_end_matches("nd").trim_end_matches("rd").trim_end_matches("th");
    matches!(digits.parse::<u8>(), Ok(1..=31)) && digits.len() <= 2
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && matches!(word.parse::<u16>(), Ok(1900..=2199))
}

fn is_date(word: &str) -> bool {
    ['-', '/', '.'].iter().any(|sep| {
        let parts: Vec<&str> = word.split(*sep).collect();
        let numbers =
            parts.iter().all(|p| (1..=4).contains(&p.len()) && p.chars().all(|c| c.is_ascii_digit()));
        let year = parts.iter().any(|p| p.len() == 4 && is_year(p))
            || *sep != '.' && parts.iter().all(|p| p.len() <= 2);
        numbers && parts.len() == 3 && year
    })
}

fn is_time(word: &str) -> bool {
    let clock = word.trim_end_matches("am").trim_end_matches("pm");
    match clock.split_once(':') {
        Some((h, m)) => {
            matches!(h.parse::<u8>(), Ok(0..=23))
                && m.get(..2).is_some_and(|m| matches!(m.parse::<u8>(), Ok(0..=59)))
        }
        None => clock.len() < word.len() && matches!(clock.parse::<u8>(), Ok(1..=12)),
    }
}

/// How many pieces a telephone number takes: a plus, or groups of digits with at least seven digits in all.
fn phone(text: &str, pieces: &[Piece<'_>], at: usize) -> Option<usize> {
    let grouped = |word: &str| {
        word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '/' | '+'))
            && word.chars().any(|c| c.is_ascii_digit())
    };
    let (mut n, mut digits) = (0, 0);
    while let Some(piece) = pieces.get(at + n) {
        let apart = n > 0
            && !matches!(&text[pieces[at + n - 1].end..piece.start], " " | "(" | ") " | " (" | "-" | " - ");
        if apart || !grouped(piece.text) || n == 6 {
            break;
        }
        digits += piece.text.chars().filter(char::is_ascii_digit).count();
        n += 1;
    }
    let plus = pieces[at].text.starts_with('+');
    let parted = n > 1 || pieces[at].text.matches(['-', '.', '/']).count() >= 2;
    ((7..=15).contains(&digits) && (plus || parted)).then_some(n)
}

/// A word that says that a code follows.
fn is_label(word: &str) -> bool {
    const LABELS: [&str; 12] = [
        "order",
        "code",
        "booking",
        "reservation",
        "reference",
        "ref",
        "number",
        "id",
        "pnr",
        "voucher",
        "coupon",
        "ticket",
    ];
    LABELS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<(FactKind, &str)> {
        find(text).into_iter().map(|f| (f.kind, f.text)).collect()
    }

    #[test]
    fn shapes() {
        use FactKind::*;
        assert_eq!(
            flat(
                "Order #A-1042 for $30.50, mail jo@ex.org by May 20, 2024 at 9:30 am; call +49 30 1234567. 2 bags, 50%"
            ),
            [
                (Code, "#A-1042"),
                (Amount, "$30.50"),
                (Email, "jo@ex.org"),
                (Date, "May 20, 2024"),
                (Time, "9:30 am"),
                (Phone, "+49 30 1234567"),
                (Number, "2 bags"),
                (Amount, "50%"),
            ]
        );
        assert_eq!(
            flat("user mei_brown_7075, reservation SI5UKW, flight HAT045"),
            [(Code, "mei_brown_7075"), (Code, "SI5UKW"), (Code, "HAT045")]
        );
        assert!(flat("HELLO I NEED HELP").is_empty());
        assert!(flat("it is STILL not here, I want it NOW").is_empty());
        assert_eq!(flat("my code WELCOME from JFK"), [(Code, "WELCOME"), (Code, "JFK")]);
        assert_eq!(flat("am 03.05.2024 um 2024-05-11"), [(Date, "03.05.2024"), (Date, "2024-05-11")]);
    }

    #[test]
    fn every_fact_is_a_piece_of_the_text() {
        let text = "été 12 €, “AB12”… (#77) 10.000,50 € ☎ 030-123-4567 £5";
        for fact in find(text) {
            assert!(text.contains(fact.text), "{}", fact.text);
        }
    }
}
