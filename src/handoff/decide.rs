//! The order of the rules: the first that matches decides, later matches are recorded as "also".
//!
//! Pure and total: any state, any signals, any policy give a decision. Availability says where a handoff goes, never
//! whether one is due; while nobody is there an explicit request or a restricted topic becomes a ticket and all else
//! stays with the assistant, so that no person is offered who is not there.

use super::courtesy::Smalltalk;
use super::policy::{
    Availability, Counters, Decision, DecisionKind, Evidence, Level, Policy, Priority, Reason, RoutingMode,
    Standing, State, TextKey, WhenNobody,
};
use super::signals::{Answer, Feedback, Signals};

/// Automatic handoffs an episode may have; after that the assistant goes on and the console is alerted. An explicit
/// request is never refused by count.
const HANDOFFS_AN_EPISODE: u32 = 3;
/// Assistant turns from one offer of a person to the next.
const TURNS_BETWEEN_OFFERS: u32 = 3;
/// Requests after which *AI first* stops asking and hands off.
const LAST_REQUEST: u32 = 3;

/// Decides what to do about the visitor's newest message.
pub fn decide(state: &State, signals: &Signals, policy: &Policy) -> Decision {
    let case = Case { state, signals, policy };
    if state.standing != Standing::Assistant {
        return case.decision((DecisionKind::Silent, TextKey::Silent), Reason::None, &[]);
    }
    let rules = case.matching();
    let Some(first) = rules.first().copied() else {
        return case.decision(case.answer(), Reason::None, &[]);
    };
    let outcome = if policy.level == Level::AiOnly { case.ai_only(first) } else { case.rule(first) };
    let manual = case.manual(first);
    let reason = if manual && first != Reason::RestrictedTopic { Reason::ManualOnly } else { first };
    let also: Vec<Reason> = if reason == first { rules[1..].to_vec() } else { rules };
    let mut decision = case.decision(outcome, reason, &also);
    decision.alert = manual || (first != Reason::HumanRequested && case.capped(first));
    decision
}

/// What to do and which text to say.
type Outcome = (DecisionKind, TextKey);

struct Case<'a> {
    state: &'a State,
    signals: &'a Signals,
    policy: &'a Policy,
}

impl Case<'_> {
    /// The rules that match, in order.
    fn matching(&self) -> Vec<Reason> {
        let s = self.signals;
        let failed = matches!(s.answer, Answer::Error | Answer::Timeout);
        let missed = s.answer == Answer::None && !self.neutral();
        let unanswered = missed && self.state.failed_turns + 1 >= self.policy.failed_turns();
        let back_again = self.state.recently_resolved && s.still_broken;
        let frustrated =
            s.frustration.frustrated() || s.feedback == Some(Feedback::Down) && s.frustration.score > 0.0;
        [
            (!s.topics.is_empty(), Reason::RestrictedTopic),
            (s.keyword.is_some(), Reason::Keyword),
            (s.button, Reason::VisitorButton),
            (s.human_request.is_some() && !s.button, Reason::HumanRequested),
            (s.repeat >= 2, Reason::Loop),
            (frustrated, Reason::Frustration),
            (s.llm_handoff.is_some(), Reason::LlmJudgement),
            (unanswered || back_again, Reason::Unanswered),
            (failed, Reason::AssistantFailed),
        ]
        .into_iter()
        .filter_map(|(matches, reason)| matches.then_some(reason))
        .filter(|reason| self.policy.level != Level::AiOnly || spoken_for_ai_only(*reason))
        .collect()
    }

    /// Whether the message needs no answer from the docs.
    fn neutral(&self) -> bool {
        self.signals.smalltalk.is_some()
            || self.signals.thanks
            || self.signals.bot_question
            || self.signals.negated
    }

    /// What one rule does where handing off is allowed at all.
    fn rule(&self, reason: Reason) -> Outcome {
        if self.manual(reason) {
            return self.stay(reason);
        }
        match reason {
            Reason::RestrictedTopic | Reason::Keyword => self.hand_off(reason, TextKey::HandoffTopic),
            Reason::HumanRequested | Reason::VisitorButton => self.requested(reason),
            Reason::Loop => match self.policy.level {
                Level::Quick => self.hand_off(reason, TextKey::HandoffSorry),
                _ if self.state.offers > 0 => self.hand_off(reason, TextKey::HandoffSorry),
                _ => self.offer(reason),
            },
            Reason::Frustration => self.frustrated(),
            Reason::LlmJudgement if self.policy.level == Level::Quick => {
                self.hand_off(reason, TextKey::HandoffUnanswered)
            }
            Reason::LlmJudgement => self.offer(reason),
            Reason::AssistantFailed => self.hand_off(reason, TextKey::HandoffFailed),
            Reason::Unanswered => self.hand_off(reason, TextKey::HandoffUnanswered),
            Reason::None | Reason::AgentTakeover | Reason::ManualOnly => self.answer(),
        }
    }

    /// *AI only*: the contact route for requests and restricted topics, an answer for the rest.
    fn ai_only(&self, reason: Reason) -> Outcome {
        match reason {
            Reason::RestrictedTopic => (DecisionKind::Decline, TextKey::DeclineTopic),
            Reason::HumanRequested | Reason::VisitorButton => (DecisionKind::Decline, TextKey::Decline),
            _ => self.sorry(),
        }
    }

    fn requested(&self, reason: Reason) -> Outcome {
        let stated = self.state.problem_stated || self.signals.problem_stated || self.state.recently_resolved;
        let text = if stated { TextKey::HandoffRequested } else { TextKey::HandoffAsk };
        if self.policy.level != Level::AiFirst {
            return self.hand_off(reason, text);
        }
        let count = self.signals.human_request.map_or(self.state.requests + 1, |r| r.count);
        if count >= LAST_REQUEST || self.state.recently_resolved {
            return self.hand_off(reason, text);
        }
        if self.signals.button {
            let ask = !stated && self.state.collected == 0;
            return if ask { (DecisionKind::Collect, TextKey::Collect) } else { self.hand_off(reason, text) };
        }
        if !stated {
            (DecisionKind::Collect, TextKey::Collect)
        } else if matches!(self.signals.answer, Answer::Ok | Answer::Weak) {
            (DecisionKind::Answer, TextKey::AnswerBeforePerson)
        } else {
            self.hand_off(reason, text)
        }
    }

    fn frustrated(&self) -> Outcome {
        let second = self.state.frustrated_turns > 0;
        match self.policy.level {
            Level::Quick => self.hand_off(Reason::Frustration, TextKey::HandoffSorry),
            Level::Balanced if second => self.hand_off(Reason::Frustration, TextKey::HandoffSorry),
            Level::AiFirst if self.state.attempts >= 2 => self.offer(Reason::Frustration),
            _ => self.sorry(),
        }
    }

    /// Hands off, or says where else the request goes while nobody is there.
    fn hand_off(&self, reason: Reason, text: TextKey) -> Outcome {
        if self.capped(reason) {
            return self.sorry();
        }
        if self.state.availability == Availability::Online {
            return (DecisionKind::Handoff, text);
        }
        match (explicit(reason) || reason == Reason::RestrictedTopic, self.policy.when_nobody) {
            (true, WhenNobody::Ticket) => (DecisionKind::LeadCapture, TextKey::LeadCapture),
            (true, WhenNobody::Assistant) => (DecisionKind::Decline, TextKey::DeclineNobody),
            (false, _) => self.stay(reason),
        }
    }

    /// Offers a person, unless one was offered just now or nobody is there.
    fn offer(&self, reason: Reason) -> Outcome {
        let lately = self.state.turns_since_offer.is_some_and(|n| n < TURNS_BETWEEN_OFFERS);
        if lately || self.state.availability == Availability::Offline {
            return self.stay(reason);
        }
        (DecisionKind::Offer, TextKey::Offer)
    }

    /// Stays with the assistant although a rule fired.
    fn stay(&self, reason: Reason) -> Outcome {
        match reason {
            Reason::RestrictedTopic if self.state.availability == Availability::Online => {
                (DecisionKind::Offer, TextKey::Offer)
            }
            Reason::RestrictedTopic => (DecisionKind::Decline, TextKey::DeclineTopic),
            Reason::Frustration => (DecisionKind::Answer, self.sorry().1),
            Reason::Loop => self.sorry(),
            _ => self.answer(),
        }
    }

    /// An apology with whatever answer there is.
    fn sorry(&self) -> Outcome {
        match self.signals.answer {
            Answer::Ok | Answer::Weak => (DecisionKind::Answer, TextKey::SorryAnswer),
            _ => (DecisionKind::Clarify, TextKey::SorryClarify),
        }
    }

    /// No rule fired: small talk, honesty, the docs, or one question.
    fn answer(&self) -> Outcome {
        let s = self.signals;
        let text = match (s.smalltalk, s.answer) {
            _ if s.bot_question => TextKey::IAmAssistant,
            (Some(Smalltalk::Greeting), _) => TextKey::Greeting,
            (Some(Smalltalk::Thanks), _) => TextKey::Thanks,
            (Some(Smalltalk::Bye), _) => TextKey::Bye,
            (Some(Smalltalk::Ack), _) => TextKey::Ack,
            _ if s.thanks => TextKey::Thanks,
            _ if s.negated => TextKey::NoTransfer,
            (None, Answer::Ok | Answer::Unknown) => TextKey::Answer,
            (None, Answer::Weak) => TextKey::AnswerTwo,
            (None, Answer::None | Answer::Error | Answer::Timeout) => {
                let online =
                    self.state.availability == Availability::Online && self.policy.level != Level::AiOnly;
                return (
                    DecisionKind::Clarify,
                    if online { TextKey::Clarify } else { TextKey::ClarifyAlone },
                );
            }
        };
        (DecisionKind::Answer, text)
    }

    /// Whether the site hands off by hand only and this rule is not the visitor's own wish.
    fn manual(&self, reason: Reason) -> bool {
        self.policy.routing.mode == RoutingMode::ManualOnly
            && self.policy.level != Level::AiOnly
            && !explicit(reason)
    }

    fn capped(&self, reason: Reason) -> bool {
        let always = explicit(reason) || matches!(reason, Reason::RestrictedTopic | Reason::Keyword);
        !always && self.state.handoffs >= HANDOFFS_AN_EPISODE
    }

    fn decision(&self, outcome: Outcome, reason: Reason, also: &[Reason]) -> Decision {
        let (decision, text_key) = outcome;
        let missed =
            decision == DecisionKind::Clarify || self.signals.answer == Answer::None && !self.neutral();
        let answered =
            decision == DecisionKind::Answer && matches!(self.signals.answer, Answer::Ok | Answer::Weak);
        let requested = self.signals.human_request.is_some() || self.signals.button;
        let counters = Counters {
            failed_turns: if answered { 0 } else { self.state.failed_turns + u32::from(missed) },
            requests: self.state.requests + u32::from(requested),
            offers: self.state.offers + u32::from(decision == DecisionKind::Offer),
            handoffs: self.state.handoffs
                + u32::from(matches!(decision, DecisionKind::Handoff | DecisionKind::LeadCapture)),
            frustrated_turns: self.state.frustrated_turns + u32::from(self.signals.frustration.frustrated()),
        };
        Decision {
            decision,
            reason,
            also: also.to_vec(),
            evidence: self.evidence(reason),
            counters,
            policy_version: self.policy.version.clone(),
            text_key,
            priority: Priority::Normal,
            alert: false,
        }
    }

    /// The evidence of the message, the deciding rule's first, then the figures of retrieval.
    fn evidence(&self, reason: Reason) -> Vec<Evidence> {
        let s = self.signals;
        let deciding = |e: &Evidence| match reason {
            Reason::RestrictedTopic => s.topics.contains(&e.rule),
            Reason::Keyword => e.rule.starts_with("keyword."),
            Reason::Frustration => e.rule == "frustration",
            Reason::HumanRequested => e.rule.get(2..3) == Some(".") && !e.rule.ends_with("bot_question"),
            _ => false,
        };
        let (mut first, rest): (Vec<Evidence>, Vec<Evidence>) =
            s.evidence.iter().cloned().partition(deciding);
        first.extend(rest);
        let number = |rule: &str, score: f32| Evidence {
            rule: rule.to_owned(),
            text: String::new(),
            span: None,
            score,
        };
        if s.repeat > 0 {
            first.push(number("repeat", s.repeat as f32));
        }
        if let Some(r) = &s.retrieval {
            first.extend([
                number("norm", r.norm),
                number("margin", r.margin),
                number("coverage", r.coverage),
            ]);
        }
        first
    }
}

/// Reasons *AI only* says something special about.
fn spoken_for_ai_only(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RestrictedTopic
            | Reason::HumanRequested
            | Reason::VisitorButton
            | Reason::Frustration
            | Reason::Loop
    )
}

/// Whether the visitor asked in so many words, or by the button.
fn explicit(reason: Reason) -> bool {
    matches!(reason, Reason::HumanRequested | Reason::VisitorButton)
}
