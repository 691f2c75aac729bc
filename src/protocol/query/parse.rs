//! From what was typed to the tree: pieces first, then each piece's meaning. Nothing typed panics, and every error has its
//! place.

use super::{By, HAS, Has, IS, Is, OPERATORS, Problem, Query, QueryError, TERMS, Term, What};
use crate::conversation::{State, Time};

const DAY_MS: i64 = 86_400_000;

/// A piece of the query: where it stands, and its parts without the quotation marks.
struct Token {
    at: usize,
    len: usize,
    negated: bool,
    /// What stands before the first colon outside quotation marks.
    operator: Option<String>,
    value: String,
    quoted: bool,
}

/// Parses a query. `now` is what `7d` and `today` count from; days are those of UTC.
///
/// # Errors
/// A [`QueryError`] with the place of what is wrong.
pub fn parse(text: &str, now: Time) -> Result<Query, QueryError> {
    let tokens = tokens(text);
    if tokens.len() > TERMS {
        let at = tokens[TERMS].at;
        return Err(QueryError { at, len: text.chars().count() - at, problem: Problem::TooMany });
    }
    let last = tokens.len().saturating_sub(1);
    let mut terms = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.into_iter().enumerate() {
        let error = |problem| QueryError { at: token.at, len: token.len, problem };
        let open = i == last && !token.negated;
        let what = match &token.operator {
            None => text_of(&token.value, open && !token.quoted),
            Some(given) => match operator(given) {
                Some(operator) => value(operator, &token, open, now).map_err(error)?,
                None => match nearest(given, &OPERATORS) {
                    Some(near) if !token.value.starts_with("//") => {
                        return Err(error(Problem::UnknownOperator { given: given.clone(), near }));
                    }
                    _ => text_of(&format!("{given}:{}", token.value), open && !token.quoted),
                },
            },
        };
        terms.push(Term { negated: token.negated, what });
    }
    // The last word may be begun only, also where an operator stands behind it.
    let word = |t: &&mut Term| !t.negated && matches!(&t.what, What::Text { .. });
    let any_open = terms.iter().any(|t| matches!(&t.what, What::Text { open: true, .. }));
    if !any_open
        && let Some(Term { what: What::Text { words, open }, .. }) = terms.iter_mut().rev().find(word)
    {
        *open = !words.contains(char::is_whitespace);
    }
    Ok(Query { terms })
}

fn text_of(words: &str, open: bool) -> What {
    What::Text { words: words.to_owned(), open }
}

fn operator(given: &str) -> Option<&'static str> {
    OPERATORS.into_iter().find(|known| given.eq_ignore_ascii_case(known))
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if chars[i].is_whitespace() {
            i += 1;
            continue;
        }
        let at = i;
        let negated = chars[i] == '-' && chars.get(i + 1).is_some_and(|c| !c.is_whitespace() && *c != '-');
        i += usize::from(negated);
        let (mut value, mut operator, mut quoted, mut inside) = (String::new(), None, false, false);
        // A quotation mark counts at the start of a word or of a value; within a word it is a letter like others.
        let mut fresh = true;
        while i < chars.len() {
            match chars[i] {
                '"' if inside => {
                    inside = false;
                    i += 1;
                    break;
                }
                '"' if fresh => (inside, quoted, fresh) = (true, true, false),
                c if c.is_whitespace() && !inside => break,
                ':' if !inside && operator.is_none() && is_name(&value) => {
                    operator = Some(std::mem::take(&mut value));
                    fresh = true;
                }
                c => {
                    value.push(c);
                    fresh = false;
                }
            }
            i += 1;
        }
        found.push(Token { at, len: i - at, negated, operator, value, quoted: quoted && !inside });
    }
    found
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic())
}

fn value(operator: &'static str, token: &Token, open: bool, now: Time) -> Result<What, Problem> {
    let given = token.value.trim();
    if given.is_empty() {
        return Err(Problem::NoValue { operator });
    }
    let open = open && !token.quoted;
    let unknown = |known: &'static [&'static str]| Problem::UnknownValue {
        operator,
        given: given.to_owned(),
        near: nearest(given, known),
        known,
    };
    let word = given.to_ascii_lowercase();
    Ok(match operator {
        "from" => What::From(match word.as_str() {
            "visitor" if !token.quoted => By::Visitor,
            "assistant" if !token.quoted => By::Assistant,
            "agent" if !token.quoted => By::Agent,
            _ => By::Named(given.to_owned()),
        }),
        "page" => What::Page(given.to_owned()),
        "tag" => What::Tag { tag: given.to_owned(), open },
        "is" => What::Is(match word.as_str() {
            "mine" => Is::Mine,
            "open" => Is::Open,
            "ticket" => Is::Ticket,
            "waiting" => Is::Waiting,
            word => State::ALL
                .into_iter()
                .find(|s| s.word() == word)
                .map(Is::State)
                .ok_or_else(|| unknown(&IS))?,
        }),
        "site" => What::Site(word),
        "has" => What::Has(match word.as_str() {
            "note" => Has::Note,
            "link" => Has::Link,
            "email" => Has::Email,
            "page" => Has::Page,
            _ => return Err(unknown(&HAS)),
        }),
        _ => {
            let at = time(&word, now).ok_or(Problem::BadTime { operator, given: given.to_owned() })?;
            if operator == "before" { What::Before(at) } else { What::After(at) }
        }
    })
}

/// `2026-01-31`, `2026-01-31T14:00:00Z`, `7d`, `12h`, `30m`, `2w`, `today`, `yesterday`.
fn time(word: &str, now: Time) -> Option<Time> {
    let midnight = now.0.div_euclid(DAY_MS) * DAY_MS;
    match word {
        "today" => return Some(Time(midnight)),
        "yesterday" => return Some(Time(midnight - DAY_MS)),
        _ => {}
    }
    if let Some((count, unit)) = word.split_at_checked(word.len().saturating_sub(1))
        && let Ok(count) = count.parse::<u32>()
    {
        let unit = match unit {
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => DAY_MS,
            "w" => 7 * DAY_MS,
            _ => return None,
        };
        return Some(now.plus_ms(-(i64::from(count).saturating_mul(unit))));
    }
    if let Ok(date) = word.parse::<jiff::civil::Date>()
        && !word.contains('t')
    {
        let start = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(Time(start.timestamp().as_millisecond()));
    }
    word.to_ascii_uppercase().parse().ok()
}

/// The known word that was meant, if one is near: one slip, or two in a longer word.
fn nearest(given: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let given = given.to_ascii_lowercase();
    let near = known.iter().map(|k| (slips(&given, k), *k)).min()?;
    (near.0 <= 1 + usize::from(given.chars().count() >= 5)).then_some(near.1)
}

/// Letters inserted, left out, replaced or swapped with their neighbour between two words.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_767_225_600_123);

    fn one(text: &str) -> Term {
        let mut terms = parse(text, NOW).unwrap().terms;
        assert_eq!(terms.len(), 1, "{text}");
        terms.remove(0)
    }

    fn wrong(text: &str) -> (usize, usize, String) {
        let e = parse(text, NOW).unwrap_err();
        (e.at, e.len, e.to_string())
    }

    #[test]
    fn every_operator() {
        for (text, what) in [
            ("from:visitor", What::From(By::Visitor)),
            ("From:ASSISTANT", What::From(By::Assistant)),
            ("from:agent", What::From(By::Agent)),
            ("from:\"agent\"", What::From(By::Named("agent".into()))),
            ("from:\"Mia Ünal\"", What::From(By::Named("Mia Ünal".into()))),
            ("page:/cart?a=b:c", What::Page("/cart?a=b:c".into())),
            ("tag:refu", What::Tag { tag: "refu".into(), open: true }),
            ("tag:\"big order\"", What::Tag { tag: "big order".into(), open: false }),
            ("is:queued", What::Is(Is::State(State::Queued))),
            ("is:Mine", What::Is(Is::Mine)),
            ("is:open", What::Is(Is::Open)),
            ("is:ticket", What::Is(Is::Ticket)),
            ("is:waiting", What::Is(Is::Waiting)),
            ("site:shop", What::Site("shop".into())),
            ("has:note", What::Has(Has::Note)),
            ("has:link", What::Has(Has::Link)),
            ("has:email", What::Has(Has::Email)),
            ("has:page", What::Has(Has::Page)),
            ("before:2025-12-24", What::Before(Time(1_766_534_400_000))),
            ("after:2025-12-24T12:00:00Z", What::After(Time(1_766_577_600_000))),
            ("after:7d", What::After(NOW.plus_ms(-7 * DAY_MS))),
            ("after:12h", What::After(NOW.plus_ms(-12 * 3_600_000))),
            ("before:today", What::Before(Time(1_767_225_600_000))),
            ("after:yesterday", What::After(Time(1_767_225_600_000 - DAY_MS))),
        ] {
            assert_eq!(one(text), Term { negated: false, what: what.clone() }, "{text}");
            let negated = one(&format!("-{text}"));
            let closed = match what {
                What::Tag { tag, .. } => What::Tag { tag, open: false },
                what => what,
            };
            assert_eq!(negated, Term { negated: true, what: closed }, "-{text}");
        }
    }

    #[test]
    fn words_and_phrases() {
        let text = |words: &str, open| What::Text { words: words.into(), open };
        let whats = |q: &str| parse(q, NOW).unwrap().terms.into_iter().map(|t| t.what).collect::<Vec<_>>();
        assert_eq!(whats("lost parc"), [text("lost", false), text("parc", true)]);
        assert_eq!(whats("\"lost parcel\" now"), [text("lost parcel", false), text("now", true)]);
        assert_eq!(whats("\"lost par"), [text("lost par", true)], "still being typed");
        assert_eq!(whats("\"lost parcel\""), [text("lost parcel", false)]);
        assert_eq!(whats("parc is:open"), [text("parc", true), What::Is(Is::Open)]);
        assert_eq!(whats("https://a.example/x 10:30 col:umn")[0], text("https://a.example/x", false));
        assert_eq!(whats("5\" pipe")[0], text("5\"", false));
        assert_eq!(whats("Order: 12")[0], text("Order:", false));
        assert!(one("-refund").negated);
        assert_eq!(one("-").what, text("-", true));
        assert!(!one("--").negated);
        assert_eq!(parse("  ", NOW), Ok(Query::default()));
    }

    #[test]
    fn errors_name_the_nearest_and_the_place() {
        assert_eq!(wrong("hello frm:mia"), (6, 7, "there is no `frm:`; did you mean `from:`?".into()));
        assert_eq!(wrong("-tags:x"), (0, 7, "there is no `tags:`; did you mean `tag:`?".into()));
        assert_eq!(wrong("is:qeued").2, "there is no `is:qeued`; did you mean `is:queued`?");
        assert_eq!(wrong("has:cheese").2, "there is no `has:cheese`; `has:` takes note, link, email, page");
        assert_eq!(wrong("ä is:").0, 2, "in characters");
        assert_eq!(wrong("is:").2, "`is:` needs something behind it, such as `is:queued`");
        for bad in ["before:soon", "after:7y", "after:2026-13-01", "after:d", "before:-3d"] {
            assert!(wrong(bad).2.contains("is no time; write 2026-01-31"), "{bad}");
        }
        let many = "x ".repeat(TERMS + 1);
        assert_eq!(wrong(&many).0, TERMS * 2);
    }

    proptest::proptest! {
        #[test]
        fn nothing_typed_panics_and_places_are_within(text in ".{0,60}") {
            if let Err(e) = parse(&text, NOW) {
                proptest::prop_assert!(e.at + e.len <= text.chars().count());
            }
        }
    }
}
