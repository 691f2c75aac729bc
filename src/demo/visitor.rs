//! One simulated visitor's life: arrive on a page, ask, read, ask for a person, talk, leave.
//!
//! Over a real socket, with typing shown, at a pace a person could keep. Everything waits on what really happens.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::cast::{Part, Wish};
use super::random::Random;
use crate::client::visitor::{VisitorClientEvent, VisitorHandle, VisitorOptions, connect};
use crate::conversation::{Page, SiteId};
use crate::protocol::VisitorEvent;

/// How long a visitor waits for the assistant before they go on.
const ANSWER: Duration = Duration::from_secs(20);
/// After so long in the queue a visitor says something once more.
const IMPATIENT: Duration = Duration::from_secs(45);
/// After so long without a person, or without a word of theirs, a visitor leaves.
const PATIENCE: Duration = Duration::from_secs(900);

struct Life {
    part: Part,
    random: Random,
    handle: VisitorHandle,
    events: mpsc::Receiver<VisitorClientEvent>,
    /// What has been heard since it was last looked at.
    assistant: u32,
    agent: u32,
    /// Contact details are asked for.
    lead_wanted: bool,
    /// It is over: resolved, or the client has stopped.
    over: bool,
}

/// Plays a part to its end.
pub(super) async fn live(url: &str, part: Part, random: Random, shop: bool) {
    let Ok(site) = SiteId::new("demo") else { return };
    let (path, title) = part.page;
    let (path, title) = if shop { (path, Some(title.to_owned())) } else { ("", None) };
    let page = Page { url: format!("{url}/demo/{path}"), title, referrer: None };
    let options = VisitorOptions {
        url: url.to_owned(),
        site,
        page: Some(page),
        locale: Some(part.locale.to_owned()),
        time_zone: Some(part.time_zone.to_owned()),
        token: None,
        client: concat!("demo/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let Ok((handle, events)) = connect(options) else { return };
    let mut life =
        Life { part, random, handle, events, assistant: 0, agent: 0, lead_wanted: false, over: false };
    life.play().await;
    life.handle.close().await;
}

impl Life {
    async fn play(&mut self) {
        self.pause(800, 1_800).await;
        for (i, ask) in self.part.asks.iter().enumerate() {
            self.say(ask).await;
            if i == 0
                && let Some(name) = self.part.name
            {
                self.handle.identify(Some(name.to_owned()), None);
            }
            self.until(ANSWER, |life| life.assistant > 0 || life.agent > 0).await;
            self.pause(1_200, 3_000).await;
        }
        match self.part.wish {
            Wish::None => return self.leave().await,
            Wish::Words(words) => self.say(words).await,
            Wish::Button => drop(self.handle.request_person()),
        }
        self.wait_for_person().await;
        for tell in self.part.tells {
            if self.over || self.agent == 0 {
                return;
            }
            self.pause(1_500, 3_500).await;
            self.say(tell).await;
            self.until(PATIENCE, |life| life.agent > 0).await;
        }
        if self.agent > 0 {
            self.pause(1_500, 3_500).await;
        }
        self.leave().await;
    }

    /// Until an agent has written; leaves contact details where asked for.
    async fn wait_for_person(&mut self) {
        let start = Instant::now();
        let mut complained = false;
        self.until(Duration::from_secs(4), |life| life.lead_wanted || life.agent > 0).await;
        while !self.over && self.agent == 0 && start.elapsed() < PATIENCE {
            if std::mem::take(&mut self.lead_wanted) {
                self.pause(1_500, 3_000).await;
                self.handle.lead(self.part.name.map(str::to_owned), self.part.email.to_owned());
            }
            self.until(IMPATIENT, |life| life.agent > 0 || life.lead_wanted).await;
            if self.agent == 0 && !self.lead_wanted && !complained && !self.over {
                complained = true;
                self.say(self.part.impatient).await;
            }
        }
    }

    /// Last words, and gone; those who do not end the chat stay a while, for the agent to resolve it.
    async fn leave(&mut self) {
        if self.over {
            return;
        }
        self.say(self.part.thanks).await;
        self.pause(2_000, 5_000).await;
        if self.part.ends {
            self.handle.end();
            self.pause(500, 1_000).await;
        } else {
            self.until(Duration::from_secs(90), |_| false).await;
        }
    }

    /// Types at a person's pace, with the indicator on, and sends. What was heard before counts as read;
    /// what comes while typing does not.
    async fn say(&mut self, words: &str) {
        if self.over {
            return;
        }
        (self.assistant, self.agent) = (0, 0);
        let a_key = self.random.range(30, 60);
        let ms = (words.chars().count() as u64 * a_key).clamp(700, 5_000);
        self.handle.typing(true);
        self.until(Duration::from_millis(ms), |_| false).await;
        self.handle.typing(false);
        if !self.over {
            self.handle.say(words.to_owned());
        }
    }

    async fn pause(&mut self, low_ms: u64, high_ms: u64) {
        let ms = self.random.range(low_ms, high_ms);
        self.until(Duration::from_millis(ms), |_| false).await;
    }

    /// Listens until it is over, the condition holds, or the time has passed.
    async fn until(&mut self, most: Duration, holds: impl Fn(&Life) -> bool) {
        let until = Instant::now() + most;
        while !self.over && !holds(self) {
            match timeout_at(until, self.events.recv()).await {
                Err(_) => return,
                Ok(None) => self.over = true,
                Ok(Some(event)) => self.heard(event),
            }
        }
    }

    fn heard(&mut self, event: VisitorClientEvent) {
        match event {
            VisitorClientEvent::Welcome(welcome) => {
                self.lead_wanted |= welcome.conversation.is_some_and(|c| c.lead_wanted);
            }
            VisitorClientEvent::Event { event: Some(event), .. } => match event {
                VisitorEvent::MessagePosted(message) if message.author == "agent" => self.agent += 1,
                VisitorEvent::MessagePosted(message) if message.author == "assistant" => self.assistant += 1,
                VisitorEvent::NoticePosted { key, .. } if key == "handoff.nobody_there" => {
                    self.lead_wanted = true
                }
                VisitorEvent::Resolved {} => self.over = true,
                _ => {}
            },
            VisitorClientEvent::Fatal { .. } => self.over = true,
            _ => {}
        }
    }
}
