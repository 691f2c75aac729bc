//! The engine's handle: what sockets, the assistant and the command line call.

use std::path::PathBuf;
use std::sync::Arc;

use super::{AgentSession, AgentView, Refusal, SiteConfig, SiteFilter, Submit, Subscription};
use crate::conversation::{AgentId, ConversationId, SiteId, VisitorId};
use crate::log::{Reader, StoreError};
use crate::protocol::{Answered, AvailabilityInfo, Limits, VisitorAvailability, VisitorEph};

/// How to start an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Data folder.
    pub data: PathBuf,
    /// Sites.
    pub sites: Vec<SiteConfig>,
    /// Limits.
    pub limits: Limits,
}

/// A handle to the running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

/// A console's lease on its agent's presence. Dropping it means the link broke: presence lasts until the lease runs out.
pub struct Lease {}

impl Lease {
    /// A sign of life: the lease runs anew.
    pub fn beat(&self) {
        unimplemented!()
    }
    /// The console said goodbye: presence ends at once.
    pub fn end(self) {
        unimplemented!()
    }
}

impl Engine {
    /// Opens the log and starts the writer, the timers and the assistant. Call inside a tokio runtime.
    pub fn start(_options: EngineOptions) -> anyhow::Result<Engine> {
        unimplemented!()
    }
    /// Submits a command; answers after the commit.
    pub async fn submit(&self, _submit: Submit) -> Result<Answered, Refusal> {
        unimplemented!()
    }
    /// Everything committed from now on in these sites, and what passes by.
    pub fn subscribe_agent(
        &self,
        _session: Arc<AgentSession>,
        _instance: &str,
        _capacity: usize,
    ) -> Subscription {
        unimplemented!()
    }
    /// Everything of one visitor on one site.
    pub fn subscribe_visitor(&self, _site: &SiteId, _visitor: VisitorId, _capacity: usize) -> Subscription {
        unimplemented!()
    }
    /// Runs a read on a pooled read-only connection, off the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        _f: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        unimplemented!()
    }
    /// The log's incarnation.
    pub fn log_id(&self) -> &str {
        unimplemented!()
    }
    /// The last committed position.
    pub fn head(&self) -> u64 {
        unimplemented!()
    }
    /// A site by id.
    pub fn site(&self, _id: &SiteId) -> Option<Arc<SiteConfig>> {
        unimplemented!()
    }
    /// All sites.
    pub fn sites(&self) -> Vec<Arc<SiteConfig>> {
        unimplemented!()
    }
    /// The agent whose token this is. One answer for unknown and withdrawn tokens.
    pub async fn authenticate(&self, _token: &str) -> Result<Option<Arc<AgentSession>>, StoreError> {
        unimplemented!()
    }
    /// Everybody.
    pub fn agents(&self) -> Vec<AgentView> {
        unimplemented!()
    }
    /// Takes a lease on presence for a console instance.
    pub fn lease(&self, _agent: &AgentSession, _instance: &str) -> Lease {
        unimplemented!()
    }
    /// Sets an agent's intent; durable before it answers.
    pub async fn set_availability(
        &self,
        _agent: AgentId,
        _to: AvailabilityInfo,
    ) -> Result<AgentView, Refusal> {
        unimplemented!()
    }
    /// Whether a person can be asked for on this site, now.
    pub fn availability(&self, _site: &SiteId) -> VisitorAvailability {
        unimplemented!()
    }
    /// An agent types (postpones the return to the queue).
    pub fn agent_typing(&self, _session: &AgentSession, _conversation: ConversationId, _on: bool) {
        unimplemented!()
    }
    /// A visitor types.
    pub fn visitor_typing(&self, _site: &SiteId, _visitor: VisitorId, _on: bool) {
        unimplemented!()
    }
    /// A console opened (or closed) a conversation: colleagues see who looks.
    pub fn viewing(
        &self,
        _session: &AgentSession,
        _instance: &str,
        _conversation: ConversationId,
        _on: bool,
    ) {
        unimplemented!()
    }
    /// A visitor's browser is there, or gone (called with the number of that visitor's open sockets).
    pub fn visitor_online(&self, _site: &SiteId, _visitor: VisitorId, _online: bool) {
        unimplemented!()
    }
    /// To one visitor.
    pub fn eph_to_visitor(&self, _site: &SiteId, _visitor: VisitorId, _eph: VisitorEph) {
        unimplemented!()
    }
    /// Checks and reads a visitor token: `v1.<visitor>.<generation>.<mac>`; none if it is not ours for this site.
    pub fn verify_visitor(&self, _site: &SiteId, _token: &str) -> Option<VisitorId> {
        unimplemented!()
    }
    /// Makes a visitor and its token.
    pub fn new_visitor(&self, _site: &SiteId) -> (VisitorId, String) {
        unimplemented!()
    }
    /// Refuses new commands, finishes what was taken, tells subscribers to go, and waits until all is on disk.
    pub async fn stop(&self) {
        unimplemented!()
    }
}

impl SiteFilter {
    /// The filter as a list for the read model; none: all.
    pub fn list(&self) -> Option<Vec<SiteId>> {
        match self {
            SiteFilter::All => None,
            SiteFilter::Only(sites) => Some(sites.clone()),
        }
    }
}
