//! `baton demo`: everything on this machine.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::out::{Out, complain, inert};
use super::{Done, Failure, agent, console as console_cmd, local, serve};
use crate::console::{self, ConsoleOptions};
use crate::conversation::Role;
use crate::demo::{Demo, DemoOptions, LOGIN_FILE};

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Run without the console: print where everything is and go on until stopped
    #[arg(long)]
    no_console: bool,
    /// Answer from your own pages: a folder of Markdown or HTML files
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
    /// What the simulated visitors do follows from this number
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How many simulated visitors at a time
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=200))]
    visitors: u16,
    /// Keep everything in this folder; otherwise a temporary one, removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "HOST:PORT")]
    listen: String,
}

pub(super) async fn run(args: Args) -> Done {
    if !args.no_console {
        console_cmd::need_terminal()?;
    }
    let listen = serve::address(&args.listen)?;
    let stop = serve::stop_signal()?;
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("baton-demo-").tempdir().map_err(|e| {
            Failure::Refused(format!("no temporary folder can be made ({e}); give one with --data DIR"))
        })?),
    };
    let data = match (&args.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(dir)) => dir.path().to_owned(),
        (None, None) => return Err(Failure::Refused("there is no folder to work in".into())),
    };
    std::fs::create_dir_all(&data)
        .map_err(|e| Failure::Refused(format!("the folder {} cannot be made: {e}", data.display())))?;
    crate::demo::log_to_file(&data);
    tell_skipped(args.docs.as_deref());
    let token = token_of(&data)?;
    let listener = serve::bind(listen).await?;
    let demo = Demo::start(DemoOptions {
        data: data.clone(),
        docs: args.docs,
        seed: args.seed,
        visitors: usize::from(args.visitors),
        listener,
    })
    .map_err(|e| local(&e))?;
    let (url, page) = (demo.url().to_owned(), demo.page());
    let done = if args.no_console {
        announce(&url, &page, &token)?;
        stop.await;
        Ok(())
    } else {
        // The console minds the signals itself, so that the terminal is given back first.
        let (config, config_error) = super::console::settings();
        let options = ConsoleOptions {
            config,
            config_error,
            url,
            token,
            state_dir: Some(data.join("state")),
            status_note: Some(format!("Demo page: {page}")),
            available_on_start: true,
            must_sign_in: false,
        };
        console::run(options).await.map_err(|e| local(&e))
    };
    demo.stop().await.map_err(|e| local(&e))?;
    if let Some(dir) = temporary
        && let Err(e) = dir.close()
    {
        complain(&format!("the temporary folder {} could not be removed: {e}", data.display()));
    }
    done
}

/// The demo's agent, as visitors read it ("Robin joined").
const AGENT: &str = "Robin";

/// The token of that agent in this folder: the one made there before, else a new one, kept with mode 0600.
fn token_of(data: &std::path::Path) -> Result<String, Failure> {
    let path = data.join(LOGIN_FILE);
    if let Ok(kept) = std::fs::read_to_string(&path) {
        return Ok(kept.trim().to_owned());
    }
    let (_, token) = agent::add(data, AGENT, Role::Supervisor, &[])?;
    let failed = |e: std::io::Error| Failure::Refused(format!("{} cannot be written: {e}", path.display()));
    let mut file = tempfile::NamedTempFile::new_in(data).map_err(failed)?;
    std::io::Write::write_all(&mut file, token.as_bytes()).map_err(failed)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    Ok(token)
}

/// Says which of somebody's own pages are left out. A folder that cannot be used at all is told when the server starts.
fn tell_skipped(docs: Option<&std::path::Path>) {
    let Some(Ok((_, warnings))) = docs.map(crate::knowledge::load_dir) else { return };
    for warning in &warnings {
        complain(&inert(&warning.to_string()));
    }
}

fn announce(url: &str, page: &str, token: &str) -> Done {
    Out.line(&format!("listening on {url}"))?;
    Out.line(&format!("Demo page, with the widget: {page}"))?;
    Out.line("To sign in as the agent Robin from another terminal:")?;
    Out.line(&format!("  export BATON_URL={url}"))?;
    Out.line(&format!("  export BATON_TOKEN={token}"))?;
    Out.line("  baton")?;
    Out.line("Stop with Ctrl-C.")
}
