//! What the engine does for mail: the outbox's changes go through the writer, everybody of the site hears of them, and links
//! back to a conversation are signed.
//!
//! Refused here: SMTP, and what is worth a mail (room `connectors`).

use tokio::sync::oneshot;

use super::writer::Job;
use super::{Engine, Refusal};
use crate::conversation::{ConversationId, SiteId, Time, VisitorId};
use crate::log::{Log, Mail, MailStep};
use crate::protocol::{AgentEph, MailInfo};

/// Who a link in a mail lets in, and until when: this visitor, to this conversation alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// The visitor.
    pub visitor: VisitorId,
    /// The one conversation.
    pub conversation: ConversationId,
    /// From when on it is good for nothing.
    pub until: Time,
}

/// What the writer answers: the mails that were changed.
pub(super) type Reply = oneshot::Sender<Result<Vec<Mail>, Refusal>>;

impl Engine {
    /// Which sites' replies go out by mail; said once, at the start.
    pub fn mail_goes_out(&self, sites: Vec<SiteId>) {
        // Said twice, the first word counts.
        let _ = self.shared().mailing.set(sites);
    }

    /// Whether replies on this site go out by mail.
    pub fn mails(&self, site: &SiteId) -> bool {
        self.shared().mailing.get().is_some_and(|sites| sites.contains(site))
    }

    /// Changes the outbox; on disk when it answers. The mails that were changed, as they are now; none: there was nothing to
    /// change.
    ///
    /// # Errors
    /// As [`Engine::submit`]; nothing was changed.
    pub async fn mail(&self, step: MailStep) -> Result<Vec<Mail>, Refusal> {
        let (reply, done) = oneshot::channel();
        self.shared().send(Job::Mail(step, reply))?;
        done.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Tells every agent of its site how far a mail is.
    pub fn tell_mail(&self, mail: MailInfo) {
        let site = mail.site.clone();
        self.shared().eph_to_agents(Some(&site), None, None, AgentEph::Mail(mail));
    }

    /// What a link in a mail carries: good for one conversation of one visitor on one site, until a time.
    pub fn sign_pass(&self, site: &SiteId, pass: &Pass) -> String {
        self.shared().tokens.sign_pass(site, pass)
    }

    /// Who such a link lets in; none if it is not ours for this site, or over.
    pub fn verify_pass(&self, site: &SiteId, token: &str) -> Option<Pass> {
        self.shared().tokens.verify_pass(site, token).filter(|pass| pass.until > self.now())
    }
}

/// Carries a change out on the writer's thread.
pub(super) fn change(log: &mut Log, step: &MailStep, reply: Reply) {
    let done = log.mail(step).map_err(super::writer::fault);
    // The asker may be gone; what was changed is changed.
    let _ = reply.send(done);
}
