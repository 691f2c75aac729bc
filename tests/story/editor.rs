//! The agent's own editor, a script here: what it is given, what comes back, and what is safe when it goes wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::house::{House, environment};
use super::terminal::Terminal;

/// What the script does, by the word in the file `mode` beside it: `append` waits for the file `go` and adds a line,
/// `fail` fails, `die` is killed, `hang` adds a line and stays.
const SCRIPT: &str = r#"#!/bin/sh
dir=$(dirname "$0")
mode=$(cat "$dir/mode")
stat -c %a "$2" > "$dir/rights"
stat -c %a "$(dirname "$2")" >> "$dir/rights"
echo "$1 $(basename "$2" | sed 's/.*\.\(.*\.md\)/\1/')" > "$dir/words"
echo "in the editor"
case $mode in
  append) while [ ! -e "$dir/go" ]; do sleep 0.02; done
          printf 'and more\033[31m\n' >> "$2" ;;
  fail) echo lost > "$2"; exit 3 ;;
  die) echo lost > "$2"; kill -9 $$ ;;
  hang) printf 'typed in the editor\n' >> "$2"; : > "$dir/hanging"
        while [ ! -e "$dir/go" ]; do sleep 0.02; done ;;
esac
"#;

/// Keys that follow each other faster look like a paste.
const BREATH: Duration = Duration::from_millis(50);

struct Desk {
    house: House,
    dir: PathBuf,
    token: String,
}

impl Desk {
    fn new() -> Self {
        let house = House::new();
        let dir = house.dir.path().join("an editor");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("edit"), SCRIPT).unwrap();
        fs::set_permissions(dir.join("edit"), fs::Permissions::from_mode(0o700)).unwrap();
        let token = house.agent("Ada");
        Self { house, dir, token }
    }

    fn mode(&self, mode: &str) {
        fs::write(self.dir.join("mode"), mode).unwrap();
    }

    /// A console whose editor is the script, called with one word of its own.
    fn console(&self) -> Terminal {
        let mut environment = environment(self.house.dir.path());
        let editor = format!("'{}' --wait", self.dir.join("edit").display());
        environment.push(("VISUAL", editor.into()));
        let args = ["--url", &self.house.url(), "--token", &self.token];
        let mut console = Terminal::start(&args, &environment, (100, 30));
        console.until_shown(" · Ada, A");
        if console.contents().contains("You are Away") {
            console.press("~");
            console.until_gone("You are Away");
        }
        console
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap()
    }
}

/// Ctrl-O, when the breath of what was typed is over: in one breath it would be taken for part of a paste.
fn out(console: &mut Terminal) {
    console.listen(BREATH);
    console.press("\u{f}");
}

/// Files called `*.md` below a folder.
fn drafts_left(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_draft_goes_out_and_comes_back_and_nothing_is_missed_meanwhile() {
    let desk = Desk::new();
    let mut console = desk.console();
    let mut max = desk.house.visitor("Max");
    max.says("/person");
    console.until_shown("1 waiting for a person");
    console.press("\r");
    console.until_shown("queued for the team");
    console.press("a");
    console.until_shown("yours; the assistant is silent");
    console.press("r");
    console.until_shown("REPLY to Max");
    console.press("begun here");
    console.until_shown("begun here");

    // Out: the terminal is the editor's, the file is private, and what the visitor writes still arrives.
    desk.mode("append");
    out(&mut console);
    console.until("the editor", |t| t.contents().contains("in the editor") && !t.alternate());
    assert_eq!(desk.read("rights"), "600\n700\n");
    assert_eq!(desk.read("words"), "--wait reply.md\n");
    max.says("are you there?");
    let shown = |t: &Terminal| t.alternate() && t.contents().contains("are you there?");
    fs::write(desk.dir.join("go"), "").unwrap();
    console.until("the console, and what came meanwhile", shown);
    console.until_shown("1 control characters were left out");
    console.until_shown("and more[31m");
    assert_eq!(drafts_left(&desk.house.dir.path().join("state")), Vec::<PathBuf>::new());
    console.listen(BREATH);
    console.press("\r");
    assert_eq!(max.hears("Ada: "), "Ada: begun here");

    // Wrong: the draft is as it was, and the reason is said.
    for (mode, said) in [("fail", "exit status: 3"), ("die", "signal: 9")] {
        console.press("still mine");
        console.until_shown("still mine");
        desk.mode(mode);
        out(&mut console);
        console.until_shown(said);
        console.until("the draft", |t| t.contents().contains("still mine") && !t.contents().contains("lost"));
        assert_eq!(drafts_left(&desk.house.dir.path().join("state")), Vec::<PathBuf>::new());
        console.listen(BREATH);
        console.press("\u{15}");
        console.until_gone("still mine");
    }
}

#[test]
fn a_console_killed_while_the_editor_is_open_loses_nothing() {
    let desk = Desk::new();
    let mut console = desk.console();
    let mut max = desk.house.visitor("Max");
    max.says("/person");
    console.until_shown("1 waiting for a person");
    console.press("\r");
    console.until_shown("queued for the team");
    console.press("n");
    console.until_shown("only agents see this");
    console.press("begun here");
    console.until_shown("begun here");
    desk.mode("hang");
    out(&mut console);
    let hanging = desk.dir.join("hanging");
    console.until("the editor", |t| t.contents().contains("in the editor") && hanging.exists());
    // Killed, as a power cut does.
    drop(console);
    fs::write(desk.dir.join("go"), "").unwrap();

    let mut console = desk.console();
    console.until_shown("Max");
    console.press("\r");
    console.until_shown("queued for the team");
    console.press("n");
    console.until_shown("typed in the editor");
    console.until_shown("begun here");
    assert_eq!(drafts_left(&desk.house.dir.path().join("state")), Vec::<PathBuf>::new());
}
