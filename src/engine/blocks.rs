//! Visitors and addresses that may not write.
//!
//! Invariant: once [`Engine::block`] answers, the block is on disk, no command of the blocked visitor has an effect, and their
//! sockets are told to look. When a block's time is over it holds no more, without anybody doing anything. A blocked visitor's
//! open conversations are ended by whoever blocks, as far as they may end them: nobody waits for somebody who cannot write.
//! Refused here: telling a visitor why (the reason is for agents).

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::shared::Shared;
use super::writer::Job;
use super::{AgentSession, Engine, Refusal, Submit, Target, Who};
use crate::conversation::{
    Cid, Command, Conversation, ConversationId, Rejection, Role, SiteId, State, Time, VisitorId,
};
use crate::log::{Block, Blocked, Log, audit};
use crate::protocol::WireError;

/// Blocks in force at most: each costs memory, and an address is compared with every one.
const AT_MOST: usize = 10_000;
/// Longest reason, bytes.
const REASON: usize = 500;
/// Shortest prefix of a network: a shorter one is a whole region of the internet.
const SHORTEST: (u8, u8) = (8, 16);

/// What an agent wants blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhomToBlock {
    /// The visitor of this conversation.
    VisitorOf(ConversationId),
    /// An address or network, on a site or on all.
    Address {
        /// Which.
        net: IpNet,
        /// Where; none: everywhere.
        site: Option<SiteId>,
    },
}

/// Why nothing was blocked or lifted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BlockRefusal {
    /// The engine's own refusals.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An agent may block whom they talk to.
    #[error(
        "you may block the visitor of a conversation you hold or have just ended; a supervisor may block any. Nothing was changed"
    )]
    NotYours,
    /// Addresses are for supervisors.
    #[error("addresses are blocked by supervisors and admins; nothing was changed")]
    AddressByAgent,
    /// For all sites, one has to be responsible for all.
    #[error("you do not work for every site: name one of yours with the address. Nothing was changed")]
    NotEverySite,
    /// No such site, or none of theirs.
    #[error("there is no such site; nothing was changed")]
    UnknownSite,
    /// No such block, or none they may lift.
    #[error("there is no such block that you may lift; nothing was changed")]
    UnknownBlock,
    /// The end is past.
    #[error("that time is past already; choose a later one. Nothing was changed")]
    TimePast,
    /// The reason is missing or too long.
    #[error("a block has a reason of 1 to {REASON} bytes, for your colleagues; nothing was changed")]
    BadReason,
    /// Too wide.
    #[error(
        "{0} is too wide: a network has at least /{v4} (IPv4) or /{v6} (IPv6). Nothing was changed",
        v4 = SHORTEST.0,
        v6 = SHORTEST.1
    )]
    TooWide(IpNet),
    /// Too many.
    #[error("there are {AT_MOST} blocks already; lift some first. Nothing was changed")]
    TooMany,
}

impl BlockRefusal {
    /// The code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            BlockRefusal::Refused(_) => "server.fault",
            BlockRefusal::NotYours | BlockRefusal::AddressByAgent | BlockRefusal::NotEverySite => {
                "auth.forbidden"
            }
            BlockRefusal::UnknownSite => "site.unknown",
            BlockRefusal::UnknownBlock => "block.unknown",
            BlockRefusal::TimePast => "block.time_past",
            BlockRefusal::BadReason => "block.bad_reason",
            BlockRefusal::TooWide(_) => "block.too_wide",
            BlockRefusal::TooMany => "block.too_many",
        }
    }
}

impl From<&BlockRefusal> for WireError {
    fn from(refusal: &BlockRefusal) -> Self {
        match refusal {
            BlockRefusal::Refused(refusal) => WireError::from(refusal),
            other => WireError::new(other.code(), other.to_string()),
        }
    }
}

/// The blocks in force, as the writer and the sockets look them up.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    visitors: HashMap<VisitorId, Vec<Block>>,
    addresses: Vec<Block>,
}

impl Blocks {
    pub(super) fn load(blocks: Vec<Block>) -> Self {
        let mut all = Self::default();
        blocks.into_iter().for_each(|block| all.set(block));
        all
    }

    fn set(&mut self, block: Block) {
        self.remove(block.key);
        match &block.what {
            Blocked::Visitor { id, .. } => self.visitors.entry(*id).or_default().push(block),
            Blocked::Address { .. } => self.addresses.push(block),
        }
    }

    fn remove(&mut self, key: u64) {
        self.addresses.retain(|b| b.key != key);
        self.visitors.retain(|_, blocks| {
            blocks.retain(|b| b.key != key);
            !blocks.is_empty()
        });
    }

    fn len(&self) -> usize {
        self.addresses.len() + self.visitors.len()
    }

    /// The block that holds for this visitor, if one does.
    pub(super) fn visitor(&self, site: &SiteId, visitor: VisitorId, now: Time) -> Option<&Block> {
        let theirs = self.visitors.get(&visitor)?;
        theirs
            .iter()
            .find(|b| b.holds(now) && matches!(&b.what, Blocked::Visitor { site: s, .. } if s == site))
    }

    /// The block that holds for this address, if one does.
    fn address(&self, at: &SiteId, address: IpAddr, now: Time) -> Option<&Block> {
        let address = address.to_canonical();
        self.addresses.iter().find(|b| {
            b.holds(now)
                && matches!(&b.what, Blocked::Address { net, site }
                    if net.contains(&address) && site.as_ref().is_none_or(|s| s == at))
        })
    }
}

/// What the writer is asked about blocks.
pub(super) enum BlockJob {
    /// Block, or change a block.
    Block {
        what: Blocked,
        reason: String,
        until: Option<Time>,
        by: audit::Actor,
        reply: oneshot::Sender<Result<Block, Refusal>>,
    },
    /// Lift one.
    Unblock { key: u64, by: audit::Actor, reply: oneshot::Sender<Result<Option<Block>, Refusal>> },
}

/// Carries it out in the writer's thread: what is decided afterwards knows it.
pub(super) fn carry_out(log: &mut Log, job: BlockJob, shared: &Shared) {
    let now = shared.now();
    match job {
        BlockJob::Block { what, reason, until, by, reply } => {
            let done = log.block(&what, &reason, until, now, &by);
            if let Ok(block) = &done {
                shared.blocks().set(block.clone());
            }
            // The asker may be gone; the block stands all the same.
            let _ = reply.send(done.map_err(|e| super::writer::refusal(&e)));
        }
        BlockJob::Unblock { key, by, reply } => {
            let done = log.unblock(key, now, &by);
            if let Ok(Some(_)) = &done {
                shared.blocks().remove(key);
            }
            let _ = reply.send(done.map_err(|e| super::writer::refusal(&e)));
        }
    }
}

impl Engine {
    /// Whether this visitor, from this address (where it is known), may not write on this site now; and until when.
    pub fn blocked(
        &self,
        site: &SiteId,
        visitor: Option<VisitorId>,
        address: Option<IpAddr>,
    ) -> Option<Block> {
        let (now, blocks) = (self.now(), self.shared().blocks());
        let by_visitor = visitor.and_then(|v| blocks.visitor(site, v, now));
        by_visitor.or_else(|| address.and_then(|a| blocks.address(site, a, now))).cloned()
    }

    /// Blocks a visitor or an address; durable when it answers. The visitor's conversations that are not resolved are ended.
    ///
    /// # Errors
    /// [`BlockRefusal`]: rights, content or the store do not allow it; nothing was changed then.
    pub async fn block(
        &self,
        session: &std::sync::Arc<AgentSession>,
        whom: WhomToBlock,
        reason: &str,
        until: Option<Time>,
    ) -> Result<Block, BlockRefusal> {
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > REASON || reason.contains('\0') {
            return Err(BlockRefusal::BadReason);
        }
        if until.is_some_and(|until| until <= self.now()) {
            return Err(BlockRefusal::TimePast);
        }
        if self.shared().blocks().len() >= AT_MOST {
            return Err(BlockRefusal::TooMany);
        }
        let (what, named) = match whom {
            WhomToBlock::VisitorOf(id) => {
                let c = self.visible(session, id).await?;
                let (Some(site), Some(visitor)) = (&c.site, &c.visitor) else {
                    return Err(Refusal::Rejected(Rejection::Unknown).into());
                };
                if session.role < Role::Supervisor && !talks_to(&c, session) {
                    return Err(BlockRefusal::NotYours);
                }
                (Blocked::Visitor { id: visitor.id, site: site.clone() }, Some(c.id))
            }
            WhomToBlock::Address { net, site } => (self.address_to_block(session, net, site)?, None),
        };
        let (reply, done) = oneshot::channel();
        let by = audit::Actor::Agent(session.agent.clone());
        let job = BlockJob::Block { what: what.clone(), reason: reason.to_owned(), until, by, reply };
        self.shared().send(Job::Block(job))?;
        let block = done.await.unwrap_or(Err(Refusal::Stopping))?;
        match what {
            Blocked::Visitor { id, site } => {
                self.shared().hub.blocks_changed(Some(id));
                self.end_conversations(session, &site, id, named).await;
            }
            Blocked::Address { .. } => self.shared().hub.blocks_changed(None),
        }
        Ok(block)
    }

    /// Lifts a block; durable when it answers. An agent lifts their own of visitors; supervisors any of their sites.
    ///
    /// # Errors
    /// [`BlockRefusal`]; nothing was changed then.
    pub async fn unblock(&self, session: &AgentSession, key: u64) -> Result<Block, BlockRefusal> {
        let found = self.blocks(session).await?.into_iter().find(|b| b.key == key);
        let mine = |b: &Block| matches!(&b.by, audit::Actor::Agent(by) if by.id == session.agent.id);
        let may = |b: &Block| session.role >= Role::Supervisor || mine(b);
        if !found.is_some_and(|b| may(&b)) {
            return Err(BlockRefusal::UnknownBlock);
        }
        let (reply, done) = oneshot::channel();
        let by = audit::Actor::Agent(session.agent.clone());
        self.shared().send(Job::Block(BlockJob::Unblock { key, by, reply }))?;
        done.await.unwrap_or(Err(Refusal::Stopping))?.ok_or(BlockRefusal::UnknownBlock)
    }

    /// The blocks in force that this agent may see, oldest first: of their sites; addresses for supervisors only.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn blocks(&self, session: &AgentSession) -> Result<Vec<Block>, BlockRefusal> {
        let now = self.now();
        let mut all = self.read(move |r| r.blocks(now)).await.map_err(|_| Refusal::Fault)?;
        all.retain(|b| match &b.what {
            Blocked::Visitor { site, .. } => session.sites.allows(site),
            Blocked::Address { site, .. } => {
                session.role >= Role::Supervisor && site.as_ref().is_none_or(|s| session.sites.allows(s))
            }
        });
        let everywhere = session.sites.list().is_none();
        // Of a block for all sites one sees that it is there; lifting it is for those who work for all.
        all.retain(|b| everywhere || !matches!(&b.what, Blocked::Address { site: None, .. }));
        Ok(all)
    }

    fn address_to_block(
        &self,
        session: &AgentSession,
        net: IpNet,
        site: Option<SiteId>,
    ) -> Result<Blocked, BlockRefusal> {
        if session.role < Role::Supervisor {
            return Err(BlockRefusal::AddressByAgent);
        }
        match &site {
            None if session.sites.list().is_some() => return Err(BlockRefusal::NotEverySite),
            Some(site) if !session.sites.allows(site) || self.site(site).is_none() => {
                return Err(BlockRefusal::UnknownSite);
            }
            _ => {}
        }
        let net = canonical(net);
        let shortest = if net.addr().is_ipv4() { SHORTEST.0 } else { SHORTEST.1 };
        if net.prefix_len() < shortest {
            return Err(BlockRefusal::TooWide(net));
        }
        Ok(Blocked::Address { net, site })
    }

    async fn visible(&self, session: &AgentSession, id: ConversationId) -> Result<Conversation, Refusal> {
        let found = self.read(move |r| r.conversation(id)).await.map_err(|_| Refusal::Fault)?;
        let seen = found.filter(|c| c.site.as_ref().is_some_and(|s| session.sites.allows(s)));
        seen.ok_or(Refusal::Rejected(Rejection::Unknown))
    }

    /// Ends the conversation that was named and the visitor's latest. What the agent may not end stays: its holder sees it.
    async fn end_conversations(
        &self,
        session: &std::sync::Arc<AgentSession>,
        site: &SiteId,
        visitor: VisitorId,
        named: Option<ConversationId>,
    ) {
        let of = site.clone();
        let latest = self.read(move |r| r.current_of(&of, visitor)).await.ok().flatten();
        let both = named.into_iter().chain(latest.filter(|l| Some(*l) != named));
        for conversation in both {
            let submit = Submit {
                who: Who::Agent(session.clone()),
                target: Target::Conversation(conversation),
                command: Command::Resolve,
                cid: Some(Cid(Uuid::now_v7())),
                device: None,
            };
            match self.submit(submit).await {
                Ok(_) | Err(Refusal::Rejected(_)) => {}
                Err(error) => tracing::warn!(%error, "a blocked visitor's conversation was not ended"),
            }
        }
    }
}

/// Whether an agent talks to the visitor, or did so last and it ended.
fn talks_to(c: &Conversation, session: &AgentSession) -> bool {
    let me = session.agent.id;
    let last = c.last_agent.as_ref().is_some_and(|last| last.id == me);
    c.holder.agent().is_some_and(|holder| holder.id == me) || (c.state == State::Resolved && last)
}

/// A network as it is compared: IPv4 written as IPv6 is IPv4, and no bit is set behind the prefix.
fn canonical(net: IpNet) -> IpNet {
    let short = net.prefix_len().checked_sub(96);
    match (net.addr().to_canonical(), short) {
        (IpAddr::V4(v4), Some(prefix)) if net.addr().is_ipv6() => {
            IpNet::new(v4.into(), prefix).map_or(net, |n| n.trunc())
        }
        _ => net.trunc(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(key: u64, what: Blocked, until: Option<Time>) -> Block {
        Block { key, what, reason: "spam".into(), until, at: Time(0), by: audit::Actor::Server }
    }

    fn net(text: &str) -> IpNet {
        text.parse().expect("a network")
    }

    #[test]
    fn a_block_holds_on_its_site_until_its_end() {
        let (shop, docs) = (SiteId::new("shop").expect("valid"), SiteId::new("docs").expect("valid"));
        let visitor = VisitorId(Uuid::from_u128(1));
        let mut blocks = Blocks::load(vec![
            block(1, Blocked::Visitor { id: visitor, site: shop.clone() }, Some(Time(100))),
            block(2, Blocked::Address { net: net("192.0.2.0/24"), site: None }, None),
            block(3, Blocked::Address { net: net("2001:db8::/64"), site: Some(docs.clone()) }, None),
        ]);
        assert!(blocks.visitor(&shop, visitor, Time(99)).is_some());
        assert!(blocks.visitor(&shop, visitor, Time(100)).is_none(), "its end lifts it");
        assert!(blocks.visitor(&docs, visitor, Time(99)).is_none());
        let address = |a: &str, site: &SiteId| {
            blocks.address(site, a.parse().expect("an address"), Time(0)).map(|b| b.key)
        };
        assert_eq!(address("192.0.2.7", &shop), Some(2));
        assert_eq!(address("::ffff:192.0.2.7", &shop), Some(2), "IPv4 written as IPv6");
        assert_eq!(address("192.0.3.7", &shop), None);
        assert_eq!(address("2001:db8::9", &docs), Some(3));
        assert_eq!(address("2001:db8::9", &shop), None);
        blocks.remove(2);
        assert_eq!(blocks.len(), 2);
        blocks.set(block(1, Blocked::Visitor { id: visitor, site: shop.clone() }, None));
        assert!(blocks.visitor(&shop, visitor, Time(1_000)).is_some(), "changed, not doubled");
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn networks_are_compared_in_one_form() {
        assert_eq!(canonical(net("192.0.2.7/24")), net("192.0.2.0/24"));
        assert_eq!(canonical(net("::ffff:192.0.2.7/120")), net("192.0.2.0/24"));
        assert_eq!(canonical(net("2001:db8::1/64")), net("2001:db8::/64"));
    }
}
