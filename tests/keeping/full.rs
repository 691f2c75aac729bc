//! A disk that is full at every point of writing: said so, nothing acknowledged, reading goes on, and it goes on by itself.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::cli_support::baton;
use crate::disk::SmallDisk;
use crate::erase::ok;
use crate::load::{Said, Server, Visitor, stored};

/// Points on one disk: it is left with so many pages more or less each time.
const POINTS: u64 = 11;
/// Disks, each with a server of its own: what is written stays, and fills a disk in the end.
const DISKS: u64 = 10;
const PAGE: u64 = 4096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_survived_and_left_without_a_restart() {
    for n in 0..DISKS {
        let Some(disk) = SmallDisk::mount("32m") else {
            eprintln!("\nskipped: a small tmpfs cannot be mounted here, so the full disk is not tested\n");
            return;
        };
        at_every_point(&disk, n * POINTS).await;
    }
}

async fn at_every_point(disk: &SmallDisk, first: u64) {
    let dir = tempfile::tempdir().unwrap();
    let data = disk.path.join("data");
    let server = Server::start(dir.path(), &data, &[]);
    assert!(server.up(), "{}", server.said());
    let home = dir.path();
    let token = ok(home, &["agent", "add", "Ada", "--data", data.to_str().unwrap()]).trim().to_owned();
    let url = format!("http://{}", server.address);
    let mut acked: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut visitor = Visitor::come(&server.address, None).await.unwrap();
    let mut refusals = 0;
    for point in first..first + POINTS {
        let cid = Uuid::now_v7();
        let Said::Acked(seq) = visitor.say(cid, "with room").await else {
            panic!("{point}: {}", server.said())
        };
        acked.insert(cid, seq);
        // All but some pages are taken: each time the writing stops elsewhere.
        let ballast = disk.path.join("ballast");
        let file = std::fs::File::create(&ballast).unwrap();
        let taken = disk.free().saturating_sub(point % 37 * PAGE);
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, taken).unwrap();
        let text = "no room for this ".repeat(150 + point as usize * 7 % 250);
        let mut open = None;
        for _ in 0..2_000 {
            let cid = Uuid::now_v7();
            match visitor.say(cid, &text).await {
                Said::Acked(seq) => {
                    acked.insert(cid, seq);
                }
                Said::Refused(code) => {
                    assert_eq!(code, "storage.full", "{}", server.said());
                    refusals += 1;
                    open = Some(cid);
                    break;
                }
                Said::Gone => panic!("{point}: the server went away: {}", server.said()),
            }
        }
        let open = open.unwrap_or_else(|| panic!("{point}: the disk never was full"));
        // Nothing of it happened, and reading goes on.
        let conn = rusqlite::Connection::open(data.join("baton.db")).unwrap();
        let of_it = "SELECT count(*) FROM events WHERE cid = ?1";
        assert_eq!(conn.query_row(of_it, [open.as_bytes()], |r| r.get::<_, i64>(0)).unwrap(), 0);
        drop(conn);
        if point % 11 == 0 {
            for args in [&["queue", "--json"][..], &["search", "room", "--json"], &["export", "--tab", "all"]]
            {
                let done = baton(home)
                    .args(args)
                    .env("BATON_URL", &url)
                    .env("BATON_TOKEN", &token)
                    .output()
                    .unwrap();
                assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
                assert!(!done.stdout.is_empty());
            }
        }
        // Room again: the same message under the same id is taken, without a restart.
        drop(file);
        std::fs::remove_file(&ballast).unwrap();
        let again = visitor.say(open, &text).await;
        let Said::Acked(seq) = again else {
            panic!(
                "{point}: {again:?} with {} bytes of room, {taken} of them new: {}",
                disk.free(),
                server.said()
            )
        };
        acked.insert(open, seq);
    }
    assert_eq!(refusals, POINTS);
    let words = server.said();
    assert!(words.contains("the storage is full") && words.contains("room again"), "{words}");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(stored(&data), acked, "what was acknowledged is there, and nothing else");
}
