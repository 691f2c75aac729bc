//! Word classes of each language, read from one data file each: a language is added by a file, not by code.
//!
//! A grammar (see [`crate::handoff::request`]) speaks of classes only: *talk* to a *person*, *connect me* with a *desk*.
//! This file turns a message into a row of [`Token`]s that carry their classes, repairing one-edit typos of the words a
//! request is made of. It refuses to repair a word that is a word of its own (`not_typos`).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::class;
use super::words::{self, Word};

/// What a possessive cannot be: in "the agent's name" the target is the name.
const ANY_TARGET: u64 = class::ANY_PERSON | class::DESK;

/// One language's data file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    code: String,
    function: Vec<String>,
    target_first: bool,
    me_first: bool,
    talk: Vec<String>,
    talking: Vec<String>,
    contact: Vec<String>,
    contact_phrases: Vec<String>,
    connect: Vec<String>,
    connect_sure: Vec<String>,
    connect_sure_phrases: Vec<String>,
    connect_open: Vec<String>,
    give: Vec<String>,
    want: Vec<String>,
    want_phrases: Vec<String>,
    me: Vec<String>,
    it: Vec<String>,
    ask: Vec<String>,
    #[serde(rename = "self")]
    own: Vec<String>,
    others: Vec<String>,
    with: Vec<String>,
    with_phrases: Vec<String>,
    determiners: Vec<String>,
    determiner_phrases: Vec<String>,
    owners: Vec<String>,
    modifiers: Vec<String>,
    mine: Vec<String>,
    mine_modifiers: Vec<String>,
    person: Vec<String>,
    somebody: Vec<String>,
    assistant: Vec<String>,
    person_phrases: Vec<String>,
    anyone: Vec<String>,
    desk: Vec<String>,
    desk_phrases: Vec<String>,
    machine: Vec<String>,
    machine_phrases: Vec<String>,
    deal: Vec<String>,
    refuse: Vec<String>,
    escalate: Vec<String>,
    callback: Vec<String>,
    present: Vec<String>,
    help: Vec<String>,
    exists: Vec<String>,
    can: Vec<String>,
    negators: Vec<String>,
    negator_phrases: Vec<String>,
    light: Vec<String>,
    believe: Vec<String>,
    why: Vec<String>,
    how: Vec<String>,
    fillers: Vec<String>,
    please: Vec<String>,
    report: Vec<String>,
    stop: Vec<String>,
    after_person_ok: Vec<String>,
    not_typos: Vec<String>,
    quote_phrases: Vec<String>,
    necessity_phrases: Vec<String>,
    necessity_how: Vec<String>,
    hours_phrases: Vec<String>,
    bot_question: Vec<String>,
    bot_answer: Vec<String>,
    greetings: Vec<String>,
    thanks: Vec<String>,
    byes: Vec<String>,
    acks: Vec<String>,
    small_fillers: Vec<String>,
    unthankful: Vec<String>,
    unthankful_ok: Vec<String>,
}

/// A word, or a phrase taken as one, with its classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Bits of [`class`].
    pub classes: u64,
    /// The folded text of its first word.
    pub text: String,
    /// First byte in the message.
    pub start: usize,
    /// One past its last byte in the message.
    pub end: usize,
    /// Clause number.
    pub clause: usize,
    /// Whether the classes came from a typo repair.
    pub repaired: bool,
}

impl Token {
    /// Whether it has any of the classes in `mask`.
    pub fn is(&self, mask: u64) -> bool {
        self.classes & mask != 0
    }
}

/// The words of one kind of courtesy and the guards of requests, as sets and phrases.
#[derive(Debug, Default)]
pub struct Courtesies {
    /// Hello.
    pub greetings: HashSet<String>,
    /// Thanks.
    pub thanks: HashSet<String>,
    /// Goodbye.
    pub byes: HashSet<String>,
    /// Ok, great.
    pub acks: HashSet<String>,
    /// Words that may stand beside them.
    pub fillers: HashSet<String>,
    /// Words that turn "thanks" into the start of something else.
    pub unthankful: HashSet<String>,
    /// Phrases in which those words mean no harm.
    pub unthankful_ok: Vec<String>,
}

/// One language, ready to read messages.
#[derive(Debug)]
pub struct Language {
    /// ISO 639-1 code.
    pub code: String,
    /// Whether the target may stand before its verb ("mit einem Menschen sprechen").
    pub target_first: bool,
    /// Whether *me* may stand before the verb ("me pueden comunicar").
    pub me_first: bool,
    /// Phrases that quote a sentence or ask for a translation: no request in it is the visitor's.
    pub quotes: Vec<String>,
    /// "Do I need to (talk to an agent)": a question about necessity.
    pub necessity: Vec<String>,
    /// "What do I need to do to …": the same words as a request.
    pub necessity_how: HashSet<String>,
    /// "What time can I reach support": a question about hours.
    pub hours: Vec<String>,
    /// Ways to ask whether one talks to a machine.
    pub bot_question: Vec<String>,
    /// Words one of which must follow.
    pub bot_answer: HashSet<String>,
    /// Small talk.
    pub courtesies: Courtesies,
    function: HashSet<String>,
    classes: HashMap<String, u64>,
    /// Phrases by their first word, longest first.
    phrases: HashMap<String, Vec<(String, u64)>>,
    repairable: Vec<(String, u64)>,
    not_typos: HashSet<String>,
}

impl Language {
    fn new(file: File) -> Language {
        use class::*;
        let mut classes: HashMap<String, u64> = HashMap::new();
        for (list, bits) in [
            (&file.talk, TALK),
            (&file.talking, TALKING),
            (&file.contact, CONTACT),
            (&file.connect, CONNECT),
            (&file.connect_sure, CONNECT_SURE | CONNECT),
            (&file.connect_open, CONNECT_OPEN | CONNECT),
            (&file.give, GIVE),
            (&file.want, WANT),
            (&file.me, ME),
            (&file.ask, ASK),
            (&file.own, SELF),
            (&file.others, OTHERS),
            (&file.with, WITH),
            (&file.determiners, DET),
            (&file.owners, OWNER | DET),
            (&file.modifiers, MOD),
            (&file.mine, MINE),
            (&file.mine_modifiers, MINE_MOD),
            (&file.person, PERSON),
            (&file.somebody, SOMEBODY),
            (&file.assistant, ASSISTANT),
            (&file.anyone, ANYONE),
            (&file.desk, DESK),
            (&file.machine, MACHINE),
            (&file.deal, DEAL),
            (&file.refuse, REFUSE),
            (&file.escalate, ESCALATE),
            (&file.callback, CALL),
            (&file.present, PRESENT),
            (&file.exists, EXISTS),
            (&file.negators, NEGATOR),
            (&file.light, LIGHT),
            (&file.believe, BELIEVE),
            (&file.why, WHY),
            (&file.fillers, FILLER),
            (&file.please, PLEASE),
            (&file.it, IT),
            (&file.how, HOW),
            (&file.help, HELP),
            (&file.can, CAN),
            (&file.report, REPORT),
            (&file.stop, STOP),
            (&file.after_person_ok, AFTER),
        ] {
            for word in list {
                *classes.entry(words::fold(word)).or_default() |= bits;
            }
        }
        let mut phrases: HashMap<String, Vec<(String, u64)>> = HashMap::new();
        for (list, bits) in [
            (&file.contact_phrases, CONTACT),
            (&file.connect_sure_phrases, CONNECT_SURE | CONNECT),
            (&file.with_phrases, WITH),
            (&file.determiner_phrases, DET),
            (&file.want_phrases, WANT | ASK),
            (&file.person_phrases, PERSON),
            (&file.desk_phrases, DESK | MOD),
            (&file.machine_phrases, MACHINE),
            (&file.negator_phrases, NEGATOR | REFUSE),
        ] {
            for phrase in list {
                let first = phrase.split(' ').next().unwrap_or_default();
                phrases.entry(words::fold(first)).or_default().push((words::fold(phrase), bits));
            }
        }
        for of_word in phrases.values_mut() {
            of_word.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        }
        let mut repairable: Vec<(String, u64)> = classes
            .iter()
            .filter(|(word, bits)| *bits & REPAIRED != 0 && word.chars().count() >= 4)
            .map(|(word, bits)| (word.clone(), *bits))
            .collect();
        repairable.sort();
        let set = |list: &[String]| list.iter().map(|w| words::fold(w)).collect::<HashSet<String>>();
        let all = |list: &[String]| list.iter().map(|w| words::fold(w)).collect::<Vec<String>>();
        Language {
            target_first: file.target_first,
            me_first: file.me_first,
            quotes: all(&file.quote_phrases),
            necessity: all(&file.necessity_phrases),
            necessity_how: set(&file.necessity_how),
            hours: all(&file.hours_phrases),
            bot_question: all(&file.bot_question),
            bot_answer: set(&file.bot_answer),
            courtesies: Courtesies {
                greetings: set(&file.greetings),
                thanks: set(&file.thanks),
                byes: set(&file.byes),
                acks: set(&file.acks),
                fillers: set(&file.small_fillers),
                unthankful: set(&file.unthankful),
                unthankful_ok: all(&file.unthankful_ok),
            },
            function: set(&file.function),
            classes,
            phrases,
            repairable,
            not_typos: set(&file.not_typos),
            code: file.code,
        }
    }

    /// How many words of `words` are common in this language: the evidence for it.
    pub fn familiar(&self, words: &[Word]) -> usize {
        words.iter().filter(|w| self.function.contains(&w.text)).count()
    }

    /// Whether the language knows the folded word at all.
    pub fn knows(&self, word: &str) -> bool {
        self.classes.contains_key(word) || self.function.contains(word)
    }

    /// Turns words into tokens. With `repair`, words one edit away from a word of a request get its classes, and two
    /// such words written together are taken apart.
    pub fn tokens(&self, words: &[Word], repair: bool) -> Vec<Token> {
        let mut out: Vec<Token> = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let word = &words[at];
            let phrase = self.phrases.get(&word.text).and_then(|list| {
                list.iter().find_map(|(p, bits)| {
                    let n = words::phrase_at(words, at, p)?;
                    (words[at + n - 1].clause == word.clause).then_some((n, *bits))
                })
            });
            if let Some((n, classes)) = phrase {
                let end = words[at + n - 1].end;
                out.push(Token {
                    classes,
                    text: word.text.clone(),
                    start: word.start,
                    end,
                    clause: word.clause,
                    repaired: false,
                });
                at += n;
                continue;
            }
            at += 1;
            let token = |classes, text: &str, repaired| Token {
                classes,
                text: text.to_owned(),
                start: word.start,
                end: word.end,
                clause: word.clause,
                repaired,
            };
            match self.classes.get(&word.text) {
                Some(bits) if word.possessive => out.push(token(bits & !ANY_TARGET, &word.text, false)),
                Some(bits) => out.push(token(*bits, &word.text, false)),
                None if !repair
                    || word.possessive
                    || self.function.contains(&word.text)
                    || self.not_typos.contains(&word.text) =>
                {
                    out.push(token(0, &word.text, false));
                }
                None => {
                    if let Some(bits) = self.repair(&word.text, words.get(at)) {
                        out.push(token(bits, &word.text, true));
                    } else if let Some([left, right]) = self.parted(&word.text) {
                        out.push(token(left.1, left.0, true));
                        out.push(token(right.1, right.0, true));
                    } else {
                        out.push(token(0, &word.text, false));
                    }
                }
            }
        }
        out
    }

    /// The classes of the word one edit away, if there is one and the word is long enough to judge by: four letters, or
    /// three when a preposition of a request follows ("cat with").
    fn repair(&self, word: &str, next: Option<&Word>) -> Option<u64> {
        let len = word.chars().count();
        if word.chars().any(|c| c.is_ascii_digit()) || !(3..=16).contains(&len) {
            return None;
        }
        let with_next = next.is_some_and(|w| self.classes.get(&w.text).is_some_and(|c| c & class::WITH != 0));
        self.repairable.iter().find_map(|(known, bits)| {
            let known_len = known.chars().count();
            if known_len.abs_diff(len) > 1 {
                return None;
            }
            let allowed = match len {
                3 => known_len == 4 && with_next && bits & class::TALK != 0,
                4 => known_len >= 4 && (known_len > 4 || bits & class::TALK != 0),
                _ => known_len >= 4,
            };
            (allowed && !inflected(word, known) && words::one_edit(word, known)).then_some(*bits)
        })
    }

    /// Two known words written together, one of which a request is made of: "tosomebody".
    fn parted<'w>(&self, word: &'w str) -> Option<[(&'w str, u64); 2]> {
        if word.len() < 6 || !word.is_ascii() {
            return None;
        }
        (1..word.len() - 1).find_map(|cut| {
            let (left, right) = word.split_at(cut);
            let (l, r) = (*self.classes.get(left)?, *self.classes.get(right)?);
            ((l | r) & class::REPAIRED != 0
                && (l & class::WITH != 0 || r & class::WITH != 0 || l & class::SELF != 0))
                .then_some([(left, l), (right, r)])
        })
    }
}

/// Whether two words differ by an ending that makes another word of it: "advise" and "adviser", "office" and "officer".
fn inflected(word: &str, known: &str) -> bool {
    let ending = known.strip_prefix(word).or_else(|| word.strip_prefix(known));
    ending.is_some_and(|e| matches!(e, "r" | "s" | "d" | "y"))
}

/// The data files, in the order they are tried.
const FILES: [&str; 7] = [
    include_str!("languages/en.toml"),
    include_str!("languages/de.toml"),
    include_str!("languages/fr.toml"),
    include_str!("languages/es.toml"),
    include_str!("languages/pt.toml"),
    include_str!("languages/it.toml"),
    include_str!("languages/nl.toml"),
];

/// All languages, English first.
pub static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|text| {
            Language::new(
                toml::from_str(text).expect("the shipped language files parse: a test reads them all"),
            )
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_parses_and_has_its_core() {
        let codes: Vec<&str> = LANGUAGES.iter().map(|l| l.code.as_str()).collect();
        assert_eq!(codes, ["en", "de", "fr", "es", "pt", "it", "nl"]);
        for language in LANGUAGES.iter() {
            for bits in
                [class::TALK, class::CONNECT, class::WANT, class::PERSON, class::ANYONE, class::NEGATOR]
            {
                assert!(
                    language.classes.values().any(|c| c & bits != 0),
                    "{} lacks class {bits:b}",
                    language.code
                );
            }
        }
    }

    #[test]
    fn typos_are_repaired_and_real_words_are_not() {
        let english = &LANGUAGES[0];
        let bits = |text: &str| english.tokens(&words::split(text), true)[0].classes;
        assert_ne!(bits("operater") & class::PERSON, 0);
        assert_eq!(bits("contract") & class::CONTACT, 0);
        assert_eq!(english.tokens(&words::split("tosomebody"), true).len(), 2);
    }
}
