//! What is promised of every preset, and what an agent's changes do.

use super::*;

fn keys(spelt: &str) -> Vec<Key> {
    spelt.split_whitespace().map(|key| key.parse().expect("a key of a test parses")).collect()
}

/// The command that keys lead to.
fn means(map: &Keymap, mode: Mode, spelt: &str) -> Option<&'static str> {
    let keys = keys(spelt);
    let (last, before) = keys.split_last()?;
    match map.look(mode, before, *last) {
        Meaning::Command(spec) => Some(spec.name),
        Meaning::Prefix | Meaning::Nothing => None,
    }
}

fn remap(place: Where, command: &str, keys: &[&str], at: usize) -> Remap {
    let keys = keys.iter().zip(at + 1..).map(|(key, at)| ((*key).to_owned(), at)).collect();
    Remap { place, command: command.to_owned(), keys, at }
}

#[test]
fn every_key_of_ours_parses_and_every_name_is_known() {
    for spec in COMMANDS {
        for (place, spelt) in spec.keys {
            let keys = spelt.parse::<Sequence>().expect("a key of the table parses");
            assert!(!place.types() || keys.keys()[0].typed().is_none(), "{spelt} is text there");
        }
    }
    for preset in Preset::ALL {
        for (place, name, spelt) in preset.rows() {
            assert!(row_of(name).is_some(), "{name} in {}", preset.name());
            for keys in *spelt {
                let keys = keys.parse::<Sequence>().expect("a key of a preset parses");
                assert!(!place.types() || keys.keys()[0].typed().is_none(), "{keys} is text there");
            }
        }
    }
}

#[test]
fn no_two_commands_share_a_key_in_a_layer() {
    for preset in Preset::ALL {
        let candidates = Keymap::preset(preset).candidates;
        let (_, troubles) = Keymap::of(preset, candidates);
        assert_eq!(troubles, [], "{}", preset.name());
    }
}

#[test]
fn no_preset_leaves_a_command_without_a_key_or_a_title() {
    for preset in Preset::ALL {
        let map = Keymap::preset(preset);
        for spec in COMMANDS {
            let reachable = !map.keys(spec.command).is_empty() || !spec.title.is_empty();
            assert!(reachable, "{} in {}", spec.name, preset.name());
            // A preset changes keys; it takes none away for nothing.
            for mode in [Mode::List, Mode::Conversation, Mode::Composer] {
                let before = !Keymap::default().key(spec.command, mode).is_empty();
                let after = !map.key(spec.command, mode).is_empty();
                assert!(after || !before, "{} in the {} of {}", spec.name, mode.word(), preset.name());
            }
        }
    }
}

#[test]
fn nothing_essential_needs_a_key_terminals_do_not_send() {
    let unsure = |key: &Key| {
        let code = format!("{:?}", key.code);
        key.alt
            || key.shift
            || key.ctrl && matches!(code.as_str(), "Enter" | "Char('i')" | "Char('m')" | "Char('[')" | "Tab")
    };
    for preset in Preset::ALL {
        let map = Keymap::preset(preset);
        for spec in COMMANDS {
            for (m, mode) in Mode::ALL.into_iter().enumerate() {
                let here: Vec<&Bound> = map.bound(spec.command).iter().filter(|b| b.modes[m]).collect();
                let sure = here.iter().any(|bound| !bound.keys.keys().iter().any(unsure));
                assert!(here.is_empty() || sure, "{} in the {} of {}", spec.name, mode.word(), preset.name());
            }
        }
        for (command, modes) in NEEDED {
            assert!(modes.iter().all(|mode| !map.key(command, *mode).is_empty()), "{command:?}");
        }
    }
}

#[test]
fn the_presets_mean_what_fingers_know() {
    for (preset, mode, rows) in [
        (
            Preset::Default,
            Mode::List,
            &[
                ("a", "accept"),
                ("e", "resolve"),
                ("R", "reopen"),
                ("u", "undo"),
                ("b", "hand-back"),
                ("H", "hello"),
                ("~", "availability"),
                ("/", "search"),
                (":", "palette"),
                ("ctrl-k", "palette"),
                ("?", "help"),
                ("q", "quit"),
                ("ctrl-c", "quit"),
                ("3", "tab-assistant"),
                ("tab", "next-tab"),
                ("z", "snooze"),
                ("g", "top"),
            ][..],
        ),
        (Preset::Default, Mode::Composer, &[("enter", "send"), ("esc", "leave"), ("ctrl-j", "newline")]),
        (
            Preset::Vim,
            Mode::Conversation,
            &[
                ("g g", "top"),
                ("G", "bottom"),
                ("ctrl-d", "page-down"),
                ("ctrl-u", "page-up"),
                ("i", "reply"),
                (":", "palette"),
                ("g t", "next-tab"),
                ("g T", "previous-tab"),
                ("z z", "settle"),
                ("z s", "snooze"),
                ("d d", "resolve"),
                ("y y", "copy"),
                ("g x", "open-link"),
                ("Z Z", "quit"),
                ("u", "undo"),
            ],
        ),
        (Preset::Vim, Mode::Composer, &[("ctrl-x ctrl-e", "editor"), ("enter", "send")]),
        (
            Preset::Gmail,
            Mode::List,
            &[
                ("j", "down"),
                ("k", "up"),
                ("o", "open"),
                ("enter", "open"),
                ("r", "reply"),
                ("e", "resolve"),
                ("]", "resolve-next"),
                ("x", "mark"),
                ("* a", "mark-all"),
                ("b", "snooze"),
                ("z", "undo"),
                ("g i", "tab-queue"),
                ("g d", "tab-resolved"),
                ("O", "open-link"),
                ("B", "hand-back"),
                ("l", "tags"),
            ],
        ),
        (Preset::Gmail, Mode::Conversation, &[("u", "back"), ("o", ""), ("B", "hand-back")]),
    ] {
        let map = Keymap::preset(preset);
        for (spelt, name) in rows {
            let expected = (!name.is_empty()).then_some(*name);
            assert_eq!(means(&map, mode, spelt), expected, "{spelt} in {}", preset.name());
        }
    }
    let map = Keymap::default();
    assert_eq!(means(&map, Mode::Composer, "a"), None);
    assert_eq!(means(&map, Mode::Over, "q"), None);
    assert_eq!(means(&map, Mode::Over, "ctrl-c"), Some("quit"));
}

#[test]
fn an_agents_keys_replace_a_commands_and_take_from_others() {
    let remaps = [remap(Where::Panes, "resolve", &["T", "d d"], 10), remap(Where::List, "tags", &["a"], 20)];
    let map = Keymap::build(Preset::Default, &remaps).expect("nothing is wrong with it");
    assert_eq!(means(&map, Mode::List, "T"), Some("resolve"));
    assert_eq!(means(&map, Mode::Conversation, "d d"), Some("resolve"));
    assert_eq!(means(&map, Mode::List, "e"), None, "replaced, not added to");
    assert_eq!(means(&map, Mode::List, "a"), Some("tags"));
    assert_eq!(means(&map, Mode::Conversation, "a"), Some("accept"), "taken in the list only");
    assert_eq!(means(&map, Mode::List, "t"), Some("tags"), "a narrower place adds to a wider one");
    let taken: Vec<_> = map.taken().iter().map(|t| (t.from, t.by, t.keys.as_str(), t.at)).collect();
    assert_eq!(taken, [("accept", "tags", "a", 21)]);
    assert_eq!(map.key(Command::Resolve, Mode::List), "T");
    assert_eq!(map.keys(Command::Resolve), "T/d d");
}

#[test]
fn an_empty_list_takes_a_key_away() {
    let map = Keymap::build(Preset::Default, &[remap(Where::Panes, "resolve", &[], 1)]).expect("allowed");
    assert_eq!((means(&map, Mode::List, "e"), map.keys(Command::Resolve)), (None, ""));
}

#[test]
fn a_prefix_of_the_agents_takes_the_single_key() {
    let map = Keymap::build(Preset::Default, &[remap(Where::Panes, "copy", &["g y"], 1)]).expect("allowed");
    assert_eq!(means(&map, Mode::List, "g"), None);
    assert_eq!(means(&map, Mode::List, "g y"), Some("copy"));
    assert_eq!(means(&map, Mode::List, "home"), Some("top"), "its other key stays");
    let next: Vec<_> = map.follow(Mode::List, &keys("g")).iter().map(|n| n.spec.map(|s| s.name)).collect();
    assert_eq!(next, [Some("copy")]);
}

/// Each kind of trouble, in words; a place is its own line here.
#[test]
fn what_is_wrong_is_said() {
    use Where::{Composer, Everywhere, List, Panes};
    let said = |remaps: &[Remap]| -> Vec<(usize, String)> {
        let troubles = Keymap::build(Preset::Default, remaps).expect_err("something is wrong");
        troubles.iter().map(|t| (t.at, t.words(|at| at))).collect()
    };
    for (remaps, at, words) in [
        (vec![remap(Panes, "resolv", &["E"], 3)], 3, "there is no command `resolv`; did you mean `resolve`?"),
        (vec![remap(Panes, "xyzzyx", &["E"], 3)], 3, "`baton keys` lists them"),
        (vec![remap(Panes, "resolve", &["ctrl-entr"], 3)], 4, "did you mean `enter`?"),
        (vec![remap(Panes, "resolve", &[""], 3)], 4, "or `[]` for none"),
        (
            vec![remap(Panes, "tags", &["E"], 3), remap(Panes, "note", &["E"], 7)],
            8,
            "E is `tags` already, on line 4",
        ),
        (vec![remap(Panes, "tags", &["E"], 3), remap(List, "open", &["E"], 7)], 8, "on line 4"),
        (
            vec![remap(Panes, "tags", &["g"], 3), remap(Panes, "top", &["g g"], 7)],
            8,
            "g cannot be a command while g g begins with it: see `tags` on line 4",
        ),
        (vec![remap(Composer, "macro", &["m"], 3)], 4, "`m` is text in the composer"),
        (vec![remap(Everywhere, "redraw", &["L"], 3)], 4, "`L` is text while one writes"),
        (vec![remap(Panes, "help", &[], 3)], 3, "`help` would have no key left in the list"),
        (vec![remap(Composer, "macro", &["enter"], 3)], 4, "`send` would have no key left in the composer"),
        (
            vec![remap(Panes, "quit", &[], 3), remap(Everywhere, "quit", &[], 7)],
            3,
            "`quit` would have no key left",
        ),
    ] {
        let said = said(&remaps);
        assert_eq!((said[0].0, said.len()), (at, 1), "{said:?}");
        assert!(said[0].1.contains(words), "{said:?}");
    }
    let two = said(&[remap(Panes, "resolv", &["E"], 3), remap(Panes, "note", &["nn"], 1)]);
    assert_eq!(two.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 3], "in the order of the file");
}

#[test]
fn sentences_name_the_keys_that_hold() {
    let vim = Keymap::preset(Preset::Vim);
    assert_eq!(vim.sentence("{reply} or {note}, {top}", Mode::List), "i or n, g g");
    assert_eq!(Keymap::default().sentence("{search} {why}", Mode::Over), "/ F4");
    assert_eq!(vim.sentence("{nothing} {", Mode::List), "{nothing} {");
    let none = Keymap::build(Preset::Default, &[remap(Where::Panes, "resolve", &[], 1)]).expect("allowed");
    assert_eq!(none.sentence("{resolve}", Mode::List), ":resolve");
}
