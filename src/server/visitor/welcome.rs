//! A visitor's first words: hello, auth, and what they missed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::entrance::{self, Entrance};
use super::requests::{clip_device, clip_page};
use super::sync::{self, Start};
use super::{REQUESTS, Visitor};
use crate::conversation::{Command, Device, VisitorId, VisitorRef};
use crate::engine::{Refusal, SiteConfig, Submit, Target, Who};
use crate::protocol::{
    CloseCode, FromClient, SyncMode, VisitorAuth, VisitorAuthOk, VisitorOp, VisitorSite, WireError,
    splice_prev,
};
use crate::server::answers::{good, id_of, refusal};
use crate::server::bucket::TokenBucket;
use crate::server::hello::Stranger;
use crate::server::link::{End, Link};
use crate::server::shared::Shared;

type Gone = Box<(Link, End)>;

/// Greets, waits for `auth` and answers it.
///
/// # Errors
/// The link, and how it is to be closed.
pub(super) async fn welcome(
    mut link: Link,
    shared: Arc<Shared>,
    site: Arc<SiteConfig>,
    user_agent: Option<String>,
    address: Option<IpAddr>,
) -> Result<Box<Visitor>, Gone> {
    let (id, auth) = match first_words(&mut link, &shared).await {
        Ok(first) => first,
        Err(end) => return Err(Box::new((link, end))),
    };
    let Entrance { me, token, known, only } = match entrance::enter(&shared, &site, auth.token).await {
        Ok(entrance) => entrance,
        Err(error) => {
            let end = say_no(&mut link, &id, &error).await;
            return Err(Box::new((link, end)));
        }
    };
    // Before anybody hears of them.
    if let Some(end) = refuse_blocked(&mut link, &shared, &site, me, address, &id).await {
        return Err(Box::new((link, end)));
    }
    // First the queue, then the log: what is committed in between is in both, and dropped by its seq.
    let online = shared.visitor_online(&site.id, me);
    // Declared after `online`, so that it is closed before the engine hears that the visitor left.
    let sub = shared.engine.subscribe_visitor(&site.id, me, shared.limits().outbox_frames);
    // Once more: a block made meanwhile told the sockets it knew, and this one was not among them.
    if let Some(end) = refuse_blocked(&mut link, &shared, &site, me, address, &id).await {
        return Err(Box::new((link, end)));
    }
    let start = if known {
        let resume = auth.resume.filter(|r| r.log_id == shared.engine.log_id() && only.is_none());
        let after = resume.map(|r| r.last_seq);
        let of = site.id.clone();
        match shared.engine.read(move |r| sync::start(r, &of, me, after).map(|s| (s, after))).await {
            Ok(start) => start,
            Err(error) => {
                tracing::error!(%error, "a visitor's start could not be read");
                let _ = link.send(refusal(&id, &WireError::internal())).await;
                return Err(Box::new((link, End::Close(CloseCode::Overloaded, "try again soon"))));
            }
        }
    } else {
        (Start::empty(shared.engine.head()), None)
    };
    let (start, after) = start;
    if only.is_some() && start.conversation.as_ref().map(|c| c.id) != only {
        // Another one began between the door and here.
        return Err(Box::new((link, entrance::over())));
    }

    let cursor = match start.mode {
        SyncMode::Resumed => after.unwrap_or(start.head),
        SyncMode::Snapshot => start.head,
    };
    let limits = shared.limits();
    let page = auth.page.map(clip_page);
    let device = clip_device(Device { locale: auth.locale, time_zone: auth.time_zone, user_agent });
    let mut visitor = Box::new(Visitor {
        me: start.visitor.unwrap_or(VisitorRef { id: me, name: None, email: None }),
        cursor,
        seen: start.head,
        conversation: start.conversation.as_ref().map(|c| c.id),
        messages: TokenBucket::new(limits.messages_per_second, limits.message_burst, Instant::now()),
        requests: TokenBucket::new(REQUESTS.0, REQUESTS.1, Instant::now()),
        only,
        shown: 0,
        typed_at: None,
        too_fast: 0,
        strikes: 0,
        heard: true,
        misses: 0,
        _online: online,
        page,
        device,
        link,
        sub,
        site,
        address,
        shared,
    });
    let ok = VisitorAuthOk {
        token,
        visitor: me,
        log_id: visitor.shared.engine.log_id().to_owned(),
        site: VisitorSite {
            id: visitor.site.id.clone(),
            name: visitor.site.name.clone(),
            greeting: visitor.site.greeting.clone(),
        },
        availability: visitor.shared.engine.availability(&visitor.site.id),
        mode: start.mode,
        head: start.head,
        replayed: start.replay.len() as u64,
        conversation: start.conversation,
    };
    match visitor.begin(good(&id, &ok, None), start.mode, start.replay).await {
        Ok(()) => Ok(visitor),
        Err(end) => Err(Box::new((visitor.link, end))),
    }
}

impl Visitor {
    /// Writes the answer and what was missed, and reports the page.
    async fn begin(&mut self, answer: String, mode: SyncMode, replay: Vec<(u64, String)>) -> Result<(), End> {
        self.link.feed(answer).await?;
        for (seq, tail) in replay {
            self.link.feed(splice_prev("ev", self.cursor, &tail)).await?;
            self.cursor = seq;
        }
        match mode {
            SyncMode::Resumed => self.heartbeat().await?,
            SyncMode::Snapshot => self.link.flush().await?,
        }
        if let (Some(page), Some(_)) = (&self.page, self.conversation) {
            let submit = Submit {
                who: Who::Visitor(self.me.clone()),
                target: Target::CurrentOf { site: self.site.id.clone(), visitor: self.me.id },
                command: Command::VisitPage(page.clone()),
                cid: None,
                device: Some(self.device.clone()),
            };
            // A page is a courtesy: a refusal concerns nobody.
            let _ = self.shared.engine.submit(submit).await;
        }
        Ok(())
    }
}

async fn first_words(link: &mut Link, shared: &Shared) -> Result<(String, VisitorAuth), End> {
    let mut stranger = Stranger::greet(link, shared).await?;
    loop {
        let text = stranger.text().await?;
        let error = match FromClient::parse(&text) {
            Ok(FromClient::Control(_)) => continue,
            Ok(FromClient::Request(r)) => match VisitorOp::parse(r.op, r.d) {
                Ok(VisitorOp::Auth(auth)) => return Ok((r.id.to_owned(), auth)),
                Ok(_) => {
                    let words = "the first request is auth";
                    stranger.link.send(refusal(r.id, &WireError::new("auth.required", words))).await?;
                    continue;
                }
                Err(error) => (r.id.to_owned(), error),
            },
            Err(error) => (id_of(&text), error),
        };
        stranger.link.send(refusal(&error.0, &error.1)).await?;
        return Err(End::Close(CloseCode::ProtocolError, "that was no auth"));
    }
}

/// A blocked visitor is told so, and for how long; not why.
async fn refuse_blocked(
    link: &mut Link,
    shared: &Shared,
    site: &SiteConfig,
    me: VisitorId,
    address: Option<IpAddr>,
    id: &str,
) -> Option<End> {
    let block = shared.engine.blocked(&site.id, Some(me), address)?;
    let error = WireError::from(&Refusal::Blocked { until: block.until });
    Some(match link.send(refusal(id, &error)).await {
        Ok(()) => End::Close(CloseCode::Blocked, "this site has blocked you"),
        Err(end) => end,
    })
}

async fn say_no(link: &mut Link, id: &str, error: &WireError) -> End {
    match link.send(refusal(id, error)).await {
        Ok(()) => End::Close(CloseCode::AuthFailed, "auth failed"),
        Err(end) => end,
    }
}
