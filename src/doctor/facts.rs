//! What is known of an installation: gathered at the edge ([`super::gather`]), judged by [`super::checks`].

use std::path::PathBuf;

use super::internet::Internet;
use crate::conversation::{AgentId, Role, SiteId, Time};
use crate::engine::SiteConfig;
use crate::log::Sight;
use crate::settings::ConfigError;

/// Everything the checks look at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// This machine's clock when the looking began.
    pub now: Time,
    /// Only this site; none: all.
    pub only: Option<SiteId>,
    /// The configuration.
    pub config: ConfigSeen,
    /// The data folder.
    pub data: PathBuf,
    /// What is in it.
    pub store: Sight,
    /// Free bytes of its disk, where the system tells.
    pub free: Option<u64>,
    /// Files that only some may read, and their modes.
    pub modes: Vec<Mode>,
    /// Certificate and key that cannot be opened, in words.
    pub tls_unreadable: Vec<String>,
    /// Whether the mail server lets us in, and why not; none: no mail is configured.
    pub mail: Option<Result<String, String>>,
    /// The server on this machine.
    pub server: ServerSeen,
    /// What browsers reach: the public address, or the server itself where there is none.
    pub front: FrontSeen,
    /// Who signed in for the looking.
    pub sign_in: SignIn,
    /// The page somebody named, if any.
    pub page: Option<PageSeen>,
}

/// The configuration as found.
#[derive(Debug, Clone)]
pub struct ConfigSeen {
    /// The file.
    pub file: PathBuf,
    /// Whether it is there. If not, and nobody named it, a server would serve the demonstration site.
    pub there: bool,
    /// Whether somebody named it.
    pub named: bool,
    /// What is wrong with it as a whole: nothing else could be read then.
    pub error: Option<ConfigError>,
    /// The sites; those with wrong docs or origins are read without these.
    pub sites: Vec<SiteSeen>,
    /// Addresses in front.
    pub internet: Internet,
    /// Where it listens, as configured or by default.
    pub listen: Option<std::net::SocketAddr>,
}

/// A site as configured.
#[derive(Debug, Clone)]
pub struct SiteSeen {
    /// What the server makes of it.
    pub config: SiteConfig,
    /// Its docs folders.
    pub docs: Vec<FolderSeen>,
    /// What is wrong with its docs, with the line.
    pub docs_error: Option<ConfigError>,
    /// What is wrong with its origins, with the line.
    pub origins_error: Option<ConfigError>,
}

/// A docs folder.
#[derive(Debug, Clone)]
pub struct FolderSeen {
    /// Where.
    pub path: PathBuf,
    /// Pages with words in them.
    pub pages: usize,
    /// Passages in all.
    pub passages: usize,
    /// Files left out, with the reason.
    pub skipped: Vec<String>,
}

/// A file or folder that should be closed to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mode {
    /// What it is, in words.
    pub what: &'static str,
    /// Where.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Bits that must not be set.
    pub never: u32,
    /// What it should be.
    pub right: u32,
}

/// The server on this machine.
#[derive(Debug, Clone)]
pub struct ServerSeen {
    /// Where it was looked for.
    pub base: String,
    /// Whether it answers, and if not, why.
    pub answers: Result<(), String>,
    /// Whether something else answers there.
    pub foreign: bool,
    /// Whether some server has the store open, asked where none answers.
    pub store_in_use: Option<bool>,
    /// The greeting of its agents' socket.
    pub agent_socket: Result<Vec<String>, String>,
}

/// What a visitor's browser would find.
#[derive(Debug, Clone)]
pub struct FrontSeen {
    /// Where.
    pub base: String,
    /// The widget's file.
    pub widget: Result<(), String>,
    /// Its clock minus ours, in seconds; none: it does not say.
    pub skew_s: Option<i64>,
    /// A WebSocket handshake for each site, with one of the site's origins.
    pub sockets: Vec<SocketSeen>,
}

/// A visitor's handshake.
#[derive(Debug, Clone)]
pub struct SocketSeen {
    /// For which site.
    pub site: SiteId,
    /// With which origin.
    pub origin: String,
    /// Protocols of the greeting, or why there was none.
    pub greeting: Result<Vec<String>, SocketRefused>,
}

/// Why a socket did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRefused {
    /// The status, where an HTTP answer came instead.
    pub status: Option<u16>,
    /// The server's code, where it is ours.
    pub code: Option<String>,
    /// In words.
    pub why: String,
}

/// Whether the doctor could ask as an agent.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// It has no token for this server.
    NoToken,
    /// The kept login cannot be read.
    Unreadable(String),
    /// The server said no.
    Refused(String),
    /// It did not get that far.
    Failed(String),
    /// Yes.
    Done(Box<SignedIn>),
}

/// What the server told an agent.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// As whom.
    pub name: String,
    /// Their rights.
    pub role: Role,
    /// The incarnation of the server's log.
    pub log_id: String,
    /// Everybody: id, name, role, whether Available, whether present, the reason for being Away.
    pub agents: Vec<Told>,
}

/// An agent, as the running server has them.
#[derive(Debug, Clone)]
pub struct Told {
    /// Who.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Rights.
    pub role: Role,
    /// What they want.
    pub available: bool,
    /// Why Away.
    pub reason: Option<String>,
    /// Whether a console leases their presence.
    pub present: bool,
}

/// A page that should show the chat.
#[derive(Debug, Clone)]
pub struct PageSeen {
    /// Where.
    pub url: String,
    /// Its origin, or why it has none.
    pub origin: Result<String, String>,
    /// The `data-site` of its widget tags, or why it could not be read.
    pub sites: Result<Vec<String>, String>,
}
