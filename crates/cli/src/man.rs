//! The command `man`: manual pages.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::failure::Failure;
use crate::{help, input, output};

/// Options of `man`.
#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command to this folder, instead of the main page to standard output
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

/// Prints the main page, or writes every page to a folder.
pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut command = help::definition().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        let page = page(&command).map_err(|error| Failure::internal(error.to_string()))?;
        return Ok(output::line(page.trim_end())?);
    };
    let write = |command: &clap::Command| {
        let name = Man::new(command.clone()).get_filename();
        fs::write(folder.join(name), page(command)?)
    };
    let mut pages = std::iter::once(&command).chain(command.get_subcommands());
    fs::create_dir_all(folder).and_then(|()| pages.try_for_each(write)).map_err(|error| {
        let name = input::shown(folder);
        Failure::invalid_input(format!("DIR: cannot write to {name}: {error}"))
    })
}

/// One page, with the same examples and exit codes as `--help`.
fn page(command: &clap::Command) -> io::Result<String> {
    // The end of `--help` would become one paragraph; its parts have sections of their own.
    let man = Man::new(command.clone());
    // The library leaves out a date that is empty, and the version would be the date.
    let title = man.get_filename().trim_end_matches(".1").to_uppercase();
    let source = format!("{} {}", help::NAME, env!("CARGO_PKG_VERSION"));
    let mut page = format!(".TH \"{title}\" \"1\" \"\" \"{source}\"\n").into_bytes();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut roff = Roff::new();
    for (heading, lines) in help::sections(command.get_name()) {
        roff.control("SH", [heading.to_uppercase().as_str()]);
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    roff.to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
