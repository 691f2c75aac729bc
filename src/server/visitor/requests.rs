//! What a visitor asks for.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{STRIKES, Visitor};
use crate::conversation::{Card, Cid, Command, Device, Handoff, Page, Reason};
use crate::engine::{Submit, Target, Who};
use crate::protocol::{Answered, CloseCode, Control, FromClient, VisitorOp, WireError};
use crate::server::answers::{good, id_of, no_nul, refusal};
use crate::server::link::End;

/// "I am typing" is passed on at most this often.
const TYPING: Duration = Duration::from_secs(1);
/// Longest name somebody may give, bytes.
const NAME: usize = 200;
/// What is kept of a page: address and referrer, and title, in bytes.
const ADDRESS: usize = 2048;
const TITLE: usize = 512;

/// What is kept of a locale and a time zone, and of a user agent, in bytes. The longest name of a time zone has 32; BCP 47
/// asks for at least 35; browsers call themselves by some 100 to 250.
const NAME_OF_PLACE: usize = 64;
const USER_AGENT: usize = 512;

fn clip(mut text: String, max: usize) -> String {
    text.retain(|c| c != '\0');
    let end = (0..=max.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.truncate(end);
    text
}

/// A device as it is kept: bounded, and nothing where nothing was told.
pub(super) fn clip_device(device: Device) -> Device {
    let told = |text: Option<String>, max| text.map(|t| clip(t, max)).filter(|t| !t.trim().is_empty());
    Device {
        locale: told(device.locale, NAME_OF_PLACE),
        time_zone: told(device.time_zone, NAME_OF_PLACE),
        user_agent: told(device.user_agent, USER_AGENT),
    }
}

/// A page as it is kept: cut to what a person could read.
pub(super) fn clip_page(page: Page) -> Page {
    Page {
        url: clip(page.url, ADDRESS),
        title: page.title.map(|t| clip(t, TITLE)),
        referrer: page.referrer.map(|r| clip(r, ADDRESS)),
    }
}

/// What an operation gives back.
enum Done {
    Answered(Answered),
    Nothing,
}

impl Visitor {
    /// One frame of the visitor's.
    pub(super) async fn frame(&mut self, text: &str) -> Result<(), End> {
        self.heard = true;
        let request = match FromClient::parse(text) {
            Ok(FromClient::Request(request)) => request,
            Ok(FromClient::Control(Control::Heartbeat { .. } | Control::Ack { .. })) => {
                return match self.requests.take(Instant::now()) {
                    Ok(()) => Ok(()),
                    Err(_) => self.impatient(),
                };
            }
            // The parser gives no other control frame of a client.
            Ok(FromClient::Control(_)) => return Ok(()),
            Err(error) => return self.strike(text, error).await,
        };
        let op = match VisitorOp::parse(request.op, request.d) {
            Ok(op) => op,
            Err(error) => {
                self.link.send(refusal(request.id, &error)).await?;
                return match self.requests.take(Instant::now()) {
                    Ok(()) => Ok(()),
                    Err(_) => self.impatient(),
                };
            }
        };
        let bucket = match op {
            VisitorOp::MessageSend(_) => &mut self.messages,
            _ => &mut self.requests,
        };
        if let Err(wait) = bucket.take(Instant::now()) {
            let error = WireError::rate_limited(wait.as_millis() as u64 + 1);
            self.link.send(refusal(request.id, &error)).await?;
            return self.impatient();
        }
        self.too_fast = 0;
        let answer = match self.carry_out(op).await {
            Ok(Done::Answered(answered)) => good(request.id, &answered, Some(answered.seq)),
            Ok(Done::Nothing) => good(request.id, &json!({}), None),
            Err(error) => refusal(request.id, &error),
        };
        self.link.feed(answer).await?;
        // What the command caused was published before it was answered: both go out in one write.
        let caused = self.sub.try_next();
        self.write_out(caused).await
    }

    async fn strike(&mut self, text: &str, error: WireError) -> Result<(), End> {
        self.strikes += 1;
        self.link.send(refusal(&id_of(text), &error)).await?;
        if self.strikes >= STRIKES {
            return Err(End::Close(
                CloseCode::ProtocolError,
                "too many frames that are none of this protocol",
            ));
        }
        Ok(())
    }

    async fn carry_out(&mut self, op: VisitorOp) -> Result<Done, WireError> {
        let answered = match op {
            VisitorOp::Auth(_) => return Err(WireError::new("auth.done", "this socket has said who it is")),
            VisitorOp::MessageSend(m) => {
                no_nul(&m.text)?;
                // Whether it is a mere thank-you is the engine's to decide: it knows what came before.
                let command = Command::VisitorMessage {
                    text: m.text,
                    attachments: Vec::new(),
                    page: self.page.clone(),
                    thanks: false,
                };
                self.submit(command, Some(m.cid)).await?
            }
            VisitorOp::HandoffRequest(h) => {
                // The engine adds the summary: it has the conversation.
                let handoff = Handoff {
                    reason: Reason::VisitorButton,
                    evidence: Vec::new(),
                    card: Card::default(),
                    page: self.page.clone(),
                    hits: Vec::new(),
                    withheld: None,
                };
                let command = Command::RequestHandoff { handoff, epoch: None, answers: None };
                self.submit(command, Some(h.cid)).await?
            }
            VisitorOp::HandoffCancel(h) => self.submit(Command::CancelHandoff, Some(h.cid)).await?,
            VisitorOp::End(e) => self.submit(Command::EndByVisitor, Some(e.cid)).await?,
            VisitorOp::LeadSubmit(lead) => {
                let name = lead.name.map(name).transpose()?.flatten();
                let (email, cid) = (lead.email.trim().to_owned(), lead.cid);
                let command = Command::SubmitLead { name: name.clone(), email: email.clone() };
                let answered = self.submit(command, Some(cid)).await?;
                self.remember(name, Some(email));
                answered
            }
            VisitorOp::Identify(who) => {
                let name = who.name.map(name).transpose()?.flatten();
                let email = who.email.map(|e| e.trim().to_owned()).filter(|e| !e.is_empty());
                let command = Command::Identify { name: name.clone(), email: email.clone() };
                self.submit(command, None).await?;
                // Kept here, too: a conversation that starts later has the name from its first event.
                self.remember(name, email);
                return Ok(Done::Nothing);
            }
            VisitorOp::Page(page) => {
                let page = clip_page(page);
                self.page = Some(page.clone());
                if self.conversation.is_some() {
                    self.submit(Command::VisitPage(page), None).await?;
                }
                return Ok(Done::Nothing);
            }
            VisitorOp::Seen(s) => {
                if self.shown < s.version {
                    self.shown = s.version;
                    self.shared.engine.visitor_seen(&self.site.id, self.me.id, s.version);
                }
                return Ok(Done::Nothing);
            }
            VisitorOp::Typing(t) => {
                self.typing(t.on);
                return Ok(Done::Nothing);
            }
        };
        Ok(Done::Answered(answered))
    }

    async fn submit(&mut self, command: Command, cid: Option<Cid>) -> Result<Answered, WireError> {
        self.may_write().await?;
        let submit = Submit {
            who: Who::Visitor(self.me.clone()),
            target: Target::CurrentOf { site: self.site.id.clone(), visitor: self.me.id },
            command,
            cid,
            device: Some(self.device.clone()),
        };
        let answered =
            self.shared.engine.submit(submit).await.map_err(|refusal| WireError::from(&refusal))?;
        if cid.is_some() {
            self.now_in(answered.conversation);
        }
        Ok(answered)
    }

    fn remember(&mut self, name: Option<String>, email: Option<String>) {
        self.me.name = name.or(self.me.name.take());
        self.me.email = email.or(self.me.email.take());
    }

    fn typing(&mut self, on: bool) {
        let now = Instant::now();
        let passed_on = self.typed_at.is_some_and(|at| now.saturating_duration_since(at) < TYPING);
        if on && !passed_on {
            self.typed_at = Some(now);
            self.shared.engine.visitor_typing(&self.site.id, self.me.id, true);
        } else if !on && self.typed_at.take().is_some() {
            self.shared.engine.visitor_typing(&self.site.id, self.me.id, false);
        }
    }
}

/// A name as it is kept: without blanks around it; none where nothing is left.
fn name(name: String) -> Result<Option<String>, WireError> {
    no_nul(&name)?;
    let name = name.trim();
    if name.len() > NAME {
        return Err(WireError::bad_request(format!("a name has at most {NAME} bytes")));
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_between_characters() {
        let page = clip_page(Page {
            url: "https://shop.example/".to_owned() + &"ä".repeat(2000),
            title: Some("€".repeat(400)),
            referrer: Some("a\0b".into()),
        });
        assert!(page.url.len() <= ADDRESS && page.url.ends_with('ä'));
        assert_eq!(page.title.map(|t| t.len()), Some(510));
        assert_eq!(page.referrer.as_deref(), Some("ab"));
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(name("  Mia ".into()), Ok(Some("Mia".into())));
        assert_eq!(name("  ".into()), Ok(None));
        assert!(name("x".repeat(201)).is_err());
        assert!(name("a\0".into()).is_err());
    }
}
