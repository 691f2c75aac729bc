//! Docs folder to passages to a ranked index.
//!
//! [`load_dir`] and [`load_embedded`] read Markdown, HTML and text into [`Passage`]s, one a section; [`Index`] ranks them
//! by BM25 with the heading counted twice. Everything is in memory, `Send + Sync`, and read-only once built: share an
//! `Arc<Index>` and swap it when a file changes. It refuses to guess: what cannot be read is skipped with a warning that
//! names the file and the fix.

mod html;
mod index;
mod load;
mod markdown;
mod passage;
mod terms;

pub use index::{Hit, Hits, Index, Query};
pub use load::{LoadError, LoadWarning, OVERSIZED, load_dir, load_embedded};
pub use passage::Passage;
pub use terms::question_terms;
