//! The agent's own editor: the draft goes out as a private file and comes back as text.
//!
//! Which program: `$VISUAL`, else `$EDITOR`, else `vi`. Its words are split at spaces; `'…'` and `"…"` keep a word
//! together, and outside `'…'` a `\` takes the next character as it is. No shell is involved: no `$`, no `*`, no `|`.
//!
//! Invariant: the file is removed only once its text is taken over, or where the editor failed and the draft is elsewhere;
//! a console that dies meanwhile leaves it in its own folder, where the next one finds it as a draft
//! ([`crate::client::Handle::edit_folder`]).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::composer::WHOLE_MOST;
use crate::client::DraftKind;
use crate::conversation::ConversationId;
use crate::text::{SafeText, Untrusted};

/// A draft that is out in an editor.
#[derive(Debug)]
pub(super) struct Session {
    file: PathBuf,
    program: String,
    /// Where the console keeps nothing on disk: the file's folder, removed with it.
    _temporary: Option<tempfile::TempDir>,
}

fn sorry(parts: &[&str]) -> SafeText {
    Untrusted::new(parts.concat()).line()
}

/// What is safe, whatever went wrong.
const SAFE: &str = "; the draft is as it was";

/// The program and its words, from the environment.
///
/// # Errors
/// What is set cannot be split into words.
pub(super) fn command(env: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, SafeText> {
    let set = |name: &'static str| env(name).filter(|v| !v.trim().is_empty()).map(|v| (name, v));
    let (name, value) = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or(("EDITOR", "vi".to_owned()));
    match split(&value) {
        Some(words) if words.first().is_some_and(|word| !word.is_empty()) => Ok(words),
        _ => Err(sorry(&["$", name, " cannot be split into words (is a quote left open?)", SAFE])),
    }
}

/// Splits words as described above; none: a quote or a `\` is left open.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

impl Session {
    /// Writes the draft into a file that only its owner can read, and starts the editor on it.
    ///
    /// # Errors
    /// The file cannot be written, or there is no such program: the draft is as it was.
    pub(super) fn start(
        folder: Option<PathBuf>,
        (conversation, kind): (ConversationId, DraftKind),
        text: &str,
        words: &[String],
    ) -> Result<(Self, Child), SafeText> {
        let (program, rest) = words.split_first().ok_or_else(|| sorry(&["no editor is set", SAFE]))?;
        let failed =
            |e: io::Error| sorry(&["the draft cannot be written for the editor: ", &e.to_string(), SAFE]);
        let (folder, temporary) = match folder {
            Some(folder) => (folder, None),
            None => {
                let dir = tempfile::Builder::new().prefix("baton-").tempdir().map_err(failed)?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        let file = folder.join(crate::client::edit_name(conversation, kind));
        write_private(&folder, &file, text).map_err(failed)?;
        let session = Self { file, program: program.clone(), _temporary: temporary };
        match Command::new(program).args(rest).arg(&session.file).spawn() {
            Ok(child) => Ok((session, child)),
            Err(e) => {
                session.remove();
                let hint = if e.kind() == io::ErrorKind::NotFound {
                    ": set $VISUAL or $EDITOR to one that is there"
                } else {
                    ""
                };
                Err(sorry(&["the editor ", program, " cannot be started (", &e.to_string(), ")", hint, SAFE]))
            }
        }
    }

    /// The editor has ended: the text, or why it is not taken.
    ///
    /// # Errors
    /// It failed or was killed, or its file cannot be taken over. A file too long to take over is kept, and named.
    pub(super) fn end(self, status: io::Result<ExitStatus>) -> Result<String, SafeText> {
        let taken = match status {
            Ok(status) if status.success() => read(&self.file),
            Ok(status) => {
                Err(sorry(&["the editor ", &self.program, " failed (", &status.to_string(), ")", SAFE]))
            }
            Err(e) => Err(sorry(&["the editor ", &self.program, " was lost (", &e.to_string(), ")", SAFE])),
        };
        if taken.is_ok() || !self.too_long() {
            self.remove();
        }
        taken
    }

    fn too_long(&self) -> bool {
        fs::metadata(&self.file).is_ok_and(|meta| meta.len() > WHOLE_MOST as u64)
    }

    fn remove(&self) {
        if let Err(e) = fs::remove_file(&self.file)
            && e.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(error = %e, "a draft's file could not be removed after the editor");
        }
    }
}

/// Takes the file's text back.
fn read(file: &Path) -> Result<String, SafeText> {
    let said = |e: &str| sorry(&["what the editor wrote cannot be taken over: ", e, SAFE]);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|e| said(&e.to_string()))?;
    opened.take(WHOLE_MOST as u64 + 1).read_to_end(&mut bytes).map_err(|e| said(&e.to_string()))?;
    if bytes.len() > WHOLE_MOST {
        return Err(said(&format!("it is longer than 1 MiB, and stays in {}", file.display())));
    }
    // A byte that is no UTF-8 must not cost the rest of the text.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write_private(folder: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    let mut out = options.open(file)?;
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_by_the_rule() {
        for (text, words) in [
            ("vi", Some(vec!["vi"])),
            ("  code  --wait ", Some(vec!["code", "--wait"])),
            ("'/opt/my editor/e' -n", Some(vec!["/opt/my editor/e", "-n"])),
            ("/opt/my\\ editor \"a b\"c ''", Some(vec!["/opt/my editor", "a bc", ""])),
            ("e 'it\\s' \"q\\\"q\"", Some(vec!["e", "it\\s", "q\"q"])),
            ("e $HOME *.md | x", Some(vec!["e", "$HOME", "*.md", "|", "x"])),
            ("e 'open", None),
            ("e \\", None),
        ] {
            let expected = words.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn visual_comes_before_editor_and_vi_last() {
        let of = |pairs: &'static [(&str, &str)]| {
            command(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(of(&[("VISUAL", "a -x"), ("EDITOR", "b")]), Ok(vec!["a".into(), "-x".into()]));
        assert_eq!(of(&[("VISUAL", " "), ("EDITOR", "b")]), Ok(vec!["b".into()]));
        assert_eq!(of(&[]), Ok(vec!["vi".into()]));
        let said = of(&[("EDITOR", "'b")]).expect_err("a quote is open").to_string();
        assert!(said.contains("$EDITOR") && said.ends_with("the draft is as it was"), "{said}");
    }
}
