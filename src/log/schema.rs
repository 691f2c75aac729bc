//! The tables of the first version, and the marks by which a file is known as ours.
//!
//! Three kinds of tables. *Log*: `events` and the ids its integers stand for (`streams`, `principals`, `sites`).
//! *Read model*: `conversations`, which [`super::rebuild`] makes anew, and `texts`, which follows by the cursor in
//! `meta`. *Stored state*: `agents`, `meta`, the cursors and `rung`, which nothing derives.

/// `PRAGMA application_id`: "BATN".
pub(super) const APPLICATION_ID: u32 = 0x4241_544e;

/// Version of the fold whose states stand in `conversations.doc`. Raise it when [`crate::conversation::Conversation`]
/// or its `apply` changes meaning or shape: the read model is then rebuilt when the store is opened.
pub(super) const FOLD: i64 = 3;

/// Key in `meta`: the log's incarnation.
pub(super) const LOG_ID: &str = "log_id";
/// Key in `meta`: which [`FOLD`] made the read model.
pub(super) const FOLD_KEY: &str = "fold";
/// Key in `meta`: last position in the full-text index.
pub(super) const TEXT_CURSOR: &str = "text_cursor";
/// Key in `meta`: erased words may still stand in the files.
pub(super) const SCRUB_DUE: &str = "scrub_due";
/// Key in `meta`: the Baton that brought the store to its version, for those too old to read it.
pub(super) const APP: &str = "app";

/// Key in `meta`: how often agents were changed, all in all.
pub(super) const AGENTS_VERSION: &str = "agents_version";

/// Version 1.
///
/// - `events`: one row and two index entries a message. The client id comes first in its index because ids by
///   convention begin with their time: entries of one group stand on one page, not on one page a principal.
/// - `conversations`: `state`, `rank`, `agent` and `unfinished` are a [`super::place::Place`], `changed` is the seq of
///   the last event. Lists read the indexes (site, state, rank) and (site, changed), so a page costs the same at any
///   number of messages.
/// - `texts`: contentless, so that no text is stored twice; rowid is the event's seq; `site` holds `s<key>` so that
///   a search within sites is answered by the index, too.
pub(super) const V1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sites (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE principals (key INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL, UNIQUE (kind, id)) STRICT;
CREATE TABLE streams (key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  principal INTEGER NOT NULL,
  cid BLOB,
  cid_hash BLOB,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_stream ON events (stream, version);
CREATE UNIQUE INDEX events_cid ON events (cid, principal) WHERE cid IS NOT NULL;

CREATE TABLE conversations (
  key INTEGER PRIMARY KEY,
  site INTEGER NOT NULL,
  visitor INTEGER NOT NULL,
  state INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  agent INTEGER,
  unfinished INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;
CREATE INDEX conversations_list ON conversations (site, state, rank);
CREATE INDEX conversations_changed ON conversations (site, changed);
CREATE INDEX conversations_mine ON conversations (agent, rank) WHERE agent IS NOT NULL;
CREATE INDEX conversations_visitor ON conversations (visitor, site);
CREATE INDEX conversations_unfinished ON conversations (key) WHERE unfinished = 1;

CREATE TABLE agents (
  key INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  folded TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  sites TEXT,
  token_sha256 BLOB NOT NULL UNIQUE,
  available INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  until INTEGER,
  available_at INTEGER,
  last_seen INTEGER
) STRICT;

CREATE VIRTUAL TABLE texts USING fts5(
  site, body, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);
";

/// Version 2: the groups an agent belongs to, as a JSON array of labels.
pub(super) const V2: &str = "ALTER TABLE agents ADD COLUMN member_of TEXT NOT NULL DEFAULT '[]';";

/// Cursors of visitors and agents, and what was last sent to webhooks. All of it is stored state.
pub(super) const CURSORS: &str = "
CREATE TABLE seen (stream INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE reads (
  stream INTEGER NOT NULL, agent INTEGER NOT NULL, messages INTEGER NOT NULL, PRIMARY KEY (stream, agent)
) STRICT, WITHOUT ROWID;
CREATE TABLE rung (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// Version 4: who did what ([`super::audit`]), who may not write ([`super::blocks`]), and agents that change.
///
/// - `agents.version` counts an agent's changes, `token_no` their tokens; `rights_seq` is the log's position when their role
///   or sites changed last: a console that stood there or before starts anew. `agents_version` in `meta` counts the changes
///   of all, so that a server notices those it was not told of.
/// - `audit`: one row an entry, numbered without gap; `hash` covers the row before. No row is ever changed or removed.
/// - `blocks`: either `visitor` or `address` is set; `site` may be null for an address: all sites.
pub(super) const PEOPLE: &str = "
ALTER TABLE agents ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN token_no INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN rights_seq INTEGER NOT NULL DEFAULT 0;
INSERT INTO meta (name, value) VALUES ('agents_version', 0);

CREATE TABLE audit (
  no INTEGER PRIMARY KEY, at INTEGER NOT NULL, entry TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'audit entries are never removed');
END;

CREATE TABLE blocks (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  site TEXT,
  visitor BLOB,
  address TEXT,
  reason TEXT NOT NULL,
  until INTEGER,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  CHECK ((visitor IS NULL) <> (address IS NULL)),
  CHECK (visitor IS NULL OR site IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX blocks_visitor ON blocks (visitor, site) WHERE visitor IS NOT NULL;
CREATE UNIQUE INDEX blocks_address ON blocks (address, ifnull(site, '')) WHERE address IS NOT NULL;
";

/// Version 5: up to which version a conversation is erased, by kind ([`super::erase::code`]). Stored state: rules look at each
/// conversation once.
pub(super) const ERASED: &str = "
CREATE TABLE erased (
  stream INTEGER NOT NULL, what INTEGER NOT NULL, through INTEGER NOT NULL, PRIMARY KEY (stream, what)
) STRICT, WITHOUT ROWID;
";

/// Version 6: the outbox of mail, see [`super::mails`]. Stored state. A row covers an agent's replies from version `first` to `last` of a
/// conversation; `state` is a [`crate::protocol::MailState`]. No words of anybody stand here but the mail server's.
pub(super) const MAILS: &str = "
CREATE TABLE mails (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  stream INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  state INTEGER NOT NULL,
  ticket INTEGER NOT NULL,
  made INTEGER NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  message_id TEXT,
  changed INTEGER NOT NULL,
  reason TEXT
) STRICT;
CREATE INDEX mails_stream ON mails (stream, first);
CREATE INDEX mails_due ON mails (state, due);
CREATE INDEX mails_changed ON mails (state, changed);
";

/// Every step from one version to the next; the store's version is how many of them it has seen.
pub(super) const STEPS: &[&str] = &[V1, V2, CURSORS, PEOPLE, ERASED, MAILS];

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};
    use uuid::Uuid;

    use super::super::{Log, Reader, StoreError, migrations, open};
    use super::*;
    use crate::conversation::{Conversation, ConversationId, Priority, State};

    /// A store as the first version left it: one agent, one conversation, states of the first fold.
    fn first_version(dir: &std::path::Path) {
        let path = open::store_path(dir);
        let mut conn = Connection::open(&path).expect("a new file");
        conn.pragma_update(None, "application_id", APPLICATION_ID).expect("marked");
        migrations::migrate(&mut conn, &path, &[V1]).expect("a store of version 1");
        let meta = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        conn.execute(meta, (LOG_ID, "log-1")).expect("meta");
        conn.execute(meta, (FOLD_KEY, 1)).expect("meta");
        conn.execute(meta, (TEXT_CURSOR, 0)).expect("meta");
        let agent = "INSERT INTO agents (id, name, folded, role, token_sha256) VALUES (?1, 'Dana', 'dana', 'agent', ?2)";
        conn.execute(agent, params![[7u8; 16], [9u8; 32]]).expect("an agent");
        conn.execute("INSERT INTO sites (key, id) VALUES (1, 'demo')", []).expect("a site");
        let visitor = Uuid::from_u128(1);
        conn.execute("INSERT INTO principals (key, kind, id) VALUES (1, 0, ?1)", [visitor.as_bytes()])
            .expect("a visitor");
        conn.execute("INSERT INTO streams (key, id) VALUES (1, ?1)", [Uuid::from_u128(2).as_bytes()])
            .expect("a stream");
        let started = format!(
            r#"{{"type":"conversation.started","d":{{"site":"demo","visitor":{{"id":"{visitor}"}},"page":{{"url":"https://shop.example/"}}}}}}"#
        );
        let said = format!(
            r#"{{"type":"message.posted","d":{{"id":"{visitor}","author":{{"kind":"visitor"}},"text":"hi","epoch":0}}}}"#
        );
        let event =
            "INSERT INTO events (seq, stream, version, at, principal, body) VALUES (?1, 1, ?1, 1000, 1, ?2)";
        conn.execute(event, (1, started)).expect("an event");
        conn.execute(event, (2, said)).expect("an event");
        let row = "INSERT INTO conversations (key, site, visitor, state, rank, unfinished, changed, doc)
                   VALUES (1, 1, 1, 2, 0, 1, 2, '{\"of\":\"the first fold\"}')";
        conn.execute(row, []).expect("a row");
    }

    #[test]
    fn a_store_of_the_first_version_is_opened_with_its_agents_and_conversations() {
        let dir = tempfile::tempdir().expect("a folder");
        first_version(dir.path());
        let log = Log::open(dir.path()).expect("migrated and rebuilt");
        let readers = log.readers(1).expect("readers");
        let agents = readers.with(Reader::agents).expect("read");
        assert_eq!((agents[0].name.as_str(), agents[0].groups.len()), ("Dana", 0));
        let id = ConversationId(Uuid::from_u128(2));
        let c: Result<_, StoreError> = readers.with(|r| r.conversation(id));
        let c = c.expect("read").expect("there");
        assert_eq!((c.state, c.visitor_messages, c.trail.len()), (State::Assistant, 1, 1));
        assert_eq!((c.priority, c.tags.len(), c.device), (Priority::Normal, 0, None));
    }

    /// A state of another shape cannot be read from older rows. If this fails: raise [`FOLD`], then set both here.
    #[test]
    fn the_fold_has_the_shape_its_number_says() {
        let state = serde_json::to_value(Conversation::empty(ConversationId::NIL)).expect("a state is JSON");
        let names: Vec<&str> = state.as_object().expect("an object").keys().map(String::as_str).collect();
        let known = "announced answered answered_version counters device episode episode_version epoch group handoff held_since holder \
                     human_held id last_agent last_at last_author last_message_at last_text last_visitor_version \
                     lead_wanted linked messages page priority queued_at resolved set_aside site snoozed_until started_at state tags ticket \
                     trail version visitor visitor_messages waiting_since warned";
        assert_eq!((FOLD, names.join(" ").as_str()), (3, known));
    }
}
