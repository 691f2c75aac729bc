//! `baton completions` and `baton man`: generated from the command line's own definition, so that they are never stale.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap_complete::Shell;

use super::out::Out;
use super::{Done, Failure};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Where they go:
  bash   baton completions bash > ~/.local/share/bash-completion/completions/baton
  zsh    baton completions zsh > \"${fpath[1]}/_baton\"
  fish   baton completions fish > ~/.config/fish/completions/baton.fish")]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  baton man | man -l -                           read it now
  baton man --out ~/.local/share/man/man1        install baton.1 and its pages")]
pub(super) struct ManArgs {
    /// Write baton.1 and a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "baton", &mut script);
    Out.text(&String::from_utf8_lossy(&script))
}

pub(super) fn man(args: &ManArgs) -> Done {
    let definition = super::definition();
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(definition)
            .render(&mut page)
            .map_err(|e| Failure::Refused(format!("the page cannot be made: {e}")))?;
        return Out.text(&String::from_utf8_lossy(&page));
    };
    let made = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(definition, folder));
    made.map_err(|e| Failure::Refused(format!("the pages cannot be written to {}: {e}", folder.display())))?;
    Out.line(&format!("baton.1 and a page for each command are in {}", folder.display()))
}
