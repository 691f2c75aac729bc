//! A search's tree as SQL: conditions on a conversation (`c`) and on one of its events (`e`). Whatever was typed stands in
//! bound values only.

use rusqlite::types::Value;

use super::place::code;
use super::text_index::spaced;
use crate::conversation::{State, Time};
use crate::protocol::query::{By, Has, Is, Query, Term, What};

/// A condition and the values bound in it, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Condition {
    fn always() -> Self {
        Self { sql: "TRUE".into(), values: Vec::new() }
    }

    fn and(&mut self, negated: bool, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if negated { " AND NOT (" } else { " AND (" });
        self.sql.push_str(sql);
        self.sql.push(')');
        self.values.extend(values);
    }
}

/// What concerns the conversation. `sites`: keys of the sites that may be seen; `me`: the asker's key.
pub(super) fn of_conversation(query: &Query, sites: &[i64], me: Option<i64>) -> Condition {
    let mut all = Condition::always();
    let marks = vec!["?"; sites.len()].join(", ");
    all.and(false, &format!("c.site IN ({marks})"), sites.iter().map(|key| Value::Integer(*key)));
    for Term { negated, what } in &query.terms {
        let (sql, values): (&str, Vec<Value>) = match what {
            What::Text { .. } | What::From(_) => continue,
            // Spares a look at the messages of what was over before or began after.
            What::After(at) if !negated => {
                ("json_extract(c.doc, '$.last_at') >= ?", vec![Value::Text(at.to_string())])
            }
            What::Before(at) if !negated => {
                ("json_extract(c.doc, '$.started_at') < ?", vec![Value::Text(at.to_string())])
            }
            What::After(_) | What::Before(_) => continue,
            What::Page(part) => (
                "EXISTS (SELECT 1 FROM events p WHERE p.stream = c.key AND json_extract(p.body, '$.type') IN \
                 ('conversation.started', 'page.visited', 'handoff.initiated') AND instr(folded(coalesce(\
                 json_extract(p.body, '$.d.page.url'), json_extract(p.body, '$.d.handoff.page.url'))), ?) > 0)",
                vec![folded_value(part)],
            ),
            What::Tag { tag, open: false } => (
                "EXISTS (SELECT 1 FROM json_each(c.doc, '$.tags') t WHERE folded(t.value) = ?)",
                vec![folded_value(tag)],
            ),
            What::Tag { tag, open: true } => (
                "EXISTS (SELECT 1 FROM json_each(c.doc, '$.tags') t WHERE instr(folded(t.value), ?) = 1)",
                vec![folded_value(tag)],
            ),
            What::Site(begin) => {
                ("c.site IN (SELECT key FROM sites WHERE instr(id, ?) = 1)", vec![Value::Text(begin.clone())])
            }
            What::Is(is) => is_sql(*is, me),
            What::Has(has) => (has_sql(*has), Vec::new()),
        };
        all.and(*negated, sql, values);
    }
    all
}

fn is_sql(is: Is, me: Option<i64>) -> (&'static str, Vec<Value>) {
    let state = |state| Value::Integer(code(state));
    match is {
        Is::State(s) => ("c.state = ?", vec![state(s)]),
        // Without a key nobody ever saw the asker act: nothing is theirs.
        Is::Mine => {
            ("c.state = ? AND c.agent IS ?", vec![state(State::Active), Value::Integer(me.unwrap_or(-1))])
        }
        Is::Open => ("c.state <> ?", vec![state(State::Resolved)]),
        Is::Ticket => ("json_extract(c.doc, '$.ticket')", Vec::new()),
        Is::Waiting => (
            "c.state = ? OR (c.state IN (?, ?) AND json_extract(c.doc, '$.waiting_since') IS NOT NULL)",
            vec![state(State::Queued), state(State::Active), state(State::Assistant)],
        ),
    }
}

fn has_sql(has: Has) -> &'static str {
    match has {
        Has::Note => {
            "EXISTS (SELECT 1 FROM events n WHERE n.stream = c.key AND json_extract(n.body, '$.type') = 'note.added')"
        }
        Has::Link => {
            "EXISTS (SELECT 1 FROM events n WHERE n.stream = c.key AND json_extract(n.body, '$.type') = \
             'message.posted' AND (json_extract(n.body, '$.d.text') LIKE '%http://%' OR \
             json_extract(n.body, '$.d.text') LIKE '%https://%' OR json_extract(n.body, '$.d.text') LIKE '%www.%'))"
        }
        Has::Email => "json_extract(c.doc, '$.visitor.email') IS NOT NULL",
        Has::Page => {
            "coalesce(json_extract(c.doc, '$.page.url'), json_extract(c.doc, '$.handoff.page.url'), '') <> ''"
        }
    }
}

/// What concerns a message or note, beside the words that are looked up in the index.
pub(super) fn of_message(query: &Query) -> Condition {
    let mut all = Condition::always();
    all.and(false, "json_extract(e.body, '$.type') IN ('message.posted', 'note.added')", []);
    for Term { negated, what } in &query.terms {
        match what {
            What::Text { words, open } if *negated && searchable(words) => {
                let sql = "EXISTS (SELECT 1 FROM texts WHERE texts MATCH ? AND rowid = e.seq)";
                all.and(true, sql, [Value::Text(format!("body : {}", phrase(words, *open)))]);
            }
            What::From(By::Visitor) => all.and(*negated, "json_extract(e.body, '$.d.author.kind') IS 'visitor'", []),
            What::From(By::Assistant) => {
                all.and(*negated, "json_extract(e.body, '$.d.author.kind') IS 'assistant'", []);
            }
            What::From(By::Agent) => all.and(
                *negated,
                "json_extract(e.body, '$.d.author.kind') IS 'agent' OR json_extract(e.body, '$.type') = 'note.added'",
                [],
            ),
            What::From(By::Named(name)) => all.and(
                *negated,
                "instr(folded(CASE WHEN json_extract(e.body, '$.d.author.kind') IS 'visitor' THEN \
                 coalesce(json_extract(c.doc, '$.visitor.name'), '') || ' ' || \
                 coalesce(json_extract(c.doc, '$.visitor.email'), '') ELSE \
                 coalesce(json_extract(e.body, '$.d.author.name'), json_extract(e.body, '$.d.by.name'), '') END), ?) > 0",
                [folded_value(name)],
            ),
            What::Before(Time(at)) => all.and(*negated, "e.at < ?", [Value::Integer(*at)]),
            What::After(Time(at)) => all.and(*negated, "e.at >= ?", [Value::Integer(*at)]),
            _ => {}
        }
    }
    all
}

/// The words to look up, in FTS5's grammar: each in quotation marks, so that none of them is an operator. None: no words.
pub(super) fn of_index(query: &Query, site_words: &[String]) -> Option<String> {
    let words: Vec<String> = query
        .terms
        .iter()
        .filter(|t| !t.negated)
        .filter_map(|t| match &t.what {
            What::Text { words, open } if searchable(words) => Some(phrase(words, *open)),
            _ => None,
        })
        .collect();
    if words.is_empty() {
        return None;
    }
    let sites: Vec<String> = site_words.iter().map(|word| format!("\"{word}\"")).collect();
    Some(format!("site : ({}) AND body : ({})", sites.join(" OR "), words.join(" AND ")))
}

/// Whether the index can hold anything of these words.
pub(super) fn searchable(words: &str) -> bool {
    words.chars().any(char::is_alphanumeric)
}

fn phrase(words: &str, open: bool) -> String {
    // NUL would end the query early, and is no part of a word.
    let words: String = words.chars().filter(|c| *c != '\0').take(100).collect();
    format!("\"{}\"{}", spaced(&words).replace('"', "\"\""), if open { "*" } else { "" })
}

fn folded_value(text: &str) -> Value {
    Value::Text(super::search::folded(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::protocol::query::parse;

    fn query(text: &str) -> Query {
        parse(text, Time(0)).unwrap()
    }

    #[test]
    fn the_index_is_asked_for_words_only() {
        let index = |text: &str| of_index(&query(text), &["s1".into()]);
        assert_eq!(index("a\"b NEAR(").unwrap(), "site : (\"s1\") AND body : (\"a\"\"b\" AND \"NEAR(\"*)");
        assert_eq!(index("你好").unwrap(), "site : (\"s1\") AND body : (\" 你  好 \"*)");
        assert_eq!(
            index("\"lost parcel\" x is:open").unwrap(),
            "site : (\"s1\") AND body : (\"lost parcel\" AND \"x\"*)"
        );
        assert_eq!(index("is:open -x * ^"), None);
    }

    #[test]
    fn what_was_typed_is_bound_and_never_part_of_the_sql() {
        let hostile = "'); DROP TABLE events; --";
        let text = format!(
            "from:\"{hostile}\" page:\"{hostile}\" -tag:\"{hostile}\" site:\"{hostile}\" -\"{hostile}\""
        );
        let query = query(&text);
        for condition in [of_conversation(&query, &[1], None), of_message(&query)] {
            assert!(!condition.sql.to_lowercase().contains("drop"), "{}", condition.sql);
            assert_eq!(condition.sql.matches('?').count(), condition.values.len(), "{}", condition.sql);
        }
    }
}
