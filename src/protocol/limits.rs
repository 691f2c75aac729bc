//! All limits of the wire, with their reasons. `[limits]` of the configuration overrides them.

use serde::{Deserialize, Serialize};

/// Sizes in bytes, times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest message text: a long mail fits, a pasted log does not.
    pub message_bytes: usize,
    /// Longest frame: a message in its JSON, with escapes.
    pub frame_bytes: usize,
    /// Visitor messages a second, sustained.
    pub messages_per_second: f64,
    /// Visitor messages at once before the rate holds.
    pub message_burst: u32,
    /// Open sockets of one address (/64 for IPv6). Loopback is exempt.
    pub sockets_per_address: usize,
    /// Open sockets in all.
    pub sockets: usize,
    /// Time for the HTTP header.
    pub header_ms: u64,
    /// Time for `auth`.
    pub auth_ms: u64,
    /// Heartbeat; two misses cut the link.
    pub heartbeat_ms: u64,
    /// A console's lease on presence.
    pub lease_ms: u64,
    /// Frames a socket may have unsent before it is told to resync.
    pub outbox_frames: usize,
    /// How long a peer may take to read one frame.
    pub write_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 8 * 1024,
            frame_bytes: 16 * 1024,
            messages_per_second: 1.0,
            message_burst: 10,
            sockets_per_address: 20,
            sockets: 20_000,
            header_ms: 10_000,
            auth_ms: 5_000,
            heartbeat_ms: 20_000,
            lease_ms: 45_000,
            outbox_frames: 256,
            write_ms: 10_000,
        }
    }
}
