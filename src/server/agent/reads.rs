//! What an agent may read: lists, conversations, history, search. Every read carries the agent's sites, and a conversation
//! of another site answers exactly as one that does not exist.

use serde_json::json;

use super::{Agent, WATCHED};
use crate::conversation::{ConversationId, Entry, Rejection};
use crate::log::{Reader, StoreError};
use crate::protocol::{
    ConversationArg, HistoryOk, ListArg, ListOk, ReadArg, SearchArg, SearchHit, SearchOk, WatchOk, WireError,
    query,
};
use crate::server::answers::no_nul;
use crate::server::shared::now;

/// Bytes of entries in one answer: a transcript in a terminal is read by the page.
const ENTRY_BYTES: usize = 768 * 1024;
/// Mails told with a conversation.
const MAILS: usize = 20;
/// Longest search, bytes.
const QUERY: usize = 500;

fn unknown() -> WireError {
    WireError::from(&Rejection::Unknown)
}

pub(super) fn fault(error: StoreError) -> WireError {
    tracing::error!(%error, "an agent's read failed");
    WireError::internal()
}

impl Agent {
    async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, WireError> {
        self.shared.engine.read(f).await.map_err(fault)
    }

    /// Whether a conversation exists for this agent.
    pub(super) async fn may_see(&self, id: ConversationId) -> Result<(), WireError> {
        if self.watching.contains_key(&id) {
            return Ok(());
        }
        let sites = self.session.sites.clone();
        let seen = self
            .read(move |r| Ok(r.conversation(id)?.is_some_and(|c| c.site.is_some_and(|s| sites.allows(&s)))))
            .await?;
        if seen { Ok(()) } else { Err(unknown()) }
    }

    /// All groups somebody belongs to.
    pub(super) async fn groups(&self) -> Result<Vec<String>, WireError> {
        self.read(Reader::groups).await
    }

    pub(super) async fn list(&self, arg: ListArg) -> Result<ListOk, WireError> {
        let sites = match arg.site {
            None => self.session.sites.list(),
            Some(site) if self.session.sites.allows(&site) && self.shared.engine.site(&site).is_some() => {
                Some(vec![site])
            }
            Some(_) => return Err(WireError::new("site.unknown", "there is no such site")),
        };
        if arg.cursor.as_ref().is_some_and(|c| c.len() > 512) {
            return Err(WireError::bad_request("list: this cursor is none of ours"));
        }
        let limit = arg.limit.unwrap_or(100).clamp(1, 500) as usize;
        let me = self.session.agent.id;
        let (page, as_of) = self
            .read(move |r| {
                let page = r.list(arg.tab, Some(me), sites.as_deref(), arg.cursor.as_deref(), limit)?;
                Ok((page, r.head()?))
            })
            .await?;
        Ok(ListOk { rows: page.rows, next: page.next, as_of, server_time: now() })
    }

    pub(super) async fn watch(&mut self, arg: ConversationArg) -> Result<WatchOk, WireError> {
        let id = arg.conversation;
        if self.watching.len() >= WATCHED && !self.watching.contains_key(&id) {
            let words = format!("at most {WATCHED} conversations are watched at once; unwatch one first");
            return Err(WireError::new("watch.too_many", words));
        }
        let limit = arg.limit.unwrap_or(100).clamp(1, 1000) as usize;
        let sites = self.session.sites.clone();
        let read = self.read(move |r| {
            let as_of = r.head()?;
            let Some(c) = r.conversation(id)? else { return Ok(None) };
            let Some(site) = c.site.clone().filter(|s| sites.allows(s)) else { return Ok(None) };
            let (entries, more) = r.entries(id, arg.before, limit)?;
            let earlier = match &c.visitor {
                Some(visitor) => r.of_visitor(&site, visitor.id, id, 5)?,
                None => Vec::new(),
            };
            let (entries, more) = newest(entries, more);
            let seen = r.seen(id)?;
            let mails = r.mails_of(id, MAILS)?.iter().filter_map(|mail| mail.info(&c)).collect();
            Ok(Some(WatchOk { conversation: Box::new(c), entries, more, as_of, earlier, seen, mails }))
        });
        let ok = read.await?.ok_or_else(unknown)?;
        self.watching.insert(id, ok.as_of);
        if self.lease.is_some() {
            self.shared.engine.viewing(&self.session, &self.instance, id, true);
        }
        Ok(ok)
    }

    pub(super) async fn have_read(&self, arg: ReadArg) -> Result<(), WireError> {
        let (id, sites) = (arg.conversation, self.session.sites.clone());
        let read = self.read(move |r| {
            let c = r.conversation(id)?;
            Ok(c.filter(|c| c.site.as_ref().is_some_and(|s| sites.allows(s))).map(|c| c.visitor_messages))
        });
        let messages = read.await?.ok_or_else(unknown)?;
        self.shared.engine.agent_read(&self.session, &self.instance, id, arg.messages.min(messages));
        Ok(())
    }

    pub(super) async fn history(&self, arg: ConversationArg) -> Result<HistoryOk, WireError> {
        let id = arg.conversation;
        let limit = arg.limit.unwrap_or(100).clamp(1, 1000) as usize;
        let sites = self.session.sites.clone();
        let read = self.read(move |r| {
            let Some(c) = r.conversation(id)? else { return Ok(None) };
            if !c.site.is_some_and(|s| sites.allows(&s)) {
                return Ok(None);
            }
            r.entries(id, arg.before, limit).map(Some)
        });
        let (entries, more) = read.await?.ok_or_else(unknown)?;
        let (entries, more) = newest(entries, more);
        Ok(HistoryOk { entries, more })
    }

    pub(super) async fn search(&self, arg: SearchArg) -> Result<SearchOk, WireError> {
        no_nul(&arg.query)?;
        if arg.query.trim().is_empty() || arg.query.len() > QUERY {
            return Err(WireError::new("search.bad_query", format!("a search has 1 to {QUERY} bytes")));
        }
        let query = query::parse(&arg.query, now()).map_err(|e| {
            let place = json!({ "at": e.at, "len": e.len });
            WireError::new("search.bad_query", e.to_string()).with(place)
        })?;
        let known = |c: &String| c.len() <= 24 && c.starts_with(['m', 'c']) && c[1..].parse::<i64>().is_ok();
        if arg.cursor.as_ref().is_some_and(|c| !known(c)) {
            return Err(WireError::bad_request("search: this cursor is none of ours"));
        }
        let limit = arg.limit.unwrap_or(50).clamp(1, 200) as usize;
        let (sites, me) = (self.session.sites.list(), self.session.agent.id);
        let found = self
            .read(move |r| r.search(&query, Some(me), sites.as_deref(), arg.cursor.as_deref(), limit))
            .await?;
        let hits =
            found.hits.into_iter().map(|h| SearchHit { row: h.row, excerpt: h.excerpt, version: h.version });
        Ok(SearchOk { hits: hits.collect(), next: found.next })
    }
}

/// The newest entries that fit into one answer; at least one.
fn newest(mut entries: Vec<Entry>, more: bool) -> (Vec<Entry>, bool) {
    let mut bytes = 0;
    let keep = entries.iter().rev().take_while(|e| {
        let first = bytes == 0;
        // As JSON, since a control character takes six bytes there.
        bytes += serde_json::to_string(e).map_or(0, |s| s.len()).max(1);
        first || bytes <= ENTRY_BYTES
    });
    let keep = keep.count();
    let cut = entries.len() - keep;
    entries.drain(..cut);
    (entries, more || cut > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{EntryKind, Time};

    fn entry(version: u64, bytes: usize) -> Entry {
        let kind = EntryKind::Notice { text: "x".repeat(bytes) };
        Entry { seq: version, version, at: Time(0), kind }
    }

    #[test]
    fn an_answer_keeps_the_newest_that_fit() {
        let (few, more) = newest((1..=10).map(|v| entry(v, 10)).collect(), false);
        assert_eq!((few.len(), more), (10, false));
        let (kept, more) = newest((1..=200).map(|v| entry(v, 8 * 1024)).collect(), false);
        assert!(more && kept.len() < 100 && kept.len() > 80, "{}", kept.len());
        assert_eq!(kept.last().map(|e| e.version), Some(200));
        let (one, more) = newest(vec![entry(1, 10), entry(2, 2 * ENTRY_BYTES)], false);
        assert_eq!((one.len(), more), (1, true));
    }
}
