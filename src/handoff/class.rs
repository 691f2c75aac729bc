//! Word classes as bits of a [`crate::handoff::language::Token`]: what the grammar of requests speaks of. Which words are in
//! a class is each language's data; what a class means is here.

/// To talk, speak, chat.
pub const TALK: u64 = 1 << 0;
/// The same as an -ing form, which is also used to report.
pub const TALKING: u64 = 1 << 1;
/// To contact, reach, get in touch with.
pub const CONTACT: u64 = 1 << 2;
/// To put, pass, send (somebody): a request only with *me*.
pub const CONNECT: u64 = 1 << 3;
/// To connect, transfer, escalate: a request without *me* as well.
pub const CONNECT_SURE: u64 = 1 << 4;
/// To transfer, put through: takes any named place ("transfer me to the kitchen").
pub const CONNECT_OPEN: u64 = 1 << 5;
/// To give, get.
pub const GIVE: u64 = 1 << 6;
/// To want, need.
pub const WANT: u64 = 1 << 7;
/// Me, us, this.
pub const ME: u64 = 1 << 8;
/// Words that make a clause a wish.
pub const ASK: u64 = 1 << 9;
/// The visitor.
pub const SELF: u64 = 1 << 10;
/// Third parties.
pub const OTHERS: u64 = 1 << 11;
/// Prepositions and adverbs that may stand between a verb and a target.
pub const WITH: u64 = 1 << 12;
/// Articles and the like.
pub const DET: u64 = 1 << 13;
/// *the*, *your*: what makes an open target one of ours.
pub const OWNER: u64 = 1 << 14;
/// Adjectives and nouns before a target.
pub const MOD: u64 = 1 << 15;
/// *my*: the target is the visitor's own, not ours.
pub const MINE: u64 = 1 << 16;
/// …unless it is "my account manager".
pub const MINE_MOD: u64 = 1 << 17;
/// Human, agent, operator: a target alone.
pub const PERSON: u64 = 1 << 18;
/// Person, employee: a target only with a verb.
pub const SOMEBODY: u64 = 1 << 19;
/// Assistant: a target only after *talk* or *connect*.
pub const ASSISTANT: u64 = 1 << 20;
/// Someone, anyone.
pub const ANYONE: u64 = 1 << 21;
/// Support, reception.
pub const DESK: u64 = 1 << 22;
/// Bot, computer.
pub const MACHINE: u64 = 1 << 23;
/// What one does with a machine and does not want to.
pub const DEAL: u64 = 1 << 24;
/// Not, tired, instead.
pub const REFUSE: u64 = 1 << 25;
/// To escalate.
pub const ESCALATE: u64 = 1 << 26;
/// Call (me).
pub const CALL: u64 = 1 << 27;
/// There, here, available.
pub const PRESENT: u64 = 1 << 28;
/// Is, are, any.
pub const EXISTS: u64 = 1 << 29;
/// Not, never.
pub const NEGATOR: u64 = 1 << 30;
/// Words between a negator and the verb it negates.
pub const LIGHT: u64 = 1 << 31;
/// To think, believe.
pub const BELIEVE: u64 = 1 << 32;
/// Why.
pub const WHY: u64 = 1 << 33;
/// Words that may stand beside a bare target.
pub const FILLER: u64 = 1 << 34;
/// Please.
pub const PLEASE: u64 = 1 << 35;
/// Words that end the search for a target.
pub const STOP: u64 = 1 << 36;
/// Words that may follow a wanted person.
pub const AFTER: u64 = 1 << 37;
/// Words that make "talking to" a report.
pub const REPORT: u64 = 1 << 38;
/// This (chat): what may be handed over instead of *me*.
pub const IT: u64 = 1 << 39;
/// How.
pub const HOW: u64 = 1 << 40;
/// What a person is wanted for: help, look, call.
pub const HELP: u64 = 1 << 41;
/// Can, have, need: before a person who is to help.
pub const CAN: u64 = 1 << 42;
/// Anything that is a human target.
pub const ANY_PERSON: u64 = PERSON | SOMEBODY | ASSISTANT | ANYONE;
/// The classes whose words are worth a typo repair.
pub const REPAIRED: u64 = TALK | TALKING | CONTACT | CONNECT_SURE | PERSON | SOMEBODY | ASSISTANT | ANYONE;
