//! One engine in a temporary folder, with an assistant the test holds by the hand.

use std::sync::Arc;
use std::time::Duration;

use baton::assistant::{DocsResponder, Responder};
use baton::conversation::*;
use baton::engine::*;
use baton::handoff::policy::Policy;
use baton::knowledge::{Index, load_embedded};
use baton::log::StoredEvent;
use baton::protocol::{Answered, AvailabilityInfo, Limits};
use sha2::Digest;
use tempfile::TempDir;
use uuid::Uuid;

/// Longest wait for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct World {
    pub engine: Engine,
    pub dir: TempDir,
    pub site: SiteId,
}

pub fn demo() -> SiteId {
    SiteId::new("demo").unwrap()
}

pub fn site(settings: Settings) -> SiteConfig {
    let (passages, _) = load_embedded(&[("shipping.md", b"# Shipping\n\nWe ship to Norway in three days.")]);
    SiteConfig {
        id: demo(),
        name: "Demo".into(),
        greeting: "Hello".into(),
        origins: vec![],
        loopback_origins: true,
        settings,
        policy: Policy::default(),
        index: Arc::new(Index::new(passages)),
    }
}

pub fn start_in(dir: &std::path::Path, settings: Settings, responder: Arc<dyn Responder>) -> Engine {
    start_limited(dir, settings, responder, 0)
}

fn start_limited(
    dir: &std::path::Path,
    settings: Settings,
    responder: Arc<dyn Responder>,
    capacity: u32,
) -> Engine {
    let options = EngineOptions {
        data: dir.to_owned(),
        sites: vec![site(settings)],
        limits: Limits { lease_ms: 400, ..Limits::default() },
        capacity,
        responder,
    };
    Engine::start(options).unwrap()
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default(), Arc::new(DocsResponder))
    }

    pub fn with(settings: Settings, responder: Arc<dyn Responder>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = start_in(dir.path(), settings, responder);
        Self { engine, dir, site: demo() }
    }

    /// Agents are meant to hold at most this many.
    pub fn limited(capacity: u32) -> Self {
        Self::limited_in(tempfile::tempdir().unwrap(), demo(), capacity)
    }

    /// The same in a folder that may have been used before.
    pub fn limited_in(dir: TempDir, site: SiteId, capacity: u32) -> Self {
        let engine = start_limited(dir.path(), Settings::default(), Arc::new(DocsResponder), capacity);
        Self { engine, dir, site }
    }

    pub async fn agent(&self, name: &str, role: Role) -> Arc<AgentSession> {
        let token = format!("token of {name}");
        let hash: [u8; 32] = sha2::Sha256::digest(token.as_bytes()).into();
        baton::log::add_agent(self.dir.path(), name, role, &hash).unwrap();
        self.engine.authenticate(&token).await.unwrap().unwrap()
    }

    /// An agent with a console, Available.
    pub async fn available(&self, name: &str) -> (Arc<AgentSession>, Lease) {
        let agent = self.agent(name, Role::Agent).await;
        let lease = self.engine.lease(&agent, "console");
        let available = AvailabilityInfo { available: true, ..AvailabilityInfo::default() };
        self.engine.set_availability(agent.agent.id, available).await.unwrap();
        (agent, lease)
    }

    pub fn visitor(&self) -> VisitorRef {
        VisitorRef { id: self.engine.new_visitor(&self.site).0, name: None, email: None }
    }

    pub async fn visits(
        &self,
        visitor: &VisitorRef,
        command: Command,
        cid: Cid,
    ) -> Result<Answered, Refusal> {
        let target = Target::CurrentOf { site: self.site.clone(), visitor: visitor.id };
        let who = Who::Visitor(visitor.clone());
        self.engine.submit(Submit { who, target, command, cid: Some(cid), device: None }).await
    }

    pub async fn says(&self, visitor: &VisitorRef, text: &str) -> Answered {
        self.visits(visitor, say(text), cid()).await.unwrap()
    }

    pub async fn acts(
        &self,
        agent: &Arc<AgentSession>,
        id: ConversationId,
        command: Command,
    ) -> Result<Answered, Refusal> {
        let who = Who::Agent(Arc::clone(agent));
        self.engine
            .submit(Submit { who, target: Target::Conversation(id), command, cid: Some(cid()), device: None })
            .await
    }

    pub async fn conversation(&self, id: ConversationId) -> Conversation {
        self.engine.read(move |r| r.conversation(id)).await.unwrap().unwrap()
    }

    pub async fn events(&self, id: ConversationId) -> Vec<StoredEvent> {
        self.engine.read(move |r| r.events_of(id, 0, 10_000)).await.unwrap()
    }

    /// Waits until the conversation is as wanted; `subscription` tells when to look.
    pub async fn until(
        &self,
        id: ConversationId,
        what: &str,
        wanted: impl Fn(&Conversation) -> bool,
    ) -> Conversation {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let mut poll = tokio::time::interval(Duration::from_millis(5));
        loop {
            let c = self.conversation(id).await;
            if wanted(&c) {
                return c;
            }
            assert!(tokio::time::Instant::now() < deadline, "never: {what}; it is {c:?}");
            poll.tick().await;
        }
    }
}

pub fn cid() -> Cid {
    Cid(Uuid::now_v7())
}

pub fn say(text: &str) -> Command {
    Command::VisitorMessage { text: text.into(), attachments: vec![], page: None, thanks: false }
}

pub fn reply(text: &str) -> Command {
    Command::AgentMessage { text: text.into(), attachments: vec![] }
}

pub fn button() -> Command {
    let handoff = Handoff {
        reason: Reason::VisitorButton,
        evidence: vec![],
        card: Card::default(),
        page: None,
        hits: Vec::new(),
        withheld: None,
    };
    Command::RequestHandoff { handoff, epoch: None, answers: None }
}
