//! A flush that fails: the server stops acknowledging and ends with a clear word; what it had acknowledged is there.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use uuid::Uuid;

use crate::load::{Said, Server, Visitor, stored};

/// Which flush of the running server fails, and all after it. The first ones happen while it starts.
const FAILING: &[u32] = &[1, 3, 5, 6, 8, 13, 21, 40];

fn strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    works.is_ok_and(|s| s.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_flush_nothing_is_acknowledged_and_the_server_ends() {
    if !strace() {
        eprintln!("\nskipped: strace is not here or may not trace, so failing flushes are not tested\n");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    // A store that is there already, so that flushes are counted from the same point every time.
    assert_eq!(Server::start(dir.path(), &data, &[]).stop(), Some(0));
    let mut acked: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut failed_while_serving = 0;
    for k in FAILING {
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={k}+");
        let trace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", &inject];
        let mut server = Server::start(dir.path(), &data, &trace);
        if server.up() {
            let mut said_no = false;
            let mut visitor = Visitor::come(&server.address, None).await.expect("it serves");
            for n in 0..200 {
                let cid = Uuid::now_v7();
                match visitor.say(cid, &format!("message {n} before flush {k}")).await {
                    Said::Acked(seq) => {
                        assert!(!said_no, "acknowledged after a flush had failed");
                        acked.insert(cid, seq);
                    }
                    Said::Refused(code) => {
                        assert!(["server.fault", "server.stopping"].contains(&code.as_str()), "{code}");
                        said_no = true;
                    }
                    Said::Gone => {
                        said_no = true;
                        break;
                    }
                }
            }
            assert!(said_no, "flush {k} failed and 200 messages were acknowledged");
            failed_while_serving += 1;
            let code = server.child.wait().unwrap().code();
            assert_eq!(code, Some(1), "{}", server.said());
            let words = server.said();
            assert!(words.contains("the store failed and the server stopped at once"), "{words}");
        } else {
            assert_ne!(server.child.wait().unwrap().code(), Some(0), "{}", server.said());
        }
        // A good disk again: it starts, has everything, and goes on.
        let server = Server::start(dir.path(), &data, &[]);
        assert!(server.up(), "{}", server.said());
        let found = stored(&data);
        for (cid, seq) in &acked {
            assert_eq!(found.get(cid), Some(seq), "acknowledged and lost, or moved");
        }
        let mut visitor = Visitor::come(&server.address, None).await.unwrap();
        let cid = Uuid::now_v7();
        let Said::Acked(seq) = visitor.say(cid, "and on").await else { panic!("it does not go on") };
        acked.insert(cid, seq);
        assert_eq!(server.stop(), Some(0));
    }
    assert!(failed_while_serving >= 4, "{failed_while_serving}");
    assert!(acked.len() > 30, "{}", acked.len());
}
