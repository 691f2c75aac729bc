//! One attempt: the mail is written from what the log says now, noted on disk as being sent, and handed over.

use std::sync::Arc;

use super::letter::{self, Letter, NoLetter};
use super::smtp::Outcome;
use super::{MailConfig, backoff, link};
use crate::conversation::{Author, Conversation, ConversationId, Entry, Event, SiteId};
use crate::engine::{Engine, Pass};
use crate::log::{Mail, MailStep, StoreError};

/// How long a link is good.
const LINK_MS: i64 = 30 * 24 * 3_600_000;
/// Messages read for a mail.
const ENTRIES: usize = 200;
/// Events read for the visitor's first words.
const BEGINNING: usize = 50;

/// What an attempt came to.
pub(super) struct Tried {
    pub(super) id: u64,
    pub(super) conversation: ConversationId,
    /// None: it could not be prepared.
    pub(super) step: Option<MailStep>,
}

/// One attempt: write it, note it, hand it over.
pub(super) async fn attempt(
    engine: Engine,
    config: Arc<MailConfig>,
    mail: Mail,
    of: Conversation,
    seen: u64,
) -> Tried {
    let (id, conversation) = (mail.id, mail.conversation);
    let step = match tried(&engine, &config, mail, &of, seen).await {
        Ok(step) => step,
        Err(error) => {
            tracing::error!(%error, "a mail could not be prepared; it waits");
            None
        }
    };
    Tried { id, conversation, step }
}

async fn tried(
    engine: &Engine,
    config: &MailConfig,
    mail: Mail,
    of: &Conversation,
    seen: u64,
) -> Result<Option<MailStep>, String> {
    let id = mail.id;
    let fetched = fetch(engine, &mail).await.map_err(|e| e.to_string())?;
    let Some(written) = compose(engine, config, &mail, of, seen, &fetched) else { return Ok(None) };
    let now = engine.now();
    let written = match written {
        Ok(written) => written,
        Err(NoLetter::Nothing) => return Ok(Some(MailStep::Drop { id })),
        Err(NoLetter::Never(reason)) => return Ok(Some(MailStep::Failed { id, reason, now })),
    };
    let claim = MailStep::Claim { id, first: written.first, message_id: written.message_id.clone(), now };
    let claimed = engine.mail(claim).await.map_err(|e| e.to_string())?;
    let Some(claimed) = claimed.into_iter().next() else { return Ok(None) };
    let outcome = config.smtp.deliver(&written.envelope, &written.bytes).await;
    let now = engine.now();
    // Mail servers repeat the address they refuse: agents may read it, the log may not.
    let logged = |reason: &str| match of.visitor.as_ref().and_then(|v| v.email.as_deref()) {
        Some(address) => reason.replace(address, "(the visitor)"),
        None => reason.to_owned(),
    };
    Ok(Some(match outcome {
        Outcome::Taken => {
            tracing::info!(mail = id, attempts = claimed.attempts, "a mail was taken by the mail server");
            MailStep::Sent { id, now }
        }
        Outcome::Refused(reason) => {
            tracing::error!(
                mail = id,
                reason = logged(&reason),
                "a mail was refused and is given up; agents see it"
            );
            MailStep::Failed { id, reason, now }
        }
        Outcome::Again(reason) => {
            let jitter = (uuid::Uuid::new_v4().as_u128() & 0xffff) as f64 / 65_536.0;
            match backoff::next(claimed.attempts, claimed.made, now, jitter) {
                Some(due) => {
                    let (attempts, reason_logged) = (claimed.attempts, logged(&reason));
                    tracing::warn!(
                        mail = id,
                        attempts,
                        reason = reason_logged,
                        "a mail did not go; it is tried again"
                    );
                    MailStep::Again { id, due, reason, now }
                }
                None => {
                    tracing::error!(
                        mail = id,
                        reason = logged(&reason),
                        "a mail did not go for days and is given up; agents see it"
                    );
                    MailStep::Failed { id, reason: format!("given up after days: {reason}"), now }
                }
            }
        }
    }))
}

/// What a mail is written from, beside the state.
struct Fetched {
    entries: Vec<Entry>,
    first_words: Option<String>,
    earlier: Vec<String>,
}

async fn fetch(engine: &Engine, mail: &Mail) -> Result<Fetched, StoreError> {
    let (conversation, id, last) = (mail.conversation, mail.id, mail.last);
    engine
        .read(move |r| {
            let (entries, _) = r.entries(conversation, Some(last + 1), ENTRIES)?;
            let beginning = r.events_of(conversation, 0, BEGINNING)?;
            let first_words = beginning.into_iter().find_map(|e| match e.event {
                Event::MessagePosted(m) if m.author == Author::Visitor => Some(m.text),
                _ => None,
            });
            let before = r.mails_of(conversation, 20)?;
            let earlier = before.into_iter().filter(|m| m.id < id).filter_map(|m| m.message_id).collect();
            Ok(Fetched { entries, first_words, earlier })
        })
        .await
}

/// The mail; none where the site or its mail is gone.
fn compose(
    engine: &Engine,
    config: &MailConfig,
    mail: &Mail,
    of: &Conversation,
    seen: u64,
    fetched: &Fetched,
) -> Option<Result<letter::Written, NoLetter>> {
    let site_id: &SiteId = of.site.as_ref()?;
    let (site, how) = (engine.site(site_id)?, config.sites.get(site_id)?);
    let now = engine.now();
    let page = link::page(&site, how.url.as_ref(), of.source_page().map(|page| page.url.as_str()));
    let link = page.zip(of.visitor.as_ref()).map(|(page, visitor)| {
        let until = now.plus_ms(LINK_MS);
        let pass = Pass { visitor: visitor.id, conversation: of.id, until };
        (link::with_pass(page, &engine.sign_pass(site_id, &pass)).to_string(), until)
    });
    // What was seen before the first attempt need not go along.
    let first = if mail.attempts == 0 { mail.first.max(seen + 1) } else { mail.first };
    Some(letter::write(&Letter {
        of,
        site: &site.name,
        from: &how.from,
        reply_to: how.reply_to.as_ref(),
        texts: &config.texts,
        entries: &fetched.entries,
        first,
        last: mail.last,
        first_words: fetched.first_words.as_deref(),
        message_id: mail.message_id.as_deref(),
        earlier: &fetched.earlier,
        link: link.as_ref().map(|(link, until)| (link.as_str(), *until)),
        now,
    }))
}
