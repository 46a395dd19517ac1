//! The step `book`: builds the book in both languages, and opens each of its pages in a browser.

mod browser;
mod html;
mod stage;

use std::path::Path;

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::context::Context;
use crate::install::{CHROMIUM, CargoTool, NPM, download};
use crate::problem::report;
use crate::shell;
use crate::tidy::read_files;

const MDBOOK: CargoTool = CargoTool { name: "mdbook", version: "0.5.4", ask: &[] };
/// Without its server and its search, which finds no Chinese.
const WITHOUT_SEARCH: &[&str] = &["--no-default-features"];
const PAGEFIND: &str = "pagefind@1.6.0";

/// One of the two books.
#[derive(Debug)]
struct Language {
    /// As in `<html lang>`; also the name of the folder.
    code: &'static str,
    /// Its pages, in their order.
    summary: &'static str,
    /// Searches, each with the end of the address of a page that it must find.
    searches: &'static [(&'static str, &'static str)],
}

const LANGUAGES: [Language; 2] = [
    Language {
        code: "en",
        summary: "book/SUMMARY.md",
        searches: &[
            ("test a login", "/en/docs/testing.html"),
            ("what does a 401 mean", "/en/docs/errors.html"),
            ("fifty workers", "/en/docs/deploy.html"),
            ("what is logged", "/en/docs/deploy.html"),
        ],
    },
    Language {
        code: "zh-CN",
        summary: "book/SUMMARY.zh-CN.md",
        searches: &[
            ("有效期", "/zh-CN/docs/choosing-a-token.html"),
            ("测试登录", "/zh-CN/docs/testing.html"),
            ("401 的含义", "/zh-CN/docs/errors.html"),
            ("五十个工作进程", "/zh-CN/docs/deploy.html"),
            ("记录哪些日志", "/zh-CN/docs/deploy.html"),
        ],
    },
];

pub(crate) fn run(context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    let files = read_files(root)?;
    let books = stage::read(&files)?;
    let work = context.workspace.target.join("book");
    let site = work.join("site");
    let _ = std::fs::remove_dir_all(&work);
    stage::write(&books, root, &work, context.repository()?)?;

    let Some(mdbook) = MDBOOK.find_or_leave_out(context, WITHOUT_SEARCH, "the book")? else {
        return Ok(());
    };
    for Language { code, .. } in LANGUAGES {
        let (from, to) = (work.join(code), site.join(code));
        let build = cmd!(context.sh, "{mdbook} build {from} --dest-dir {to}");
        shell::run(build.env("MDBOOK_BOOK__LANGUAGE", code))?;
    }
    std::fs::copy(root.join("book/index.html"), site.join("index.html"))?;
    report(html::broken_links(&site)?, "links of the book")?;

    if !index(context, &site)? {
        return Ok(());
    }
    if let Some(chromium) = context.program(&CHROMIUM, "the book in a browser")? {
        browser::open(&chromium, &work, &books)?;
    }
    println!("read it: python3 -m http.server -d {}", site.display());
    Ok(())
}

/// Adds the search; returns whether that was possible.
fn index(context: &Context, site: &Path) -> Result<bool> {
    let Some(npm) = context.program(&NPM, "the search of the book, and the book in a browser")?
    else {
        return Ok(false);
    };
    let tools = context.workspace.target.join("xtask-tools");
    let install = "install --no-save --no-audit --no-fund --ignore-scripts --fetch-retries 0";
    let install = install.split_whitespace();
    let install = cmd!(context.sh, "{npm} {install...} --prefix {tools} {PAGEFIND}");
    if let Some(reason) = download(install)? {
        context.not_checked(format!("the search of the book, and the book in a browser: {reason}"));
        return Ok(false);
    }
    let pagefind = tools.join("node_modules/.bin/pagefind");
    // The menus of each page would be found with every word.
    let options = "--root-selector main --quiet --keep-index-url --glob {en,zh-CN}/**/*.html";
    let options = options.split_whitespace();
    shell::run(cmd!(context.sh, "{pagefind} --site {site} {options...}"))?;
    let entry = std::fs::read_to_string(site.join("pagefind/pagefind-entry.json"))?;
    for language in LANGUAGES {
        let key = format!("\"{}\"", language.code.to_lowercase());
        ensure!(entry.contains(&key), "the search has no index for {}", language.code);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_of_settings_names_each_setting_and_variable() {
        let pages =
            [include_str!("../../docs/settings.md"), include_str!("../../docs/settings.zh-CN.md")];
        let builder = [
            include_str!("../../crates/facade/src/client/builder.rs"),
            include_str!("../../crates/facade/src/client/builder/fleet.rs"),
        ];
        let after = |text: &'static str, start: &'static str, end: &'static [char]| {
            text.split(start).skip(1).filter_map(move |rest| rest.split(end).next())
        };
        let methods = builder.into_iter().flat_map(|text| after(text, "\n    pub fn ", &['(']));
        let variables = after(
            include_str!("../../crates/facade/src/environment/client.rs"),
            "`EASEMOB_",
            &['`'],
        );
        let names: Vec<_> = methods
            .map(|name| format!("`{name}("))
            .chain(variables.map(|name| format!("`EASEMOB_{name}`")))
            .collect();
        assert!(names.len() > 30, "{names:?}");
        for name in names {
            assert!(pages.iter().all(|page| page.contains(&name)), "{name}");
        }
    }
}
