//! A desk to try the console at: the reducer and the panels, a clock moved by hand, and conversations folded from events.
#![allow(dead_code, reason = "each test file uses its part of the desk")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use std::collections::HashMap;

use baton::client::{ClientEvent, Link};
use baton::console::app::key::{Code, Key};
use baton::console::app::{Effect, Event, Gesture, Mouse, Now, Start, State, Target, TimerId, update};
use baton::console::ui::{self, Cache, Look};
use baton::conversation::{
    AgentId, AgentRef, AssistantTurn, Author, Card, Conversation, ConversationId, Event as Happened, Fact,
    Handoff, Message, MessageId, Page, Reason, ReleaseCause, ResolvedBy, Role, Row, SiteId, Source, Time,
    Transcript, TurnOutcome, VisitorId, VisitorRef,
};
use baton::protocol::{
    AgentAuthOk, AgentInfo, AgentOp, Answered, AvailabilityInfo, SiteInfo, SyncMode, WatchOk, WireError,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use uuid::Uuid;

/// Half past two on a Monday in March, UTC.
pub const NOW: Time = Time(1_772_461_800_000);

pub fn id(n: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(n))
}

pub fn me() -> AgentRef {
    AgentRef { id: AgentId(Uuid::from_u128(1_000)), name: "Ana".into() }
}

pub fn bo() -> AgentRef {
    AgentRef { id: AgentId(Uuid::from_u128(1_001)), name: "Bo".into() }
}

fn info(agent: &AgentRef, available: bool) -> AgentInfo {
    AgentInfo {
        id: agent.id,
        name: agent.name.clone(),
        role: Role::Agent,
        availability: AvailabilityInfo { available, reason: None, until: None },
        present: true,
        groups: Vec::new(),
    }
}

/// A conversation told event by event; its times count in seconds before [`NOW`].
#[derive(Clone)]
pub struct Story {
    pub conversation: Conversation,
    pub transcript: Transcript,
    pub seq: u64,
}

impl Story {
    pub fn new(n: u128, name: &str, path: &str, ago_s: i64) -> Self {
        let visitor = VisitorRef {
            id: VisitorId(Uuid::from_u128(n << 96 | 7)),
            name: (!name.is_empty()).then(|| name.to_owned()),
            email: None,
        };
        let page = Page {
            url: format!("https://shop.example{path}"),
            title: Some("Your orders".into()),
            referrer: None,
        };
        let story = Self {
            conversation: Conversation::empty(id(n)),
            transcript: Transcript::default(),
            seq: u64::try_from(n).unwrap() * 1_000,
        };
        let site = SiteId::new("demo").unwrap();
        story.then(ago_s, Happened::Started { site, visitor, page: Some(page), linked: None, device: None })
    }

    pub fn event(&mut self, ago_s: i64, event: &Happened) -> ClientEvent {
        let at = NOW.plus_ms(-1_000 * ago_s);
        self.seq += 1;
        self.conversation.apply(event, at);
        let version = self.conversation.version;
        self.transcript.apply(self.seq, version, at, event);
        ClientEvent::Event {
            seq: self.seq,
            at,
            conversation: self.conversation.id,
            version,
            event: Some(Box::new(event.clone())),
        }
    }

    pub fn then(mut self, ago_s: i64, event: Happened) -> Self {
        self.event(ago_s, &event);
        self
    }

    pub fn message(&self, author: Author, text: &str) -> Happened {
        let turn = matches!(author, Author::Assistant).then(|| AssistantTurn {
            answers: self.conversation.last_visitor_version,
            decision: None,
            outcome: TurnOutcome::Answered,
            offered: false,
            evidence: Vec::new(),
            hits: Vec::new(),
        });
        Happened::MessagePosted(Message {
            id: MessageId(Uuid::from_u128(u128::from(self.seq) + 77)),
            sources: turn
                .iter()
                .map(|_| Source { title: "Following a parcel".into(), url: "/docs/parcels".into() })
                .collect(),
            author,
            text: text.to_owned(),
            epoch: self.conversation.epoch,
            attachments: Vec::new(),
            turn,
            thanks: false,
        })
    }

    pub fn visitor(self, ago_s: i64, text: &str) -> Self {
        let event = self.message(Author::Visitor, text);
        self.then(ago_s, event)
    }

    pub fn assistant(self, ago_s: i64, text: &str) -> Self {
        let event = self.message(Author::Assistant, text);
        self.then(ago_s, event)
    }

    pub fn agent(self, ago_s: i64, who: AgentRef, text: &str) -> Self {
        let event = self.message(Author::Agent(who), text);
        self.then(ago_s, event)
    }

    pub fn note(self, ago_s: i64, by: AgentRef, text: &str) -> Self {
        let note = MessageId(Uuid::from_u128(u128::from(self.seq) + 99));
        self.then(ago_s, Happened::NoteAdded { id: note, by, text: text.to_owned() })
    }

    pub fn queued(self, ago_s: i64, reason: Reason, summary: &str) -> Self {
        let page = self.conversation.page.clone();
        let handoff = Handoff {
            reason,
            evidence: vec!["asked for a person in words".into()],
            card: Card {
                summary: summary.to_owned(),
                wants: vec!["My order 4711 never arrived and I would like my money back.".into()],
                facts: vec![Fact { kind: "order".into(), text: "4711".into(), turn: 1 }],
                tried: vec!["Following a parcel: did not help".into()],
                why: reason.words().to_owned(),
                mood: "impatient".into(),
            },
            page,
            hits: Vec::new(),
            withheld: None,
        };
        self.then(ago_s, Happened::HandoffInitiated { handoff })
            .then(ago_s, Happened::HandoffRequested { ticket: false })
    }

    pub fn accepted(self, ago_s: i64, agent: AgentRef) -> Self {
        self.then(ago_s, Happened::Accepted { agent })
    }

    pub fn resolved(self, ago_s: i64, agent: AgentRef) -> Self {
        self.then(ago_s, Happened::Resolved(ResolvedBy::Agent(agent)))
    }

    pub fn row(&self) -> Row {
        Row::of(&self.conversation).unwrap()
    }

    pub fn row_event(&self) -> ClientEvent {
        let row = self.row();
        ClientEvent::Row {
            seq: self.seq,
            conversation: row.id,
            version: row.version,
            row: Some(Box::new(row)),
        }
    }

    pub fn watch_ok(&self) -> serde_json::Value {
        let entries = self.transcript.entries.clone();
        let conversation = Box::new(self.conversation.clone());
        let ok = WatchOk {
            conversation,
            entries,
            more: false,
            as_of: self.seq,
            earlier: Vec::new(),
            seen: None,
            mails: Vec::new(),
        };
        serde_json::to_value(ok).unwrap()
    }
}

/// Nina waits 4 minutes, Omar 90 seconds, somebody without a name 20 seconds.
pub fn three_waiting() -> Vec<Story> {
    vec![
        Story::new(1, "Nina Kowalski", "/orders/4711", 500)
            .visitor(490, "Hello, my order 4711 never arrived. It should have come last Tuesday, and the tracking page shows nothing at all.")
            .assistant(480, "You can follow a parcel under Orders, then Track.")
            .visitor(260, "I tried that. Can I talk to a person please?")
            .queued(250, Reason::HumanRequested, "Order 4711 never arrived, wants a refund"),
        Story::new(2, "Omar", "/login", 300)
            .visitor(290, "I cannot log in since the update")
            .queued(90, Reason::Unanswered, "Cannot log in since the update"),
        Story::new(3, "", "/pricing", 60)
            .visitor(50, "私はチームプランについて質問があります 👩‍💻")
            .queued(20, Reason::VisitorButton, "私はチームプランについて質問があります 👩‍💻"),
    ]
}

/// A conversation of mine, answered already, and three that wait.
pub fn desk() -> Desk {
    let mut stories = three_waiting();
    stories.push(
        Story::new(4, "Kim", "/", 400)
            .visitor(390, "hello?")
            .queued(380, Reason::HumanRequested, "says hello")
            .accepted(300, me())
            .agent(290, me(), "Hi Kim")
            .visitor(30, "still there?"),
    );
    Desk::with(100, 30, true, stories)
}

/// A desk.
pub struct Desk {
    pub state: State,
    pub mono: u64,
    pub effects: Vec<Effect>,
    pub timers: HashMap<TimerId, u64>,
    pub stories: HashMap<ConversationId, Story>,
    /// Answer requests as a server would that agrees with everything.
    pub agreeable: bool,
    /// Groups somebody belongs to.
    pub groups: Vec<String>,
    fresh: u128,
}

impl Desk {
    /// A console that has not heard from the server yet.
    pub fn silent(w: u16, h: u16) -> Self {
        Self::configured(w, h, Default::default())
    }

    /// The same with the agent's settings.
    pub fn configured(w: u16, h: u16, config: baton::console::config::Config) -> Self {
        let start =
            Start { config, size: (w, h), tz: jiff::tz::TimeZone::UTC, status_note: None, available: false };
        Self {
            state: State::new(start),
            mono: 10_000,
            effects: Vec::new(),
            timers: HashMap::new(),
            stories: HashMap::new(),
            agreeable: true,
            groups: Vec::new(),
            fresh: 1,
        }
    }

    /// A console that is signed in, with these conversations.
    pub fn with(w: u16, h: u16, available: bool, stories: Vec<Story>) -> Self {
        let mut desk = Self::silent(w, h);
        desk.stories = stories.into_iter().map(|s| (s.conversation.id, s)).collect();
        desk.welcome(available);
        desk
    }

    /// A console that is signed in, with these conversations and settings; the settings as in `console.toml`.
    pub fn set_up(w: u16, h: u16, stories: Vec<Story>, settings: &str) -> Self {
        let config = baton::console::config::Config::parse(std::path::Path::new("console.toml"), settings);
        let mut desk = Self::configured(w, h, config.unwrap());
        desk.stories = stories.into_iter().map(|s| (s.conversation.id, s)).collect();
        desk.welcome(true);
        desk
    }

    /// The mouse at a cell, as whoever draws resolves it.
    pub fn mouse(&mut self, gesture: Gesture, x: u16, y: u16) -> Option<Target> {
        let (w, h) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
        let mut hits = ui::HitMap::default();
        terminal
            .draw(|frame| hits = ui::draw(frame, &self.state, Look::default(), &mut Cache::default()))
            .unwrap();
        let on = hits.at(x, y);
        self.advance(60);
        self.event(Event::Mouse(Mouse { gesture, x, y, on }));
        on
    }

    /// Clicks where these words stand on screen.
    #[track_caller]
    pub fn click(&mut self, words: &str) -> Option<Target> {
        let screen = self.screen();
        let found = screen.lines().enumerate().find_map(|(y, line)| {
            let at = line.find(words)?;
            Some((u16::try_from(baton::text::width::cells(&line[..at])).unwrap(), u16::try_from(y).unwrap()))
        });
        let Some((x, y)) = found else { panic!("{words} is not on screen:\n{screen}") };
        self.mouse(Gesture::Click, x, y)
    }

    pub fn welcome(&mut self, available: bool) {
        self.client(ClientEvent::Drafts(Vec::new()));
        self.client(ClientEvent::Link(Link::Connecting));
        self.client(ClientEvent::Welcome(Box::new(AgentAuthOk {
            agent: info(&me(), available),
            sites: vec![SiteInfo { id: SiteId::new("demo").unwrap(), name: "Demo".into(), mail: None }],
            agents: vec![info(&me(), available), info(&bo(), true)],
            log_id: "log".into(),
            head: 1,
            mode: SyncMode::Snapshot,
            reason: None,
            replayed: 0,
            server_time: NOW,
            warn_after_ms: 60_000,
            return_after_ms: 180_000,
            capacity: None,
            groups: self.groups.clone(),
            reads: Vec::new(),
        })));
        self.client(ClientEvent::Link(Link::Syncing));
        let open = |s: &&Story| s.conversation.state != baton::conversation::State::Resolved;
        let rows = self.stories.values().filter(open).map(Story::row).collect();
        self.client(ClientEvent::Snapshot { as_of: 1, rows, more: false });
        self.client(ClientEvent::Link(Link::Live));
        self.effects.clear();
    }

    fn now(&mut self) -> Now {
        self.fresh += 1;
        let wall = NOW.plus_ms(i64::try_from(self.mono).unwrap() - 10_000);
        Now { wall, mono: self.mono, fresh: Uuid::from_u128(self.fresh << 64) }
    }

    /// An event in; timers are kept, requests answered if the desk is agreeable.
    pub fn event(&mut self, event: Event) {
        let now = self.now();
        for effect in update(&mut self.state, event, now) {
            match &effect {
                Effect::StartTimer { id, ms } => {
                    self.timers.insert(*id, self.mono + ms);
                }
                Effect::CancelTimer(id) => {
                    self.timers.remove(id);
                }
                _ => {}
            }
            self.effects.push(effect.clone());
            if self.agreeable {
                self.answer(&effect);
            }
        }
        self.state.refresh_lists();
    }

    fn answer(&mut self, effect: &Effect) {
        match effect {
            Effect::Watch { tag, conversation } => {
                if let Some(story) = self.stories.get(conversation) {
                    let result = Ok(story.watch_ok());
                    self.client(ClientEvent::Response { tag: *tag, result });
                }
            }
            Effect::Request { tag, op } => {
                let what = match op {
                    AgentOp::Accept(arg) => Some((arg.conversation, Happened::Accepted { agent: me() })),
                    AgentOp::TakeOver(arg) => {
                        Some((arg.conversation, Happened::TakenOver { agent: me(), from: None }))
                    }
                    AgentOp::Resolve(arg) => {
                        Some((arg.conversation, Happened::Resolved(ResolvedBy::Agent(me()))))
                    }
                    AgentOp::Reopen(arg) => {
                        Some((arg.conversation, Happened::Reopened { agent: me(), unseen: false }))
                    }
                    AgentOp::HandBack(arg) => Some((arg.conversation, Happened::HandedBack { by: me() })),
                    AgentOp::Release(arg) => {
                        let cause = ReleaseCause::Agent { by: me(), reason: arg.reason.clone() };
                        Some((arg.conversation, Happened::Released(cause)))
                    }
                    AgentOp::Snooze(arg) => {
                        Some((arg.conversation, Happened::Snoozed { by: me(), until: arg.until }))
                    }
                    AgentOp::Transfer(arg) => {
                        if let Some(text) = &arg.note {
                            let id = MessageId(Uuid::from_u128(self.fresh << 32));
                            let note = Happened::NoteAdded { id, by: me(), text: text.clone() };
                            self.happens(arg.conversation, 0, &note);
                        }
                        let event = match &arg.group {
                            None => Happened::Transferred { by: me(), to: bo() },
                            Some(group) => Happened::Released(ReleaseCause::Transferred {
                                by: me(),
                                group: group.clone(),
                            }),
                        };
                        Some((arg.conversation, event))
                    }
                    AgentOp::Tag(arg) => {
                        let (added, removed) = (arg.add.clone(), arg.remove.clone());
                        Some((arg.conversation, Happened::Tagged { by: me(), added, removed }))
                    }
                    AgentOp::Priority(arg) => {
                        let priority = arg.priority;
                        Some((arg.conversation, Happened::Prioritised { by: me(), priority }))
                    }
                    AgentOp::History(arg) => {
                        if let Some(story) = self.stories.get(&arg.conversation) {
                            let entries = story.transcript.entries.clone();
                            let ok = serde_json::json!({ "entries": entries, "more": false });
                            self.client(ClientEvent::Response { tag: *tag, result: Ok(ok) });
                        }
                        None
                    }
                    AgentOp::AvailabilitySet(_) => {
                        let result = Ok(serde_json::json!({}));
                        self.client(ClientEvent::Response { tag: *tag, result });
                        None
                    }
                    _ => None,
                };
                if let Some((conversation, event)) = what {
                    let answered = self.happens(conversation, 0, &event);
                    self.client(ClientEvent::Response { tag: *tag, result: Ok(answered) });
                }
            }
            Effect::Durable { tag, .. } => self.client(ClientEvent::Stored { tag: *tag }),
            _ => {}
        }
    }

    /// Something happens on the server: the event and the row arrive.
    pub fn happens(&mut self, at: ConversationId, ago_s: i64, event: &Happened) -> serde_json::Value {
        let story = self.stories.get_mut(&at).unwrap();
        let reported = story.event(ago_s, event);
        let (row, version, seq) = (story.row_event(), story.conversation.version, story.seq);
        // As the server does: events of what is watched, rows of all else.
        let watched = self.state.open.as_ref().is_some_and(|open| open.id == at);
        self.client(if watched { reported } else { row });
        serde_json::to_value(Answered { conversation: at, id: None, version, seq }).unwrap()
    }

    pub fn client(&mut self, event: ClientEvent) {
        self.event(Event::Client(event));
    }

    pub fn refuse(&mut self, tag: u64, message: &str) {
        self.client(ClientEvent::Response { tag, result: Err(WireError::new("test.refused", message)) });
    }

    /// Keys as people press them: 60 ms apart. `lo<enter>`, `<ctrl-k>away`.
    pub fn keys(&mut self, spelt: &str) -> &mut Self {
        for key in keys(spelt) {
            self.advance(60);
            self.event(Event::Key(key));
        }
        self.advance(60);
        self
    }

    /// Keys as a paste without brackets sends them: all at once.
    pub fn burst(&mut self, spelt: &str) -> &mut Self {
        self.advance(60);
        for key in keys(spelt) {
            self.event(Event::Key(key));
        }
        self.advance(60);
        self
    }

    /// Lets time pass; timers come in their order.
    pub fn advance(&mut self, ms: u64) {
        let until = self.mono + ms;
        while let Some((id, at)) = self
            .timers
            .iter()
            .map(|(id, at)| (*id, *at))
            .filter(|(_, at)| *at <= until)
            .min_by_key(|(_, at)| *at)
        {
            self.timers.remove(&id);
            self.mono = self.mono.max(at);
            self.event(Event::Timer(id));
        }
        self.mono = until;
        self.event(Event::Tick);
    }

    pub fn toast(&self) -> &str {
        self.state.toast.as_ref().map_or("", |toast| toast.text.as_str())
    }

    /// Operations asked for so far, in short: `accept 1`, `message.send 1 "text"`.
    pub fn ops(&self) -> Vec<String> {
        let short = |c: &ConversationId| c.0.as_u128().to_string();
        let words = |op: &AgentOp| match op {
            AgentOp::Accept(a) if a.over_capacity => format!("accept {} above", short(&a.conversation)),
            AgentOp::Accept(a) => format!("accept {}", short(&a.conversation)),
            AgentOp::TakeOver(a) => format!("take_over {}", short(&a.conversation)),
            AgentOp::Resolve(a) => format!("resolve {}", short(&a.conversation)),
            AgentOp::Reopen(a) => format!("reopen {}", short(&a.conversation)),
            AgentOp::HandBack(a) => format!("hand_back {}", short(&a.conversation)),
            AgentOp::MessageSend(a) => format!("message.send {} {:?}", short(&a.conversation), a.text),
            AgentOp::NoteAdd(a) => format!("note.add {} {:?}", short(&a.conversation), a.text),
            AgentOp::Typing(a) => format!("typing {} {}", short(&a.conversation), a.on),
            AgentOp::AvailabilitySet(a) => format!("availability {}", a.available),
            AgentOp::History(a) if a.before.is_none() => format!("look back {}", short(&a.conversation)),
            AgentOp::History(a) => format!("history before {:?}", a.before),
            AgentOp::List(a) => format!("list {}", a.tab.word()),
            AgentOp::Search(a) => format!("search {}", a.query),
            AgentOp::Read(a) => format!("read {} {}", short(&a.conversation), a.messages),
            AgentOp::Release(a) => match &a.reason {
                Some(reason) => format!("release {} {reason:?}", short(&a.conversation)),
                None => format!("release {}", short(&a.conversation)),
            },
            AgentOp::Transfer(a) => {
                let to = a.agent.map(|agent| agent.0.as_u128().to_string());
                let to = to.or(a.group.clone()).unwrap_or_default();
                let note = a.note.as_ref().map(|note| format!(" {note:?}")).unwrap_or_default();
                format!("transfer {} to {to}{note}", short(&a.conversation))
            }
            AgentOp::Snooze(a) => match a.until {
                Some(until) => format!("snooze {} {until}", short(&a.conversation)),
                None => format!("snooze {}", short(&a.conversation)),
            },
            AgentOp::Tag(a) => format!("tag {} +{:?} -{:?}", short(&a.conversation), a.add, a.remove),
            AgentOp::Priority(a) => format!("priority {} {}", short(&a.conversation), a.priority.word()),
            other => format!("{other:?}"),
        };
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Request { op, .. } | Effect::Durable { op, .. } => Some(words(op)),
                _ => None,
            })
            .collect()
    }

    /// Operations without what passes by: typing, looking back, and how far one has read.
    pub fn deeds(&self) -> Vec<String> {
        let quiet = |op: &String| ["typing", "look back", "read"].iter().any(|word| op.starts_with(word));
        self.ops().into_iter().filter(|op| !quiet(op)).collect()
    }

    /// What is on screen, row by row, without the spaces at the ends.
    pub fn screen(&self) -> String {
        self.rendered().0
    }

    /// What is on screen, and below it the style of every cell that has one, as letters: `b`old, `d`im, `r`everse,
    /// `u`nderlined, and the colour's number.
    pub fn screen_with_styles(&self) -> String {
        let (screen, styles) = self.rendered();
        format!("{screen}\n--- styles ---\n{styles}")
    }

    /// The cells of a frame in this look.
    pub fn cells(&self, look: Look) -> Buffer {
        let (w, h) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
        let mut cache = Cache::default();
        terminal
            .draw(|frame| {
                ui::draw(frame, &self.state, look, &mut cache);
            })
            .unwrap();
        terminal.backend().buffer().clone()
    }

    fn rendered(&self) -> (String, String) {
        let (w, h) = self.state.size;
        let buffer = self.cells(Look::default());
        let (mut text, mut styles) = (String::new(), String::new());
        for y in 0..h {
            let (mut line, mut style) = (String::new(), String::new());
            let mut skip = 0;
            for x in 0..w {
                let cell = &buffer[(x, y)];
                if skip == 0 {
                    line.push_str(cell.symbol());
                    skip = baton::text::width::cells(cell.symbol()).max(1);
                }
                skip -= 1;
                style.push(style_letter(cell));
            }
            text.push_str(line.trim_end());
            text.push('\n');
            styles.push_str(style.trim_end());
            styles.push('\n');
        }
        (text, styles)
    }
}

fn style_letter(cell: &ratatui::buffer::Cell) -> char {
    use ratatui::style::{Color, Modifier};
    match cell.bg {
        Color::Red => return 'R',
        Color::Green => return 'G',
        Color::Yellow => return 'Y',
        _ => {}
    }
    let colour = match cell.fg {
        Color::Red => 'r',
        Color::Green => 'g',
        Color::Yellow => 'y',
        Color::Blue => 'b',
        Color::Magenta => 'm',
        Color::Cyan => 'c',
        _ if cell.modifier.contains(Modifier::REVERSED) => 'x',
        _ if cell.modifier.contains(Modifier::DIM) => '.',
        _ if cell.modifier.contains(Modifier::BOLD) => '+',
        _ if cell.modifier.contains(Modifier::UNDERLINED) => '_',
        _ => ' ',
    };
    if cell.modifier.contains(Modifier::REVERSED) { colour.to_ascii_uppercase() } else { colour }
}

/// Parses `lo<enter>`.
pub fn keys(spelt: &str) -> Vec<Key> {
    let mut out = Vec::new();
    let mut rest = spelt;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some((name, after)) = rest[1..].split_once('>')
            && let Ok(key) = name.parse()
        {
            out.push(key);
            rest = after;
        } else {
            out.push(Key::plain(Code::Char(c)));
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
