//! What an agent's socket starts from, and what it missed, each read from the log in one read transaction.

use crate::conversation::{ConversationId, Row, SiteId};
use crate::log::{Reader, StoreError};
use crate::protocol::{Resume, encode_event_tail, encode_row_tail};

/// Rows replayed at most; further back a snapshot is cheaper.
const REPLAY: usize = 2_000;
/// Events of one watched conversation replayed at most.
const EVENTS: usize = 5_000;

/// A numbered frame without its `prev`.
pub(super) struct Numbered {
    pub(super) kind: &'static str,
    pub(super) seq: u64,
    pub(super) tail: String,
}

/// What came after a position.
pub(super) struct Missed {
    pub(super) head: u64,
    /// In order of seq; at the same seq events before the row.
    pub(super) frames: Vec<Numbered>,
}

/// A start.
pub(super) enum Start {
    /// What changed since the client's own position.
    Resumed { head: u64, after: u64, frames: Vec<Numbered> },
    /// Everything open.
    Snapshot { head: u64, rows: Vec<Row>, reason: &'static str },
}

/// Reads a start. `resume`: where the client left off, with whether its log is this one. `rights_seq`: where the log was when
/// the agent's role or sites changed last; what a client has from before may be none of theirs any more.
pub(super) fn start(
    r: &Reader,
    sites: Option<&[SiteId]>,
    resume: Option<(Resume, bool)>,
    rights_seq: u64,
) -> Result<Start, StoreError> {
    let head = r.head()?;
    let reason = match resume {
        None => "first",
        Some((_, false)) => "another_log",
        Some((Resume { last_seq, .. }, true)) if last_seq > head => "ahead",
        Some((Resume { last_seq, .. }, true)) if rights_seq > 0 && last_seq <= rights_seq => "rights_changed",
        Some((Resume { last_seq: after, .. }, true)) => match missed(r, sites, after, &[])? {
            Some(Missed { head, frames }) => return Ok(Start::Resumed { head, after, frames }),
            None => "too_far_behind",
        },
    };
    Ok(Start::Snapshot { head, rows: r.open_rows(sites)?, reason })
}

/// Reads what came after `after`: rows of everything, events of what is watched (each after the position its state was
/// read at). None where that is too much to replay.
pub(super) fn missed(
    r: &Reader,
    sites: Option<&[SiteId]>,
    after: u64,
    watched: &[(ConversationId, u64)],
) -> Result<Option<Missed>, StoreError> {
    let head = r.head()?;
    let rows = r.rows_changed_after(after, sites, REPLAY + 1)?;
    if rows.len() > REPLAY {
        return Ok(None);
    }
    let mut frames = Vec::with_capacity(rows.len());
    for (seq, row) in &rows {
        let tail = encode_row_tail(*seq, row.id, row.version, Some(row)).expect("a row is plain data");
        frames.push(Numbered { kind: "row", seq: *seq, tail });
    }
    for (id, as_of) in watched {
        let events = r.events_of(*id, after.max(*as_of), EVENTS + 1)?;
        if events.len() > EVENTS {
            return Ok(None);
        }
        frames.extend(events.iter().map(|e| Numbered {
            kind: "ev",
            seq: e.seq,
            tail: encode_event_tail(e.seq, e.at, e.conversation, e.version, &e.body),
        }));
    }
    frames.sort_by_key(|f| (f.seq, f.kind == "row"));
    Ok(Some(Missed { head, frames }))
}
