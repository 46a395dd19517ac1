//! The command `cargo xtask pictures`: SVG files made from data, which `tidy` compares with it.

mod bars;
mod demo;
mod graph;
mod svg;

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::context::{Context, Workspace};
use crate::problem::Problem;
use crate::tidy::{SourceFile, read_files};

const FOLDER: &str = "docs/pictures";
const REPEAT: &str = "run `cargo xtask pictures` and commit the result";

/// Draw the pictures of the documents from their data
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// First record the command `demo` again
    #[arg(long)]
    record: bool,
}

/// Writes every picture that differs from its data.
pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    if options.record {
        write(root, &SourceFile::new(demo::RECORDING, &demo::record(context)?))?;
    }
    for picture in draw(&context.workspace, &read_files(root)?)? {
        write(root, &picture)?;
    }
    Ok(())
}

fn write(root: &Path, picture: &SourceFile) -> Result<()> {
    let path = root.join(&picture.path);
    if std::fs::read_to_string(&path).is_ok_and(|text| text == picture.text) {
        return Ok(());
    }
    println!("{}", picture.path);
    std::fs::write(&path, &picture.text).with_context(|| picture.path.clone())
}

/// Compares the pictures with their data.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Problem> {
    let pictures = match draw(workspace, files) {
        Ok(pictures) => pictures,
        Err(error) => return vec![Problem::new(FOLDER, 0, format!("{error:#}"))],
    };
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let is_old = |it: &&SourceFile| find(&it.path).is_none_or(|file| file.text != it.text);
    let old = pictures.iter().filter(is_old);
    let mut problems: Vec<_> = old
        .map(|it| Problem::new(&it.path, 0, format!("differs from its data: {REPEAT}")))
        .collect();
    let is_picture = |file: &&SourceFile| {
        file.path.starts_with(&format!("{FOLDER}/")) && file.has_extension("svg")
    };
    let left = files.iter().filter(is_picture);
    let left = left.filter(|file| pictures.iter().all(|it| it.path != file.path));
    problems.extend(left.map(|it| Problem::new(&it.path, 0, "is made from no data: remove it")));
    problems
}

fn draw(workspace: &Workspace, files: &[SourceFile]) -> Result<Vec<SourceFile>> {
    let read = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.map(|file| file.text.as_str()).with_context(|| format!("{path} is missing"))
    };
    let mut pictures = bars::draw(read(bars::PAGE)?)?;
    pictures.extend(demo::draw(read(demo::RECORDING)?)?);
    pictures.extend(graph::draw(workspace)?);
    let path = |name: &str| format!("{FOLDER}/{name}.svg");
    Ok(pictures.iter().map(|(name, text)| SourceFile::new(&path(name), text)).collect())
}
