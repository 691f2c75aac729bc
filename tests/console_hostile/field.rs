//! Where a stranger's text can come to stand, and a desk on which it stands there.

use baton::client::ClientEvent;
use baton::conversation::{AgentRef, Attachment, Author, Device, Event as Happened, Page, Reason, Source};
use baton::protocol::AgentEph;

use crate::H;
use crate::console_support::{Desk, Story, bo, id};

/// Where a stranger's text can come to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Body,
    Name,
    Email,
    PageUrl,
    PageTitle,
    Referrer,
    UserAgent,
    Tag,
    Docs,
    Assistant,
    Agent,
    File,
}

impl Field {
    /// Whether its line breaks are kept.
    pub fn has_rows(self) -> bool {
        matches!(self, Field::Body | Field::Assistant)
    }

    /// Whether it stands in the context panel.
    fn in_context(self) -> bool {
        matches!(
            self,
            Field::Name
                | Field::Email
                | Field::PageUrl
                | Field::PageTitle
                | Field::Referrer
                | Field::UserAgent
                | Field::Tag
        )
    }

    /// The keys to the screens it is drawn on.
    pub fn views(self, w: u16) -> &'static [&'static str] {
        match (self, w) {
            (_, 120) => &["<enter>"],
            (field, 80) if field.in_context() => &["<enter>", "<enter>s"],
            (_, 80) => &["<enter>"],
            (field, _) if field.in_context() => &["", "<enter>", "<enter>s"],
            _ => &["", "<enter>"],
        }
    }
}

/// Nina waits; in one field of hers stands this.
fn story(field: Field, text: &str) -> Story {
    let mut story = Story::new(1, "Nina", "/orders", 500);
    if let Some(visitor) = &mut story.conversation.visitor {
        visitor.email = Some("nina@example.com".into());
        match field {
            Field::Name => visitor.name = Some(text.to_owned()),
            Field::Email => visitor.email = Some(text.to_owned()),
            _ => {}
        }
    }
    let mut page =
        Page { url: "https://shop.example/orders".into(), title: Some("Your orders".into()), referrer: None };
    match field {
        Field::PageUrl => page.url = format!("https://shop.example/{text}"),
        Field::PageTitle => page.title = Some(text.to_owned()),
        Field::Referrer => page.referrer = Some(text.to_owned()),
        Field::UserAgent => {
            let said = Some(text.to_owned());
            story.conversation.device =
                Some(Device { locale: said.clone(), time_zone: None, user_agent: said });
        }
        _ => {}
    }
    story.conversation.page = Some(page);
    let said = |author: Author, text: &str, story: &Story| match story.message(author, text) {
        Happened::MessagePosted(message) => message,
        _ => unreachable!("a message"),
    };
    let mut message = said(Author::Visitor, "hello", &story);
    match field {
        Field::Body => message.text = text.to_owned(),
        Field::File => {
            let file =
                Attachment { blob: "b".into(), name: text.to_owned(), mime: "text/plain".into(), size: 1 };
            message.attachments = vec![file];
        }
        _ => {}
    }
    story = story.then(490, Happened::MessagePosted(message));
    let mut answer = said(Author::Assistant, "an answer", &story);
    match field {
        Field::Assistant => (answer.text, answer.sources) = (text.to_owned(), Vec::new()),
        Field::Docs => answer.sources = vec![Source { title: text.to_owned(), url: text.to_owned() }],
        _ => answer.sources.clear(),
    }
    story = story.then(480, Happened::MessagePosted(answer));
    match field {
        Field::Agent => {
            let agent = AgentRef { name: text.to_owned(), ..bo() };
            story = story.agent(300, agent.clone(), "let me look").note(290, agent, "a note");
        }
        Field::Tag => {
            story = story
                .then(300, Happened::Tagged { by: bo(), added: vec![text.to_owned()], removed: Vec::new() });
        }
        _ => {}
    }
    story.queued(250, Reason::HumanRequested, "wants a refund").visitor(100, "are you there?")
}

pub fn desk(field: Field, text: &str, w: u16, keys: &str) -> Desk {
    let other = Story::new(2, "Omar", "/", 90).visitor(80, "hi").queued(70, Reason::Loop, "says hi");
    let mut desk = Desk::with(w, H, true, vec![story(field, text), other]);
    desk.keys(keys);
    if field == Field::Agent {
        let names = vec![text.to_owned()];
        desk.client(ClientEvent::Eph(AgentEph::Viewing { conversation: id(1), names }));
        let name = Some(text.to_owned());
        desk.client(ClientEvent::Eph(AgentEph::Typing {
            conversation: id(2),
            who: "agent".into(),
            name,
            on: true,
        }));
    }
    desk
}
