//! Who is meant by `--visitor` and `--conversation` of the commands that work on a data folder.

use std::path::Path;

use super::backup::refused;
use super::out::inert;
use super::{Failure, local};
use crate::conversation::{ConversationId, VisitorId};
use crate::log::{Readers, StoreError};

/// The conversations meant.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) ids: Vec<ConversationId>,
    /// Whose, in words; harmless.
    pub(super) who: String,
}

/// A visitor by id or by the e-mail address they gave last, which several may have given.
///
/// # Errors
/// Nobody is meant, or the store cannot be read.
pub(super) fn visitors(data: &Path, named: &str) -> Result<Vec<(VisitorId, Vec<ConversationId>)>, Failure> {
    let readers = Readers::of(data, 1).map_err(refused)?;
    let (id, email) = (named.parse::<VisitorId>().ok(), named.to_owned());
    let found = readers.with(|r| {
        let visitors = match id {
            Some(id) => vec![id],
            None if email.contains('@') => r.visitors_by_email(&email)?,
            None => Vec::new(),
        };
        visitors.into_iter().map(|v| Ok((v, r.conversations_of(v)?))).collect::<Result<Vec<_>, StoreError>>()
    });
    let mut found = found.map_err(|e| local(&e.into()))?;
    found.retain(|(_, conversations)| !conversations.is_empty());
    if found.is_empty() {
        return Err(Failure::Refused(format!(
            "no visitor with a conversation here has the id or e-mail address “{}”; `baton show ID --json` tells a visitor's id",
            inert(named)
        )));
    }
    Ok(found)
}

/// All conversations of a visitor.
///
/// # Errors
/// As [`visitors`].
pub(super) fn find(data: &Path, named: &str) -> Result<Found, Failure> {
    let visitors = visitors(data, named)?;
    let who = match visitors.as_slice() {
        [(id, _)] => format!("visitor {id}"),
        several => format!("{} visitors who gave {}", several.len(), inert(named)),
    };
    Ok(Found { ids: visitors.into_iter().flat_map(|(_, ids)| ids).collect(), who })
}

/// One conversation by its id or first digits.
///
/// # Errors
/// None or several are meant, or the store cannot be read.
pub(super) fn conversation(data: &Path, named: &str) -> Result<Found, Failure> {
    let readers = Readers::of(data, 1).map_err(refused)?;
    let ids = readers.with(|r| r.by_prefix(named)).map_err(|e| local(&e.into()))?;
    match ids.as_slice() {
        [id] => Ok(Found { ids: vec![*id], who: format!("conversation {}", id.short()) }),
        [] => Err(Failure::Refused(format!("there is no conversation “{}” here", inert(named)))),
        _ => Err(Failure::Refused(format!(
            "several conversations begin with “{}”; give more digits",
            inert(named)
        ))),
    }
}
