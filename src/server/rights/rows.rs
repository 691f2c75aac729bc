//! The rows themselves.

use super::May::{No, Own, OwnOrUnheld, Site, Yes};
use super::{AgentRow, May, VisitorRow};
use crate::protocol::{AgentOp, VisitorOp};

const fn row(name: &'static str, what: &'static str, agent: May, above: May) -> AgentRow {
    AgentRow { name, what, agent, supervisor: above, admin: above }
}

const fn own(name: &'static str, what: &'static str) -> VisitorRow {
    VisitorRow { name, what }
}

static AUTH: AgentRow = row("auth", "sign in", Yes, Yes);
static LIST: AgentRow = row("list", "see lists", Site, Site);
static SEARCH: AgentRow = row("search", "search", Site, Site);
static WATCH: AgentRow = row("watch", "open a conversation", Site, Site);
static UNWATCH: AgentRow = row("unwatch", "close it", Yes, Yes);
static HISTORY: AgentRow = row("history", "read what was said before", Site, Site);
static READ: AgentRow = row("read", "mark as read", Site, Site);
static TYPING: AgentRow = row("typing", "show that one types", Site, Site);
static NOTE: AgentRow = row("note.add", "write a note", Site, Site);
static TAG: AgentRow = row("tag", "give and take tags", Site, Site);
static PRIORITY: AgentRow = row("priority", "set the priority", Site, Site);
static ACCEPT: AgentRow = row("accept", "accept from the queue", OwnOrUnheld, OwnOrUnheld);
static MESSAGE: AgentRow = row("message.send", "write to the visitor", OwnOrUnheld, OwnOrUnheld);
static REOPEN: AgentRow = row("reopen", "reopen", OwnOrUnheld, OwnOrUnheld);
static TAKE_OVER: AgentRow = row("take_over", "take over", OwnOrUnheld, Site);
static RELEASE: AgentRow = row("release", "release to the queue", OwnOrUnheld, Site);
static TRANSFER: AgentRow = row("transfer", "transfer", OwnOrUnheld, Site);
static HAND_BACK: AgentRow = row("hand_back", "hand back to the assistant", OwnOrUnheld, Site);
static SNOOZE: AgentRow = row("snooze", "snooze", OwnOrUnheld, Site);
static RESOLVE: AgentRow = row("resolve", "resolve", OwnOrUnheld, Site);
static AVAILABILITY: AgentRow = row("availability.set", "be Available or Away", Yes, Yes);
static MAIL_LIST: AgentRow = row("mail.list", "see what mail leaves, left or failed", Site, Site);
static MAIL_RETRY: AgentRow = row("mail.retry", "try a mail again", Site, Site);
static MAIL_DROP: AgentRow = row("mail.drop", "take a mail out of the outbox", Site, Site);
static BLOCKS: AgentRow = row("blocks", "see who is blocked (addresses: from supervisor up)", Site, Site);
static BLOCK: AgentRow = row("block", "block a visitor", Own, Site);
static BLOCK_ADDRESS: AgentRow = row("block address", "block an address", No, Site);
static UNBLOCK: AgentRow = row("unblock", "lift a block", Own, Site);

/// All rows of agents, in the README's order.
pub static AGENT: &[&AgentRow] = &[
    &AUTH,
    &AVAILABILITY,
    &LIST,
    &SEARCH,
    &WATCH,
    &UNWATCH,
    &HISTORY,
    &READ,
    &TYPING,
    &NOTE,
    &TAG,
    &PRIORITY,
    &ACCEPT,
    &MESSAGE,
    &REOPEN,
    &TAKE_OVER,
    &RELEASE,
    &TRANSFER,
    &HAND_BACK,
    &SNOOZE,
    &RESOLVE,
    &MAIL_LIST,
    &MAIL_RETRY,
    &MAIL_DROP,
    &BLOCKS,
    &BLOCK,
    &UNBLOCK,
    &BLOCK_ADDRESS,
];

/// The row of an agent's operation.
pub fn of_agent(op: &AgentOp) -> &'static AgentRow {
    match op {
        AgentOp::Auth(_) => &AUTH,
        AgentOp::List(_) => &LIST,
        AgentOp::Watch(_) => &WATCH,
        AgentOp::Unwatch(_) => &UNWATCH,
        AgentOp::History(_) => &HISTORY,
        AgentOp::Accept(_) => &ACCEPT,
        AgentOp::TakeOver(_) => &TAKE_OVER,
        AgentOp::Release(_) => &RELEASE,
        AgentOp::Transfer(_) => &TRANSFER,
        AgentOp::HandBack(_) => &HAND_BACK,
        AgentOp::MessageSend(_) => &MESSAGE,
        AgentOp::NoteAdd(_) => &NOTE,
        AgentOp::Tag(_) => &TAG,
        AgentOp::Priority(_) => &PRIORITY,
        AgentOp::Snooze(_) => &SNOOZE,
        AgentOp::Resolve(_) => &RESOLVE,
        AgentOp::Reopen(_) => &REOPEN,
        AgentOp::Typing(_) => &TYPING,
        AgentOp::Read(_) => &READ,
        AgentOp::AvailabilitySet(_) => &AVAILABILITY,
        AgentOp::Search(_) => &SEARCH,
        AgentOp::Block(arg) if arg.address.is_some() => &BLOCK_ADDRESS,
        AgentOp::Block(_) => &BLOCK,
        AgentOp::Unblock(_) => &UNBLOCK,
        AgentOp::Blocks(_) => &BLOCKS,
        AgentOp::MailList(_) => &MAIL_LIST,
        AgentOp::MailRetry(_) => &MAIL_RETRY,
        AgentOp::MailDrop(_) => &MAIL_DROP,
    }
}

static V_AUTH: VisitorRow = own("auth", "come back with their token");
static V_MESSAGE: VisitorRow = own("message.send", "write");
static V_TYPING: VisitorRow = own("typing", "show that they type");
static V_PAGE: VisitorRow = own("page", "tell the page");
static V_SEEN: VisitorRow = own("seen", "tell what was seen");
static V_IDENTIFY: VisitorRow = own("identify", "give name and address");
static V_LEAD: VisitorRow = own("lead.submit", "leave contact details");
static V_REQUEST: VisitorRow = own("handoff.request", "ask for a person");
static V_CANCEL: VisitorRow = own("handoff.cancel", "cancel the wait");
static V_END: VisitorRow = own("end", "end the chat");

/// All rows of visitors, in the README's order.
pub static VISITOR: &[&VisitorRow] =
    &[&V_AUTH, &V_MESSAGE, &V_TYPING, &V_PAGE, &V_SEEN, &V_IDENTIFY, &V_LEAD, &V_REQUEST, &V_CANCEL, &V_END];

/// The row of a visitor's operation.
pub fn of_visitor(op: &VisitorOp) -> &'static VisitorRow {
    match op {
        VisitorOp::Auth(_) => &V_AUTH,
        VisitorOp::MessageSend(_) => &V_MESSAGE,
        VisitorOp::Typing(_) => &V_TYPING,
        VisitorOp::Page(_) => &V_PAGE,
        VisitorOp::Seen(_) => &V_SEEN,
        VisitorOp::Identify(_) => &V_IDENTIFY,
        VisitorOp::LeadSubmit(_) => &V_LEAD,
        VisitorOp::HandoffRequest(_) => &V_REQUEST,
        VisitorOp::HandoffCancel(_) => &V_CANCEL,
        VisitorOp::End(_) => &V_END,
    }
}

/// An address the server answers at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Whether the server lives.
    Healthz,
    /// Whether the server takes work.
    Readyz,
    /// The server's counters.
    Metrics,
    /// The widget's script.
    Widget,
    /// To the sample shop.
    Demo,
    /// The sample shop.
    DemoIndex,
    /// Its pages.
    DemoPage,
    /// Help pages.
    Docs,
    /// A site's widget on an empty page.
    Preview,
    /// The protocol's documents.
    Protocol,
    /// Their index.
    ProtocolIndex,
    /// Each of them.
    ProtocolPage,
    /// Agents' sockets.
    AgentSocket,
    /// Visitors' sockets.
    VisitorSocket,
}

impl Route {
    /// All of them.
    pub const ALL: [Route; 14] = [
        Route::Healthz,
        Route::Readyz,
        Route::Metrics,
        Route::Widget,
        Route::Demo,
        Route::DemoIndex,
        Route::DemoPage,
        Route::Docs,
        Route::Preview,
        Route::Protocol,
        Route::ProtocolIndex,
        Route::ProtocolPage,
        Route::AgentSocket,
        Route::VisitorSocket,
    ];

    /// The address, as the router has it.
    pub fn path(self) -> &'static str {
        match self {
            Route::Healthz => "/healthz",
            Route::Readyz => "/readyz",
            Route::Metrics => "/metrics",
            Route::Widget => "/widget.js",
            Route::Demo => "/demo",
            Route::DemoIndex => "/demo/",
            Route::DemoPage => "/demo/{*path}",
            Route::Docs => "/docs/{*page}",
            Route::Preview => "/preview/{site}",
            Route::Protocol => "/protocol",
            Route::ProtocolIndex => "/protocol/",
            Route::ProtocolPage => "/protocol/{*path}",
            Route::AgentSocket => "/ws/agent",
            Route::VisitorSocket => "/ws/visitor",
        }
    }

    /// Who is answered there.
    pub fn who(self) -> &'static str {
        match self {
            Route::Metrics => "the networks in [metrics] allow; this machine, if it names none",
            Route::Healthz
            | Route::Readyz
            | Route::Widget
            | Route::Demo
            | Route::DemoIndex
            | Route::DemoPage
            | Route::Docs
            | Route::Preview
            | Route::Protocol
            | Route::ProtocolIndex
            | Route::ProtocolPage => "everybody",
            Route::AgentSocket => "agents with a token, from no web page",
            Route::VisitorSocket => "visitors, from the site's origins",
        }
    }
}
