//! From what a person types to a conversation: a whole id, or its first digits where they are unambiguous.

use super::Failure;
use crate::client::oneshot::Session;
use crate::conversation::{ConversationId, Tab};
use crate::protocol::{AgentOp, ListArg, ListOk};

/// Fewest digits of a prefix.
const FEWEST: usize = 4;
/// Rows a page.
pub(super) const PAGE: u32 = 500;

/// What was typed, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Whole(ConversationId),
    /// Lower-case hexadecimal digits without hyphens.
    Prefix(String),
}

/// Reads what was typed. Usable as a clap value parser.
pub(super) fn parse(text: &str) -> Result<Named, String> {
    let digits: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) || digits.len() < FEWEST || digits.len() > 32 {
        return Err(format!(
            "a conversation is named by its id, or by the first {FEWEST} or more digits of it (0-9, a-f); see `baton queue`"
        ));
    }
    if digits.len() == 32 {
        return digits.parse().map(Named::Whole).map_err(|e| e.to_string());
    }
    Ok(Named::Prefix(digits))
}

/// Finds the conversation.
pub(super) async fn find(session: &mut Session, named: &Named) -> Result<ConversationId, Failure> {
    let prefix = match named {
        Named::Whole(id) => return Ok(*id),
        Named::Prefix(prefix) => prefix,
    };
    let mut found: Option<ConversationId> = None;
    let mut cursor = None;
    loop {
        let op = AgentOp::List(ListArg { tab: Tab::All, site: None, cursor, limit: Some(PAGE) });
        let page: ListOk = session.get(&op).await?;
        for row in page.rows.iter().filter(|row| row.id.0.simple().to_string().starts_with(prefix)) {
            if found.is_some_and(|other| other != row.id) {
                return Err(Failure::Refused(format!(
                    "{prefix} begins more than one conversation's id; type more of it"
                )));
            }
            found = Some(row.id);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    found.ok_or_else(|| Failure::Refused(format!("no conversation's id begins with {prefix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_prefixes() {
        let id = "3f2a9c41-0000-4000-8000-00000000000a";
        assert_eq!(parse(id), Ok(Named::Whole(id.parse().expect("an id"))));
        assert_eq!(parse("3F2A9C41"), Ok(Named::Prefix("3f2a9c41".into())));
        assert_eq!(parse("3f2a-9c"), Ok(Named::Prefix("3f2a9c".into())));
        for bad in ["", "3f2", "xyzw", "3f2a 9c", "--", &"a".repeat(33)] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
