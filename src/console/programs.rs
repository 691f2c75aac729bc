//! Programs the agent asks for: the opener of links, and the one that gets a thread with the terminal to itself.
//!
//! Invariant: no shell, and no word of a visitor among a program's words but an address our parser has spelt. The token does
//! not reach them.

use std::io;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::text::{SafeText, Untrusted};

/// Opens an address, without waiting for what becomes of it.
///
/// # Errors
/// There is no opener, none could show anything here, or it cannot be started: why.
pub(super) fn open(
    argv: &[String],
    address: &SafeText,
    var: impl Fn(&str) -> Option<String>,
) -> Result<(), SafeText> {
    let Some((program, rest)) = argv.split_first() else {
        return Err(SafeText::literal("no opener is set ([looks] open)"));
    };
    let filled = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let remote = filled("SSH_CONNECTION") || filled("SSH_TTY");
    if program == "xdg-open" && remote && !filled("DISPLAY") && !filled("WAYLAND_DISPLAY") {
        return Err(SafeText::literal(
            "this console runs on another machine, without a screen for a browser",
        ));
    }
    let started = Command::new(program)
        .args(rest)
        .arg(address.as_str())
        .env_remove("BATON_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut child) => {
            // So that it does not stay behind as a zombie.
            tokio::spawn(async move { child.wait().await });
            Ok(())
        }
        Err(e) => Err(Untrusted::new(format!("{program} cannot be run ({e})")).line()),
    }
}

/// Starts a program on the terminal, with a text on its standard input.
///
/// # Errors
/// There is no such program.
pub(super) fn pipe(argv: &[String], text: String) -> io::Result<Child> {
    let (program, rest) = argv.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child =
        Command::new(program).args(rest).env_remove("BATON_TOKEN").stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read it all, such as a pager that is left early, is no failure.
        tokio::spawn(async move {
            let _ = stdin.write_all(text.as_bytes()).await;
        });
    }
    Ok(child)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_with(argv: &[&str], vars: &[(&str, &str)]) -> Result<(), SafeText> {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        open(&argv, &SafeText::literal("https://a.example/"), var)
    }

    #[tokio::test]
    async fn an_opener_that_cannot_help_says_so() {
        let why = |got: Result<(), SafeText>| got.expect_err("it cannot").to_string();
        assert!(why(open_with(&[], &[])).contains("no opener"));
        assert!(why(open_with(&["xdg-open"], &[("SSH_TTY", "/dev/pts/1")])).contains("another machine"));
        assert!(why(open_with(&["/nowhere/at/all"], &[])).contains("cannot be run"));
        assert_eq!(open_with(&["true"], &[("SSH_TTY", "/dev/pts/1")]), Ok(()));
    }

    #[tokio::test]
    async fn a_program_that_does_not_read_is_no_failure() {
        let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut child = pipe(&argv(&["true"]), "x".repeat(1 << 20)).expect("there is one");
        assert_eq!(child.wait().await.expect("it ends").code(), Some(0));
        let mut child =
            pipe(&argv(&["grep", "-q", "needle here"]), "a\nneedle here\n".to_owned()).expect("there is one");
        assert_eq!(child.wait().await.expect("it ends").code(), Some(0));
        assert!(pipe(&argv(&["/nowhere/at/all"]), String::new()).is_err());
    }
}
