//! An agent's first words: hello, auth, then a snapshot or what they missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::credit::Credit;
use super::sync::{self, Start};
use super::{Agent, REQUESTS, find, info};
use crate::conversation::ConversationId;
use crate::engine::{AgentSession, Engine};
use crate::log::Reader;
use crate::protocol::{
    AgentAuth, AgentAuthOk, AgentOp, CloseCode, Control, FromClient, SiteInfo, SyncMode, WireError,
    splice_prev,
};
use crate::server::answers::{good, id_of, refusal};
use crate::server::bucket::TokenBucket;
use crate::server::hello::Stranger;
use crate::server::link::{End, Link};
use crate::server::shared::{Shared, now};

type Gone = Box<(Link, End)>;

/// Read cursors told at the start.
const READS: usize = 2_000;
/// Rows in a page of a snapshot.
const PAGE: usize = 200;

/// Greets, waits for `auth` and answers it.
///
/// # Errors
/// The link, and how it is to be closed.
pub(super) async fn welcome(mut link: Link, shared: Arc<Shared>) -> Result<Box<Agent>, Gone> {
    let (id, auth) = match first_words(&mut link, &shared).await {
        Ok(first) => first,
        Err(end) => return Err(Box::new((link, end))),
    };
    let session = match shared.engine.authenticate(&auth.token).await {
        Ok(Some(session)) => session,
        Ok(None) => {
            return Err(unknown_token(link, &id).await);
        }
        Err(error) => return Err(unreadable(link, &id, &error).await),
    };
    // First the queue, then the log: what is committed in between is in both, and dropped by its seq.
    let sub = shared.engine.subscribe_agent(session.clone(), &auth.instance, shared.limits().outbox_frames);
    let lease = auth.client.starts_with("console/").then(|| shared.engine.lease(&session, &auth.instance));
    let sites = session.sites.list();
    let same_log = auth.resume.as_ref().is_some_and(|r| r.log_id == shared.engine.log_id());
    let resume = auth.resume.map(|r| (r, same_log));
    let me = session.agent.id;
    let hash = Engine::token_hash(&auth.token);
    let read = move |r: &Reader| {
        // Once more, now that the subscription is known to whoever withdraws tokens: what changed before is seen here, and
        // what changes from here on ends the subscription.
        let Some(now) = r.agent_by_token(&hash)? else { return Ok(None) };
        let start = sync::start(r, sites.as_deref(), resume, now.rights_seq)?;
        Ok(Some((now.version, start, r.groups()?, r.reads(me, sites.as_deref(), READS)?)))
    };
    let (start, groups, reads) = match shared.engine.read(read).await {
        Ok(Some((version, start, groups, reads))) if version == session.version => (start, groups, reads),
        Ok(Some(_)) => {
            let end = End::Close(CloseCode::RightsChanged, "your role, sites or groups changed");
            return Err(Box::new((link, end)));
        }
        Ok(None) => return Err(unknown_token(link, &id).await),
        Err(error) => return Err(unreadable(link, &id, &error).await),
    };
    let (head, cursor) = match &start {
        Start::Resumed { head, after, .. } => (*head, *after),
        Start::Snapshot { head, .. } => (*head, *head),
    };
    let mut agent = Box::new(Agent {
        cursor,
        seen: head,
        watching: HashMap::new(),
        afterwards: Vec::new(),
        credit: Credit::default(),
        requests: TokenBucket::new(REQUESTS.0, REQUESTS.1, Instant::now()),
        too_fast: 0,
        strikes: 0,
        heard: true,
        misses: 0,
        instance: auth.instance,
        session,
        lease,
        sub,
        link,
        shared,
    });
    let answer = good(&id, &auth_ok(&agent.shared, &agent.session, &start, groups, reads), None);
    match agent.begin(answer, start).await {
        Ok(()) => Ok(agent),
        Err(end) => {
            agent.leave(end);
            let Agent { link, .. } = *agent;
            Err(Box::new((link, end)))
        }
    }
}

impl Agent {
    async fn begin(&mut self, answer: String, start: Start) -> Result<(), End> {
        self.link.feed(answer).await?;
        match start {
            Start::Resumed { frames, .. } => {
                for frame in frames {
                    self.link.feed(splice_prev(frame.kind, self.cursor, &frame.tail)).await?;
                    self.cursor = frame.seq;
                }
                self.feed_standing().await?;
                self.heartbeat().await
            }
            Start::Snapshot { head, mut rows, .. } => loop {
                let rest = rows.split_off(rows.len().min(PAGE));
                let more = !rest.is_empty();
                self.link.control(&Control::Snapshot { as_of: head, rows, more }).await?;
                if !more {
                    self.feed_standing().await?;
                    return self.link.flush().await;
                }
                rows = rest;
            },
        }
    }
}

fn auth_ok(
    shared: &Shared,
    session: &AgentSession,
    start: &Start,
    groups: Vec<String>,
    reads: Vec<(ConversationId, u64)>,
) -> AgentAuthOk {
    let agents = shared.engine.agents();
    let sites = shared.engine.sites();
    let (mode, reason, replayed, head) = match start {
        Start::Resumed { frames, head, .. } => (SyncMode::Resumed, None, frames.len() as u64, *head),
        Start::Snapshot { reason, head, .. } => (SyncMode::Snapshot, Some((*reason).to_owned()), 0, *head),
    };
    let timings = sites.first().map(|s| s.settings.timings).unwrap_or_default();
    let me = find(&agents, session.agent.id).map(info).unwrap_or_else(|| crate::protocol::AgentInfo {
        id: session.agent.id,
        name: session.agent.name.clone(),
        role: session.role,
        availability: Default::default(),
        present: false,
        groups: session.groups.clone(),
    });
    AgentAuthOk {
        agent: me,
        sites: sites
            .iter()
            .filter(|s| session.sites.allows(&s.id))
            .map(|s| SiteInfo {
                id: s.id.clone(),
                name: s.name.clone(),
                mail: Some(shared.engine.mails(&s.id)),
            })
            .collect(),
        agents: agents.iter().map(info).collect(),
        log_id: shared.engine.log_id().to_owned(),
        head,
        mode,
        reason,
        replayed,
        server_time: now(),
        warn_after_ms: timings.warn_after_ms,
        return_after_ms: timings.return_after_ms,
        capacity: shared.engine.capacity(),
        groups,
        reads,
    }
}

async fn first_words(link: &mut Link, shared: &Shared) -> Result<(String, AgentAuth), End> {
    let mut stranger = Stranger::greet(link, shared).await?;
    loop {
        let text = stranger.text().await?;
        let (id, error) = match FromClient::parse(&text) {
            Ok(FromClient::Control(_)) => continue,
            Ok(FromClient::Request(r)) => match AgentOp::parse(r.op, r.d) {
                Ok(AgentOp::Auth(auth)) => match check(&auth) {
                    Ok(()) => return Ok((r.id.to_owned(), auth)),
                    Err(error) => (r.id.to_owned(), error),
                },
                Ok(_) => {
                    let words = "the first request is auth";
                    stranger.link.send(refusal(r.id, &WireError::new("auth.required", words))).await?;
                    continue;
                }
                Err(error) => (r.id.to_owned(), error),
            },
            Err(error) => (id_of(&text), error),
        };
        stranger.link.send(refusal(&id, &error)).await?;
        return Err(End::Close(CloseCode::ProtocolError, "that was no auth"));
    }
}

fn check(auth: &AgentAuth) -> Result<(), WireError> {
    for (name, text, most) in
        [("token", &auth.token, 512), ("client", &auth.client, 128), ("instance", &auth.instance, 128)]
    {
        if text.is_empty() || text.len() > most {
            return Err(WireError::bad_request(format!("auth: {name} has 1 to {most} bytes")));
        }
    }
    Ok(())
}

async fn unknown_token(mut link: Link, id: &str) -> Gone {
    let words = "this token is unknown or was withdrawn; ask whoever runs the server for a new one (baton agent add, or rotate)";
    let _ = link.send(refusal(id, &WireError::new("auth.failed", words))).await;
    Box::new((link, End::Close(CloseCode::AuthFailed, "auth failed")))
}

async fn unreadable(mut link: Link, id: &str, error: &crate::log::StoreError) -> Gone {
    tracing::error!(%error, "an agent's start could not be read");
    let _ = link.send(refusal(id, &WireError::internal())).await;
    Box::new((link, End::Close(CloseCode::Overloaded, "try again soon")))
}
