//! A server with mail, visitors who left their address, agents who answer.

use std::collections::HashMap;
use std::time::Duration;

use baton::connectors::mail::smtp::{Smtp, Tls};
use baton::connectors::mail::{MailConfig, SiteMail};
use baton::conversation::{Role, SiteId};
use baton::server::ServerConfig;
use serde_json::{Value, json};

use crate::support::server::{Client, Server, cid, soon};

/// Mail to a server on this machine, without any delay.
pub fn mail_to(port: u16) -> MailConfig {
    let mut smtp = Smtp::new("127.0.0.1".into(), port, Tls::None, None);
    smtp.patience = (Duration::from_secs(20), Duration::from_secs(20));
    let how = SiteMail {
        from: "help@shop.example".parse().unwrap(),
        reply_to: Some("desk@shop.example".parse().unwrap()),
        url: None,
    };
    MailConfig {
        smtp,
        sites: HashMap::from([(SiteId::new("demo").unwrap(), how)]),
        delay_ms: 0,
        gone_after_ms: 0,
        max_per_hour: 1_000,
        texts: Default::default(),
    }
}

/// No assistant, mail to this port.
pub fn with_mail(port: u16) -> impl FnOnce(&mut ServerConfig) {
    move |config: &mut ServerConfig| {
        config.sites[0].settings.assistant_on = false;
        config.sites[0].name = "Example Shop".into();
        config.mail = Some(mail_to(port));
    }
}

/// A visitor's conversation.
pub struct Asked {
    pub conversation: Value,
    pub token: Value,
}

pub const PAGE: &str = "http://localhost:8080/help?order=1";

/// Somebody asks, leaves an address while nobody is there (which makes it a ticket), and leaves.
pub async fn ticket(server: &Server, words: &str, name: &str, email: &str) -> Asked {
    let (mut visitor, ok) = server.visitor(json!({ "page": { "url": PAGE } })).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": words })).await;
    visitor.ok("lead.submit", json!({ "cid": cid(), "name": name, "email": email })).await;
    visitor.bye().await;
    Asked { conversation: sent["conversation"].clone(), token: ok["token"].clone() }
}

/// Somebody who told their address, with the socket still open.
pub async fn chatting(server: &Server, words: &str, email: &str) -> (Client, Asked) {
    let (mut visitor, ok) = server.visitor(json!({ "page": { "url": PAGE } })).await;
    let sent = visitor.ok("message.send", json!({ "cid": cid(), "text": words })).await;
    visitor.ok("identify", json!({ "email": email })).await;
    (visitor, Asked { conversation: sent["conversation"].clone(), token: ok["token"].clone() })
}

/// An agent's socket (no console: nobody counts as there).
pub async fn agent(server: &Server, name: &str) -> Client {
    let token = server.add_agent(name, Role::Agent);
    server.agent(&token, "test/1", &format!("i-{name}"), None).await.0
}

/// An agent writes.
pub async fn reply(agent: &mut Client, asked: &Asked, text: &str) -> Value {
    agent.ok("message.send", json!({ "conversation": asked.conversation, "cid": cid(), "text": text })).await
}

/// Waits for an agent to be told of a mail that is so.
pub async fn told(agent: &mut Client, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    agent.until(what, |f| f["t"] == "eph" && f["type"] == "mail" && fits(f)).await
}

/// Waits until the mails an agent sees are so.
pub async fn listed(agent: &mut Client, what: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let look = async {
        loop {
            let mails = agent.ok("mail.list", json!({})).await["mails"].as_array().unwrap().clone();
            if fits(&mails) {
                return mails;
            }
            agent.listen_for(20).await;
        }
    };
    soon(what, look).await
}
