//! What the rules are made of: the owner's policy, the state of the episode, and the decision that comes out. Every type
//! is stored or shown, so all are serde, in the words of the design.

use serde::{Deserialize, Serialize};

use super::courtesy;
use super::mood;
use super::request::{self, Found};
use super::turn::{Author, Turn};

/// How soon a person is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Never; the contact route is given instead.
    AiOnly,
    /// Any frustration or request.
    Quick,
    /// Tries first, but a direct request is respected.
    #[default]
    Balanced,
    /// A problem must be stated before any handoff.
    AiFirst,
}

/// Whether rules hand off by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingMode {
    /// The rules hand off.
    #[default]
    Auto,
    /// Only an explicit request hands off; the rest becomes an alert on the console.
    ManualOnly,
}

/// When handoffs happen without being asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Automatic or manual only.
    pub mode: RoutingMode,
    /// Consecutive failed turns that hand off; `None` takes the level's own number (1, 2 or 3).
    pub failed_turns: Option<u32>,
    /// Words or phrases that hand off, matched as whole words.
    pub keywords: Vec<String>,
}

/// What happens to a request while nobody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNobody {
    /// An explicit request or a restricted topic becomes a ticket with contact details.
    #[default]
    Ticket,
    /// No ticket either: the truth is told.
    Assistant,
}

/// Limits below which retrieval is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Normalised score (0 to 1) under which the docs are held not to be about the question.
    pub norm: f32,
    /// Share of the top score by which the first section must lead, under which two are shown.
    pub margin: f32,
    /// Share of the question's own words that the best section must contain.
    pub coverage: f32,
}

impl Default for Thresholds {
    /// Measured on product manuals: they keep nine of ten questions that the docs are about and catch most others.
    fn default() -> Self {
        Thresholds { norm: 0.25, margin: 0.04, coverage: 0.40 }
    }
}

/// The owner's rules for one site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Named in every decision, so that it can be replayed against another.
    pub version: String,
    /// How soon a person is brought in.
    pub level: Level,
    /// When without being asked.
    pub routing: Routing,
    /// Topics that always go to a person: ids of `topics.toml`.
    pub restricted_topics: Vec<String>,
    /// What happens while nobody is there.
    pub when_nobody: WhenNobody,
    /// When retrieval is trusted.
    pub thresholds: Thresholds,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            version: "default-1".to_owned(),
            level: Level::Balanced,
            routing: Routing::default(),
            restricted_topics: super::topics::known().into_iter().map(str::to_owned).collect(),
            when_nobody: WhenNobody::Ticket,
            thresholds: Thresholds::default(),
        }
    }
}

impl Policy {
    /// Consecutive failed turns that hand off: the owner's number, else 1 in *Quick*, 3 in *AI first*, 2 otherwise.
    pub fn failed_turns(&self) -> u32 {
        self.routing.failed_turns.unwrap_or(match self.level {
            Level::Quick => 1,
            Level::AiFirst => 3,
            Level::AiOnly | Level::Balanced => 2,
        })
    }
}

/// Whether a person could take the conversation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// An agent is Available and present, within hours.
    #[default]
    Online,
    /// Nobody is.
    Offline,
}

/// Who has the conversation, as far as the policy cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The assistant may speak.
    #[default]
    Assistant,
    /// Queued or snoozed.
    Queued,
    /// A person or a desk holds it.
    Person,
    /// Resolved.
    Closed,
}

/// What has happened since the last close (or, for rules 6 to 9, since the last hand-back).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Who has it.
    pub standing: Standing,
    /// Whether a person could take it.
    pub availability: Availability,
    /// Consecutive failed turns before this message.
    pub failed_turns: u32,
    /// Requests for a person before this message.
    pub requests: u32,
    /// How often the visitor was asked to state the problem.
    pub collected: u32,
    /// Offers of a person so far.
    pub offers: u32,
    /// Assistant turns since the last offer; `None` if there was none.
    pub turns_since_offer: Option<u32>,
    /// Handoffs so far this episode.
    pub handoffs: u32,
    /// Frustrated visitor turns before this message.
    pub frustrated_turns: u32,
    /// Assistant turns so far.
    pub attempts: u32,
    /// Whether the visitor has said what it is about.
    pub problem_stated: bool,
    /// Whether a person resolved this conversation within the last 15 minutes.
    pub recently_resolved: bool,
}

impl State {
    /// Counts the turns before the visitor's newest message. `turns` are those of this episode, oldest first, without
    /// that message; turns before an agent's last word are left out of the counts that start from zero at a hand-back.
    pub fn from_turns(turns: &[Turn]) -> State {
        let mut state = State::default();
        for turn in turns {
            match turn.author {
                Author::Visitor => state.hear(&turn.text),
                Author::Assistant => state.said(turn),
                Author::Agent => {
                    state.failed_turns = 0;
                    state.offers = 0;
                    state.turns_since_offer = None;
                    state.frustrated_turns = 0;
                    state.attempts = 0;
                    state.problem_stated = true;
                }
            }
        }
        state
    }

    fn hear(&mut self, text: &str) {
        let matches = request::find(text);
        if matches.iter().any(|m| m.found == Found::Request) {
            self.requests += 1;
        }
        if mood::read(text, self.attempts > 0).frustrated() {
            self.frustrated_turns += 1;
        }
        self.problem_stated |=
            super::signals::states_problem(text, &matches) && courtesy::smalltalk(text).is_none();
    }

    fn said(&mut self, turn: &Turn) {
        self.attempts += 1;
        self.turns_since_offer = self.turns_since_offer.map(|n| n + 1);
        match turn.decision {
            Some(DecisionKind::Clarify) => self.failed_turns += 1,
            Some(DecisionKind::Offer) => {
                self.offers += 1;
                self.turns_since_offer = Some(0);
            }
            Some(DecisionKind::Collect) => self.collected += 1,
            Some(DecisionKind::Handoff | DecisionKind::LeadCapture) => self.handoffs += 1,
            Some(DecisionKind::Answer) if !turn.sources.is_empty() => self.failed_turns = 0,
            Some(DecisionKind::Answer | DecisionKind::Decline | DecisionKind::Silent) => {}
            None if !turn.sources.is_empty() => self.failed_turns = 0,
            None => {}
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Say the answer (or the small talk).
    Answer,
    /// Ask one question; carries the offer of a person where one is there.
    Clarify,
    /// Offer a person.
    Offer,
    /// Ask what it is about before anything else.
    Collect,
    /// Hand off to the queue.
    Handoff,
    /// A handoff that becomes a ticket because nobody is there.
    LeadCapture,
    /// Say that no person can be brought in, and give the contact route.
    Decline,
    /// Say nothing.
    Silent,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No rule fired.
    None,
    /// The visitor asked for a person.
    HumanRequested,
    /// A restricted topic.
    RestrictedTopic,
    /// One of the owner's keywords.
    Keyword,
    /// Frustration with the service.
    Frustration,
    /// The same question again and again.
    Loop,
    /// Too many failed turns.
    Unanswered,
    /// Error, time-out, empty answer or false promise.
    AssistantFailed,
    /// A model asked for it.
    LlmJudgement,
    /// An agent took over.
    AgentTakeover,
    /// The visitor pressed the button.
    VisitorButton,
    /// A rule fired, but the site hands off by hand only.
    ManualOnly,
}

impl Reason {
    /// In plain English, for people: "restricted topic".
    pub fn words(self) -> &'static str {
        match self {
            Reason::None => "no rule",
            Reason::HumanRequested => "asked for a person",
            Reason::RestrictedTopic => "restricted topic",
            Reason::Keyword => "keyword",
            Reason::Frustration => "frustration",
            Reason::Loop => "same question again",
            Reason::Unanswered => "not answered",
            Reason::AssistantFailed => "the assistant failed",
            Reason::LlmJudgement => "the model's judgement",
            Reason::AgentTakeover => "an agent took over",
            Reason::VisitorButton => "pressed \"Talk to a person\"",
            Reason::ManualOnly => "manual only",
        }
    }
}

/// What a decision rests on: where in the message, by which rule, how strongly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule or data that matched: `en.talk_person`, `billing_dispute`, `norm`.
    pub rule: String,
    /// The words that matched, as the visitor wrote them; empty for numbers.
    pub text: String,
    /// Byte range in the message, if it is about words.
    pub span: Option<(usize, usize)>,
    /// Strength, score or count.
    pub score: f32,
}

/// Counters as they stand with this message counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Consecutive failed turns.
    pub failed_turns: u32,
    /// Requests for a person.
    pub requests: u32,
    /// Offers made.
    pub offers: u32,
    /// Handoffs made.
    pub handoffs: u32,
    /// Frustrated turns.
    pub frustrated_turns: u32,
}

/// How urgent a handoff is. Set by the owner's rules only: nothing a visitor writes can raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// First.
    High,
}

/// Which text the assistant says; the texts themselves stand in the assistant's table, one per language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKey {
    /// Quote of the best section with its source.
    Answer,
    /// Quotes of the two best sections.
    AnswerTwo,
    /// Hello.
    Greeting,
    /// You are welcome.
    Thanks,
    /// Goodbye.
    Bye,
    /// Good; anything else?
    Ack,
    /// "I am an AI assistant", the honest answer.
    IAmAssistant,
    /// "No transfer then."
    NoTransfer,
    /// "I could not find that": one question, with the offer of a person.
    Clarify,
    /// The same without anybody to offer.
    ClarifyAlone,
    /// An apology, one more question.
    SorryClarify,
    /// An apology, then the quote.
    SorryAnswer,
    /// Quote, and the offer of a person kept open, after a request.
    AnswerBeforePerson,
    /// "What is it about?" before a handoff.
    Collect,
    /// Handing off on request; the problem is known.
    HandoffRequested,
    /// Handing off on request; asks about the problem while waiting.
    HandoffAsk,
    /// Handing off because of the topic or a keyword.
    HandoffTopic,
    /// Handing off with an apology.
    HandoffSorry,
    /// Handing off because the docs do not say.
    HandoffUnanswered,
    /// Handing off because the assistant failed.
    HandoffFailed,
    /// "Shall I bring in a person?"
    Offer,
    /// Nobody there: contact details, please.
    LeadCapture,
    /// No person can be brought in here.
    Decline,
    /// Nor answered: a restricted topic.
    DeclineTopic,
    /// Nobody there and no tickets.
    DeclineNobody,
    /// Nothing.
    Silent,
}

/// What the policy decided, why, and on what evidence: stored as an event and shown by "explain".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What is to be done.
    pub decision: DecisionKind,
    /// The rule that decided.
    pub reason: Reason,
    /// Later rules that matched too, in order.
    pub also: Vec<Reason>,
    /// What it rests on, the deciding rule's first.
    pub evidence: Vec<Evidence>,
    /// Counters with this message counted.
    pub counters: Counters,
    /// [`Policy::version`].
    pub policy_version: String,
    /// Which text to say.
    pub text_key: TextKey,
    /// How urgent.
    pub priority: Priority,
    /// Whether the console should be told although nothing is handed off.
    pub alert: bool,
}

impl Decision {
    /// One line for people: `restricted topic billing_dispute: "charged twice"`.
    pub fn explain(&self) -> String {
        let mut line = self.reason.words().to_owned();
        if let Some(first) = self.evidence.first() {
            if self.reason == Reason::RestrictedTopic {
                line.push(' ');
                line.push_str(&first.rule);
            }
            if !first.text.is_empty() {
                line.push_str(&format!(": \"{}\"", first.text));
            }
        }
        if !self.also.is_empty() {
            let also: Vec<&str> = self.also.iter().map(|r| r.words()).collect();
            line.push_str(&format!("; also {}", also.join(", ")));
        }
        line
    }
}
