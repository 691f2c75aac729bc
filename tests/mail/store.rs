//! The outbox in the store: each reply once, whatever is looked at twice, restored or switched off.

use baton::conversation::Time;
use baton::log::{Log, MailItem, MailStep, Reader};
use baton::protocol::MailState;

use crate::smtp::Fake;
use crate::support::server::Server;
use crate::world::{agent, listed, reply, ticket, with_mail};

/// A store with one conversation that has two replies, and mail switched on; gives their places.
async fn answered() -> (tempfile::TempDir, Vec<baton::log::Reply>) {
    let server = Server::start(|config| config.sites[0].settings.assistant_on = false).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &asked, "one").await;
    reply(&mut dana, &asked, "two").await;
    let head = server.engine.head();
    let replies = server.engine.read(move |r| r.replies(0, head)).await.unwrap();
    assert_eq!(replies.len(), 2);
    drop(dana);
    (server.stop().await, replies)
}

fn item(reply: &baton::log::Reply) -> MailItem {
    MailItem {
        conversation: reply.conversation,
        version: reply.version,
        at: reply.at,
        ticket: true,
        delay_ms: 60_000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_in_one_mail_however_often_the_log_is_looked_through() {
    let (dir, replies) = answered().await;
    let mut log = Log::open(dir.path()).unwrap();
    let now = Time(1_000);
    log.mail(&MailStep::On { now }).unwrap();
    let took = |log: &mut Log, n: usize| {
        let items = replies[..n].iter().map(item).collect();
        log.mail(&MailStep::Took { cursor: replies[n - 1].seq, items }).unwrap()
    };
    let first = took(&mut log, 1).remove(0);
    assert!(took(&mut log, 1).is_empty(), "again: nothing new");
    let joined = took(&mut log, 2).remove(0);
    assert_eq!((joined.id, joined.first, joined.last), (first.id, replies[0].version, replies[1].version));
    let claim = MailStep::Claim { id: first.id, first: joined.first, message_id: "<a@b>".into(), now };
    assert_eq!(log.mail(&claim).unwrap()[0].state, MailState::Sending);
    assert!(log.mail(&claim).unwrap().is_empty(), "one attempt at a time");
    assert!(log.mail(&MailStep::Drop { id: first.id }).unwrap().is_empty(), "it is on its way");
    assert!(log.mail(&MailStep::Retry { id: first.id, now }).unwrap().is_empty());
    let again = MailStep::Again { id: first.id, due: now, reason: "451".into(), now };
    log.mail(&again).unwrap();
    let claim = MailStep::Claim { id: first.id, first: 99, message_id: "<other@b>".into(), now };
    let claimed = log.mail(&claim).unwrap().remove(0);
    assert_eq!(
        (claimed.message_id.as_deref(), claimed.first),
        (Some("<a@b>"), joined.first),
        "as it was tried"
    );
    log.mail(&MailStep::Sent { id: first.id, now }).unwrap();
    for late in [MailStep::Sent { id: first.id, now }, again, MailStep::Drop { id: first.id }] {
        assert!(log.mail(&late).unwrap().is_empty(), "{late:?}: it left");
    }
    assert!(took(&mut log, 2).is_empty(), "what left is not taken up again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_sending_tries_again_and_a_restored_store_asks_a_person() {
    let (dir, replies) = answered().await;
    let now = Time(1_000);
    let mut log = Log::open(dir.path()).unwrap();
    log.mail(&MailStep::On { now }).unwrap();
    let took = MailStep::Took { cursor: replies[1].seq, items: replies.iter().map(item).collect() };
    let mails = log.mail(&took).unwrap();
    let id = mails[0].id;
    let claim = MailStep::Claim { id, first: mails[0].first, message_id: "<a@b>".into(), now };
    log.mail(&claim).unwrap();
    drop(log);

    let mut log = Log::open(dir.path()).unwrap();
    log.mail(&MailStep::On { now }).unwrap();
    let readers = log.readers(1).unwrap();
    let state = || readers.with(move |r| r.mail_by_id(id)).unwrap().unwrap();
    assert_eq!((state().state, state().attempts), (MailState::Waiting, 1));
    assert_eq!(readers.with(Reader::mail_cursor).unwrap(), Some(replies[1].seq));
    drop((log, readers));

    // Restored: the log has another name, and what became of the mail since nobody knows.
    let store = rusqlite::Connection::open(dir.path().join("baton.db")).unwrap();
    store.execute("UPDATE meta SET value = 'another' WHERE name = 'log_id'", []).unwrap();
    drop(store);
    let mut log = Log::open(dir.path()).unwrap();
    log.mail(&MailStep::On { now }).unwrap();
    let readers = log.readers(1).unwrap();
    let mail = readers.with(move |r| r.mail_by_id(id)).unwrap().unwrap();
    assert_eq!(mail.state, MailState::Failed);
    assert!(mail.reason.unwrap().contains("restored from a backup"));
    assert_eq!(readers.with(Reader::mail_cursor).unwrap(), Some(log.head()), "nothing old is mailed");

    log.mail(&MailStep::Off).unwrap();
    assert_eq!(readers.with(Reader::mail_cursor).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_the_lists_leaves_the_outbox_alone() {
    let mut smtp = Fake::start(&[]).await;
    let server = Server::start(with_mail(smtp.port)).await;
    let asked = ticket(&server, "Hello", "Maya", "maya@example.com").await;
    let mut dana = agent(&server, "Dana").await;
    reply(&mut dana, &asked, "Hello Maya").await;
    listed(&mut dana, "sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
    drop(dana);
    let dir = server.stop().await;
    baton::log::rebuild(dir.path()).unwrap();
    let server = Server::start_in(dir, with_mail(smtp.port)).await;
    let mut dana = agent(&server, "Robin").await;
    listed(&mut dana, "still sent", |m| m.len() == 1 && m[0]["state"] == "sent").await;
    server.stop().await;
    assert_eq!(smtp.mails(1).await.len(), 1);
}
