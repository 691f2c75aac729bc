//! The console beside irssi, WeeChat and a bare window, in one run through ptys: `cargo bench --bench console`.
//!
//! The floor is a bare ratatui window (a mode of this program). irssi and WeeChat are the system's packages, in empty homes;
//! where one is missing, its figures are skipped. Medians of several rounds taken in turn and ratios are printed, and nothing
//! is gated: times on a shared machine lie, ratios taken in one run lie less. Budgets: P11 to P15.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, missing_docs)]

mod burst;
#[path = "../../tests/console_support/mod.rs"]
mod console_support;
mod desk;
mod floor;
mod pty;
mod rivals;

use std::time::Duration;

use desk::Desk;
use pty::Pty;

pub const TEXT: &str =
    "My order has not arrived yet and the tracking page shows nothing, can you have a look?";
const ROUNDS: usize = 11;
const WAITING: usize = 50;
const MESSAGES: usize = 100_000;
const ARRIVALS: u32 = 500;
const KEYS: u64 = 200;
const IDLE: Duration = Duration::from_secs(10);
const BURST: usize = 1_000;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--floor") {
        floor::run();
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The quotient of two figures of one round, if both are there.
fn ratio(of: Option<f64>, to: Option<f64>) -> String {
    of.zip(to).map_or("-".into(), |(of, to)| format!("{:.2}", of / to))
}

fn shown(value: Option<f64>) -> String {
    value.map_or("skipped: not installed".into(), |v| format!("{v:.1}"))
}

fn bare_window() -> Pty {
    let this = std::env::current_exe().unwrap().display().to_string();
    Pty::start(&this, &["--floor".into()], &[])
}

async fn run() {
    let (irssi, weechat) = (rivals::there("irssi"), rivals::there("weechat"));
    for (name, there) in [("irssi", irssi), ("weechat", weechat)] {
        if !there {
            println!("skipped: {name} is not installed; its figures are left out");
        }
    }
    let mut desk = Desk::with_waiting(WAITING).await;
    paints(&desk, irssi, weechat);
    desk.lengthen(MESSAGES);
    keys(&desk, weechat);
    idle(weechat).await;
    let (frames, took) = burst::frames(BURST);
    println!(
        "P15 burst of {BURST} events: {frames} frames, {:.1} ms (budget <= 10 frames)",
        took.as_secs_f64() * 1e3
    );
}

/// Milliseconds until something is painted, and until the words are there.
fn opening(mut pty: Pty, words: &str) -> (f64, f64) {
    let since = |at: std::time::Instant, pty: &Pty| (at - pty.started).as_secs_f64() * 1e3;
    let painted = pty.until("anything", |screen| !screen.contents().trim().is_empty());
    let usable = pty.until_shown(words);
    (since(painted, &pty), since(usable, &pty))
}

fn paints(desk: &Desk, irssi: bool, weechat: bool) {
    println!("{WAITING} waiting, {ROUNDS} rounds in turn; the rivals open empty, off line");
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("irssi"), home.path().join("weechat"));
        rows.push([
            Some(opening(bare_window(), "bare window")),
            Some(opening(desk.console(), &format!("{WAITING} waiting"))),
            irssi.then(|| opening(rivals::irssi(&a), "[(status)]")),
            weechat.then(|| opening(rivals::weechat(&b, &[]), "[core]")),
        ]);
    }
    let column = |n: usize, of: fn((f64, f64)) -> f64| {
        rows[0][n].map(|_| median(rows.iter().map(|row| of(row[n].unwrap())).collect()))
    };
    type Figure = (&'static str, fn((f64, f64)) -> f64);
    let figures: [Figure; 2] = [("first paint", |p| p.0), ("usable queue", |p| p.1)];
    for (what, of) in figures {
        let [floor, baton, irssi, weechat] = [0, 1, 2, 3].map(|n| column(n, of));
        println!(
            "P11 {what}, ms: floor {}, baton {}, irssi {}, WeeChat {}; baton/irssi {} (budget <= 0.6), baton/WeeChat {} (budget <= 0.5)",
            shown(floor),
            shown(baton),
            shown(irssi),
            shown(weechat),
            ratio(baton, irssi),
            ratio(baton, weechat)
        );
    }
}

/// A console with the long conversation open and a reply begun.
fn composing(desk: &Desk) -> Pty {
    let mut console = desk.console();
    console.until_shown(&format!("{WAITING} waiting"));
    console.press("\r");
    console.until_shown(&format!("look? {}", MESSAGES - 1));
    console.press("r");
    console.listen(Duration::from_millis(500));
    console
}

/// Microseconds of CPU per key: letters and their erasing, nothing arriving.
fn cpu_per_key(pty: &mut Pty) -> f64 {
    pty.listen(Duration::from_millis(500));
    let before = pty.used().cpu;
    pty.echoes(KEYS);
    (pty.used().cpu - before).as_secs_f64() * 1e6 / (2 * KEYS) as f64
}

fn keys(desk: &Desk, weechat: bool) {
    let mut floor = bare_window();
    floor.until_shown("bare window");
    let floor_cpu = cpu_per_key(&mut floor);
    let floor_quiet = floor.echoes(KEYS);
    let mut console = composing(desk);
    let console_cpu = cpu_per_key(&mut console);
    let quiet = console.echoes(KEYS);
    let rss = console.rss_kib();
    let arriving = desk.arrivals(ARRIVALS);
    console.listen(Duration::from_secs(1));
    let busy = console.echoes(KEYS);
    arriving.abort();
    let rss_after = console.rss_kib();
    drop(console);
    let floor_again = floor.echoes(KEYS);
    drop(floor);
    let home = tempfile::tempdir().unwrap();
    let rival = weechat.then(|| {
        let (mut pty, mut channel) = rivals::weechat_in_channel(home.path());
        channel.fill(MESSAGES);
        pty.until("the last message", |screen| {
            screen.contents().split_whitespace().any(|word| word == (MESSAGES - 1).to_string())
        });
        let cpu = cpu_per_key(&mut pty);
        let quiet = pty.echoes(KEYS);
        let rss = pty.rss_kib();
        channel.arrivals(ARRIVALS, Duration::from_secs(60));
        pty.listen(Duration::from_secs(1));
        (cpu, quiet, pty.echoes(KEYS), rss)
    });
    let other = |of: fn((f64, f64, f64, u64)) -> f64| rival.map(of);
    println!(
        "P12 key to paint, ms p50, {MESSAGES} messages open, quiet: floor {floor_quiet:.3}, baton {quiet:.3}, WeeChat {}; baton/floor {:.2}",
        other(|r| r.1).map_or("skipped".into(), |v| format!("{v:.3}")),
        quiet / floor_quiet
    );
    println!(
        "P12 the same with {ARRIVALS} messages/s arriving: floor {floor_again:.3} (nothing arrives), baton {busy:.3}, WeeChat {}; baton/floor {:.2} (budget <= 1.25)",
        other(|r| r.2).map_or("skipped".into(), |v| format!("{v:.3}")),
        busy / floor_again
    );
    println!(
        "P12 CPU per key, us: floor {floor_cpu:.0}, baton {console_cpu:.0}, WeeChat {}; baton/WeeChat {} (budget <= 1.3)",
        other(|r| r.0).map_or("skipped".into(), |v| format!("{v:.0}")),
        ratio(Some(console_cpu), other(|r| r.0))
    );
    println!(
        "P14 RSS, {MESSAGES} messages in the open conversation, MiB: baton {:.1} ({:.1} after the arrivals), WeeChat {}; baton/WeeChat {} (budget <= 0.5)",
        rss as f64 / 1024.0,
        rss_after as f64 / 1024.0,
        shown(other(|r| r.3 as f64 / 1024.0)),
        ratio(Some(rss_after as f64), other(|r| r.3 as f64))
    );
}

async fn idle(weechat: bool) {
    let desk = Desk::with_waiting(0).await;
    let mut console = desk.console();
    console.until_shown("live");
    let measure = |pty: &mut Pty| {
        pty.listen(Duration::from_secs(2));
        let (bytes, used) = (pty.bytes, pty.used());
        pty.listen(IDLE);
        let now = pty.used();
        // A thread that ended meanwhile takes its count with it.
        (
            pty.bytes - bytes,
            now.wakes.saturating_sub(used.wakes),
            now.cpu.saturating_sub(used.cpu).as_secs_f64() * 1e3,
        )
    };
    let (bytes, wakes, cpu) = measure(&mut console);
    println!(
        "P13 idle for {IDLE:?}, no clock on screen: baton {bytes} bytes written (budget 0), {wakes} wake-ups, {cpu:.2} ms CPU"
    );
    if weechat {
        let home = tempfile::tempdir().unwrap();
        let mut pty = rivals::weechat(home.path(), &[]);
        pty.until_shown("[core]");
        let (bytes, wakes, cpu) = measure(&mut pty);
        println!(
            "P13 the same, WeeChat (which has a clock): {bytes} bytes, {wakes} wake-ups, {cpu:.2} ms CPU"
        );
    }
}
