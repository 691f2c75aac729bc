//! What is counted, and `/metrics` in the format of Prometheus (OpenMetrics text).
//!
//! Counters run from the start; what the store knows is read when it is asked for, so a scrape is always true as of then.
//! Labels are sites, states and words of this program: never a visitor's, never an address. `assets/deploy/METRICS.md`
//! lists them all and is tested against this.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::conversation::{Author, Event, State};
use crate::engine::{Engine, Published};
use crate::log::StateCount;

/// What the answer is called: the text format of OpenMetrics.
pub(super) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who says things, as the label has it; in the order of `Meters::said`.
const AUTHORS: [&str; 3] = ["visitor", "assistant", "agent"];

type One = [(&'static str, &'static str); 1];
type Site = [(&'static str, String); 1];
type SiteState = [(&'static str, String); 2];
type Seconds = Gauge<f64, AtomicU64>;

/// See the module.
#[derive(Debug)]
pub(super) struct Meters {
    registry: Registry,
    connections: Gauge,
    sockets: Family<One, Gauge>,
    refused: Family<One, Counter>,
    requests: Family<One, Counter>,
    messages: Family<One, Counter>,
    /// The counters in `messages`, found once: of visitors, assistant, agents.
    said: [Counter; 3],
    handoffs: Counter,
    accepted: Counter,
    resolved: Counter,
    conversations: Family<SiteState, Gauge>,
    waiting: Family<Site, Seconds>,
    agents: Family<One, Gauge>,
    head: Gauge,
    reloads: Family<One, Counter>,
    certificates: Family<One, Counter>,
    draining: Gauge,
}

/// Counts an open socket; dropped, it is closed.
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Meters {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("baton");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", version);
        let start: Seconds = Gauge::default();
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64()));
        registry.register_with_unit(
            "start_time",
            "When the server started, since 1970",
            Unit::Seconds,
            start,
        );
        let messages = Family::<One, Counter>::default();
        let mut meters = Self {
            connections: Gauge::default(),
            sockets: Family::default(),
            refused: Family::default(),
            requests: Family::default(),
            said: AUTHORS.map(|who| messages.get_or_create_owned(&[("author", who)])),
            messages,
            handoffs: Counter::default(),
            accepted: Counter::default(),
            resolved: Counter::default(),
            conversations: Family::default(),
            waiting: Family::default(),
            agents: Family::default(),
            head: Gauge::default(),
            reloads: Family::default(),
            certificates: Family::default(),
            draining: Gauge::default(),
            registry,
        };
        meters.register();
        meters
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("connections", "TCP connections that are open", self.connections.clone());
        r.register("sockets", "WebSockets that are open, by whose", self.sockets.clone());
        r.register("refused", "Connections and requests refused at the door, by why", self.refused.clone());
        r.register("http_requests", "HTTP requests answered, by class of status", self.requests.clone());
        r.register("messages", "Messages stored since the start, by author", self.messages.clone());
        r.register("handoffs", "Conversations queued for a person since the start", self.handoffs.clone());
        r.register("accepted", "Conversations an agent took since the start", self.accepted.clone());
        r.register("resolved", "Conversations resolved since the start", self.resolved.clone());
        let help = "Conversations that are not resolved, by site and state";
        r.register("conversations", help, self.conversations.clone());
        let help = "How long the first in the queue has waited, by site; 0: nobody waits";
        r.register_with_unit("queue_wait", help, Unit::Seconds, self.waiting.clone());
        r.register("agents", "Agents, by whether they are offered work", self.agents.clone());
        r.register("log_head", "Position of the last event in the log", self.head.clone());
        r.register("reloads", "Reloads of the configuration, by outcome", self.reloads.clone());
        let help = "Changed certificate files, by outcome";
        r.register("certificate_reloads", help, self.certificates.clone());
        r.register("draining", "1 while the server is on its way down", self.draining.clone());
        // What never happened is there with 0: an alert can be written before it does.
        for why in ["server_full", "address_full", "plain", "origin", "tls"] {
            drop(self.refused.get_or_create(&[("reason", why)]));
        }
        for outcome in ["ok", "refused"] {
            drop(self.reloads.get_or_create(&[("outcome", outcome)]));
            drop(self.certificates.get_or_create(&[("outcome", outcome)]));
        }
        for class in ["1xx", "2xx", "3xx", "4xx", "5xx"] {
            drop(self.requests.get_or_create(&[("status", class)]));
        }
        for whose in ["visitor", "agent"] {
            drop(self.sockets.get_or_create(&[("whose", whose)]));
        }
    }

    /// A socket opened.
    pub(super) fn socket(&self, whose: &'static str) -> Open {
        let gauge = self.sockets.get_or_create_owned(&[("whose", whose)]);
        gauge.inc();
        Open(gauge)
    }

    /// Something was refused at the door.
    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// A request was answered.
    pub(super) fn answered(&self, status: u16) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&[("status", class)]).inc();
    }

    /// The configuration was read again.
    pub(super) fn reloaded(&self, ok: bool) {
        self.reloads.get_or_create(&[("outcome", if ok { "ok" } else { "refused" })]).inc();
    }

    /// A certificate changed.
    pub(super) fn certificate(&self, ok: bool) {
        self.certificates.get_or_create(&[("outcome", if ok { "ok" } else { "refused" })]).inc();
    }

    /// What happened in the log.
    pub(super) fn published(&self, published: &Published) {
        for event in &published.events {
            match &event.event {
                Event::MessagePosted(message) => {
                    let [visitor, assistant, agent] = &self.said;
                    let counter = match message.author {
                        Author::Visitor => visitor,
                        Author::Assistant => assistant,
                        Author::Agent(_) => agent,
                    };
                    counter.inc();
                }
                Event::HandoffRequested { .. } => drop(self.handoffs.inc()),
                Event::Accepted { .. } | Event::TakenOver { .. } => drop(self.accepted.inc()),
                Event::Resolved(_) => drop(self.resolved.inc()),
                _ => {}
            }
        }
    }

    /// The page, as of now.
    ///
    /// # Errors
    /// In words for the log: the store could not be read.
    pub(super) async fn page(
        &self,
        engine: &Engine,
        connections: usize,
        draining: bool,
    ) -> Result<String, String> {
        let counts = engine.read(|r| r.state_counts()).await.map_err(|e| e.to_string())?;
        self.conversations.clear();
        self.waiting.clear();
        for site in engine.sites() {
            self.waiting.get_or_create(&[("site", site.id.to_string())]).set(0.0);
        }
        for StateCount { site, state, count, oldest } in counts {
            let labels = [("site", site.to_string()), ("state", state.word().to_owned())];
            self.conversations.get_or_create(&labels).set(count as i64);
            if state == State::Queued {
                let waited = oldest.map_or(0, |at| engine.now().since_ms(at).max(0));
                self.waiting.get_or_create(&[("site", site.to_string())]).set(waited as f64 / 1000.0);
            }
        }
        let (mut available, mut away, mut offline) = (0, 0, 0);
        for agent in engine.agents() {
            match (agent.present, agent.availability.available) {
                (true, true) => available += 1,
                (true, false) => away += 1,
                (false, _) => offline += 1,
            }
        }
        for (state, n) in [("available", available), ("away", away), ("offline", offline)] {
            self.agents.get_or_create(&[("state", state)]).set(n);
        }
        self.connections.set(connections as i64);
        self.head.set(engine.head() as i64);
        self.draining.set(i64::from(draining));
        let mut page = String::new();
        encode(&mut page, &self.registry).map_err(|e| e.to_string())?;
        Ok(page)
    }
}
