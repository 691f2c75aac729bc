//! The rules of a request for a person, over word classes: one function a rule, tried in order at each token.
//!
//! A rule sees one clause. The guards (third parties, necessity, negation) are shared by all.

use super::class::*;
use super::language::{LANGUAGES, Language, Token};
use super::words::{self, Word};

/// A hit of one rule: token range and strength.
pub(super) struct Hit {
    pub rule: &'static str,
    pub from: usize,
    pub to: usize,
    pub strength: u8,
}

/// One message in one language, ready for the rules.
pub(super) struct Grammar<'a> {
    pub language: &'a Language,
    pub tokens: &'a [Token],
    pub words: &'a [Word],
}

impl Grammar<'_> {
    /// The hits of every rule, at most one a token and one bare clause.
    pub fn hits(&self) -> Vec<Hit> {
        let mut hits = Vec::new();
        for at in 0..self.tokens.len() {
            let found = self
                .talk(at)
                .or_else(|| self.contact(at))
                .or_else(|| self.connect(at))
                .or_else(|| self.give(at))
                .or_else(|| self.want(at))
                .or_else(|| self.person_to_help(at))
                .or_else(|| self.target_then_verb(at))
                .or_else(|| self.refuses_machine(at))
                .or_else(|| self.escalate(at))
                .or_else(|| self.is_there(at));
            hits.extend(found);
        }
        hits.extend(self.bare());
        hits
    }

    fn same_clause(&self, a: usize, b: usize) -> bool {
        self.tokens[a].clause == self.tokens[b].clause
    }

    /// The next token of the clause of `at`.
    fn next(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at + 1).filter(|t| t.clause == self.tokens[at].clause)
    }

    /// Walks from `at` over words that may stand before a target to a token of `targets`. `strange` is how many words
    /// of no class may be passed; short ones look like mangled prepositions and cost nothing before a full target.
    fn target(&self, at: usize, targets: u64, strange: usize) -> Option<usize> {
        let (mut strange, mut mine) = (strange, false);
        for i in at + 1..self.tokens.len().min(at + 9) {
            let token = &self.tokens[i];
            if token.clause != self.tokens[at].clause {
                return None;
            }
            let last_of_noun = !self.next(i).is_some_and(|n| n.is(targets & !ANYONE));
            if token.is(targets) && last_of_noun && !mine {
                return Some(i);
            }
            if token.is(MINE) {
                mine = !self.next(i).is_some_and(|n| n.is(MINE_MOD));
                if token.text == "my" && self.next(i).is_some_and(|n| n.text == "account") {
                    mine = false;
                }
                continue;
            }
            if token.is(targets | WITH | DET | MOD | ME | IT) && !token.is(STOP & !targets) || token.is(DET) {
                continue;
            }
            if token.is(STOP | OTHERS | SELF | TALK | NEGATOR | MACHINE) || strange == 0 {
                return None;
            }
            strange -= 1;
        }
        None
    }

    /// "Talk to a person", "speak with support", "chat with the restaurant".
    fn talk(&self, at: usize) -> Option<Hit> {
        let verb = &self.tokens[at];
        if !verb.is(TALK | TALKING) || self.guarded(at) {
            return None;
        }
        if verb.is(TALKING)
            && self.before(at, 3).any(|t| t.is(REPORT))
            && !self.before(at, 3).any(|t| t.is(ASK))
        {
            return None;
        }
        if let Some(to) = self.target(at, PERSON | SOMEBODY | ASSISTANT, 2) {
            return Some(Hit { rule: "talk_person", from: at, to, strength: 2 });
        }
        if let Some(to) = self.target(at, ANYONE, 1) {
            return Some(Hit { rule: "talk_someone", from: at, to, strength: 1 });
        }
        if let Some(to) = self.target(at, DESK, 0) {
            let asks_hours = self.language.hours.iter().any(|h| words::find_phrase(self.words, h).is_some());
            return (!asks_hours).then_some(Hit { rule: "talk_desk", from: at, to, strength: 1 });
        }
        self.open_place(at).map(|to| Hit { rule: "talk_place", from: at, to, strength: 1 })
    }

    /// A place of ours by any name: "(speak) to the restaurant", "(transfer me) to your night porter".
    fn open_place(&self, at: usize) -> Option<usize> {
        let mut i = at + 1;
        while self.tokens.get(i).is_some_and(|t| t.is(WITH | ME) && self.same_clause(at, i)) {
            i += 1;
        }
        let owner = self.tokens.get(i).filter(|t| i > at + 1 && t.is(OWNER) && self.same_clause(at, i))?;
        let place = self.next(i)?;
        let wished = self.before(at, 6).any(|t| t.is(ASK)) || self.next(i).is_some_and(|t| t.is(PLEASE));
        let ends = self.tokens.get(i + 2).is_none_or(|t| t.clause != owner.clause || t.is(AFTER));
        (wished && ends && !place.is(MACHINE | STOP | OTHERS | ME | SELF)).then_some(i + 1)
    }

    /// "Contact an agent", "get in touch with somebody". Desks are left out: how to contact support is a question
    /// that documents answer.
    fn contact(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(CONTACT) || self.guarded(at) {
            return None;
        }
        if let Some(to) = self.target(at, PERSON | SOMEBODY | ASSISTANT, 1) {
            return Some(Hit { rule: "contact_person", from: at, to, strength: 2 });
        }
        self.target(at, ANYONE, 0).map(|to| Hit { rule: "contact_someone", from: at, to, strength: 1 })
    }

    /// "Connect me to a person", "put me through to support", "transfer to agent".
    fn connect(&self, at: usize) -> Option<Hit> {
        let verb = &self.tokens[at];
        if !verb.is(CONNECT) || self.guarded(at) {
            return None;
        }
        let me = (at + 1..self.tokens.len().min(at + 4))
            .take_while(|i| self.same_clause(at, *i))
            .any(|i| self.tokens[i].is(ME))
            || self.language.me_first && self.before(at, 3).any(|t| t.is(ME));
        let passive = self.before(at, 2).any(|t| t.text == "be" || t.text == "get");
        if me || passive {
            if let Some(to) = self.target(at, PERSON | SOMEBODY | ASSISTANT, 2) {
                return Some(Hit { rule: "connect_person", from: at, to, strength: 2 });
            }
            if let Some(to) = self.target(at, ANYONE | DESK, 0) {
                return Some(Hit { rule: "connect_someone", from: at, to, strength: 1 });
            }
        }
        if verb.is(CONNECT_SURE)
            && !self.before(at, 6).any(|t| t.is(HOW))
            && let Some(to) = self.target(at, PERSON, 0)
        {
            return Some(Hit { rule: "connect_person", from: at, to, strength: 2 });
        }
        let alone = verb.is(CONNECT_SURE)
            && self.next(at).is_some_and(|t| t.is(ME))
            && self.before(at, 2).all(|t| t.is(FILLER | PLEASE | ASK | CAN | LIGHT));
        if alone
            && self
                .tokens
                .get(at + 2)
                .is_none_or(|t| t.clause != verb.clause || t.is(PLEASE | FILLER) && !t.is(WITH))
        {
            return Some(Hit { rule: "connect_me", from: at, to: at + 1, strength: 2 });
        }
        if me && verb.is(CONNECT_OPEN) {
            return self.open_place_of_transfer(at).map(|to| Hit {
                rule: "connect_place",
                from: at,
                to,
                strength: 1,
            });
        }
        None
    }

    fn open_place_of_transfer(&self, at: usize) -> Option<usize> {
        self.next(at).filter(|t| t.is(ME))?;
        let to =
            (at + 1..self.tokens.len().min(at + 4)).find(|i| self.toward(*i) && self.same_clause(at, *i))?;
        let mut i = to + 1;
        while self.tokens.get(i).is_some_and(|t| t.is(DET)) {
            i += 1;
        }
        let place = self.tokens.get(i).filter(|_| self.same_clause(at, i))?;
        (!place.is(MINE | SELF | ME | STOP | MACHINE)).then_some(i)
    }

    /// Whether the token is *to*, alone or at the end of "through to".
    fn toward(&self, at: usize) -> bool {
        self.tokens[at].text == "to"
            || self.tokens[at].is(WITH)
                && self.tokens[at].text == "through"
                && self.tokens[at].end - self.tokens[at].start > 8
    }

    /// "Give me a human", "get someone else on the line".
    fn give(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(GIVE) || self.guarded(at) {
            return None;
        }
        let wished = self.before(at, 3).any(|t| t.is(SELF)) && self.before(at, 4).any(|t| t.is(ASK));
        let me = self.next(at).is_some_and(|t| t.is(ME)) || self.tokens[at].is(WANT) || wished;
        let to = self.target(at, PERSON | SOMEBODY | ANYONE, 1)?;
        let on_line = self.words.iter().any(|w| matches!(w.text.as_str(), "line" | "phone" | "here"));
        let sure = self.tokens[to].is(PERSON) && (me || on_line)
            || on_line && me
            || self.tokens[to].is(PERSON | ANYONE) && on_line;
        let direct = self.next(at).is_some_and(|t| t.is(ME));
        let person = direct && self.tokens[to].is(SOMEBODY | ANYONE) && self.ends_noun(to);
        (sure && self.ends_noun(to) || person).then_some(Hit {
            rule: "give_person",
            from: at,
            to,
            strength: 2,
        })
    }

    /// "Can a human help me", "have an agent look at this". Somebody unnamed does not count: "can someone help me" asks
    /// for help, not for a person.
    fn person_to_help(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(CAN) || self.guarded(at) {
            return None;
        }
        let to = self.target(at, PERSON | SOMEBODY, 0)?;
        let real = self.real(at, to);
        let near = (at + 1..to)
            .all(|i| self.tokens[i].is(DET | MOD | PERSON | SOMEBODY) && !self.tokens[i].is(WITH));
        let help = self.next(to).filter(|t| t.is(HELP)).or_else(|| {
            self.next(to).filter(|t| t.text == "to").and(self.tokens.get(to + 2)).filter(|t| t.is(HELP))
        });
        (near && help.is_some() && (self.tokens[to].is(PERSON) || real)).then_some(Hit {
            rule: "person_to_help",
            from: at,
            to,
            strength: 2,
        })
    }

    /// Whether the words between stress that the person be one.
    fn real(&self, from: usize, to: usize) -> bool {
        self.tokens[from + 1..to].iter().any(|t| matches!(t.text.as_str(), "real" | "live" | "actual"))
    }

    /// Whether no further noun follows, so that the target is the thing itself and not "agent account".
    fn ends_noun(&self, at: usize) -> bool {
        self.next(at).is_none_or(|t| t.is(AFTER | FILLER | PRESENT | WITH) || t.is(TALK))
    }

    /// "I want a human", "need a live agent".
    fn want(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(WANT) || self.guarded(at) {
            return None;
        }
        let to = self.target(at, PERSON | SOMEBODY, 0)?;
        let real = self.real(at, to);
        let target = &self.tokens[to];
        let sure = target.is(PERSON) || real;
        let between = (at + 1..to)
            .all(|i| self.tokens[i].is(DET | MOD | WITH | PERSON | SOMEBODY) && self.tokens[i].text != "to");
        (sure && between && self.ends_noun(to)).then_some(Hit {
            rule: "want_person",
            from: at,
            to,
            strength: 2,
        })
    }

    /// "Someone I can talk to", "a person to chat with", "can somebody call me"; with `target_first` "mit einem
    /// Menschen sprechen".
    fn target_then_verb(&self, at: usize) -> Option<Hit> {
        let target = &self.tokens[at];
        let desk = if self.language.target_first { DESK } else { 0 };
        if !target.is(PERSON | SOMEBODY | ANYONE | desk) {
            return None;
        }
        let owned = at > 0 && self.tokens[at - 1].is(MINE);
        if owned {
            return None;
        }
        for i in at + 1..self.tokens.len().min(at + 6) {
            let token = &self.tokens[i];
            if token.clause != target.clause {
                return None;
            }
            if token.is(TALK) || self.language.target_first && token.is(CONTACT | CONNECT_SURE) {
                let between = &self.tokens[at + 1..i];
                let toward = self.next(i).is_some_and(|t| t.is(ME | WITH));
                let own = between.iter().any(|t| t.is(SELF) || t.text == "to" || t.is(PRESENT))
                    || toward && self.next(i).is_some_and(|t| t.is(ME));
                let wished = self.language.target_first && !self.before(at, 6).any(|t| t.is(OTHERS));
                if (own || wished) && !self.guarded(at) {
                    return Some(Hit {
                        rule: "person_to_talk",
                        from: at,
                        to: i,
                        strength: 1 + u8::from(target.is(PERSON)),
                    });
                }
                return None;
            }
            if token.is(CALL) && self.tokens.get(i + 1).is_some_and(|t| t.is(ME) && t.clause == target.clause)
            {
                let asked =
                    self.before(at, 3).find(|t| !t.is(DET | MOD)).is_some_and(|t| t.is(ASK | GIVE | WANT));
                return asked.then_some(Hit { rule: "person_to_call", from: at, to: i + 1, strength: 1 });
            }
            if !token.is(WITH | SELF | ASK | LIGHT | PRESENT | MOD | DET | DESK)
                && !matches!(token.text.as_str(), "that" | "who" | "from" | "at" | "in")
            {
                return None;
            }
        }
        None
    }

    /// "Stop talking to bots", "I don't want to share this with a machine", "why am I wasting time with a machine".
    fn refuses_machine(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(DEAL) || self.others_before(at) {
            return None;
        }
        let mut with = false;
        for i in at + 1..self.tokens.len().min(at + 8) {
            let token = &self.tokens[i];
            if token.clause != self.tokens[at].clause {
                return None;
            }
            if token.is(MACHINE) {
                let refused = self.tokens[at].is(REFUSE) || self.before(at, 7).any(|t| t.is(REFUSE));
                return (with && refused).then_some(Hit {
                    rule: "refuses_machine",
                    from: at,
                    to: i,
                    strength: 2,
                });
            }
            with |= matches!(
                token.text.as_str(),
                "to" | "with" | "by" | "mit" | "avec" | "con" | "com" | "met" | "a"
            );
        }
        if !self.language.target_first {
            return None;
        }
        let machine = self.before_places(at, 5).find(|i| self.tokens[*i].is(MACHINE))?;
        let refused = self.before(at, 8).any(|t| t.is(REFUSE));
        refused.then_some(Hit { rule: "refuses_machine", from: machine, to: at, strength: 2 })
    }

    /// "Escalate this", "please escalate".
    fn escalate(&self, at: usize) -> Option<Hit> {
        let verb = &self.tokens[at];
        let next = self.next(at);
        let mine = next.is_some_and(|t| t.is(ME | MINE | IT) || matches!(t.text.as_str(), "to" | "the"));
        let alone = next.is_none_or(|t| t.is(FILLER))
            && self.before(at, 8).all(|t| t.is(FILLER | ASK | SELF | LIGHT));
        (verb.is(ESCALATE) && !self.guarded(at) && (mine || alone)).then_some(Hit {
            rule: "escalate",
            from: at,
            to: at,
            strength: 2,
        })
    }

    /// "Is there a human here", "any agent available".
    fn is_there(&self, at: usize) -> Option<Hit> {
        if !self.tokens[at].is(EXISTS) {
            return None;
        }
        let to =
            (at + 1..self.tokens.len().min(at + 6)).take_while(|i| self.same_clause(at, *i)).find(|i| {
                self.tokens[*i].is(PERSON | SOMEBODY)
                    && !self.next(*i).is_some_and(|n| n.is(PERSON | SOMEBODY))
            })?;
        if !self.tokens[to].is(PERSON) && !self.real(at, to) {
            return None;
        }
        let clear = (at + 1..to).all(|i| self.tokens[i].is(DET | MOD | PRESENT | EXISTS | PERSON | SOMEBODY));
        let present = self.next(to).is_some_and(|t| t.is(PRESENT));
        let whole = self.next(to).is_none() && (at + 1..to).any(|i| self.tokens[i].is(PRESENT));
        (clear && (present || whole)).then_some(Hit { rule: "is_there", from: at, to, strength: 2 })
    }

    /// A clause that is nothing but a target and courtesy: "agent please", "no. human.", "spa team please".
    fn bare(&self) -> Option<Hit> {
        let mut from = 0;
        while from < self.tokens.len() {
            let clause = self.tokens[from].clause;
            let to = (from..self.tokens.len())
                .find(|i| self.tokens[*i].clause != clause)
                .unwrap_or(self.tokens.len());
            let tokens = &self.tokens[from..to];
            let please =
                tokens.iter().any(|t| t.is(PLEASE)) || self.tokens.get(to).is_some_and(|t| t.is(PLEASE));
            let person = tokens.iter().rposition(|t| t.is(PERSON) || t.is(SOMEBODY) && !t.repaired);
            let plain =
                tokens.iter().all(|t| t.is(PERSON | SOMEBODY | FILLER | MOD | PLEASE) && !t.is(NEGATOR));
            if let Some(person) = person
                && plain
                && tokens.len() <= 7
                && tokens[person..].iter().skip(1).all(|t| t.is(FILLER | PLEASE))
            {
                let alone = tokens.iter().filter(|t| t.is(SOMEBODY)).count() == 0 || tokens.len() > 1;
                let spoken_to = from > 0
                    && !please
                    && self.tokens[..from].iter().all(|t| t.is(FILLER) || Self::is_greeting(&t.text));
                let greeting = spoken_to && self.tokens[..from].iter().any(|t| Self::is_greeting(&t.text));
                if alone && !greeting {
                    return Some(Hit {
                        rule: "bare_person",
                        from: from + person,
                        to: from + person,
                        strength: 2,
                    });
                }
            }
            let desk = tokens.iter().position(|t| t.is(DESK));
            if let Some(desk) = desk
                && please
                && tokens.len() <= 4
                && tokens.iter().filter(|t| !t.is(FILLER | DESK | MOD | PLEASE)).count() <= 1
                && !tokens.iter().any(|t| t.is(WITH | WANT | STOP) && !t.is(FILLER))
            {
                return Some(Hit { rule: "bare_desk", from: from + desk, to: from + desk, strength: 1 });
            }
            from = to;
        }
        None
    }

    fn is_greeting(word: &str) -> bool {
        LANGUAGES.iter().any(|l| l.courtesies.greetings.contains(word) || l.courtesies.thanks.contains(word))
    }

    /// The tokens of the same clause before `at`, nearest first, at most `n`.
    fn before(&self, at: usize, n: usize) -> impl Iterator<Item = &Token> {
        self.before_places(at, n).map(|i| &self.tokens[i])
    }

    fn before_places(&self, at: usize, n: usize) -> impl Iterator<Item = usize> {
        let clause = self.tokens[at].clause;
        (at.saturating_sub(n)..at).rev().take_while(move |i| self.tokens[*i].clause == clause)
    }

    /// Third parties, or a question whether it is necessary.
    fn guarded(&self, at: usize) -> bool {
        self.others_before(at) || self.necessity(at)
    }

    /// "(Can my) customers talk to": a third party is the nearest subject.
    fn others_before(&self, at: usize) -> bool {
        self.before(at, 5).find(|t| t.is(OTHERS | SELF)).is_some_and(|t| t.is(OTHERS))
    }

    fn necessity(&self, at: usize) -> bool {
        let start = self.tokens[at].start;
        let Some(word) = self.words.iter().position(|w| w.start >= start) else { return false };
        self.language.necessity.iter().any(|phrase| {
            let n = phrase.split(' ').count();
            word >= n
                && words::phrase_at(self.words, word - n, phrase).is_some()
                && (word == n || !self.language.necessity_how.contains(&self.words[word - n - 1].text))
        })
    }

    /// Whether a negator governs the verb at `at`: only light words stand between, and no new subject begins.
    pub fn negated(&self, at: usize) -> bool {
        for i in self.before_places(at, 9) {
            let token = &self.tokens[i];
            if token.is(NEGATOR) {
                let why = self.before(i, 2).any(|t| t.is(WHY)) || token.is(WHY);
                return !why;
            }
            if token.is(SELF) && !token.is(LIGHT | ME) {
                let believed = i > 0 && self.same_clause(i, i - 1) && self.tokens[i - 1].is(BELIEVE);
                if !believed {
                    return false;
                }
            } else if !token.is(LIGHT | CONNECT | WITH | DET | BELIEVE) {
                return false;
            }
        }
        false
    }
}
