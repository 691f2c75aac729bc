//! Backups taken under load, restored, and everybody back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::cli_support::baton;
use crate::erase::ok;
use crate::load::{Said, Server, Visitor, stored};

const ROUNDS: usize = 6;
const VISITORS: usize = 8;

/// What everybody knows: where the server is, and how often it came up.
#[derive(Clone, Default)]
struct Place {
    address: Option<String>,
    round: usize,
}

type Ledger = Arc<Mutex<BTreeMap<Uuid, u64>>>;

/// Says things for ever; comes back wherever the server is, with its token and its old place in the log.
async fn visits(mut place: watch::Receiver<Place>, ledger: Ledger, back: Arc<Mutex<Vec<(usize, Value)>>>) {
    let mut me: Option<Visitor> = None;
    let mut open: Option<Uuid> = None;
    loop {
        let Ok(at) = place.wait_for(|p| p.address.is_some()).await.map(|p| p.clone()) else { return };
        let address = at.address.unwrap();
        let Some(mut visitor) = Visitor::come(&address, me.as_ref()).await else {
            if place.wait_for(|p| p.address.as_ref() != Some(&address)).await.is_err() {
                return;
            }
            continue;
        };
        if let Some(before) = &me {
            assert_eq!(before.token, visitor.token, "the key came along: they are who they were");
            back.lock().unwrap().push((at.round, visitor.welcome.clone()));
        }
        loop {
            let cid = *open.get_or_insert_with(Uuid::now_v7);
            match visitor.say(cid, &format!("where is order {}?", cid.simple())).await {
                Said::Acked(seq) => {
                    ledger.lock().unwrap().insert(cid, seq);
                    open = None;
                }
                Said::Refused(code) => assert_eq!(code, "server.stopping"),
                Said::Gone => break,
            }
        }
        me = Some(visitor);
        if place.wait_for(|p| p.address.as_ref() != Some(&address)).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taken_under_load_restored_and_everybody_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let data = home.join("data");
    let data_arg = data.to_str().unwrap().to_owned();
    let (tell, place) = watch::channel(Place::default());
    let ledger = Ledger::default();
    let back = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..VISITORS)
        .map(|_| tokio::spawn(visits(place.clone(), Arc::clone(&ledger), Arc::clone(&back))))
        .collect();
    let mut server = Server::start(home, &data, &[]);
    let ada = ok(home, &["agent", "add", "Ada", "--data", &data_arg]).trim().to_owned();
    tell.send_replace(Place { address: Some(server.address.clone()), round: 0 });
    let mut log_ids = std::collections::BTreeSet::new();
    for round in 1..=ROUNDS {
        let wanted = ledger.lock().unwrap().len() + 60;
        until("messages are acknowledged", || ledger.lock().unwrap().len() >= wanted).await;
        let before = ledger.lock().unwrap().clone();
        let to = home.join(format!("backup-{round}"));
        let arg = to.to_str().unwrap().to_owned();
        let (backup_home, from) = (home.to_owned(), data_arg.clone());
        let made = {
            let arg = arg.clone();
            let run = move || ok(&backup_home, &["backup", &arg, "--data", &from, "--json"]);
            tokio::task::spawn_blocking(run).await.unwrap()
        };
        let made: Value = serde_json::from_str(&made).unwrap();
        assert_eq!(made["events"], made["head"]);
        // More is said after it: lost with a restore, and known to be.
        let after = ledger.lock().unwrap().len() + 20;
        until("more is said", || ledger.lock().unwrap().len() >= after).await;

        // Killed, as by a disk that went away. While it ran, a restore was refused.
        let busy = baton(home).args(["restore", &arg, "--data", &data_arg, "--replace"]).output().unwrap();
        assert_eq!(busy.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&busy.stderr).contains("another Baton server"), "{busy:?}");
        tell.send_modify(|p| p.address = None);
        drop(server);
        let done = ok(home, &["restore", &arg, "--data", &data_arg, "--replace", "--json"]);
        let done: Value = serde_json::from_str(&done).unwrap();
        assert!(log_ids.insert(done["log_id"].as_str().unwrap().to_owned()), "a new incarnation each time");
        assert!(std::path::Path::new(done["aside"].as_str().unwrap()).join("baton.db").is_file());
        let restored = stored(&data);
        for (cid, seq) in &before {
            assert_eq!(restored.get(cid), Some(seq), "acknowledged before the backup began");
        }
        ledger.lock().unwrap().clone_from(&restored);

        server = Server::start(home, &data, &[]);
        assert!(server.up(), "{}", server.said());
        tell.send_replace(Place { address: Some(server.address.clone()), round });
        until("everybody is back", || {
            back.lock().unwrap().iter().filter(|(r, _)| *r == round).count() == VISITORS
        })
        .await;
        for (_, welcome) in back.lock().unwrap().iter().filter(|(r, _)| *r == round) {
            assert_eq!(welcome["mode"], "snapshot", "two histories are not mixed: {welcome}");
            assert_eq!(welcome["log_id"], done["log_id"]);
        }
        // The agent's token works, and the console's list is the store's.
        let url = format!("http://{}", server.address);
        let queue = baton(home)
            .args(["queue", "--json"])
            .env("BATON_URL", url)
            .env("BATON_TOKEN", &ada)
            .output()
            .unwrap();
        let rows: Value = serde_json::from_slice(&queue.stdout).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), VISITORS);
    }
    drop(tell);
    assert_eq!(server.stop(), Some(0));
    for task in tasks {
        task.await.unwrap();
    }
    let found = stored(&data);
    for (cid, seq) in ledger.lock().unwrap().iter() {
        assert_eq!(found.get(cid), Some(seq), "acknowledged since the last restore");
    }
    ok(home, &["rebuild", "--data", &data_arg]);
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + crate::load::PATIENCE;
    let mut poll = tokio::time::interval(std::time::Duration::from_millis(5));
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        poll.tick().await;
    }
}
