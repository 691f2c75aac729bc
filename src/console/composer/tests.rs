//! Keys on texts, and what holds for any of them.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;
use crate::text::width;

const WIDE: usize = 80;
const FAMILY: &str = "👨\u{200d}👩\u{200d}👧";

fn shown(c: &Composer) -> String {
    let mut text = c.text();
    text.insert(c.cursor(), '|');
    text
}

#[track_caller]
fn case(text: &str, edits: &[Edit], expected: &str) {
    case_in(WIDE, text, edits, expected);
}

#[track_caller]
fn case_in(width: usize, text: &str, edits: &[Edit], expected: &str) {
    let mut composer = Composer::with_text(&text.replace('|', ""));
    if let Some(at) = text.find('|') {
        composer.set_cursor(at);
    }
    for edit in edits {
        composer.edit(*edit, width);
    }
    assert_eq!(shown(&composer), expected);
}

fn typed(c: &mut Composer, text: &str) {
    text.chars().for_each(|ch| {
        c.type_char(ch);
    });
}

#[test]
fn keys_go_by_cluster() {
    use Edit::*;
    case(&format!("a{FAMILY}"), &[Backspace], "a|");
    case(&format!("a{FAMILY}b"), &[Left, Left], &format!("a|{FAMILY}b"));
    case("cafe\u{301}", &[Backspace], "caf|");
    case("🇩🇪🇫🇷", &[Left, Delete], "🇩🇪|");
    case("你好", &[Left], "你|好");
    case("\u{1112}\u{1161}\u{11ab}x", &[Left, Left], "|\u{1112}\u{1161}\u{11ab}x");
    case("שלום עולם", &[DeleteWord], "שלום |");
    case("ab", &[Home, Right, Delete], "a|");
    case("a\nb", &[Home, Backspace], "a|b");
    case("a\nb", &[Up, Delete], "a|b");
}

#[test]
fn words_and_lines() {
    use Edit::*;
    case("hello brave world", &[DeleteWord], "hello brave |");
    case("hello brave world", &[DeleteWord, Undo], "hello brave world|");
    case("one  ", &[DeleteWord], "|");
    case("wait...", &[DeleteWord], "wait..|");
    case("|one two", &[WordRight], "one| two");
    case("one| two", &[WordRight], "one two|");
    case("one|\ntwo", &[WordRight], "one\n|two");
    case("one|, two", &[DeleteWordRight], "one| two");
    case("one\n|two", &[WordLeft], "one|\ntwo");
    case("one\ntwo three", &[DeleteToHome], "one\n|");
    case("one two", &[DeleteWord, Home, Yank], "two|one ");
    case("one two", &[DeleteToHome, Yank, Yank], "one twoone two|");
    case("Hello {{visitor.name}}", &[Backspace], "Hello |");
    case("Hello {{Visitor}}", &[Backspace], "Hello {{Visitor}|");
    case("", &[Backspace, Delete, Left, Up, Down, Yank, Undo, Redo], "|");
}

#[test]
fn up_and_down_go_by_drawn_rows_and_keep_their_cell() {
    use Edit::*;
    case("one\ntwo", &[Up], "one|\ntwo");
    case("你好\nab", &[Up], "你|好\nab");
    // Rows: "the quick ", "brown fox ", "jumps".
    let text = "the quick brown fox jumps";
    case_in(10, text, &[Up], "the quick brown| fox jumps");
    case_in(10, text, &[Up, Up], "the q|uick brown fox jumps");
    case_in(10, text, &[Up, Up, Up], "|the quick brown fox jumps");
    case_in(10, text, &[Home, Down], "the quick |brown fox jumps");
    case_in(10, text, &[Home, Down, Down, Down], "the quick brown fox jumps|");
    case_in(10, "a long li|ne\nb\nanother one", &[Down, Down], "a long line\nb\nan|other one");
}

#[test]
fn undo_takes_back_what_people_call_one_thing() {
    let mut c = Composer::with_text("draft");
    typed(&mut c, " two words");
    let steps = ["draft two |", "draft |", "draft|", "draft|"];
    for expected in steps {
        c.edit(Edit::Undo, WIDE);
        assert_eq!(shown(&c), expected);
    }
    // Right after an undo, Ctrl-Y does it again.
    c.edit(Edit::Yank, WIDE);
    c.edit(Edit::Yank, WIDE);
    assert_eq!(shown(&c), "draft two |");
    let mut c = Composer::default();
    typed(&mut c, "abc");
    for _ in 0..3 {
        c.edit(Edit::Backspace, WIDE);
    }
    c.edit(Edit::Undo, WIDE);
    assert_eq!(shown(&c), "abc|", "a run of deletes is one step");
    c.paste("x\ny", 12);
    typed(&mut c, "z");
    c.edit(Edit::Undo, WIDE);
    assert_eq!(shown(&c), "abcx\ny|", "a paste is one step");
    c.replace("anew");
    c.edit(Edit::Undo, WIDE);
    assert_eq!(shown(&c), "abcx\ny|", "and so is what came from the editor");
}

#[test]
fn a_long_paste_is_one_cluster() {
    let long: String = (1..=48).map(|n| format!("line {n}\n")).collect();
    let mut c = Composer::with_text("see ");
    assert_eq!(c.paste(&long, 12), Taken::Folded { dropped: 0 });
    typed(&mut c, "!");
    assert_eq!(c.shown().text, "see [pasted\u{a0}48\u{a0}lines]!");
    assert_eq!(c.text(), format!("see {long}!"));
    c.edit(Edit::Left, WIDE);
    c.edit(Edit::Left, WIDE);
    assert_eq!((c.cursor(), c.shown().cursor), (4, 4));
    c.edit(Edit::Delete, WIDE);
    assert_eq!(shown(&c), "see |!");
    c.edit(Edit::Undo, WIDE);
    assert_eq!(c.text(), format!("see {long}!"));
    assert_eq!(c.unfold(), Ok(()));
    assert_eq!((c.text(), c.shown().folds.len()), (format!("see {long}!"), 0));
    c.edit(Edit::Undo, WIDE);
    assert_eq!(c.shown().folds.len(), 1);
    // Cut by word and put back, it is whole.
    c.edit(Edit::End, WIDE);
    c.edit(Edit::Backspace, WIDE);
    c.edit(Edit::DeleteWord, WIDE);
    c.edit(Edit::Yank, WIDE);
    assert_eq!(c.text(), format!("see {long}"));
}

#[test]
fn twelve_lines_stand_thirteen_fold_and_so_does_one_long_line() {
    for (lines, folded) in [(12, false), (13, true)] {
        let mut c = Composer::default();
        let took = c.paste(&"x\n".repeat(lines), 12);
        assert_eq!(matches!(took, Taken::Folded { .. }), folded, "{lines}");
    }
    let mut c = Composer::default();
    c.paste(&"x".repeat(2_001), 12);
    assert_eq!(c.shown().text, "[pasted\u{a0}2001\u{a0}characters]");
    assert_eq!(Composer::default().paste(&"x".repeat(2_000), 12), Taken::In { dropped: 0 });
}

/// A key costs what the short text costs: the edited text is what every key goes through.
#[test]
fn a_mebibyte_on_one_line_is_edited_as_one_character() {
    let mut c = Composer::default();
    let most = WHOLE_MOST - 100;
    assert_eq!(c.paste(&"x".repeat(most), 12), Taken::Folded { dropped: 0 });
    typed(&mut c, " and a word");
    assert!(c.shown_bytes() < 100 && c.shown().text.len() < 100);
    assert_eq!(c.text().len(), most + 11);
    assert!(c.unfold().is_err(), "too long to be edited key by key");
    assert_eq!(c.paste(&"x".repeat(200), 12), Taken::TooLong);
    let again = Composer::with_text(&c.text());
    assert_eq!((again.shown_bytes(), again.text().len()), (4, most + 11), "a draft as long as that too");
}

#[test]
fn typing_ends_where_editing_would_grow_slow() {
    let mut c = Composer::with_text(&"x".repeat(SHOWN_MOST - 2));
    assert_eq!(c.type_char('y'), Taken::In { dropped: 0 });
    assert_eq!(c.type_char('y'), Taken::TooLong);
    assert_eq!(c.text().len(), SHOWN_MOST - 1);
}

#[test]
fn what_was_sent_leaves_and_what_came_after_stays() {
    let mut composer = Composer::with_text("hello");
    composer.insert(" and");
    composer.strip_sent("hello");
    assert_eq!(shown(&composer), " and|");
    composer.strip_sent("something else");
    assert_eq!(composer.text(), " and");
    composer.put_first("hello");
    assert_eq!(shown(&composer), "hello\n and|");
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c .,]{1,4}",
        Just("\n".to_owned()),
        Just(FAMILY.to_owned()),
        Just("e\u{301}".to_owned()),
        Just("\u{301}".to_owned()),
        Just("🇩".to_owned()),
        Just("你好".to_owned()),
        Just("\u{1112}".to_owned()),
        Just("\u{1161}".to_owned()),
        Just("क्".to_owned()),
        Just("ष".to_owned()),
        Just("שלום".to_owned()),
        Just("\u{200d}".to_owned()),
        Just("{{site.name}}".to_owned()),
        Just("l\n".repeat(14)),
    ]
}

#[derive(Debug, Clone)]
enum Op {
    Type(String),
    Paste(String),
    Key(Edit),
    Unfold,
}

fn op() -> impl Strategy<Value = Op> {
    use Edit::*;
    let keys = [
        Left,
        Right,
        Up,
        Down,
        WordLeft,
        WordRight,
        Home,
        End,
        Backspace,
        Delete,
        DeleteWord,
        DeleteWordRight,
        DeleteToHome,
        Yank,
        Undo,
        Redo,
    ];
    prop_oneof![
        piece().prop_map(Op::Type),
        piece().prop_map(Op::Paste),
        proptest::sample::select(keys.to_vec()).prop_map(Op::Key),
        proptest::sample::select(keys.to_vec()).prop_map(Op::Key),
        Just(Op::Unfold),
    ]
}

fn apply(c: &mut Composer, op: &Op, width: usize) {
    match op {
        Op::Type(text) => typed(c, text),
        Op::Paste(text) => {
            c.paste(text, 12);
        }
        Op::Key(edit) => c.edit(*edit, width),
        Op::Unfold => {
            let _ = c.unfold();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_cursor_is_never_inside_a_cluster(ops in proptest::collection::vec(op(), 1..30), width in 3usize..20) {
        let mut c = Composer::default();
        for op in &ops {
            apply(&mut c, op, width);
            let raw = c.raw();
            let at = c.offset(c.place());
            let (row, byte) = c.place();
            let line = &c.area.lines()[row];
            let boundary = byte == line.len() || line.grapheme_indices(true).any(|(from, _)| from == byte);
            prop_assert!(boundary, "{op:?}: {raw:?} at {at}");
            prop_assert!(c.text().is_char_boundary(c.cursor()));
            let shown = c.shown();
            prop_assert!(shown.text.is_char_boundary(shown.cursor));
        }
    }

    #[test]
    fn undoing_everything_gives_the_text_back_and_redoing_the_other(
        start in piece(), ops in proptest::collection::vec(op(), 1..20), width in 3usize..20,
    ) {
        let mut c = Composer::with_text(&start);
        let first = c.text();
        let edits: Vec<&Op> = ops.iter().filter(|op| !matches!(op, Op::Key(Edit::Undo | Edit::Redo))).collect();
        for op in &edits {
            apply(&mut c, op, width);
        }
        let last = c.text();
        for _ in 0..200 {
            c.edit(Edit::Undo, width);
        }
        prop_assert_eq!(c.text(), first);
        for _ in 0..200 {
            c.edit(Edit::Redo, width);
        }
        prop_assert_eq!(c.text(), last);
    }

    #[test]
    fn rows_joined_give_the_text_back_and_every_row_can_be_reached(
        ops in proptest::collection::vec(op(), 1..20), width in 3usize..20,
    ) {
        let mut c = Composer::default();
        for op in &ops {
            apply(&mut c, op, width);
        }
        let shown = c.shown();
        let rows = width::wrap(&shown.text, width);
        let joined: String = rows.iter().map(|row| &shown.text[row.clone()]).collect();
        prop_assert_eq!(&joined, &shown.text);
        // Up from the end passes every row once, and Down comes back to the last.
        c.set_cursor(c.text().len());
        for _ in 0..=rows.len() {
            c.edit(Edit::Up, width);
        }
        prop_assert_eq!(c.cursor(), 0);
        for _ in 0..=rows.len() {
            c.edit(Edit::Down, width);
        }
        prop_assert_eq!(c.cursor(), c.text().len());
    }
}
