//! The command table itself: a row a command. What the rows are made of stands in [`super::command`].
//!
//! Long, because it is data: one row after the other, in the order of the help.

use super::availability as may;
use super::command::Where::{Composer, Conversation, Everywhere, List, Panes};
use super::command::{Command, Spec, spec};
use crate::console::composer::Edit;

/// The table.
pub static COMMANDS: &[Spec] = &[
    spec(
        Command::Accept,
        "accept",
        "Accept or take over",
        "take the conversation; the assistant falls silent",
        &[(Panes, "a")],
    )
    .foot("accept")
    .guarded()
    .when(may::accept),
    spec(
        Command::Reply,
        "reply",
        "Reply to the visitor",
        "write to the visitor; sending takes over if need be",
        &[(Panes, "r"), (Conversation, "enter")],
    )
    .foot("reply")
    .when(may::reply),
    spec(
        Command::Hello,
        "hello",
        "Say hello",
        "a ready greeting, held 3 s: undo recalls it",
        &[(Panes, "H")],
    )
    .foot("hello")
    .guarded()
    .when(may::hello),
    spec(Command::Note, "note", "Write a note", "write a note only agents see", &[(Panes, "n")])
        .foot("note")
        .when(may::note),
    spec(
        Command::Resolve,
        "resolve",
        "Resolve",
        "end it; the assistant answers if the visitor returns",
        &[(Panes, "e")],
    )
    .foot("resolve")
    .guarded()
    .when(may::resolve),
    spec(
        Command::HandBack,
        "hand-back",
        "Hand back to the assistant",
        "the assistant goes on with the conversation",
        &[(Panes, "b")],
    )
    .foot("hand back")
    .guarded()
    .when(may::hand_back),
    spec(
        Command::Undo,
        "undo",
        "Undo, recall what is held",
        "take back what was done last, or a message still held",
        &[(Panes, "u")],
    )
    .foot("undo")
    .when(may::undo),
    spec(Command::Reopen, "reopen", "Reopen", "take a resolved conversation up again", &[(Panes, "R")])
        .foot("reopen")
        .guarded()
        .when(may::reopen),
    spec(
        Command::Availability,
        "availability",
        "Available or Away",
        "switch between Available and Away",
        &[(Panes, "~")],
    )
    .foot("away")
    .guarded()
    .when(may::online),
    spec(
        Command::Open,
        "open",
        "Open the conversation",
        "read it; opening claims nothing",
        &[(List, "enter"), (List, "l")],
    )
    .foot("open")
    .when(may::target),
    spec(Command::Peek, "peek", "Peek", "show it and stay in the list; claims nothing", &[(List, "space")])
        .foot("peek")
        .when(may::target),
    spec(
        Command::Back,
        "back",
        "Back to the list",
        "to the list, the conversation stays open; in the list: clear the marks",
        &[(Panes, "esc"), (Conversation, "h")],
    )
    .foot("back")
    .when(may::reading),
    spec(Command::Down, "down", "", "next row; scroll down", &[(Panes, "j"), (Panes, "down")]),
    spec(Command::Up, "up", "", "previous row; scroll up", &[(Panes, "k"), (Panes, "up")]),
    spec(
        Command::Top,
        "top",
        "To the top",
        "first row, with what is new above; oldest message",
        &[(Panes, "g"), (Panes, "home")],
    ),
    spec(
        Command::Bottom,
        "bottom",
        "To the end",
        "last row; newest message",
        &[(Panes, "G"), (Panes, "end")],
    ),
    spec(
        Command::PageDown,
        "page-down",
        "Page down",
        "half a screen down",
        &[(Panes, "ctrl-d"), (Panes, "pgdn")],
    ),
    spec(Command::PageUp, "page-up", "Page up", "half a screen up", &[(Panes, "ctrl-u"), (Panes, "pgup")]),
    spec(Command::Tab(0), "tab-queue", "Tab Queue", "who waits for a person", &[(Panes, "1")]),
    spec(Command::Tab(1), "tab-mine", "Tab Mine", "what you hold", &[(Panes, "2")]),
    spec(Command::Tab(2), "tab-assistant", "Tab Assistant", "live with the assistant", &[(Panes, "3")]),
    spec(Command::Tab(3), "tab-snoozed", "Tab Snoozed", "put aside", &[(Panes, "4")]),
    spec(Command::Tab(4), "tab-resolved", "Tab Resolved", "ended, newest first", &[(Panes, "5")]),
    spec(Command::NextTab, "next-tab", "Next tab", "next tab", &[(Panes, "tab")]).foot("tabs"),
    spec(Command::PreviousTab, "previous-tab", "Previous tab", "previous tab", &[(Panes, "shift-tab")]),
    spec(
        Command::Settle,
        "settle",
        "Sort the list anew",
        "sort the list anew and show what is new above",
        &[(Panes, "=")],
    ),
    spec(
        Command::Card,
        "card",
        "Card on or off",
        "card, page, visitor and history on or off",
        &[(Panes, "s")],
    )
    .foot("card"),
    spec(Command::Search, "search", "Search", "search all conversations", &[(Panes, "/")])
        .foot("search")
        .when(may::online),
    spec(
        Command::ResolveNext,
        "resolve-next",
        "Resolve, and on to the next",
        "end it and open the next one that waits for you",
        &[(Panes, "]")],
    )
    .foot("resolve, next")
    .guarded()
    .when(may::resolve_next),
    spec(
        Command::NextWaiting,
        "next-waiting",
        "Next one waiting",
        "open whoever waits longest for you; then for anybody",
        &[(Panes, "w")],
    )
    .foot("next waiting"),
    spec(
        Command::Snooze,
        "snooze",
        "Snooze",
        "put it aside until a time or the visitor's next message",
        &[(Panes, "z")],
    )
    .foot("snooze")
    .guarded()
    .when(may::held),
    spec(
        Command::Transfer,
        "transfer",
        "Transfer to an agent or group",
        "pass it on to an agent or group, with a note",
        &[(Panes, "A")],
    )
    .foot("transfer")
    .guarded()
    .when(may::transfer),
    spec(
        Command::Release,
        "release",
        "Release to the queue",
        "give it back to the queue, with a reason; its wait is kept",
        &[(Panes, "L")],
    )
    .guarded()
    .when(may::held),
    spec(
        Command::Block,
        "block",
        "Block the visitor",
        "let the visitor write no more, with a reason and an end",
        &[(Panes, "D")],
    )
    .guarded()
    .when(may::block),
    spec(Command::Tags, "tags", "Tags", "add or remove tags", &[(Panes, "t")]).guarded().when(may::label),
    spec(Command::Priority, "priority", "Priority", "low, normal, high or urgent", &[(Panes, "p")])
        .guarded()
        .when(may::label),
    spec(
        Command::Mark,
        "mark",
        "Mark the row",
        "mark the row; commands then act on all that are marked",
        &[(List, "x")],
    )
    .when(may::target),
    spec(Command::MarkAll, "mark-all", "Mark all rows", "mark every row of the tab, or none", &[(List, "X")])
        .when(may::target),
    spec(
        Command::Macro,
        "macro",
        "Ready texts and macros",
        "pick a ready text or a macro",
        &[(Panes, "m"), (Composer, "ctrl-t")],
    )
    .foot("ready text")
    .when(may::ready_text),
    spec(
        Command::RepeatMacro,
        "repeat-macro",
        "Repeat the last ready text",
        "use the last ready text or macro again",
        &[(Panes, ".")],
    )
    .when(may::ready_text_again),
    spec(
        Command::Retry,
        "retry",
        "Send a failed message again",
        "send a message or a mail that failed again",
        &[(Panes, "!")],
    )
    .guarded()
    .when(may::retry),
    spec(
        Command::Mail,
        "mail",
        "Mail that was not delivered",
        "replies that could not be mailed; Enter opens one, ! there tries again",
        &[(Panes, "@")],
    ),
    spec(
        Command::Why,
        "why",
        "Why: trigger, evidence, hits",
        "why a person is needed: trigger, evidence, hits, the answer not given",
        &[(Everywhere, "f4"), (Panes, "W")],
    )
    .foot("why"),
    spec(Command::PanelDown, "card-down", "", "scroll the card and what stands below it", &[(Panes, "J")]),
    spec(Command::PanelUp, "card-up", "", "scroll the card back", &[(Panes, "K")]),
    spec(
        Command::Earlier,
        "earlier",
        "Earlier conversations",
        "open an earlier conversation of this visitor; Esc comes back",
        &[(Panes, "E")],
    )
    .when(may::earlier),
    spec(Command::Sites, "sites", "Sites: one or all", "show one site or all", &[(Panes, "f")]),
    spec(
        Command::Away,
        "away",
        "Away, with a reason and an end",
        "go Away with a reason and an end: 30m lunch",
        &[(Panes, "`")],
    )
    .when(may::online),
    spec(Command::Copy, "copy", "Copy the message", "copy a message to the clipboard", &[(Panes, "y")]),
    spec(
        Command::CopyOther,
        "copy-other",
        "Copy a page, a link, a fact",
        "copy the page, a link, the e-mail address or a fact",
        &[(Panes, "Y")],
    ),
    spec(Command::PreviousMessage, "previous-message", "", "choose the message before", &[(Panes, "{")]),
    spec(Command::NextMessage, "next-message", "", "choose the message after", &[(Panes, "}")]),
    spec(
        Command::OpenLink,
        "open-link",
        "Open a link",
        "open a link of the conversation, shown first",
        &[(Panes, "o")],
    ),
    spec(
        Command::Bare,
        "bare",
        "Bare view",
        "the conversation alone, for selecting with the terminal",
        &[(Panes, "v")],
    ),
    spec(
        Command::FreeMouse,
        "free-mouse",
        "Free the mouse",
        "leave the mouse to the terminal, or take it back",
        &[(Panes, "M")],
    ),
    spec(Command::Pipe, "pipe", "Pipe to a program", "give the conversation to a program", &[(Panes, "|")]),
    spec(
        Command::OtherAudience,
        "other-audience",
        "",
        "reply becomes note, note becomes reply",
        &[(Composer, "ctrl-n")],
    )
    .foot("note or reply")
    .guarded()
    .when(may::composing),
    spec(
        Command::SendAndResolve,
        "send-and-resolve",
        "",
        "send, and resolve once it is sent",
        &[(Composer, "ctrl-r")],
    )
    .guarded()
    .foot("send, resolve")
    .when(may::composing),
    spec(Command::Editor, "editor", "", "write on in $EDITOR", &[(Composer, "ctrl-o")])
        .foot("editor")
        .guarded()
        .when(may::composing),
    spec(Command::Unfold, "unfold", "", "show a folded paste", &[(Composer, "ctrl-g")])
        .foot("unfold")
        .when(may::composing),
    spec(Command::Send, "send", "", "send", &[(Composer, "enter")]).foot("send").when(may::composing),
    spec(Command::Leave, "leave", "", "leave the composer; the draft is kept", &[(Composer, "esc")])
        .foot("keep draft")
        .guarded()
        .when(may::composing),
    spec(
        Command::Newline,
        "newline",
        "",
        "begin a new line",
        &[(Composer, "ctrl-j"), (Composer, "alt-enter"), (Composer, "shift-enter")],
    )
    .foot("new line")
    .when(may::composing),
    // Readline's keys where a terminal has them. Ctrl-K is the palette everywhere, so nothing kills to the end of the line;
    // Ctrl-Z stays the shell's, as in other programs with a line to write in; Ctrl-_, Ctrl-/ and Ctrl-7 are the same byte.
    edit(
        Edit::Undo,
        "undo-typing",
        "undo the last step of what you write; in an empty composer recall what is held",
        &[(Composer, "ctrl-_"), (Composer, "ctrl-7"), (Composer, "ctrl-/")],
    ),
    edit(
        Edit::Redo,
        "redo-typing",
        "do again what was undone",
        &[(Composer, "ctrl-^"), (Composer, "ctrl-6"), (Composer, "alt-_")],
    ),
    edit(
        Edit::Yank,
        "yank",
        "put in what was removed last; right after an undo: do it again",
        &[(Composer, "ctrl-y")],
    ),
    edit(
        Edit::DeleteWord,
        "delete-word",
        "remove the word to the left",
        &[(Composer, "ctrl-w"), (Composer, "alt-backspace"), (Composer, "ctrl-backspace")],
    ),
    edit(
        Edit::DeleteWordRight,
        "delete-word-right",
        "remove the word to the right",
        &[(Composer, "alt-d"), (Composer, "ctrl-delete"), (Composer, "alt-delete")],
    ),
    edit(
        Edit::DeleteToHome,
        "delete-to-start",
        "remove to the beginning of the line",
        &[(Composer, "ctrl-u")],
    ),
    edit(
        Edit::WordLeft,
        "word-left",
        "a word to the left",
        &[(Composer, "ctrl-left"), (Composer, "alt-left"), (Composer, "alt-b")],
    ),
    edit(
        Edit::WordRight,
        "word-right",
        "a word to the right",
        &[(Composer, "ctrl-right"), (Composer, "alt-right"), (Composer, "alt-f")],
    ),
    edit(
        Edit::Home,
        "line-start",
        "to the beginning of the line",
        &[(Composer, "ctrl-a"), (Composer, "home")],
    ),
    edit(Edit::End, "line-end", "to the end of the line", &[(Composer, "ctrl-e"), (Composer, "end")]),
    edit(
        Edit::Backspace,
        "backspace",
        "remove the character to the left",
        &[(Composer, "backspace"), (Composer, "ctrl-h")],
    ),
    edit(
        Edit::Delete,
        "delete",
        "remove the character to the right",
        &[(Composer, "delete"), (Composer, "ctrl-d")],
    ),
    edit(Edit::Left, "left", "a character to the left", &[(Composer, "left")]),
    edit(Edit::Right, "right", "a character to the right", &[(Composer, "right")]),
    edit(Edit::Up, "row-up", "a row up in what you write", &[(Composer, "up")]),
    edit(Edit::Down, "row-down", "a row down in what you write", &[(Composer, "down")]),
    spec(
        Command::Palette,
        "palette",
        "",
        "any command by its name",
        &[(Panes, ":"), (Panes, "ctrl-k"), (Composer, "ctrl-k")],
    )
    .foot("commands"),
    spec(
        Command::Help,
        "help",
        "Help: all keys",
        "all keys; type to filter, Enter carries out",
        &[(Panes, "?")],
    )
    .foot("help"),
    spec(
        Command::Redraw,
        "redraw",
        "Draw the screen anew",
        "draw the screen anew",
        &[(Everywhere, "ctrl-l")],
    ),
    spec(
        Command::Suspend,
        "suspend",
        "Suspend to the shell",
        "suspend to the shell; fg comes back",
        &[(Everywhere, "ctrl-z")],
    ),
    spec(
        Command::Quit,
        "quit",
        "Quit",
        "quit; asks while you hold conversations",
        &[(Panes, "q"), (Everywhere, "ctrl-c")],
    )
    .foot("quit"),
];

const fn edit(
    edit: Edit,
    name: &'static str,
    help: &'static str,
    keys: &'static [(super::command::Where, &'static str)],
) -> Spec {
    spec(Command::Edit(edit), name, "", help, keys).when(may::composing)
}
