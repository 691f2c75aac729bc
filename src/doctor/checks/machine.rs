//! The machine: disk, clock, modes. Mail stands here until it is looked at closer.

use super::file;
use crate::conversation::Time;
use crate::doctor::Findings;
use crate::doctor::facts::Facts;
use crate::log::Sight;

/// Less than this, and a busy day may fill the disk: a day of 10,000 conversations is about 100 MB.
const LITTLE: u64 = 1 << 30;
/// Less than this, and there is no room for a checkpoint of the WAL at its largest (64 MiB) and a migration's copy.
const TOO_LITTLE: u64 = 128 << 20;
/// A clock may be behind the last event by this: another process may have stamped it.
const BEHIND_MS: i64 = 5_000;
/// Seconds our clock may differ from the public address's: sessions, signatures and certificates mind minutes.
const SKEW_WARN_S: i64 = 60;
const SKEW_FAIL_S: i64 = 300;
/// 2026-01-01: no clock is right that says it is earlier.
const EARLIEST: Time = Time(1_767_225_600_000);

/// `disk`.
pub(super) fn disk(facts: &Facts, out: &mut Findings) {
    let Some(free) = facts.free else { return out.skip("disk", None, "this system does not tell") };
    let words = format!("{} free for {}", bytes(free), facts.data.display());
    let fix = "make room on that disk, or move the folder to another";
    match free {
        0..TOO_LITTLE => out.fail("disk", None, words, fix),
        TOO_LITTLE..LITTLE => out.warn("disk", None, words, fix),
        _ => out.ok("disk", None, words),
    }
}

fn bytes(n: u64) -> String {
    match n {
        0..0x10_0000 => format!("{} KiB", n >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", n >> 20),
        _ => format!("{:.1} GiB", n as f64 / f64::from(1 << 30)),
    }
}

/// `clock`.
pub(super) fn clock(facts: &Facts, out: &mut Findings) {
    let fix = "set the clock: timedatectl set-ntp true";
    if facts.now < EARLIEST {
        return out.fail("clock", None, format!("the clock says {}", facts.now), fix);
    }
    if let Sight::Store(store) = &facts.store
        && let Some(last) = store.last_at
        && last.since_ms(facts.now) > BEHIND_MS
    {
        let behind = last.since_ms(facts.now);
        return out.fail(
            "clock",
            None,
            format!("the clock is {} behind the last event in the store ({last})", span(behind / 1000)),
            fix,
        );
    }
    match facts.front.skew_s {
        Some(skew) if skew.abs() > SKEW_WARN_S => {
            let side = if skew > 0 { "behind" } else { "ahead of" };
            let words = format!("the clock is {} {side} {}'s", span(skew.abs()), facts.front.base);
            if skew.abs() > SKEW_FAIL_S {
                out.fail("clock", None, words, fix);
            } else {
                out.warn("clock", None, words, fix);
            }
        }
        _ => out.ok("clock", None, format!("{}", facts.now)),
    }
}

fn span(seconds: i64) -> String {
    match seconds {
        i64::MIN..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `permissions`.
pub(super) fn permissions(facts: &Facts, out: &mut Findings) {
    let mut fine = true;
    for seen in &facts.modes {
        if seen.mode & seen.never != 0 {
            fine = false;
            let path = seen.path.display();
            let who = if seen.never & 0o044 == 0 { "changed" } else { "read" };
            out.fail(
                "permissions",
                None,
                format!("{} can be {who} by others: {path} has mode {:04o}", seen.what, seen.mode),
                format!("chmod {:o} {path}", seen.right),
            );
        }
    }
    if fine {
        out.ok("permissions", None, "nobody else reads secrets or changes the configuration");
    }
}

/// `mail`: whether the mail server lets us in.
pub(super) fn mail(facts: &Facts, out: &mut Findings) {
    match &facts.mail {
        None => out.ok("mail", None, "not configured: replies to tickets are not mailed"),
        Some(Ok(place)) => out.ok("mail", None, format!("{place} lets us in")),
        Some(Err(why)) => out.fail(
            "mail",
            None,
            format!("replies do not leave: {why}"),
            format!("mend [mail] in {0}; baton mail test --config {0} tries it again", file(facts)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_in_fitting_units() {
        assert_eq!(bytes(5 << 20), "5 MiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
        assert_eq!(bytes(10), "0 KiB");
        assert_eq!((span(30), span(600), span(7_300)), ("30 s".into(), "10 min".into(), "2 h".into()));
        assert_eq!(span(864_000), "10 days");
        assert_eq!(EARLIEST.to_string(), "2026-01-01T00:00:00.000Z");
    }
}
