//! The agent's own alert program: run with its arguments, no shell between, and told by variables that hold codes and
//! counts only.
//!
//! Invariant: at most one runs at a time; one that does not end is ended; no word of a visitor reaches it. What comes while
//! one runs is not kept: the alert repeats by itself.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::mpsc;

use super::app::Alert;

/// A program has so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the program.
#[derive(Debug)]
pub(super) struct Hook {
    argv: Vec<String>,
    busy: Arc<AtomicBool>,
    failures: mpsc::Sender<String>,
}

impl Hook {
    /// A hook for this program, and where its failures are told.
    pub(super) fn new(argv: Vec<String>) -> (Self, mpsc::Receiver<String>) {
        let (failures, told) = mpsc::channel(4);
        (Self { argv, busy: Arc::default(), failures }, told)
    }

    /// Runs it for an alert, unless it runs already.
    pub(super) fn run(&self, alert: &Alert) {
        let Some((program, arguments)) = self.argv.split_first() else { return };
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("BATON_CLASS", alert.class.word())
            .env("BATON_LEVEL", alert.level.to_string())
            .env("BATON_COUNT", alert.count.to_string())
            .env("BATON_LONGEST_S", alert.longest_s.to_string())
            .env_remove("BATON_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let (busy, failures, name) = (Arc::clone(&self.busy), self.failures.clone(), program.clone());
        tokio::spawn(async move {
            let failed = match command.spawn() {
                Err(e) => Some(format!("{name} cannot be run ({e})")),
                Ok(mut child) => match tokio::time::timeout(PATIENCE, child.wait()).await {
                    Err(_) => Some(format!("{name} did not end within 10 s and was ended")),
                    Ok(Ok(status)) if status.success() => None,
                    Ok(Ok(status)) => Some(format!("{name} ended with {status}")),
                    Ok(Err(e)) => Some(format!("{name}: {e}")),
                },
            };
            busy.store(false, Ordering::Release);
            if let Some(words) = failed {
                // Told already, if nobody has read the last four.
                let _ = failures.try_send(words);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::config::Class;
    use crate::text::SafeText;

    fn alert() -> Alert {
        Alert {
            class: Class::Handoff,
            level: 1,
            count: 3,
            longest_s: 70,
            words: SafeText::literal("not for programs"),
        }
    }

    #[tokio::test]
    async fn it_is_told_codes_and_counts_and_failures_come_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path().join("out");
        let script = "printf '%s %s %s %s' \"$BATON_CLASS\" \"$BATON_LEVEL\" \"$BATON_COUNT\" \"$BATON_LONGEST_S\" > \"$0\"; exit 3";
        let argv = ["sh", "-c", script, out.to_str().expect("a path")].map(str::to_owned).to_vec();
        let (hook, mut failures) = Hook::new(argv);
        hook.run(&alert());
        let told = failures.recv().await.expect("a failure");
        assert!(told.contains("3"), "{told}");
        assert_eq!(std::fs::read_to_string(out).expect("it ran"), "handoff 1 3 70");

        let (hook, mut failures) = Hook::new(vec!["/nowhere/at-all".to_owned()]);
        hook.run(&alert());
        assert!(failures.recv().await.expect("a failure").contains("cannot be run"));
    }
}
