//! Making text from strangers safe to draw, export and log. PURE: no I/O, no clock.
//!
//! Purpose: whatever a visitor, a page, a document, a connector or a language model wrote is held as [`Untrusted`]
//! and leaves through one of its exits: [`Untrusted::display`] and [`Untrusted::line`] for the terminal,
//! [`Untrusted::html`], [`Untrusted::csv`] and [`Untrusted::log`] for files, [`Untrusted::raw`] for storage and the wire.
//!
//! Invariant: a [`SafeText`] holds no control character (but LF), no bidi control, no invisible character outside the
//! places where a script or an emoji needs it, no mark without a base, and no grapheme cluster above
//! [`MAX_CLUSTER_BYTES`]. What is promised when texts are joined is written at [`clean`].
//!
//! Refuses: deleting in silence (what is not drawn is shown as a visible tag), guessing what an escape meant, and
//! making look-alike letters of other scripts into something else (only hosts of [`links`] are spelt in ASCII).
//!
//! ```
//! use baton::text::{SafeText, Untrusted};
//!
//! let name = Untrusted::new("Ann\u{202e}a \u{1b}[2J");
//! let mut title = SafeText::literal("from ");
//! title.push(&name.line());
//! assert_eq!(title.as_str(), "from Ann⟨RLO⟩a ␛[2J");
//! ```

mod class;
mod clean;
mod cleaner;
mod fold;
mod json;
pub mod links;
pub mod markdown;
mod punycode;
mod safe;
mod untrusted;
pub mod when;
pub mod width;

#[cfg(test)]
mod properties;

pub use class::{is_unshowable, tagged_flag};
pub use clean::{MAX_CLUSTER_BYTES, MAX_EMOJI_JOINS, MAX_LINE_CELLS, MAX_MARKS, clean};
pub use json::inert_json;
pub use safe::SafeText;
pub use untrusted::{MAX_LOG_CELLS, Untrusted};
