//! The sources of both books: the pages that their summaries list, with links that fit.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{LANGUAGES, Language};
use crate::tidy::SourceFile;
use crate::tidy::links::resolve;
use crate::tidy::markdown;
use crate::tidy::twins::CHINESE;

/// A language and the pages of its book, the summary first; with paths of the repository.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) language: &'static Language,
    pages: Vec<SourceFile>,
}

impl Book {
    fn has(&self, path: &str) -> bool {
        self.pages.iter().skip(1).any(|page| page.path == path)
    }

    /// Returns the address of the first page.
    pub(super) fn start(&self) -> String {
        format!("/{}/index.html", self.language.code)
    }

    /// Returns the addresses of the pages below the site.
    pub(super) fn addresses(&self) -> impl Iterator<Item = String> {
        let code = self.language.code;
        let staged = self.pages.iter().skip(1).map(|page| staged(&page.path));
        staged.map(move |path| format!("/{code}/{}", rendered(&path)))
    }
}

/// Reads what the summaries list.
pub(super) fn read(files: &[SourceFile]) -> Result<[Book; 2]> {
    let [english, chinese] = LANGUAGES.each_ref().map(|language| read_book(files, language));
    let books = [english?, chinese?];
    let addresses = |book: &Book| -> BTreeSet<String> {
        book.pages.iter().skip(1).map(|page| staged(&page.path)).collect()
    };
    let (english, chinese) = (addresses(&books[0]), addresses(&books[1]));
    let alone: Vec<_> = english.symmetric_difference(&chinese).collect();
    ensure!(alone.is_empty(), "only one of the two books has {alone:?}");
    Ok(books)
}

fn read_book(files: &[SourceFile], language: &'static Language) -> Result<Book> {
    let find = |path: &str| {
        let found = files.iter().find(|file| file.path == path);
        found.cloned().with_context(|| format!("{path}: no such page"))
    };
    let summary = find(language.summary)?;
    let mut pages = Vec::new();
    for (_, target) in markdown::links(&summary.text) {
        let path = resolve(&summary.path, &target).context("a page out of the repository")?;
        pages.push(find(&path)?);
    }
    pages.insert(0, summary);
    Ok(Book { language, pages })
}

/// Writes the sources of each book below `work`.
pub(super) fn write(books: &[Book; 2], root: &Path, work: &Path, repository: &str) -> Result<()> {
    for (book, other) in [(&books[0], &books[1]), (&books[1], &books[0])] {
        let folder = work.join(book.language.code);
        for page in &book.pages {
            let path = folder.join("src").join(staged(&page.path));
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            fs::write(path, with_links(page, book, other, repository)?)?;
        }
        for name in ["book.toml", "search.css", "search.js"] {
            fs::copy(root.join("book").join(name), folder.join(name))?;
        }
        let pictures = root.join("docs/pictures");
        if pictures.is_dir() {
            let copies = folder.join("src/docs/pictures");
            fs::create_dir_all(&copies)?;
            for entry in fs::read_dir(pictures)? {
                let entry = entry?;
                fs::copy(entry.path(), copies.join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}

/// Returns the place of a page in the sources of its book, the same in both languages.
fn staged(path: &str) -> String {
    if LANGUAGES.iter().any(|language| language.summary == path) {
        return "SUMMARY.md".to_owned();
    }
    path.strip_suffix(CHINESE).map_or_else(|| path.to_owned(), |page| format!("{page}.md"))
}

/// Returns the address that mdBook gives to a page.
fn rendered(staged: &str) -> String {
    let page = staged.strip_suffix(".md").unwrap_or(staged);
    format!("{}.html", if page == "README" { "index" } else { page })
}

/// Returns the text of a page with each relative link changed to where it leads in the book.
fn with_links(page: &SourceFile, book: &Book, other: &Book, repository: &str) -> Result<String> {
    let mut text = page.text.clone();
    // From the end, so that the other places stay where they are.
    for place in link_places(&page.text).with_context(|| page.path.clone())? {
        let target = &page.text[place.clone()];
        if let Some(changed) = changed_link(&page.path, target, book, other, repository) {
            text.replace_range(place, &changed);
        }
    }
    Ok(text)
}

/// Returns the places of the targets of a page's relative links.
fn link_places(text: &str) -> Result<Vec<Range<usize>>> {
    let mut places = Vec::new();
    for (range, target) in markdown::links(text) {
        if target.contains("://") || target.starts_with(['#', '/']) || target.starts_with("mailto:")
        {
            continue;
        }
        let inline = text[range.clone()].rfind(&format!("]({target}"));
        let inline = inline.map(|at| range.start + at + "](".len());
        // A reference: `[text][name]`, and elsewhere `[name]: target`.
        let defined = || text.find(&format!("]: {target}")).map(|at| at + "]: ".len());
        let start = inline.or_else(defined);
        let start =
            start.with_context(|| format!("write the link to `{target}` as `[text](target)`"))?;
        places.push(start..start + target.len());
    }
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    places.dedup();
    Ok(places)
}

fn changed_link(
    from: &str,
    target: &str,
    book: &Book,
    other: &Book,
    repository: &str,
) -> Option<String> {
    let (path, anchor) = target.split_at(target.find('#').unwrap_or(target.len()));
    let path = resolve(from, path)?;
    let here = staged(from);
    let up = "../".repeat(here.matches('/').count());
    let page = staged(&path);
    let summary = LANGUAGES.iter().find(|language| language.summary == path);
    Some(if let Some(language) = summary {
        // The list of pages is beside each page.
        format!("{up}../{}/index.html", language.code)
    } else if book.has(&path) {
        format!("{up}{page}{anchor}")
    } else if other.has(&path) {
        format!("{up}../{}/{}{anchor}", other.language.code, rendered(&page))
    } else if path.starts_with("docs/pictures/") {
        format!("{up}{path}")
    } else {
        format!("{repository}/blob/HEAD/{path}{anchor}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<SourceFile> {
        let file = SourceFile::new;
        vec![
            file("book/SUMMARY.md", "[I](../README.md)\n\n- [E](../docs/errors.md)\n"),
            file(
                "book/SUMMARY.zh-CN.md",
                "[I](../README.zh-CN.md)\n\n- [E](../docs/errors.zh-CN.md)\n",
            ),
            file(
                "README.md",
                "[中文](README.zh-CN.md) [e](docs/errors.md#top) [s](book/SUMMARY.md)\n",
            ),
            file(
                "README.zh-CN.md",
                "[English](README.md) [e](docs/errors.zh-CN.md) [x](https://x.y)\n",
            ),
            file(
                "docs/errors.md",
                "[![p](pictures/a.svg)](../README.md) `[n](README.md)` [s](../a.rs#L3)\n",
            ),
            file(
                "docs/errors.zh-CN.md",
                "[t](#top) [English][e] <https://x.y> [also][e]\n\n[e]: errors.md\n",
            ),
        ]
    }

    #[test]
    fn links_lead_to_the_page_in_the_same_language_and_else_to_the_repository() {
        let books = read(&files()).unwrap();
        let text = |book: usize, page: usize| {
            with_links(&books[book].pages[page], &books[book], &books[1 - book], "https://r")
                .unwrap()
        };
        assert_eq!(text(0, 0), "[I](README.md)\n\n- [E](docs/errors.md)\n");
        assert_eq!(text(1, 0), "[I](README.md)\n\n- [E](docs/errors.md)\n");
        assert_eq!(
            text(0, 1),
            "[中文](../zh-CN/index.html) [e](docs/errors.md#top) [s](../en/index.html)\n"
        );
        assert_eq!(
            text(1, 1),
            "[English](../en/index.html) [e](docs/errors.md) [x](https://x.y)\n"
        );
        assert_eq!(
            text(0, 2),
            "[![p](../docs/pictures/a.svg)](../README.md) `[n](README.md)` \
             [s](https://r/blob/HEAD/a.rs#L3)\n"
        );
        assert_eq!(
            text(1, 2),
            "[t](#top) [English][e] <https://x.y> [also][e]\n\n[e]: ../../en/docs/errors.html\n"
        );
    }

    #[test]
    fn a_page_of_one_language_alone_and_a_missing_one_are_errors() {
        let mut files = files();
        files[1].text = "[I](../README.zh-CN.md)\n".to_owned();
        assert!(read(&files).unwrap_err().to_string().contains("docs/errors.md"));
        files.remove(5);
        files[1].text = "[I](../README.zh-CN.md)\n\n- [E](../docs/errors.zh-CN.md)\n".to_owned();
        assert!(read(&files).unwrap_err().to_string().contains("no such page"));
    }
}
