//! The server against its floor, in one run: `cargo bench --bench server`.
//!
//! The floor is the smallest honest program for the job: a bare tokio-tungstenite loop over SQLite with `synchronous=FULL`,
//! group commit, acknowledgement after commit. Both are separate processes of the same build, driven by the same load from
//! this one, in turn, several rounds; medians and ratios are printed, and nothing is gated: times on a shared machine lie,
//! ratios taken in one run lie less. Budgets: P1, P2, P3 (with strace), P4, P5.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, missing_docs)]

mod floor;
mod load;
mod process;

use std::time::{Duration, SystemTime};

const ROUNDS: usize = 5;
const VISITORS: usize = 200;
const LOAD: Duration = Duration::from_secs(4);
const IDLE_SOCKETS: usize = 10_000;

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--floor") {
        floor::serve(&args.next().unwrap());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn run() {
    println!(
        "{VISITORS} visitors, each waiting for its acknowledgement; {ROUNDS} rounds of {LOAD:?}, floor and baton in turn"
    );
    let (mut rates, mut cpus) = (vec![], vec![]);
    let (mut ratio_rate, mut ratio_cpu) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let mut pair = vec![];
        for kind in [process::Kind::Floor, process::Kind::Baton] {
            let server = process::Server::start(kind, false);
            let mut before = 0.0;
            let warm = || before = server.cpu_seconds();
            let done = load::acknowledged(&server.address, VISITORS, LOAD, warm).await;
            let cpu = (server.cpu_seconds() - before) / done as f64 * 1e6;
            pair.push((done as f64 / LOAD.as_secs_f64(), cpu));
        }
        ratio_rate.push(pair[1].0 / pair[0].0);
        ratio_cpu.push(pair[1].1 / pair[0].1);
        rates.push(pair.iter().map(|p| p.0).collect::<Vec<_>>());
        cpus.push(pair.iter().map(|p| p.1).collect::<Vec<_>>());
    }
    let column = |rows: &[Vec<f64>], n: usize| median(rows.iter().map(|r| r[n]).collect());
    println!(
        "P1 durable messages/s: floor {:.0}, baton {:.0}, ratio {:.2} (budget >= 0.66)",
        column(&rates, 0),
        column(&rates, 1),
        median(ratio_rate)
    );
    println!(
        "P2 server CPU per message: floor {:.1} us, baton {:.1} us, ratio {:.2} (budget <= 1.5)",
        column(&cpus, 0),
        column(&cpus, 1),
        median(ratio_cpu)
    );
    flushes().await;
    delivery().await;
    idle().await;
}

async fn flushes() {
    if std::process::Command::new("strace").arg("--version").output().is_err() {
        println!("P3 skipped: strace is not installed");
        return;
    }
    for (visitors, what) in [(1, "one at a time"), (VISITORS, "200 in flight")] {
        let server = process::Server::start(process::Kind::Baton, true);
        let mut since = SystemTime::UNIX_EPOCH;
        let warm = || since = SystemTime::now();
        let done = load::acknowledged(&server.address, visitors, Duration::from_secs(2), warm).await;
        let flushes = server.stop_and_count_flushes(since);
        println!(
            "P3 messages per flush, {what}: {:.2} ({done} messages, {flushes} flushes)",
            done as f64 / flushes.max(1) as f64
        );
    }
}

async fn delivery() {
    let server = process::Server::start(process::Kind::Baton, false);
    let token = server.agent_token();
    let lags = load::delivery_minus_ack(&server.address, &token, 500, Duration::from_secs(5)).await;
    let n = lags.len();
    println!(
        "P4 delivery to an agent minus acknowledgement, at 500 messages/s: p50 {:.3} ms of {n} (budget <= 0.2)",
        median(lags)
    );
}

async fn idle() {
    let server = process::Server::start(process::Kind::Baton, false);
    let before = server.rss_kib();
    let sockets = load::idle(&server.address, IDLE_SOCKETS).await;
    let after = server.rss_kib();
    println!(
        "P5 idle visitor connection: {:.2} KiB RSS each over {} (budget <= 6.5)",
        (after - before) as f64 / sockets.len() as f64,
        sockets.len()
    );
}
