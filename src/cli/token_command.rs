//! A token from a program, such as a password manager: `token_command` in the login file.
//!
//! Invariant: the program is started as it stands, without a shell; what it prints is the token and goes nowhere else: not into
//! a message, not into a log. It may ask on the terminal (a passphrase), so its input and its errors are the terminal's. Refused
//! here: waiting for ever, and reading more than a token.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Failure;
use super::out::inert;

/// Time for a person to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes read of what it prints.
const LONGEST: u64 = 4 * 1024;
/// Bytes of a token.
const TOKEN: usize = 512;

/// Runs the program and takes the first line it prints.
///
/// # Errors
/// It cannot be started, fails, takes too long, or prints no token; the words name the program and never what it printed.
pub(super) fn run(argv: &[String]) -> Result<String, Failure> {
    run_for(argv, PATIENCE)
}

fn run_for(argv: &[String], patience: Duration) -> Result<String, Failure> {
    let Some((program, rest)) = argv.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(Failure::Usage(
            "token_command is empty; it is a program and its words, as [\"pass\", \"show\", \"baton\"]"
                .into(),
        ));
    };
    let named = inert(program);
    let refused = |what: String| Failure::Refused(format!("token_command: {named} {what}"));
    let started = Command::new(program).args(rest).env_remove("BATON_TOKEN").stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => refused("is not there; give its whole path, or put it on PATH".into()),
        _ => refused(format!("cannot be started: {e}")),
    })?;
    let Some(stdout) = child.stdout.take() else { return Err(refused("gives no output".into())) };
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(LONGEST).read_to_end(&mut text).map(|_| text);
        // Nobody listens any more where it took too long.
        let _ = said.send(read);
    });
    let text = match heard.recv_timeout(patience) {
        Ok(read) => read.map_err(|e| refused(format!("cannot be read: {e}")))?,
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            return Err(refused(format!("gave nothing within {} s", patience.as_secs())));
        }
    };
    if text.len() as u64 == LONGEST {
        let _ = child.kill();
        let _ = child.wait();
        return Err(refused("prints more than a token".into()));
    }
    let status = child.wait().map_err(|e| refused(format!("did not end well: {e}")))?;
    if !status.success() {
        return Err(refused(format!("failed ({status})")));
    }
    let text = String::from_utf8(text).map_err(|_| refused("prints what is no text".into()))?;
    let token = text.lines().next().unwrap_or_default().trim();
    if token.is_empty() || token.len() > TOKEN || token.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(refused("does not print a token on its first line".into()));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_words(words: &[&str]) -> Result<String, String> {
        let argv: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        run_for(&argv, Duration::from_secs(30)).map_err(|e| e.words().unwrap_or_default().to_owned())
    }

    #[test]
    fn the_first_line_is_the_token_and_no_shell_reads_the_words() {
        assert_eq!(run_words(&["printf", "bt_x\nnotes: y\n"]), Ok("bt_x".into()));
        assert_eq!(run_words(&["echo", "$HOME;id"]), Ok("$HOME;id".into()));
    }

    #[test]
    fn what_goes_wrong_is_said_without_what_was_printed() {
        for (words, says) in [
            (&["/nowhere/at/all"][..], "is not there"),
            (&["false"], "failed"),
            (&["sh", "-c", "echo bt_secret; exit 3"], "failed"),
            (&["true"], "does not print a token"),
            (&["printf", "two words"], "does not print a token"),
            (&["head", "-c", "100000", "/dev/zero"], "more than a token"),
            (&[], "empty"),
        ] {
            let why = run_words(words).expect_err("it fails");
            assert!(why.contains(says) && !why.contains("bt_secret"), "{words:?}: {why}");
        }
        let slow: Vec<String> = ["sleep", "1000"].map(str::to_owned).into();
        let why = run_for(&slow, Duration::from_millis(50)).expect_err("too slow");
        assert!(why.words().is_some_and(|w| w.contains("within")));
    }
}
