//! Decode at the door: what the server sent becomes the console's own structs, which hold [`SafeText`] and nothing raw.
//!
//! Invariant: beyond this file no panel ever meets a string from outside. Refused here: deciding anything.

use std::collections::{HashMap, HashSet};

use super::device::{self, Zone};
use super::why::WhyView;
use crate::conversation::{
    AgentId, AgentRef, Author, Card, Conversation, ConversationId, Entry, EntryKind, Holder, Page, Priority,
    Reason, Row, RowHolder, State as Standing, Tab, Time, VisitorRef,
};
use crate::protocol::AgentInfo;
use crate::text::links::{self, Link};
use crate::text::{SafeText, Untrusted};

/// One inert line of text from outside.
pub fn line(text: &str) -> SafeText {
    Untrusted::new(text).line()
}

/// Inert text from outside, line breaks kept.
pub fn block(text: &str) -> SafeText {
    Untrusted::new(text).display()
}

/// Who has a conversation, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderView {
    /// The assistant.
    Assistant,
    /// Nobody: it waits.
    Nobody,
    /// An agent.
    Agent {
        /// Their id.
        id: AgentId,
        /// Their name.
        name: SafeText,
    },
}

impl HolderView {
    fn of_row(holder: &RowHolder) -> Self {
        match (holder.id, holder.kind.as_str()) {
            (Some(id), _) => Self::Agent { id, name: line(holder.name.as_deref().unwrap_or("an agent")) },
            (None, "assistant") => Self::Assistant,
            _ => Self::Nobody,
        }
    }

    fn of(holder: &Holder) -> Self {
        match holder {
            Holder::Assistant => Self::Assistant,
            Holder::Nobody => Self::Nobody,
            Holder::Agent(AgentRef { id, name }) => Self::Agent { id: *id, name: line(name) },
        }
    }

    /// The agent's id, where one holds it.
    pub fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Agent { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// A page, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageView {
    /// The address, whole.
    pub url: SafeText,
    /// Its path: what tells pages of one site apart.
    pub path: SafeText,
    /// The title, if reported.
    pub title: Option<SafeText>,
    /// Where the visitor came from, if reported.
    pub referrer: Option<SafeText>,
}

impl PageView {
    fn of(page: &Page) -> Self {
        let rest = page.url.split_once("://").map_or(page.url.as_str(), |(_, rest)| rest);
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let filled = |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(line);
        Self {
            url: line(&page.url),
            path: line(path),
            title: filled(&page.title),
            referrer: filled(&page.referrer),
        }
    }
}

/// A conversation's line, as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct RowView {
    /// Which conversation.
    pub id: ConversationId,
    /// Its site.
    pub site: SafeText,
    /// Where it stands.
    pub state: Standing,
    /// Who has it.
    pub holder: HolderView,
    /// The visitor's name, or a stand-in made of their id.
    pub name: SafeText,
    /// Their e-mail address.
    pub email: Option<SafeText>,
    /// The page.
    pub page: Option<PageView>,
    /// Why a person is needed.
    pub reason: Option<Reason>,
    /// One line.
    pub summary: SafeText,
    /// Answered by mail.
    pub ticket: bool,
    /// Messages of the visitor so far: what is unread is counted from here.
    pub visitor_messages: u64,
    /// When it was handed off.
    pub queued_at: Option<Time>,
    /// Since when the visitor waits.
    pub waiting_since: Option<Time>,
    /// Since when the holder has it.
    pub held_since: Time,
    /// Whether that holder has answered.
    pub answered: bool,
    /// When somebody last spoke.
    pub last_message_at: Time,
    /// When it started.
    pub started_at: Time,
    /// When a snooze ends.
    pub snoozed_until: Option<Time>,
    /// When it was resolved.
    pub resolved_at: Option<Time>,
    /// What agents called it, sorted.
    pub tags: Vec<SafeText>,
    /// The same, raw: what the wire wants back. No panel reads it.
    pub(super) labels: Vec<String>,
    /// How urgent agents say it is.
    pub priority: Priority,
    /// The group preferred for it.
    pub group: Option<SafeText>,
    /// Its version.
    pub version: u64,
    /// No longer visible to this agent.
    pub gone: bool,
}

/// The name to call a visitor by.
fn visitor_name(visitor: &VisitorRef) -> SafeText {
    let name = visitor.name.as_deref().map(line).filter(|name| !name.is_blank());
    name.unwrap_or_else(|| line(&format!("visitor {}", &visitor.id.short()[..4])))
}

impl RowView {
    /// Cleans a row.
    pub fn of(row: &Row) -> Self {
        Self {
            id: row.id,
            site: line(row.site.as_str()),
            state: row.state,
            holder: HolderView::of_row(&row.holder),
            name: visitor_name(&row.visitor),
            email: row.visitor.email.as_deref().map(line),
            page: row.page.as_ref().map(PageView::of),
            reason: row.reason,
            summary: line(if row.summary.is_empty() { &row.last_text } else { &row.summary }),
            ticket: row.ticket,
            visitor_messages: row.visitor_messages,
            queued_at: row.queued_at,
            waiting_since: row.waiting_since,
            held_since: row.held_since,
            answered: row.answered,
            last_message_at: row.last_message_at,
            started_at: row.started_at,
            snoozed_until: row.snoozed_until,
            resolved_at: row.resolved_at,
            tags: row.tags.iter().map(|tag| line(tag)).collect(),
            labels: row.tags.clone(),
            priority: row.priority,
            group: row.group.as_deref().map(line),
            version: row.version,
            gone: false,
        }
    }

    /// Whether it stands in this tab, for this agent (the rule of [`Row::in_tab`]).
    pub fn in_tab(&self, tab: Tab, me: AgentId) -> bool {
        !self.gone
            && match tab {
                Tab::Queue => self.state == Standing::Queued,
                Tab::Mine => self.state == Standing::Active && self.holder.agent() == Some(me),
                Tab::Assistant => self.state == Standing::Assistant,
                Tab::Snoozed => self.state == Standing::Snoozed,
                Tab::Resolved => self.state == Standing::Resolved,
                Tab::All => true,
            }
    }

    /// Since when somebody waits (the rule of [`Row::waits_since`]).
    pub fn waits_since(&self) -> Option<Time> {
        match self.state {
            Standing::Queued => self.queued_at,
            Standing::Resolved | Standing::Snoozed => None,
            Standing::Active | Standing::Assistant => self.waiting_since,
        }
    }
}

/// The panel beside a conversation, as drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextView {
    /// The visitor's name.
    pub name: SafeText,
    /// Their e-mail address.
    pub email: Option<SafeText>,
    /// When they first wrote here.
    pub started_at: Time,
    /// Where it stands.
    pub state: Standing,
    /// Who has it.
    pub holder: HolderView,
    /// Why a person is needed.
    pub reason: Option<Reason>,
    /// The card.
    pub card: Option<CardView>,
    /// The page the handoff fired on.
    pub page: Option<PageView>,
    /// The page the visitor is on now, where it is another.
    pub page_now: Option<PageView>,
    /// Since when the visitor waits.
    pub waiting_since: Option<Time>,
    /// When it was handed off.
    pub queued_at: Option<Time>,
    /// Since when the holder has it.
    pub held_since: Time,
    /// Whether the holder has answered.
    pub answered: bool,
    /// Answered by mail.
    pub ticket: bool,
    /// When a snooze ends.
    pub snoozed_until: Option<Time>,
    /// What agents called it.
    pub tags: Vec<SafeText>,
    /// How urgent agents say it is.
    pub priority: Priority,
    /// The group preferred for it.
    pub group: Option<SafeText>,
    /// The visitor's way, oldest page first.
    pub trail: Vec<(Time, PageView)>,
    /// The language their browser prefers.
    pub locale: Option<SafeText>,
    /// The time zone it runs in.
    pub zone: Option<Zone>,
    /// What it calls itself, in words.
    pub device: Option<SafeText>,
    /// Why a person is needed, in full.
    pub why: WhyView,
}

/// The card, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardView {
    /// One line.
    pub summary: SafeText,
    /// What the visitor wants.
    pub wants: Vec<SafeText>,
    /// Codes, addresses, amounts, dates: kind and words.
    pub facts: Vec<(SafeText, SafeText)>,
    /// What the assistant has shown.
    pub tried: Vec<SafeText>,
    /// Why now.
    pub why: SafeText,
    /// The visitor's mood.
    pub mood: SafeText,
    /// What the policy saw.
    pub evidence: Vec<SafeText>,
}

impl CardView {
    fn of(card: &Card, evidence: &[String]) -> Self {
        let lines = |texts: &[String]| texts.iter().map(|t| line(t)).collect();
        Self {
            summary: line(&card.summary),
            wants: lines(&card.wants),
            facts: card.facts.iter().map(|fact| (line(&fact.kind), line(&fact.text))).collect(),
            tried: lines(&card.tried),
            why: line(&card.why),
            mood: line(&card.mood),
            evidence: lines(evidence),
        }
    }
}

impl ContextView {
    /// Cleans a folded conversation; none for one that does not exist. `before`: as it was drawn last.
    pub fn of(c: &Conversation, before: Option<&Self>) -> Option<Self> {
        let visitor = c.visitor.as_ref()?;
        let page = c.source_page();
        let device = c.device.as_ref();
        Some(Self {
            name: visitor_name(visitor),
            email: visitor.email.as_deref().map(line),
            started_at: c.started_at,
            state: c.state,
            holder: HolderView::of(&c.holder),
            reason: c.handoff.as_ref().map(|h| h.reason),
            card: c.handoff.as_ref().map(|h| CardView::of(&h.card, &h.evidence)),
            page: page.map(PageView::of),
            page_now: c.page.as_ref().filter(|now| Some(*now) != page).map(PageView::of),
            waiting_since: c.waiting_since,
            queued_at: c.queued_at,
            held_since: c.held_since,
            answered: c.answered,
            ticket: c.ticket,
            snoozed_until: c.snoozed_until,
            tags: c.tags.iter().map(|tag| line(tag)).collect(),
            priority: c.priority,
            group: c.group.as_deref().map(line),
            trail: c.trail.iter().map(|visit| (visit.at, PageView::of(&visit.page))).collect(),
            locale: device.and_then(|device| device.locale.as_deref()).map(line),
            zone: Zone::of(
                device.and_then(|device| device.time_zone.as_deref()),
                before.and_then(|before| before.zone.as_ref()),
            ),
            device: device.and_then(|device| device.user_agent.as_deref()).and_then(device::words),
            why: WhyView::of(c),
        })
    }
}

/// Who said a line of the transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// The visitor.
    Visitor,
    /// The assistant.
    Assistant,
    /// This agent.
    Me,
    /// Another agent.
    Agent,
    /// A note: agents only.
    Note,
    /// The system, to the visitor.
    Notice,
    /// Something that happened.
    Marker,
}

/// A line or block of the transcript, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its place in the conversation.
    pub version: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: Who,
    /// What, with sources and files below.
    pub text: SafeText,
    /// How many characters of it were made harmless: they are shown as marks.
    pub changed: usize,
    /// Links in it, each once, in order: none where the system speaks.
    pub links: Vec<Link>,
}

/// Each address once.
fn distinct(mut links: Vec<Link>) -> Vec<Link> {
    let mut seen = HashSet::new();
    links.retain(|link| seen.insert(link.address().to_string()));
    links
}

impl Said {
    /// Cleans an entry.
    pub fn of(entry: &Entry, me: Option<AgentId>, my_name: &SafeText) -> Self {
        let (who, text) = match &entry.kind {
            EntryKind::Message(message) => {
                let mut text = String::new();
                let who = match &message.author {
                    Author::Visitor => Who::Visitor,
                    Author::Assistant => Who::Assistant,
                    Author::Agent(agent) if Some(agent.id) == me => Who::Me,
                    Author::Agent(agent) => {
                        text.push_str(line(&agent.name).as_str());
                        text.push_str(": ");
                        Who::Agent
                    }
                };
                text.push_str(&message.text);
                for source in &message.sources {
                    text.push_str("\n[source] ");
                    text.push_str(line(&source.title).as_str());
                    text.push_str(" · ");
                    text.push_str(line(&source.url).as_str());
                }
                for file in &message.attachments {
                    text.push_str("\n[file] ");
                    text.push_str(line(&file.name).as_str());
                }
                (who, text)
            }
            EntryKind::Note { by, text, .. } if line(by) == *my_name => (Who::Note, text.clone()),
            EntryKind::Note { by, text, .. } => (Who::Note, format!("{}: {text}", line(by))),
            EntryKind::Notice { text } => (Who::Notice, text.clone()),
            EntryKind::Marker { who, what, about } => {
                let who = who.as_deref().map(|who| format!("{} ", line(who))).unwrap_or_default();
                let about = about.as_deref().map(|about| format!(": {}", line(about))).unwrap_or_default();
                (Who::Marker, format!("{who}{what}{about}"))
            }
        };
        let raw = text;
        let text = block(&raw);
        let changed = if raw == text.as_str() { 0 } else { lost(&raw, text.as_str()) };
        let links = match who {
            Who::Notice | Who::Marker => Vec::new(),
            _ => distinct(links::find(text.as_str())),
        };
        Self { version: entry.version, at: entry.at, who, text, changed, links }
    }
}

/// How many characters of a text are not in what is shown of it; line ends are no loss.
fn lost(raw: &str, shown: &str) -> usize {
    let mut left: HashMap<char, usize> = HashMap::new();
    for c in shown.chars() {
        *left.entry(c).or_default() += 1;
    }
    let taken = |c: &char| match left.get_mut(c) {
        Some(n) if *n > 0 => {
            *n -= 1;
            true
        }
        _ => *c == '\r',
    };
    let chars = raw.chars().count();
    chars
        - raw
            .chars()
            .filter({
                let mut taken = taken;
                move |c| taken(c)
            })
            .count()
}

/// A colleague, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// Id.
    pub id: AgentId,
    /// Name.
    pub name: SafeText,
    /// Whether they act on conversations of others.
    pub supervises: bool,
    /// Available, as they want it.
    pub available: bool,
    /// Why they are Away, if they said so.
    pub reason: Option<SafeText>,
    /// When Away ends, as they said.
    pub until: Option<Time>,
    /// Whether a live console leases their presence.
    pub present: bool,
    /// The groups they belong to.
    pub groups: Vec<SafeText>,
}

impl AgentView {
    /// Cleans an agent.
    pub fn of(agent: &AgentInfo) -> Self {
        Self {
            id: agent.id,
            name: line(&agent.name),
            supervises: agent.role >= crate::conversation::Role::Supervisor,
            available: agent.availability.available,
            reason: agent.availability.reason.as_deref().map(line).filter(|reason| !reason.is_blank()),
            until: agent.availability.until,
            present: agent.present,
            groups: agent.groups.iter().map(|group| line(group)).collect(),
        }
    }
}
