//! What an agent may ask of the outbox of mail: see it, try a mail again, take one out. Within their sites; a mail of another
//! site answers as one that does not exist.

use serde_json::json;

use super::{Agent, reads};
use crate::log::{Mail, MailStep};
use crate::protocol::{MailInfo, MailListArg, MailListOk, MailState, WireError};
use crate::server::answers::good;
use crate::server::shared::now;

fn unknown() -> WireError {
    WireError::new("mail.unknown", "there is no such mail; it may have left, or been dropped by a colleague")
}

impl Agent {
    pub(super) async fn mail_list(&self, arg: MailListArg) -> Result<MailListOk, WireError> {
        let sites = self.session.sites.list();
        let limit = arg.limit.unwrap_or(100).clamp(1, 500) as usize;
        let read = self.shared.engine.read(move |r| r.mails(sites.as_deref(), arg.state, limit)).await;
        let mails = read.map_err(reads::fault)?;
        let all = self.shared.engine.sites();
        let configured =
            all.iter().any(|s| self.session.sites.allows(&s.id) && self.shared.engine.mails(&s.id));
        Ok(MailListOk { mails, configured, server_time: now() })
    }

    pub(super) async fn mail_retry(&self, id: &str, mail: u64) -> Result<String, WireError> {
        let before = self.mail_of(mail).await?;
        if !self.shared.engine.mails(&before.site) {
            let words = "no mail is configured for this site: nothing would leave. Nothing was changed";
            return Err(WireError::new("mail.not_configured", words));
        }
        let step = MailStep::Retry { id: mail, now: self.shared.engine.now() };
        let after = self.mail_change(step, before).await?;
        self.shared.engine.tell_mail(after.clone());
        Ok(good(id, &after, None))
    }

    pub(super) async fn mail_drop(&self, id: &str, mail: u64) -> Result<String, WireError> {
        let before = self.mail_of(mail).await?;
        let gone = MailInfo { gone: true, ..self.mail_change(MailStep::Drop { id: mail }, before).await? };
        self.shared.engine.tell_mail(gone);
        Ok(good(id, &json!({}), None))
    }

    /// The mail, if this agent may see its conversation.
    async fn mail_of(&self, id: u64) -> Result<MailInfo, WireError> {
        let read = self.shared.engine.read(move |r| {
            let Some(mail) = r.mail_by_id(id)? else { return Ok(None) };
            Ok(r.conversation(mail.conversation)?.and_then(|of| mail.info(&of)))
        });
        let info = read.await.map_err(reads::fault)?;
        info.filter(|info| self.session.sites.allows(&info.site)).ok_or_else(unknown)
    }

    async fn mail_change(&self, step: MailStep, before: MailInfo) -> Result<MailInfo, WireError> {
        let changed = self.shared.engine.mail(step).await.map_err(|refusal| WireError::from(&refusal))?;
        let Some(Mail { state, due, attempts, changed, reason, .. }) = changed.into_iter().next() else {
            let words = match before.state {
                MailState::Sent => "this mail has left; nothing was changed",
                MailState::Sending => "this mail is being sent at this moment; look again in a minute",
                MailState::Waiting | MailState::Failed => return Err(unknown()),
            };
            return Err(WireError::new("mail.left", words));
        };
        let next = Some(due).filter(|_| state == MailState::Waiting);
        Ok(MailInfo { state, next, attempts, at: changed, reason, ..before })
    }
}
