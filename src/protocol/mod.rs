//! The wire: the types both ends share, one family of frames for agents and visitors.
//!
//! The Rust types here are the source; JSON Schema is generated from them and golden frames under `tests/` pin them.
//! Invariant: a frame that is not understood is answered (server) or skipped (client), never guessed at.
//! Refused here: I/O. The server refuses unknown fields and operations; clients ignore unknown fields and event types.

mod agent;
mod agent_reads;
mod block;
mod close;
mod desk;
mod error;
mod frame;
mod limits;
mod mail;
pub mod query;
pub mod schema;
mod visitor;

pub use agent::{
    AgentAuth, AgentAuthOk, AgentEph, AgentInfo, AgentOp, Answered, AvailabilityInfo, ConversationArg,
    HistoryOk, ListArg, ListOk, MessageArg, ReleaseArg, SiteInfo, SnoozeArg, TextArg, TypingArg, WatchOk,
};
pub use agent_reads::{ReadArg, SearchArg, SearchHit, SearchOk, SeenArg};
pub use block::{BlockArg, BlockInfo, BlocksArg, BlocksOk, UnblockArg};
pub use close::{CloseCode, Range};
pub use desk::{AcceptArg, CidOnly, PriorityArg, TagArg, TransferArg};
pub use error::WireError;
pub use frame::{
    Control, Frame, FromClient, RawRequest, Resume, SUBPROTOCOL, SyncMode, encode_control, encode_eph,
    encode_event_tail, encode_request, encode_response, encode_row_tail, event_body, splice_prev,
};
pub use limits::Limits;
pub use mail::{MailArg, MailInfo, MailListArg, MailListOk, MailState};
pub use visitor::{
    EndArg, IdentifyArg, LeadArg, VisitorAuth, VisitorAuthOk, VisitorAvailability, VisitorConversation,
    VisitorEph, VisitorEvent, VisitorHandoffArg, VisitorMessage, VisitorMessageArg, VisitorOp, VisitorSite,
    VisitorTypingArg, visitor_view,
};
