//! `baton export`: conversations as documents.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Zoned;
use jiff::tz::TimeZone;
use tempfile::NamedTempFile;

use super::out::{Out, complain, inert};
use super::resolve_id::{self, Named, PAGE};
use super::target::ServerArgs;
use super::{Done, Failure, export_visitor, thread};
use crate::client::oneshot::Session;
use crate::conversation::{ConversationId, SiteId, Tab, Time};
use crate::export::{self, Format, Options};
use crate::protocol::{AgentOp, ListArg, ListOk};
use crate::text::when;

/// Write a conversation, or all of a tab, as Markdown, JSON, text or CSV.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  baton export 3f2a9c41                       one conversation, as text
  baton export 3f2a9c41 -o max.md --no-notes  as Markdown, for somebody outside
  baton export --tab resolved --since 7d -o week.csv
                                              a row for each message said
  baton export --visitor max@example.com --data ./data -o max.json
                                              all that is kept of one visitor

Text from outside is harmless in every format: no control sequence, no markup,
no formula. A file is written whole or not at all, readable by its owner only.
JSON is one object a line; its shape and the columns of CSV are in the README.")]
pub(super) struct Args {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse, required_unless_present_any = ["tab", "visitor"], conflicts_with_all = ["tab", "visitor"])]
    id: Option<Named>,
    /// All there is of one visitor, as JSON, read from the store: their id, or the e-mail address they gave last
    #[arg(long, value_name = "ID|E-MAIL", requires = "data", conflicts_with_all = ["tab", "since", "site", "format"])]
    visitor: Option<String>,
    /// With --visitor: the server's folder; the server may be running
    #[arg(long, value_name = "DIR", requires = "visitor")]
    data: Option<PathBuf>,
    /// Every conversation of a tab: queue, mine, assistant, snoozed, resolved or all
    #[arg(long)]
    tab: Option<Tab>,
    /// With --tab: only conversations in which something was said since then, whole; as 7d, yesterday or 2026-11-01
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Time>,
    /// With --tab: only this site
    #[arg(long)]
    site: Option<SiteId>,
    /// The kind of document; else by FILE's extension, else text
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    format: Option<Format>,
    /// Leave out what only agents see: notes and the summary
    #[arg(long)]
    no_notes: bool,
    /// Write to this file; one that is there is not touched (- is standard output)
    #[arg(short, long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace FILE where it is there
    #[arg(long, requires = "output")]
    force: bool,
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::word))
        .map(|word| Format::named(&word).expect("the possible values are formats"))
}

fn since(text: &str) -> Result<Time, String> {
    match when::since(text, &Zoned::now()) {
        Ok(then) => Ok(Time(then.as_millisecond())),
        Err(_) => {
            Err(format!("“{}” is no time gone by; write it like 7d, yesterday or 2026-11-01", inert(text)))
        }
    }
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    if let (Some(visitor), Some(data)) = (&args.visitor, &args.data) {
        let document = export_visitor::document(data, visitor, !args.no_notes)?;
        let mut sink = match args.output.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => Sink::file(path, args.force)?,
            None => Sink::Out,
        };
        // Before it is out: what left the house is noted, whatever happens to it.
        export_visitor::note(data, visitor)?;
        sink.write(&document)?;
        return sink.done(args.force);
    }
    if args.tab.is_none() && (args.since.is_some() || args.site.is_some()) {
        return Err(Failure::Usage(
            "--since and --site choose among many: they go with --tab, not with one ID".into(),
        ));
    }
    let file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let by_name = || file.and_then(|f| f.extension()).and_then(|e| e.to_str()).and_then(Format::named);
    let format = args.format.or_else(by_name).unwrap_or(Format::Text);
    let options = Options { notes: !args.no_notes, zone: TimeZone::system() };
    let mut sink = match file {
        Some(path) => Sink::file(path, args.force)?,
        None => Sink::Out,
    };
    let mut session = server.session().await?;
    let mut written: u64 = 0;
    if let Some(named) = &args.id {
        let id = resolve_id::find(&mut session, named).await?;
        sink.write(&export::head(format))?;
        write(&mut session, id, format, &options, &mut sink).await?;
        written = 1;
    } else {
        sink.write(&export::head(format))?;
        let mut cursor = None;
        loop {
            let (tab, site) = (args.tab.unwrap_or(Tab::All), args.site.clone());
            let op = AgentOp::List(ListArg { tab, site, cursor, limit: Some(PAGE) });
            let page: ListOk = session.get(&op).await?;
            for row in page.rows.iter().filter(|row| args.since.is_none_or(|s| row.last_message_at >= s)) {
                write(&mut session, row.id, format, &options, &mut sink).await?;
                written += 1;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    session.close().await;
    sink.done(args.force)?;
    if written == 0 {
        complain("no conversation matches; the document is empty");
    }
    Ok(())
}

async fn write(
    session: &mut Session,
    id: ConversationId,
    format: Format,
    options: &Options,
    sink: &mut Sink,
) -> Done {
    let thread = thread::read(session, id).await?;
    sink.write(&export::body(format, &thread.conversation, &thread.entries, options))
}

/// Where a document goes.
#[derive(Debug)]
enum Sink {
    Out,
    /// Beside the file, until it is whole.
    File(NamedTempFile, PathBuf),
}

impl Sink {
    fn file(path: &Path, force: bool) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(Failure::Usage(format!("{} is a folder; name a file in it", path.display())));
        }
        if !force && path.symlink_metadata().is_ok() {
            return Err(there(path));
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let made = NamedTempFile::with_prefix_in(".baton-export-", folder);
        let file = made.map_err(|e| match e.kind() {
            ErrorKind::NotFound => Failure::Usage(format!("there is no folder {}", folder.display())),
            _ => Failure::Refused(format!("{} cannot be written to: {e}", folder.display())),
        })?;
        Ok(Sink::File(file, path.to_owned()))
    }

    fn write(&mut self, text: &str) -> Done {
        match self {
            Sink::Out => Out.text(text),
            Sink::File(file, path) => file.write_all(text.as_bytes()).map_err(|e| unwritten(path, &e)),
        }
    }

    fn done(self, force: bool) -> Done {
        let Sink::File(file, path) = self else { return Ok(()) };
        file.as_file().sync_all().map_err(|e| unwritten(&path, &e))?;
        let kept = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        match kept {
            Ok(_) => Ok(()),
            // It came while the document was being written.
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Err(there(&path)),
            Err(e) => Err(unwritten(&path, &e.error)),
        }
    }
}

fn there(path: &Path) -> Failure {
    Failure::Refused(format!(
        "{} is there already and was not touched; name another file, or replace it with --force",
        path.display()
    ))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Refused(format!("{} cannot be written: {error}. Nothing is left of it", path.display()))
}
