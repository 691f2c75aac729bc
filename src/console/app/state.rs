//! What the console knows. Longer than 500 lines because it is one structure with a sentence for each of its fields.
//!
//! The loop owns it, the reducer changes it, the panels read it.
//!
//! Invariant: text from outside stands here as `SafeText` only, but for what is being written (the agent's own words, made
//! fit by the composer) and the folded conversation behind [`Open::view`], which no panel reads.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::attention::Ladder;
use super::batch::{Batch, Bulk, Sent};
use super::copying::Bare;
use super::door::{AgentView, ContextView, RowView};
use super::effect::{Tag, Title};
use super::event::Now;
use super::jump::Place;
use super::keymap::{Keymap, Mode};
use super::list::List;
pub use super::passing::{Presence, Typing};
use super::picker::Picker;
use super::piping::Piping;
pub use super::prefix::Prefix;
use super::prompt::Prompt;
use super::search::{Search, Seek};
use super::transcript::Transcript;
use super::undo::Step;
use super::why::{TurnView, Why};
use super::writing::Writing;
use crate::client::DraftKind;
use crate::console::composer::Composer;
use crate::console::config::Config;
use crate::console::macros::Action;
use crate::conversation::{Cid, Conversation, ConversationId, Tab, Time};
use crate::text::SafeText;

/// How the link stands, as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A socket is being opened.
    Connecting,
    /// Signed in; what was missed is arriving.
    Syncing,
    /// Complete.
    Live,
    /// No socket.
    Down {
        /// Why.
        why: SafeText,
    },
    /// Nobody will try again.
    Stopped {
        /// Why, and what to do.
        why: SafeText,
    },
}

/// Where keys go while nothing lies over the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The list.
    List,
    /// The conversation.
    Conversation,
    /// The composer.
    Composer,
}

/// What lies over the panes.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// Commands by name.
    Palette(Picker),
    /// Keys and what they do.
    Help(Picker),
    /// Search.
    Search(Search),
    /// A question.
    Confirm(Confirm),
    /// A line to fill in, or a choice.
    Prompt(Prompt),
    /// Why a person is needed.
    Why(Why),
}

/// A question that must be answered first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Leave although visitors rely on this agent.
    Quit,
    /// Marked rows are about to be acted upon.
    Bulk(Bulk),
    /// They would be more than one is meant to hold: accept all the same?
    Capacity {
        /// Which.
        of: Vec<ConversationId>,
        /// How many one has that count.
        active: u64,
        /// The limit.
        limit: u64,
    },
    /// A note is being written: write to the visitor instead?
    Audience,
    /// Open this link?
    Link {
        /// Its address, as our parser spells it.
        address: SafeText,
        /// Its host, in ASCII.
        host: SafeText,
        /// The host was written in another script.
        disguised: bool,
    },
    /// An outbox entry is old: send it after all?
    Old {
        /// Which.
        cid: Cid,
        /// To whom.
        name: SafeText,
        /// Its words.
        text: SafeText,
        /// How old it is.
        age_ms: u64,
    },
}

/// The conversation that is open.
#[derive(Debug)]
pub struct Open {
    /// Which.
    pub id: ConversationId,
    /// The tag its `watch` answers carry.
    pub tag: Tag,
    /// The fold; none until the server answered. Raw: read [`Open::view`] instead.
    pub(super) fold: Option<Box<Conversation>>,
    /// The fold, as drawn.
    pub view: Option<ContextView>,
    /// What was said.
    pub transcript: Transcript,
    /// Earlier conversations of the visitor.
    pub earlier: Vec<RowView>,
    /// The last turn of the assistant, as far as it is known.
    pub last_turn: Option<TurnView>,
    /// The assistant's answer so far.
    pub partial: Option<SafeText>,
    /// The message one is going to.
    pub(super) seek: Option<Seek>,
    /// Up to which version the visitor has seen it, if known.
    pub seen: Option<u64>,
    /// Why it cannot be shown.
    pub failed: Option<SafeText>,
}

/// What is being written.
#[derive(Debug)]
pub struct Composing {
    /// Where.
    pub conversation: ConversationId,
    /// A reply or a note.
    pub kind: DraftKind,
    /// The text.
    pub editor: Composer,
    /// When Enter came, while it may still turn out to be part of a paste.
    pub(super) guard: Option<u64>,
    /// The send that is being written to disk, and its words.
    pub storing: Option<(Tag, String)>,
    /// What is done once the text is sent, as ready texts ask for.
    pub then: Vec<Action>,
}

/// How far a message of one's own is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EchoState {
    /// Held back: it can be recalled.
    Held,
    /// Being written to disk.
    Storing,
    /// On disk, on its way.
    Queued,
    /// In the log at this version; its event is still to come.
    Sent(u64),
    /// Refused; the reason stands below the words.
    Failed,
}

/// A message of one's own that is not in the transcript yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// The send's tag.
    pub tag: Tag,
    /// Where.
    pub conversation: ConversationId,
    /// A reply or a note.
    pub kind: DraftKind,
    /// The words.
    pub text: SafeText,
    /// The same as they are sent.
    pub words: String,
    /// How far.
    pub state: EchoState,
}

/// A sentence that is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: SafeText,
    /// Something was refused or lost its way.
    pub bad: bool,
    /// Since when, on the monotonic clock.
    pub since: u64,
}

/// What an answer is awaited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pending {
    History(ConversationId),
    Resolved,
    Verb { conversation: ConversationId, sent: Sent },
    Passed(ConversationId, Option<SafeText>),
    Availability(bool),
    Block,
    Search { query: String, more: bool },
    Pipe,
    Send,
    Mail,
    MailRetry,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// The settings.
    pub config: Config,
    /// Which key means what.
    pub keymap: Keymap,
    /// Keys that wait for what follows.
    pub prefix: Option<Prefix>,
    /// Whether the mouse is ours; otherwise the terminal's.
    pub mouse: bool,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// When the last event came.
    pub now: Now,
    /// The agent's time zone, for times of day.
    pub tz: TimeZone,
    /// How the link stands.
    pub link: Link,
    /// Who I am, once signed in.
    pub me: Option<AgentView>,
    /// Everybody.
    pub agents: Vec<AgentView>,
    /// All groups somebody belongs to; raw: the wire wants them back.
    pub(super) groups: Vec<String>,
    /// Names of my sites, by id.
    pub sites: Vec<(SafeText, SafeText)>,
    /// The site that is shown, by its id; none: all.
    pub site: Option<SafeText>,
    /// The server's clock minus ours, milliseconds.
    pub(super) skew_ms: i64,
    pub(super) warn_after_ms: i64,
    pub(super) return_after_ms: i64,
    /// Every line known.
    pub rows: HashMap<ConversationId, RowView>,
    /// Whether the first snapshot is complete.
    pub loaded: bool,
    /// Lines of a snapshot that is arriving.
    pub(super) arriving: Option<HashMap<ConversationId, RowView>>,
    /// Index into [`Tab::CONSOLE`].
    pub tab: usize,
    /// The lists, one a tab.
    pub lists: [List; 5],
    /// Rows changed since the lists were refreshed.
    pub(super) stale: bool,
    /// Where keys go.
    pub focus: Focus,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// The open conversation.
    pub open: Option<Open>,
    /// What is being written.
    pub composing: Option<Composing>,
    /// Unsent words.
    pub drafts: HashMap<(ConversationId, DraftKind), String>,
    /// Own messages on their way.
    pub echoes: Vec<Echo>,
    /// What waits in the outbox.
    pub unsent: usize,
    /// Questions about old outbox entries.
    pub(super) asks: VecDeque<Confirm>,
    /// Who types where.
    pub typing: HashMap<ConversationId, Typing>,
    /// Which colleagues have it open.
    pub viewing: HashMap<ConversationId, Vec<SafeText>>,
    /// Which visitors are there, or gone, as far as known.
    pub presence: HashMap<ConversationId, Presence>,
    /// Whether the terminal has the focus, as far as it tells.
    pub focused: bool,
    /// How many of the visitor's messages I have read.
    pub(super) reads: HashMap<ConversationId, u64>,
    /// What of that the server was not told yet.
    pub(super) untold_reads: HashMap<ConversationId, u64>,
    /// What is told of whoever waits.
    pub(super) ladder: Ladder,
    /// When the link was lost, on the monotonic clock.
    pub(super) lost_at: Option<u64>,
    /// The console set me Away because no key came.
    pub(super) auto_away: bool,
    /// Whether the timer of auto-away runs.
    pub(super) auto_away_armed: bool,
    /// When one typed last, by conversation (server's clock): postpones the reply timer.
    pub(super) typed_at: HashMap<ConversationId, Time>,
    /// When `typing` was last told, and where.
    pub(super) told_typing: Option<(ConversationId, u64)>,
    /// What is written beside the text: what is held, what follows a send, ready texts.
    pub writing: Writing,
    /// What can be taken back, newest last.
    pub undo: VecDeque<Step>,
    /// Marked rows, one set a tab.
    pub(super) marks: [BTreeSet<ConversationId>; 5],
    /// What was sent and is not answered yet.
    pub(super) batches: HashMap<Tag, Batch>,
    /// Client ids this event has used.
    pub(super) cids: u16,
    /// Whether the context panel is wanted.
    pub card: bool,
    /// Whether the card lies over the transcript (where it has no room beside it).
    pub card_over: bool,
    /// Where one was before going to what was found, the latest last.
    pub(super) places: Vec<Place>,
    /// The search of before: Up in the empty field brings it back.
    pub(super) last_search: Option<Search>,
    /// The thread alone is on screen.
    pub bare: Option<Bare>,
    /// Programs threads were piped to, the latest last.
    pub(super) programs: Vec<String>,
    /// A thread that is being fetched for a program.
    pub(super) piping: Option<Piping>,
    /// The first row of the context panel in sight.
    pub panel_top: usize,
    /// What was just said to the agent.
    pub toast: Option<Toast>,
    /// A note for the status line.
    pub status_note: Option<SafeText>,
    /// The window's title.
    pub title: Title,
    /// Become Available with the first welcome.
    pub(super) available_on_start: bool,
    pub(super) pending: HashMap<Tag, Pending>,
    pub(super) next_tag: Tag,
    /// When the last key came, and how many came in the same breath before it.
    pub(super) last_key: u64,
    pub(super) burst: u32,
}

/// How a console starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The agent's settings.
    pub config: Config,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Their time zone.
    pub tz: TimeZone,
    /// A note for the status line; from outside.
    pub status_note: Option<String>,
    /// Become Available with the first welcome.
    pub available: bool,
}

impl State {
    /// A console that has heard nothing yet.
    pub fn new(start: Start) -> Self {
        Self {
            // Whoever read the settings has said what is wrong with them.
            keymap: Keymap::build(start.config.keys.preset, &start.config.keys.remaps()).unwrap_or_default(),
            prefix: None,
            mouse: start.config.looks.mouse,
            config: start.config,
            size: start.size,
            now: Now { wall: Time(0), mono: 0, fresh: Uuid::nil() },
            tz: start.tz,
            link: Link::Connecting,
            me: None,
            agents: Vec::new(),
            groups: Vec::new(),
            sites: Vec::new(),
            site: None,
            skew_ms: 0,
            warn_after_ms: 60_000,
            return_after_ms: 180_000,
            rows: HashMap::new(),
            loaded: false,
            arriving: None,
            tab: 0,
            lists: Default::default(),
            stale: false,
            focus: Focus::List,
            overlay: None,
            open: None,
            composing: None,
            drafts: HashMap::new(),
            echoes: Vec::new(),
            unsent: 0,
            asks: VecDeque::new(),
            typing: HashMap::new(),
            viewing: HashMap::new(),
            presence: HashMap::new(),
            focused: true,
            reads: HashMap::new(),
            untold_reads: HashMap::new(),
            ladder: Ladder::default(),
            lost_at: None,
            auto_away: false,
            auto_away_armed: false,
            typed_at: HashMap::new(),
            told_typing: None,
            writing: Writing::default(),
            undo: VecDeque::new(),
            marks: Default::default(),
            batches: HashMap::new(),
            cids: 0,
            card: true,
            card_over: false,
            places: Vec::new(),
            last_search: None,
            bare: None,
            programs: Vec::new(),
            piping: None,
            panel_top: 0,
            toast: None,
            status_note: start.status_note.as_deref().map(super::door::line),
            title: Title::default(),
            available_on_start: start.available,
            pending: HashMap::new(),
            next_tag: 1,
            last_key: 0,
            burst: 0,
        }
    }

    /// One of our sentences, with the keys it names as `{command}`.
    pub fn words(&self, text: &'static str) -> SafeText {
        match self.keymap.sentence(text, Mode::of(self)) {
            Cow::Borrowed(_) => SafeText::literal(text),
            Cow::Owned(words) => super::door::line(&words),
        }
    }

    /// The server's clock, now.
    pub fn server_now(&self) -> Time {
        self.now.wall.plus_ms(self.skew_ms)
    }

    /// The tab in front.
    pub fn tab(&self) -> Tab {
        Tab::CONSOLE[self.tab]
    }

    /// The list in front.
    pub fn list(&self) -> &List {
        &self.lists[self.tab]
    }

    /// Whether requests can be made.
    pub fn live(&self) -> bool {
        matches!(self.link, Link::Live | Link::Syncing)
    }

    /// The conversation a command acts upon: the open one while one reads or writes, else the selected one.
    pub fn target(&self) -> Option<ConversationId> {
        match self.focus {
            Focus::List => self.list().selected(),
            Focus::Conversation | Focus::Composer => self.open.as_ref().map(|open| open.id),
        }
    }

    /// That conversation's line.
    pub fn target_row(&self) -> Option<&RowView> {
        self.rows.get(&self.target()?)
    }

    /// Whether this console has asked for something about a conversation that is not answered yet.
    pub(super) fn acts_on(&self, id: ConversationId) -> bool {
        let asked =
            |pending: &Pending| matches!(pending, Pending::Verb { conversation, .. } if *conversation == id);
        self.pending.values().any(asked) || self.echoes.iter().any(|echo| echo.conversation == id)
    }

    /// The draft of a conversation, as it stands now.
    pub fn draft(&self, conversation: ConversationId, kind: DraftKind) -> Option<&str> {
        self.drafts.get(&(conversation, kind)).map(String::as_str)
    }

    pub(super) fn tag(&mut self) -> Tag {
        self.next_tag += 1;
        self.next_tag - 1
    }
}
