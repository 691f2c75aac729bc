//! Agents who were changed or removed in the store while the engine runs: their sockets are cut, and what they may no longer
//! hold goes back to the queue.
//!
//! Invariant: once [`Engine::agents_changed`] answers, no command of a session from before has an effect, no frame goes to
//! one, and nothing is held by somebody who may not hold it. Nobody has to call it for that to come true: the count of
//! changes in the store is looked at every second, and acted on at the second look, and orphans are returned when the engine starts. Refused here: changing
//! agents.

use tokio::sync::oneshot;

use super::presence::{Gone, Why};
use super::shared::Shared;
use super::writer::Job;
use super::{Delivery, Engine, Refusal, Submit, Target, Who};
use crate::conversation::{AgentId, Command, Conversation, ConversationId, Holder, TransferTo};
use crate::log::StoreError;
use crate::protocol::AgentEph;

/// What [`Engine::agents_changed`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Sockets cut.
    pub cut: usize,
    /// Conversations that went back to the queue.
    pub returned: usize,
}

impl Engine {
    /// Reads the agents anew and acts on what changed since.
    ///
    /// # Errors
    /// The store could not be read; nothing was done then.
    pub async fn agents_changed(&self) -> Result<Revoked, StoreError> {
        // One at a time: whoever asks learns of what they changed.
        let _turn = self.shared().revoking.lock().await;
        let (records, version) = self.read(|r| Ok((r.agents()?, r.agents_version()?))).await?;
        let shared = self.shared();
        let before: Vec<AgentId> = shared.presence().views().iter().map(|v| v.session.agent.id).collect();
        let gone = shared.presence().relearn(&records, self.now());
        shared.agents_version.fetch_max(version, std::sync::atomic::Ordering::AcqRel);
        let mut done = Revoked::default();
        for Gone { agent, why } in &gone {
            let word = match why {
                Why::Removed | Why::Rotated => Delivery::Revoked,
                Why::Changed { .. } => Delivery::RightsChanged,
            };
            done.cut += shared.hub.end_agent(*agent, &word);
        }
        // Colleagues see who is there now, and visitors whether a person can be asked for.
        let views = shared.presence().views();
        for view in &views {
            let id = view.session.agent.id;
            if !before.contains(&id) || gone.iter().any(|g| g.agent == id) {
                shared.agent_changed(view);
            }
        }
        for Gone { agent, .. } in gone.iter().filter(|g| g.why == Why::Removed) {
            shared.eph_to_agents(None, None, None, AgentEph::AgentRemoved { agent: *agent });
        }
        shared.refresh_offers();
        if !gone.is_empty() {
            self.settled().await;
            for Gone { agent, why } in &gone {
                done.returned += self.give_back(*agent, why).await?;
            }
            tracing::info!(
                agents = gone.len(),
                cut = done.cut,
                returned = done.returned,
                "agents were changed or removed"
            );
        }
        Ok(done)
    }

    /// Waits until everything decided so far is on disk or refused: what is decided later knows of what changed before.
    async fn settled(&self) {
        let (reply, done) = oneshot::channel();
        if self.shared().send(Job::Barrier(reply)).is_ok() {
            // An engine that stops decides nothing more.
            let _ = done.await;
        }
    }

    /// Gives back what an agent holds and may not hold any more.
    async fn give_back(&self, agent: AgentId, why: &Why) -> Result<usize, StoreError> {
        let held = self.read(move |r| r.holdings(agent)).await?;
        let mut returned = 0;
        for (conversation, site) in held {
            let keeps = matches!(why, Why::Changed { sites } if sites.allows(&site));
            if !keeps && self.withdraw(conversation, agent).await {
                returned += 1;
            }
        }
        Ok(returned)
    }

    async fn withdraw(&self, conversation: ConversationId, from: AgentId) -> bool {
        let submit = Submit {
            who: Who::System,
            target: Target::Conversation(conversation),
            command: Command::Withdraw { from },
            cid: None,
            device: None,
        };
        match self.submit(submit).await {
            Ok(_) => true,
            // Somebody was faster, which is as good.
            Err(Refusal::Rejected(_)) => false,
            Err(error) => {
                tracing::warn!(%error, "a conversation of an agent who may not hold it stays for now");
                false
            }
        }
    }

    /// Looks whether agents were changed by somebody who did not say so; `noticed` is kept from one look to the next. Whoever
    /// changed them has until the second look to say so, and then learns what came of it.
    pub(super) async fn notice_changed_agents(&self, noticed: &mut bool) {
        let known = self.shared().agents_version.load(std::sync::atomic::Ordering::Acquire);
        let changed = self.read(|r| r.agents_version()).await.is_ok_and(|version| version != known);
        if changed
            && std::mem::replace(noticed, changed)
            && let Err(error) = self.agents_changed().await
        {
            tracing::warn!(%error, "agents were changed and could not be read anew; it is tried again");
        }
        *noticed = changed;
    }

    /// What agents held who were removed, or lost its site, while no server ran.
    pub(super) fn return_orphans(&self, unfinished: &[Conversation]) {
        for conversation in unfinished {
            let (Holder::Agent(holder), Some(site)) = (&conversation.holder, &conversation.site) else {
                continue;
            };
            if self.shared().presence().may_hold(holder.id, site) {
                continue;
            }
            let submit = Submit {
                who: Who::System,
                target: Target::Conversation(conversation.id),
                command: Command::Withdraw { from: holder.id },
                cid: None,
                device: None,
            };
            if let Err(error) = self.shared().submit(submit, None) {
                tracing::warn!(%error, "a conversation of an agent who is gone stays for now");
            }
        }
    }
}

/// Refuses what comes from a session or for an agent that is no more, and from a visitor who is blocked.
pub(super) fn still_good(
    submit: &Submit,
    conversation: &Conversation,
    shared: &Shared,
) -> Result<(), Refusal> {
    match &submit.who {
        Who::Agent(session) => {
            let presence = shared.presence();
            let gone = |to: &TransferTo| matches!(to, TransferTo::Agent(to) if presence.is_removed(to.id));
            match &submit.command {
                _ if !presence.good(session) => Err(Refusal::SessionOver),
                Command::Transfer { to, .. } if gone(to) => Err(Refusal::SessionOver),
                _ => Ok(()),
            }
        }
        Who::Visitor(visitor) => {
            let site = match (&submit.target, &conversation.site) {
                (Target::CurrentOf { site, .. }, _) => Some(site),
                (Target::Conversation(_), site) => site.as_ref(),
            };
            let now = shared.now();
            match site.and_then(|s| shared.blocks().visitor(s, visitor.id, now).map(|b| b.until)) {
                Some(until) => Err(Refusal::Blocked { until }),
                None => Ok(()),
            }
        }
        Who::Assistant | Who::System => Ok(()),
    }
}
