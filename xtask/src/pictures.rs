//! The command `cargo xtask pictures`: SVG files made from data, which `tidy` compares with it.

mod bars;
mod demo;
mod graph;
mod life;
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
    pictures.extend(life::draw(read(life::NUMBERS)?)?);
    let path = |name: &str| format!("{FOLDER}/{name}.svg");
    Ok(pictures.iter().map(|(name, text)| SourceFile::new(&path(name), text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_differ_from_their_data_are_found() {
        let context = Context::load().unwrap();
        let root = &context.workspace.root;
        let files: Vec<_> = read_files(root).unwrap();
        // The pictures in place of those on the disk, which `tidy` checks.
        let mut files: Vec<_> = files.into_iter().filter(|it| !it.path.ends_with(".svg")).collect();
        files.extend(draw(&context.workspace, &files).unwrap());
        assert_eq!(check(&context.workspace, &files), []);
        let life = life::NUMBERS;
        for (path, old, new, expected) in [
            (bars::PAGE, "| isahc alone | ", "| isahc alone | 9", "bench-http-1.svg: differs"),
            (
                bars::PAGE,
                "(pictures/bench-maps.svg)",
                "(pictures/x.svg)",
                "bench-maps.svg in the line",
            ),
            (bars::PAGE, "\n## Weight", "\n| a |\n|---|\n| 1 |\n\n## Weight", " tables, xtask"),
            (bars::PAGE, "| crates | clean", "| boxes | clean", "no column `crates`"),
            (demo::RECORDING, "requests sent: 2", "requests sent: 3", "demo.svg: differs"),
            (demo::RECORDING, "Next steps", "Next", "demo.cast has no line"),
            (life, "due: 2700", "due: 2400", "life.zh-CN.svg: differs"),
            (life, "unusable: 3540", "unusable: x", "cannot read"),
        ] {
            let mut files = files.clone();
            let file = files.iter_mut().find(|file| file.path == path).unwrap();
            assert!(file.text.contains(old), "{path}: {old}");
            file.text = file.text.replacen(old, new, 1);
            let found = check(&context.workspace, &files);
            assert!(found.iter().any(|it| it.to_string().contains(expected)), "{old}: {found:?}");
        }
        files.push(SourceFile::new("docs/pictures/by-hand.svg", "<svg/>"));
        assert_eq!(check(&context.workspace, &files).len(), 1);
    }
}
