//! One value of every kind that goes over the wire, always the same.

use baton::conversation::{
    AgentId, AgentRef, AssistantTurn, Attachment, Author, Card, Cid, Conversation, ConversationId, Counters,
    Device, Entry, EntryKind, Erasure, Event, Fact, Handoff, Hit, Holder, Message, MessageId, Page, Priority,
    Reason, ReleaseCause, ResolvedBy, Role, Row, RowHolder, SiteId, Source, State, Tab, Time, TurnOutcome,
    Visit, VisitorId, VisitorRef, WakeCause,
};
use baton::protocol::{
    AcceptArg, AgentAuth, AgentAuthOk, AgentEph, AgentInfo, AgentOp, Answered, AvailabilityInfo, BlockArg,
    BlocksArg, CidOnly, Control, ConversationArg, HistoryOk, IdentifyArg, LeadArg, ListArg, ListOk, MailArg,
    MailInfo, MailListArg, MailListOk, MailState, MessageArg, PriorityArg, ReadArg, ReleaseArg, Resume,
    SUBPROTOCOL, SearchArg, SearchHit, SearchOk, SeenArg, SiteInfo, SnoozeArg, SyncMode, TagArg, TransferArg,
    TypingArg, UnblockArg, VisitorAuth, VisitorAuthOk, VisitorAvailability, VisitorConversation, VisitorEph,
    VisitorHandoffArg, VisitorMessage, VisitorMessageArg, VisitorOp, VisitorSite, VisitorTypingArg, WatchOk,
};
use uuid::Uuid;

pub const AT: Time = Time(1_767_225_600_123);

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub fn conversation_id() -> ConversationId {
    ConversationId(uuid(1))
}

pub fn cid() -> Cid {
    Cid(uuid(2))
}

pub fn message_id() -> MessageId {
    MessageId(uuid(3))
}

pub fn visitor_id() -> VisitorId {
    VisitorId(uuid(4))
}

pub fn site() -> SiteId {
    SiteId::new("shop").unwrap()
}

pub fn dana() -> AgentRef {
    AgentRef { id: AgentId(uuid(5)), name: "Dana".into() }
}

pub fn eli() -> AgentRef {
    AgentRef { id: AgentId(uuid(6)), name: "Eli".into() }
}

pub fn visitor() -> VisitorRef {
    VisitorRef { id: visitor_id(), name: Some("Mia Ünal".into()), email: Some("mia@example.com".into()) }
}

pub fn page() -> Page {
    Page {
        url: "https://shop.example.com/cart?step=2".into(),
        title: Some("Cart".into()),
        referrer: Some("https://shop.example.com/".into()),
    }
}

pub fn device() -> Device {
    Device {
        locale: Some("de-CH".into()),
        time_zone: Some("Europe/Zurich".into()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into()),
    }
}

fn hit() -> Hit {
    Hit { title: "Shipping › Tracking".into(), url: "/docs/shipping#tracking".into(), score: 710 }
}

pub fn handoff() -> Handoff {
    Handoff {
        reason: Reason::HumanRequested,
        evidence: vec!["\"talk to a person\"".into()],
        card: Card {
            summary: "Where is order A-1042?".into(),
            wants: vec!["Where is my order A-1042?".into()],
            facts: vec![Fact { kind: "order".into(), text: "A-1042".into(), turn: 1 }],
            tried: vec!["Shipping › Tracking".into()],
            why: "asked for a person".into(),
            mood: "calm".into(),
        },
        page: Some(page()),
        hits: vec![hit()],
        withheld: Some("Orders arrive within three days.".into()),
    }
}

pub fn message(author: Author) -> Message {
    let assistant = author == Author::Assistant;
    Message {
        id: message_id(),
        author,
        text: "Line one\n\"two\" \u{1b}[31m\u{202e} 你好 👩\u{200d}👧".into(),
        epoch: 3,
        sources: if assistant {
            vec![Source { title: "Shipping › Tracking".into(), url: "/docs/shipping#tracking".into() }]
        } else {
            Vec::new()
        },
        attachments: vec![Attachment {
            blob: "b1".into(),
            name: "photo.jpg".into(),
            mime: "image/jpeg".into(),
            size: 12_345,
        }],
        turn: assistant.then(|| AssistantTurn {
            answers: 2,
            decision: Some("answer".into()),
            outcome: TurnOutcome::Answered,
            offered: false,
            evidence: vec!["score 0.71".into()],
            hits: vec![hit()],
        }),
        thanks: false,
    }
}

/// Every event, with a name of its own.
pub fn events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "started",
            Event::Started {
                site: site(),
                visitor: visitor(),
                page: Some(page()),
                linked: Some(conversation_id()),
                device: Some(device()),
            },
        ),
        ("message of the visitor", Event::MessagePosted(message(Author::Visitor))),
        ("message of the assistant", Event::MessagePosted(message(Author::Assistant))),
        ("message of an agent", Event::MessagePosted(message(Author::Agent(dana())))),
        ("note", Event::NoteAdded { id: message_id(), by: dana(), text: "careful".into() }),
        (
            "notice",
            Event::NoticePosted {
                id: message_id(),
                key: "handoff.connecting".into(),
                text: "Connecting you.".into(),
            },
        ),
        ("page", Event::PageVisited { page: page() }),
        ("device", Event::DeviceTold { device: device() }),
        ("identified", Event::Identified { visitor: visitor() }),
        ("handoff initiated", Event::HandoffInitiated { handoff: handoff() }),
        ("lead", Event::LeadSubmitted { visitor: visitor() }),
        ("handoff requested", Event::HandoffRequested { ticket: false }),
        ("ticket", Event::HandoffRequested { ticket: true }),
        ("handoff cancelled", Event::HandoffCancelled),
        ("accepted", Event::Accepted { agent: dana() }),
        ("taken over", Event::TakenOver { agent: dana(), from: Some(eli()) }),
        ("overdue", Event::ReplyOverdue),
        (
            "released by an agent",
            Event::Released(ReleaseCause::Agent { by: dana(), reason: Some("lunch".into()) }),
        ),
        (
            "released to a group",
            Event::Released(ReleaseCause::Transferred { by: dana(), group: "billing".into() }),
        ),
        ("released unanswered", Event::Released(ReleaseCause::Unanswered)),
        ("released by a lost lease", Event::Released(ReleaseCause::LeaseLost)),
        ("withdrawn", Event::Released(ReleaseCause::Withdrawn { from: dana() })),
        ("transferred", Event::Transferred { by: dana(), to: eli() }),
        (
            "tagged",
            Event::Tagged {
                by: dana(),
                added: vec!["refund".into(), "VIP".into()],
                removed: vec!["new".into()],
            },
        ),
        ("prioritised", Event::Prioritised { by: dana(), priority: Priority::Urgent }),
        ("handed back", Event::HandedBack { by: dana() }),
        ("snoozed", Event::Snoozed { by: dana(), until: Some(AT) }),
        ("woken and kept", Event::Woken { cause: WakeCause::Visitor, kept: true }),
        ("woken and queued", Event::Woken { cause: WakeCause::Time, kept: false }),
        ("resolved by an agent", Event::Resolved(ResolvedBy::Agent(dana()))),
        ("resolved by the visitor", Event::Resolved(ResolvedBy::Visitor)),
        ("resolved by time", Event::Resolved(ResolvedBy::Time)),
        ("resolve announced", Event::ResolveAnnounced),
        ("returned", Event::Returned),
        ("reopened", Event::Reopened { agent: dana(), unseen: false }),
        ("erased", Event::Erased { what: Erasure::Everything }),
    ]
}

pub fn conversation() -> Conversation {
    Conversation {
        site: Some(site()),
        visitor: Some(visitor()),
        state: State::Active,
        holder: Holder::Agent(dana()),
        epoch: 3,
        episode: 1,
        version: 12,
        started_at: AT,
        last_at: AT,
        last_message_at: AT,
        page: Some(page()),
        handoff: Some(handoff()),
        queued_at: Some(AT),
        held_since: AT,
        waiting_since: Some(AT),
        last_visitor_version: 11,
        answered_version: 4,
        last_agent: Some(dana()),
        human_held: true,
        resolved: Some((AT, ResolvedBy::Agent(eli()))),
        counters: Counters { failed_turns: 1, offers: 1, collected: 0, handoffs: 1, turns: 2 },
        messages: 6,
        last_text: "Where is it?".into(),
        last_author: "visitor".into(),
        visitor_messages: 3,
        tags: vec!["refund".into(), "VIP".into()],
        priority: Priority::High,
        group: Some("billing".into()),
        trail: vec![Visit { at: AT, page: page() }],
        device: Some(device()),
        ..Conversation::empty(conversation_id())
    }
}

pub fn row() -> Row {
    Row::of(&conversation()).unwrap()
}

fn entries() -> Vec<Entry> {
    let entry = |version, kind| Entry { seq: 1000 + version, version, at: AT, kind };
    vec![
        entry(1, EntryKind::Message(message(Author::Agent(dana())))),
        entry(2, EntryKind::Note { id: message_id(), by: "Dana".into(), text: "careful".into() }),
        entry(3, EntryKind::Notice { text: "Connecting you.".into() }),
        entry(4, EntryKind::Marker { who: Some("Dana".into()), what: "accepted".into(), about: None }),
    ]
}

fn resume() -> Resume {
    Resume { log_id: "log-1".into(), last_seq: 1041 }
}

pub fn agent_info() -> AgentInfo {
    AgentInfo {
        id: dana().id,
        name: "Dana".into(),
        role: Role::Supervisor,
        availability: away(),
        present: true,
        groups: vec!["billing".into()],
    }
}

fn away() -> AvailabilityInfo {
    AvailabilityInfo { available: false, reason: Some("lunch".into()), until: Some(AT) }
}

/// Every operation of an agent.
pub fn agent_ops() -> Vec<AgentOp> {
    let one = || CidOnly { conversation: conversation_id(), cid: cid() };
    let takes = || AcceptArg { conversation: conversation_id(), cid: cid(), over_capacity: true };
    let says = || MessageArg { conversation: conversation_id(), cid: cid(), text: "On it.".into() };
    let at = |before| ConversationArg { conversation: conversation_id(), before, limit: Some(50) };
    vec![
        AgentOp::Auth(AgentAuth {
            token: "bt_secret".into(),
            client: "console/0.1.0".into(),
            instance: "i-1".into(),
            resume: Some(resume()),
        }),
        AgentOp::List(ListArg {
            tab: Tab::Resolved,
            site: Some(site()),
            cursor: Some("k1".into()),
            limit: Some(20),
        }),
        AgentOp::Watch(at(None)),
        AgentOp::Unwatch(at(None)),
        AgentOp::History(at(Some(40))),
        AgentOp::Accept(takes()),
        AgentOp::TakeOver(takes()),
        AgentOp::Release(ReleaseArg {
            conversation: conversation_id(),
            cid: cid(),
            reason: Some("lunch".into()),
        }),
        AgentOp::Transfer(TransferArg {
            conversation: conversation_id(),
            cid: cid(),
            agent: Some(eli().id),
            group: None,
            note: Some("wants a refund".into()),
        }),
        AgentOp::Tag(TagArg {
            conversation: conversation_id(),
            cid: cid(),
            add: vec!["refund".into()],
            remove: vec!["new".into()],
        }),
        AgentOp::Priority(PriorityArg {
            conversation: conversation_id(),
            cid: cid(),
            priority: Priority::Urgent,
        }),
        AgentOp::HandBack(one()),
        AgentOp::MessageSend(says()),
        AgentOp::NoteAdd(says()),
        AgentOp::Snooze(SnoozeArg { conversation: conversation_id(), cid: cid(), until: Some(AT) }),
        AgentOp::Resolve(one()),
        AgentOp::Reopen(one()),
        AgentOp::Typing(TypingArg { conversation: conversation_id(), on: true }),
        AgentOp::Read(ReadArg { conversation: conversation_id(), messages: 4 }),
        AgentOp::AvailabilitySet(away()),
        AgentOp::Search(SearchArg {
            query: "order A-1042 from:visitor".into(),
            cursor: Some("41.7".into()),
            limit: Some(10),
        }),
        AgentOp::Block(BlockArg {
            conversation: Some(conversation_id()),
            address: None,
            site: None,
            reason: "spam".into(),
            until: Some(AT),
        }),
        AgentOp::Unblock(UnblockArg { block: 3 }),
        AgentOp::Blocks(BlocksArg {}),
        AgentOp::MailList(MailListArg { state: Some(MailState::Failed), limit: Some(10) }),
        AgentOp::MailRetry(MailArg { id: 7 }),
        AgentOp::MailDrop(MailArg { id: 7 }),
    ]
}

/// A mail that was given up.
pub fn mail_info() -> MailInfo {
    MailInfo {
        id: 7,
        conversation: conversation_id(),
        site: site(),
        first: 9,
        last: 11,
        state: MailState::Failed,
        at: AT,
        attempts: 1,
        next: None,
        reason: Some("550 no such user here".into()),
        name: Some("Nina Kowalski".into()),
        to: Some("nina@example.com".into()),
        gone: false,
    }
}

pub fn mail_list_ok() -> MailListOk {
    MailListOk { mails: vec![mail_info()], configured: true, server_time: AT }
}

/// The operation's name; a new operation fails to compile here until it has a sample.
pub fn agent_op_name(op: &AgentOp) -> &'static str {
    match op {
        AgentOp::Auth(_) => "auth",
        AgentOp::List(_) => "list",
        AgentOp::Watch(_) => "watch",
        AgentOp::Unwatch(_) => "unwatch",
        AgentOp::History(_) => "history",
        AgentOp::Accept(_) => "accept",
        AgentOp::TakeOver(_) => "take_over",
        AgentOp::Release(_) => "release",
        AgentOp::Transfer(_) => "transfer",
        AgentOp::Tag(_) => "tag",
        AgentOp::Priority(_) => "priority",
        AgentOp::HandBack(_) => "hand_back",
        AgentOp::MessageSend(_) => "message.send",
        AgentOp::NoteAdd(_) => "note.add",
        AgentOp::Snooze(_) => "snooze",
        AgentOp::Resolve(_) => "resolve",
        AgentOp::Reopen(_) => "reopen",
        AgentOp::Typing(_) => "typing",
        AgentOp::AvailabilitySet(_) => "availability.set",
        AgentOp::Search(_) => "search",
        AgentOp::Read(_) => "read",
        AgentOp::Block(_) => "block",
        AgentOp::Unblock(_) => "unblock",
        AgentOp::Blocks(_) => "blocks",
        AgentOp::MailList(_) => "mail.list",
        AgentOp::MailRetry(_) => "mail.retry",
        AgentOp::MailDrop(_) => "mail.drop",
    }
}

/// Every operation of a visitor.
pub fn visitor_ops() -> Vec<VisitorOp> {
    let one = || VisitorHandoffArg { cid: cid() };
    vec![
        VisitorOp::Auth(VisitorAuth {
            token: Some("v1.a.0.b".into()),
            resume: Some(resume()),
            client: Some("widget/1".into()),
            page: Some(page()),
            locale: Some("en-GB".into()),
            time_zone: Some("Europe/London".into()),
        }),
        VisitorOp::MessageSend(VisitorMessageArg { cid: cid(), text: "Where is my order?".into() }),
        VisitorOp::HandoffRequest(one()),
        VisitorOp::HandoffCancel(one()),
        VisitorOp::LeadSubmit(LeadArg {
            cid: cid(),
            name: Some("Mia".into()),
            email: "mia@example.com".into(),
        }),
        VisitorOp::Identify(IdentifyArg { name: Some("Mia".into()), email: Some("mia@example.com".into()) }),
        VisitorOp::Typing(VisitorTypingArg { on: true }),
        VisitorOp::Seen(SeenArg { version: 12 }),
        VisitorOp::Page(page()),
        VisitorOp::End(one()),
    ]
}

/// The operation's name; see [`agent_op_name`].
pub fn visitor_op_name(op: &VisitorOp) -> &'static str {
    match op {
        VisitorOp::Auth(_) => "auth",
        VisitorOp::MessageSend(_) => "message.send",
        VisitorOp::HandoffRequest(_) => "handoff.request",
        VisitorOp::HandoffCancel(_) => "handoff.cancel",
        VisitorOp::LeadSubmit(_) => "lead.submit",
        VisitorOp::Identify(_) => "identify",
        VisitorOp::Typing(_) => "typing",
        VisitorOp::Seen(_) => "seen",
        VisitorOp::Page(_) => "page",
        VisitorOp::End(_) => "end",
    }
}

pub fn agent_auth_ok() -> AgentAuthOk {
    AgentAuthOk {
        agent: agent_info(),
        sites: vec![SiteInfo { id: site(), name: "Example Shop".into(), mail: None }],
        agents: vec![agent_info()],
        log_id: "log-1".into(),
        head: 1043,
        mode: SyncMode::Snapshot,
        reason: Some("first".into()),
        replayed: 0,
        server_time: AT,
        warn_after_ms: 60_000,
        return_after_ms: 180_000,
        capacity: Some(5),
        groups: vec!["billing".into(), "tech".into()],
        reads: vec![(conversation_id(), 4)],
    }
}

pub fn list_ok() -> ListOk {
    ListOk { rows: vec![row()], next: Some("k2".into()), as_of: 1043, server_time: AT }
}

pub fn watch_ok() -> WatchOk {
    WatchOk {
        conversation: Box::new(conversation()),
        entries: entries(),
        more: true,
        as_of: 1043,
        earlier: vec![row()],
        seen: Some(11),
        mails: vec![mail_info()],
    }
}

pub fn history_ok() -> HistoryOk {
    HistoryOk { entries: entries(), more: false }
}

pub fn search_ok() -> SearchOk {
    SearchOk {
        hits: vec![SearchHit { row: row(), excerpt: "my order A-1042".into(), version: 2 }],
        next: Some("41.7".into()),
    }
}

pub fn answered() -> Answered {
    Answered { conversation: conversation_id(), id: Some(message_id()), version: 12, seq: 1043 }
}

pub fn visitor_auth_ok() -> VisitorAuthOk {
    VisitorAuthOk {
        token: "v1.a.0.b".into(),
        visitor: visitor_id(),
        log_id: "log-1".into(),
        site: VisitorSite { id: site(), name: "Example Shop".into(), greeting: "Hello!".into() },
        availability: offered(),
        mode: SyncMode::Snapshot,
        head: 1043,
        replayed: 0,
        conversation: Some(VisitorConversation {
            id: conversation_id(),
            state: State::Queued,
            holder: RowHolder { kind: "nobody".into(), id: None, name: None },
            epoch: 2,
            version: 12,
            position: Some(1),
            ticket: false,
            lead_wanted: false,
            messages: Some(vec![
                VisitorMessage::of(&message(Author::Visitor), 1001, AT, Some(cid())),
                VisitorMessage::of(&message(Author::Agent(dana())), 1002, AT, None),
            ]),
        }),
    }
}

fn offered() -> VisitorAvailability {
    VisitorAvailability { offered: true, when_nobody: "ticket".into() }
}

/// Everything passing on an agent's socket.
pub fn agent_ephs() -> Vec<AgentEph> {
    let conversation = conversation_id();
    vec![
        AgentEph::Typing { conversation, who: "agent".into(), name: Some("Dana".into()), on: true },
        AgentEph::Viewing { conversation, names: vec!["Eli".into()] },
        AgentEph::Availability { agent: agent_info() },
        AgentEph::Partial { conversation, text: "Your order".into() },
        AgentEph::Presence { conversation, online: false, since: Some(AT) },
        AgentEph::Seen { conversation, version: 11 },
        AgentEph::Read { conversation, messages: 4 },
        AgentEph::AgentRemoved { agent: dana().id },
        AgentEph::Mail(mail_info()),
    ]
}

/// Its type; a new one fails to compile here until it has a sample.
pub fn agent_eph_name(eph: &AgentEph) -> &'static str {
    match eph {
        AgentEph::Typing { .. } => "typing",
        AgentEph::Viewing { .. } => "viewing",
        AgentEph::Availability { .. } => "availability",
        AgentEph::Partial { .. } => "assistant.partial",
        AgentEph::Presence { .. } => "presence",
        AgentEph::Seen { .. } => "seen",
        AgentEph::Read { .. } => "read",
        AgentEph::AgentRemoved { .. } => "agent.removed",
        AgentEph::Mail(_) => "mail",
    }
}

/// Everything passing on a visitor's socket.
pub fn visitor_ephs() -> Vec<VisitorEph> {
    vec![
        VisitorEph::Typing { who: "agent".into(), name: Some("Dana".into()), on: true },
        VisitorEph::Partial { turn: 3, epoch: 0, text: "Your order".into() },
        VisitorEph::Withdrawn { turn: 3 },
        VisitorEph::Availability(offered()),
        VisitorEph::Position { position: 2 },
    ]
}

/// Its type; see [`agent_eph_name`].
pub fn visitor_eph_name(eph: &VisitorEph) -> &'static str {
    match eph {
        VisitorEph::Typing { .. } => "typing",
        VisitorEph::Partial { .. } => "assistant.partial",
        VisitorEph::Withdrawn { .. } => "assistant.withdrawn",
        VisitorEph::Availability(_) => "availability",
        VisitorEph::Position { .. } => "queue.position",
    }
}

/// Every control frame.
pub fn controls() -> Vec<Control> {
    vec![
        Control::Hello {
            protocols: vec![SUBPROTOCOL.into()],
            heartbeat_ms: 20_000,
            max_frame: 16_384,
            server_time: AT,
        },
        Control::Heartbeat { head: Some(1043) },
        Control::Heartbeat { head: None },
        Control::Goaway { in_ms: 250 },
        Control::Ack { seq: 1043 },
        Control::Snapshot { as_of: 1043, rows: vec![row()], more: false },
    ]
}

/// Its type; see [`agent_eph_name`].
pub fn control_name(control: &Control) -> &'static str {
    match control {
        Control::Hello { .. } => "hello",
        Control::Heartbeat { head: Some(_) } => "heartbeat of the server",
        Control::Heartbeat { head: None } => "heartbeat of a client",
        Control::Goaway { .. } => "goaway",
        Control::Ack { .. } => "ack",
        Control::Snapshot { .. } => "snapshot",
    }
}
