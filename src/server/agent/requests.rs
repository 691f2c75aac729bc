//! What an agent's client asks for: changes go to the engine, with the client id; the rest is in [`super::reads`].

use std::time::Instant;

use serde_json::json;

use super::{Agent, STRIKES, find, info};
use crate::conversation::{AgentRef, Cid, Command, ConversationId, TransferTo, same_label};
use crate::engine::{Submit, Target, Who};
use crate::protocol::{AgentOp, AvailabilityInfo, CloseCode, Control, FromClient, TransferArg, WireError};
use crate::server::answers::{good, id_of, no_nul, refusal};
use crate::server::link::End;
use crate::server::rights;

/// Longest reason or group name, bytes.
const REASON: usize = 500;

impl Agent {
    /// One frame of the client's.
    pub(super) async fn frame(&mut self, text: &str) -> Result<(), End> {
        self.sign_of_life();
        let request = match FromClient::parse(text) {
            Ok(FromClient::Request(request)) => request,
            Ok(FromClient::Control(Control::Heartbeat { .. })) => return self.alive(),
            Ok(FromClient::Control(Control::Ack { seq })) => {
                if self.credit.acknowledged(seq) && self.credit.is_behind() {
                    return self.resync().await;
                }
                return self.alive();
            }
            // The parser gives no other control frame of a client.
            Ok(FromClient::Control(_)) => return Ok(()),
            Err(error) => return self.strike(text, error).await,
        };
        if let Err(wait) = self.requests.take(Instant::now()) {
            let error = WireError::rate_limited(wait.as_millis() as u64 + 1);
            self.link.send(refusal(request.id, &error)).await?;
            return self.impatient();
        }
        self.too_fast = 0;
        let done = match AgentOp::parse(request.op, request.d) {
            Ok(op) => self.carry_out(request.id, op).await,
            Err(error) => Err(error),
        };
        let answer = done.unwrap_or_else(|error| refusal(request.id, &error));
        self.link.feed(answer).await?;
        let afterwards = std::mem::take(&mut self.afterwards);
        self.feed_passing(&afterwards).await?;
        self.link.flush().await
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

    /// The answer, as a frame.
    async fn carry_out(&mut self, id: &str, op: AgentOp) -> Result<String, WireError> {
        rights::check(self.session.role, &op)?;
        match op {
            AgentOp::Block(arg) => Ok(good(id, &self.block(arg).await?, None)),
            AgentOp::Unblock(arg) => Ok(good(id, &self.unblock(arg).await?, None)),
            AgentOp::Blocks(_) => Ok(good(id, &self.blocks().await?, None)),
            AgentOp::Auth(_) => Err(WireError::new("auth.done", "this socket has said who it is")),
            AgentOp::List(arg) => Ok(good(id, &self.list(arg).await?, None)),
            AgentOp::History(arg) => Ok(good(id, &self.history(arg).await?, None)),
            AgentOp::Search(arg) => Ok(good(id, &self.search(arg).await?, None)),
            AgentOp::MailList(arg) => Ok(good(id, &self.mail_list(arg).await?, None)),
            AgentOp::MailRetry(arg) => self.mail_retry(id, arg.id).await,
            AgentOp::MailDrop(arg) => self.mail_drop(id, arg.id).await,
            AgentOp::Watch(arg) => {
                let ok = self.watch(arg).await?;
                if let Some(visitor) = &ok.conversation.visitor {
                    let presence = self.shared.engine.presence_of(ok.conversation.id, visitor.id);
                    self.afterwards.push(presence);
                }
                Ok(good(id, &ok, None))
            }
            AgentOp::Unwatch(arg) => {
                if self.watching.remove(&arg.conversation).is_some() && self.lease.is_some() {
                    self.shared.engine.viewing(&self.session, &self.instance, arg.conversation, false);
                }
                Ok(good(id, &json!({}), None))
            }
            AgentOp::Typing(arg) => {
                self.may_see(arg.conversation).await?;
                self.shared.engine.agent_typing(&self.session, arg.conversation, arg.on);
                Ok(good(id, &json!({}), None))
            }
            AgentOp::Read(arg) => {
                self.have_read(arg).await?;
                Ok(good(id, &json!({}), None))
            }
            AgentOp::AvailabilitySet(to) => self.set_availability(id, to).await,
            AgentOp::Accept(a) => {
                let command = Command::Accept { over_capacity: a.over_capacity };
                self.change(id, a.conversation, a.cid, command).await
            }
            AgentOp::TakeOver(a) => {
                let command = Command::TakeOver { over_capacity: a.over_capacity };
                self.change(id, a.conversation, a.cid, command).await
            }
            AgentOp::HandBack(a) => self.change(id, a.conversation, a.cid, Command::HandBack).await,
            AgentOp::Resolve(a) => self.change(id, a.conversation, a.cid, Command::Resolve).await,
            AgentOp::Reopen(a) => self.change(id, a.conversation, a.cid, Command::Reopen).await,
            AgentOp::Release(a) => {
                let reason = a.reason.map(words).transpose()?.filter(|r| !r.is_empty());
                self.change(id, a.conversation, a.cid, Command::Release { reason }).await
            }
            AgentOp::Snooze(a) => {
                let until = a.until();
                self.change(id, a.conversation, a.cid, Command::Snooze(until)).await
            }
            AgentOp::MessageSend(a) => {
                no_nul(&a.text)?;
                let command = Command::AgentMessage { text: a.text, attachments: Vec::new() };
                self.change(id, a.conversation, a.cid, command).await
            }
            AgentOp::NoteAdd(a) => {
                no_nul(&a.text)?;
                self.change(id, a.conversation, a.cid, Command::AddNote { text: a.text }).await
            }
            AgentOp::Transfer(mut a) => {
                let (conversation, cid) = (a.conversation, a.cid);
                let note = a.note.take().filter(|note| !note.trim().is_empty());
                note.as_deref().map(no_nul).transpose()?;
                let to = self.transfer_to(a).await?;
                self.change(id, conversation, cid, Command::Transfer { to, note }).await
            }
            AgentOp::Tag(a) => {
                let command = Command::Tag { add: a.add, remove: a.remove };
                self.change(id, a.conversation, a.cid, command).await
            }
            AgentOp::Priority(a) => {
                self.change(id, a.conversation, a.cid, Command::SetPriority(a.priority)).await
            }
        }
    }

    async fn change(
        &self,
        id: &str,
        conversation: ConversationId,
        cid: Cid,
        command: Command,
    ) -> Result<String, WireError> {
        let submit = Submit {
            who: Who::Agent(self.session.clone()),
            target: Target::Conversation(conversation),
            command,
            cid: Some(cid),
            device: None,
        };
        let answered =
            self.shared.engine.submit(submit).await.map_err(|refusal| WireError::from(&refusal))?;
        Ok(good(id, &answered, Some(answered.seq)))
    }

    async fn set_availability(&self, id: &str, to: AvailabilityInfo) -> Result<String, WireError> {
        let reason = to.reason.map(words).transpose()?.filter(|r| !r.is_empty());
        let to = AvailabilityInfo { reason, ..to };
        if let Some(until) = to.until.filter(|until| *until <= self.shared.engine.now()) {
            let words = format!(
                "{until} is past: Away until then would be over already. Nothing was changed; give a time to come, or none"
            );
            return Err(WireError::new("availability.past", words));
        }
        let view = self.shared.engine.set_availability(self.session.agent.id, to).await;
        let view = view.map_err(|refusal| WireError::from(&refusal))?;
        Ok(good(id, &info(&view), None))
    }

    async fn transfer_to(&self, arg: TransferArg) -> Result<TransferTo, WireError> {
        match (arg.agent, arg.group) {
            (Some(agent), None) => {
                let all = self.shared.engine.agents();
                let to = find(&all, agent).map(|v| v.session.agent.clone());
                let unknown =
                    || WireError::new("agent.unknown", "there is no such agent; nothing was changed");
                to.map(|AgentRef { id, name }| TransferTo::Agent(AgentRef { id, name })).ok_or_else(unknown)
            }
            (None, Some(group)) => {
                let group = words(group)?;
                if group.is_empty() {
                    return Err(WireError::bad_request("transfer: the group has no name"));
                }
                let known = self.groups().await?;
                // Spelled as its members have it, so that a list can be filtered by it.
                match known.iter().find(|k| same_label(k, &group)) {
                    Some(known) => Ok(TransferTo::Group(known.clone())),
                    None => {
                        // Of what one may not see nothing is told but that it does not exist.
                        self.may_see(arg.conversation).await?;
                        Err(no_such_group(&group, &known))
                    }
                }
            }
            _ => Err(WireError::bad_request("transfer: give exactly one of agent and group")),
        }
    }
}

fn no_such_group(group: &str, known: &[String]) -> WireError {
    let words = if known.is_empty() {
        format!(
            "nobody is in a group “{group}”, and no agent is in any; nothing was changed. Groups are given with baton agent add --group"
        )
    } else {
        format!("nobody is in a group “{group}”; nothing was changed. The groups are {}", known.join(", "))
    };
    WireError::new("group.unknown", words).with(json!({ "known": known }))
}

fn words(text: String) -> Result<String, WireError> {
    no_nul(&text)?;
    let text = text.trim();
    if text.len() > REASON {
        return Err(WireError::bad_request(format!("at most {REASON} bytes are taken here")));
    }
    Ok(text.to_owned())
}
