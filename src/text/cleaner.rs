//! The one pass of the cleaner, character by character.
//!
//! Invariant: the answer for each character depends on what was already *put out* before it and on at most the emoji
//! part that follows it, never on what was taken away. That is why nothing can be reassembled by cleaning, and why
//! cleaning twice changes nothing.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::class::{
    BLACK_FLAG, Class, FLAG_TAILS, VS16, ZWJ, ZWSP, can_be_linked, class, is_linker, is_open_syllable,
    is_pictograph, takes_joiner, takes_thin_space,
};
use super::clean::{MAX_CLUSTER_BYTES, MAX_EMOJI_JOINS, MAX_MARKS};

/// Spaces a TAB becomes, wherever it stands: a fixed number keeps the answer independent of the column.
const TAB: &str = "    ";
/// The dotted circle: the base given to a mark that has none, and the break put into an endless cluster.
pub(super) const CIRCLE: char = '\u{25cc}';

/// What is being counted instead of shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Hidden,
    Jamo,
    Tone,
    Folded,
    Bidi(&'static str),
}

/// The state of one pass. All fields about a cluster describe what was put out, not what was read.
pub(super) struct Cleaner<'a> {
    source: &'a str,
    /// Empty and unused until the first change; then everything up to `at` is in it.
    out: String,
    changed: bool,
    /// Byte offset of the character being judged.
    at: usize,
    run: Option<(Run, usize)>,
    /// The last character put out on this line.
    prev: Option<char>,
    /// `prev` is a selector or a tone that ends a pictograph.
    after_pictograph: bool,
    /// The next pictograph belongs to this cluster.
    awaits_pictograph: bool,
    /// `prev` attaches to what follows.
    prepended: bool,
    /// A virama stands in this cluster, so a letter may join it.
    linked: bool,
    /// `prev` is the first half of a flag.
    half_flag: bool,
    marks: u8,
    joins: u8,
    bytes: usize,
}

impl<'a> Cleaner<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            out: String::new(),
            changed: false,
            at: 0,
            run: None,
            prev: None,
            after_pictograph: false,
            awaits_pictograph: false,
            prepended: false,
            linked: false,
            half_flag: false,
            marks: 0,
            joins: 0,
            bytes: 0,
        }
    }

    /// The whole pass. Borrowed if nothing had to change.
    pub(super) fn run(mut self) -> Cow<'a, str> {
        while let Some(c) = self.source[self.at..].chars().next() {
            self.at += self.step(c);
        }
        self.close_line();
        if self.changed { Cow::Owned(self.out) } else { Cow::Borrowed(self.source) }
    }

    /// Judges the character at `at`; gives the number of bytes consumed.
    fn step(&mut self, c: char) -> usize {
        match class(c) {
            Class::Plain => self.plain(c),
            Class::Break => return self.line_break(c),
            Class::Tab => self.put(TAB),
            Class::Picture(picture) => self.put(picture.encode_utf8(&mut [0; 4])),
            Class::C1 => self.put(&format!("⟨{:02X}⟩", u32::from(c))),
            Class::Coded => self.put(&format!("⟨U+{:04X}⟩", u32::from(c))),
            Class::Bidi(name) => self.count(Run::Bidi(name)),
            Class::Hidden => self.count(Run::Hidden),
            Class::Joiner => self.joiner(c),
            Class::ThinSpace => self.thin_space(c),
            Class::EmojiStyle => self.emoji_style(c),
            Class::Tone => self.tone(c),
            Class::Tag => return self.tag(),
            Class::Mark => self.mark(c),
            Class::Prepend => self.prepend(c),
            Class::Lead => {
                let next = self.source[self.at + c.len_utf8()..].chars().next();
                self.keep_if(next.is_some_and(|next| class(next) == Class::Vowel), Run::Jamo, c);
            }
            Class::Vowel => {
                let joins = self.direct_prev().is_some_and(|prev| class(prev) == Class::Lead);
                self.join_if(joins, Run::Jamo, c);
            }
            Class::Tail => {
                let joins =
                    self.direct_prev().is_some_and(|p| class(p) == Class::Vowel || is_open_syllable(p));
                self.join_if(joins, Run::Jamo, c);
            }
            Class::Regional => {
                self.flush();
                let completes = self.half_flag;
                if completes || self.prepended {
                    self.join(c);
                } else {
                    self.start(c);
                }
                self.half_flag = !completes;
            }
        }
        c.len_utf8()
    }

    fn plain(&mut self, c: char) {
        self.flush();
        if self.prepended || self.awaits_pictograph {
            self.join(c);
            self.marks = 0;
        } else if self.linked && can_be_linked(c) {
            // Room is kept for all the marks the letter may carry, so that none of them depends on what came before it.
            if self.bytes + c.len_utf8() + 4 * usize::from(MAX_MARKS) > MAX_CLUSTER_BYTES {
                self.insert(CIRCLE);
                self.start(c);
            } else {
                self.join(c);
                self.marks = 0;
                self.linked = false;
            }
        } else {
            self.start(c);
        }
    }

    fn line_break(&mut self, c: char) -> usize {
        self.close_line();
        let crlf = c == '\r' && self.source[self.at + 1..].starts_with('\n');
        if c == '\n' {
            self.keep(c);
        } else {
            self.change();
            self.out.push('\n');
        }
        self.begin(None, 0);
        if crlf { 2 } else { c.len_utf8() }
    }

    fn joiner(&mut self, c: char) {
        let prev = self.direct_prev().filter(|_| !self.prepended);
        if prev.is_some_and(takes_joiner) && self.marks < MAX_MARKS {
            self.join(c);
            // Counted as a mark: it takes up room on its base like one.
            self.marks += 1;
            self.linked &= c == ZWJ;
            return;
        }
        let next = self.source[self.at + c.len_utf8()..].chars().next();
        if c == ZWJ
            && self.run.is_none()
            && self.joins < MAX_EMOJI_JOINS
            && (self.after_pictograph || prev.is_some_and(is_pictograph))
            && let Some(next) = next.filter(|next| is_pictograph(*next))
            && self.bytes + c.len_utf8() + next.len_utf8() <= MAX_CLUSTER_BYTES
        {
            self.join(c);
            self.joins += 1;
            self.awaits_pictograph = true;
            return;
        }
        self.count(Run::Hidden);
    }

    fn thin_space(&mut self, c: char) {
        if self.direct_prev().is_some_and(takes_thin_space) && !self.prepended {
            self.start(c);
        } else {
            self.count(Run::Hidden);
        }
    }

    fn emoji_style(&mut self, c: char) {
        let base = self.direct_prev().filter(|_| self.marks == 0 && !self.prepended);
        let pictograph = base.is_some_and(is_pictograph);
        let keycap = base.is_some_and(|base| matches!(base, '0'..='9' | '#' | '*'));
        if (pictograph || keycap) && self.bytes + c.len_utf8() <= MAX_CLUSTER_BYTES {
            self.join(c);
            self.after_pictograph = pictograph;
        } else {
            self.count(Run::Hidden);
        }
    }

    fn tone(&mut self, c: char) {
        let styled = self.after_pictograph && self.prev == Some(VS16);
        let follows = styled || self.direct_prev().is_some_and(|p| self.marks == 0 && is_pictograph(p));
        if self.run.is_none() && follows && self.bytes + c.len_utf8() <= MAX_CLUSTER_BYTES {
            self.join(c);
            self.after_pictograph = true;
        } else {
            self.count(Run::Tone);
        }
    }

    fn tag(&mut self) -> usize {
        let rest = &self.source[self.at..];
        if self.direct_prev() == Some(BLACK_FLAG)
            && self.joins == 0
            && let Some(tail) = FLAG_TAILS.iter().find(|tail| rest.starts_with(**tail))
            && self.bytes + tail.len() <= MAX_CLUSTER_BYTES
        {
            for c in tail.chars() {
                self.join(c);
                self.at += c.len_utf8();
            }
            return 0;
        }
        self.count(Run::Hidden);
        4
    }

    fn mark(&mut self, c: char) {
        if matches!(self.run, Some((Run::Folded, _))) {
            return self.count(Run::Folded);
        }
        self.flush();
        if self.prepended {
            self.insert_joined(CIRCLE);
        } else if self.prev.is_none_or(|prev| prev == ZWSP) {
            self.insert(CIRCLE);
        }
        if self.marks >= MAX_MARKS || self.bytes + c.len_utf8() > MAX_CLUSTER_BYTES {
            return self.count(Run::Folded);
        }
        self.join(c);
        self.marks += 1;
        self.linked |= is_linker(c);
    }

    fn prepend(&mut self, c: char) {
        self.flush();
        if self.prepended {
            self.insert_joined(CIRCLE);
        }
        self.start(c);
        self.prepended = true;
    }

    /// Starts a cluster with `c` if `keep` holds, else counts it.
    fn keep_if(&mut self, keep: bool, otherwise: Run, c: char) {
        if !keep {
            return self.count(otherwise);
        }
        self.flush();
        if self.prepended {
            self.join(c);
        } else {
            self.start(c);
        }
    }

    /// Adds `c` to the cluster if `join` holds, else counts it.
    fn join_if(&mut self, join: bool, otherwise: Run, c: char) {
        if join {
            self.join(c);
        } else {
            self.count(otherwise);
        }
    }

    /// The character that `at` follows directly, with nothing counted away between.
    fn direct_prev(&self) -> Option<char> {
        if self.run.is_some() { None } else { self.prev }
    }

    /// Resets what is known of the cluster to one that consists of `c`.
    fn begin(&mut self, c: Option<char>, bytes: usize) {
        self.prev = c;
        self.after_pictograph = false;
        self.awaits_pictograph = false;
        self.prepended = false;
        self.linked = false;
        self.half_flag = false;
        self.marks = 0;
        self.joins = 0;
        self.bytes = bytes;
    }

    /// Keeps the character at hand as the first of a cluster.
    fn start(&mut self, c: char) {
        self.keep(c);
        self.begin(Some(c), c.len_utf8());
    }

    /// Keeps the character at hand as part of the cluster.
    fn join(&mut self, c: char) {
        self.keep(c);
        self.grow(c);
    }

    fn grow(&mut self, c: char) {
        self.prev = Some(c);
        self.after_pictograph = false;
        self.awaits_pictograph = false;
        self.prepended = false;
        self.half_flag = false;
        self.bytes += c.len_utf8();
    }

    fn keep(&mut self, c: char) {
        if self.changed {
            self.out.push(c);
        }
    }

    /// Puts out what was not in the source, as the first of a cluster.
    fn insert(&mut self, c: char) {
        self.change();
        self.out.push(c);
        self.begin(Some(c), c.len_utf8());
    }

    /// Puts out what was not in the source, as part of the cluster.
    fn insert_joined(&mut self, c: char) {
        self.change();
        self.out.push(c);
        self.grow(c);
    }

    /// Puts a visible substitute in place of the character at hand.
    fn put(&mut self, substitute: &str) {
        self.flush();
        self.change();
        self.out.push_str(substitute);
        if let Some(last) = substitute.chars().last() {
            self.begin(Some(last), last.len_utf8());
        }
    }

    /// Counts the character at hand instead of showing it.
    fn count(&mut self, kind: Run) {
        match &mut self.run {
            Some((now, n)) if *now == kind => *n += 1,
            _ => {
                self.flush();
                self.change();
                self.run = Some((kind, 1));
            }
        }
    }

    /// Shows what was counted.
    fn flush(&mut self) {
        let Some((kind, n)) = self.run.take() else { return };
        // Writing to a `String` cannot fail.
        let _ = match kind {
            Run::Hidden => write!(self.out, "⟨{n} hidden⟩"),
            Run::Jamo => write!(self.out, "⟨{n} jamo⟩"),
            Run::Tone => write!(self.out, "⟨{n} tone⟩"),
            Run::Folded => write!(self.out, "⟨+{n}⟩"),
            Run::Bidi(name) if n == 1 => write!(self.out, "⟨{name}⟩"),
            Run::Bidi(name) => write!(self.out, "⟨{name}×{n}⟩"),
        };
        self.begin(Some('⟩'), '⟩'.len_utf8());
    }

    /// Ends a line: nothing may wait for what follows.
    fn close_line(&mut self) {
        self.flush();
        if self.prepended {
            self.insert_joined(CIRCLE);
        }
    }

    /// From here on the output differs from the source.
    fn change(&mut self) {
        if !self.changed {
            self.changed = true;
            self.out.reserve(self.source.len() + 32);
            self.out.push_str(&self.source[..self.at]);
        }
    }
}
