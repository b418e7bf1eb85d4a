//! Cuts the samples out of the vendor's pages, which are not part of this repository.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::common_sdk::{Language, workspace};

/// What a sample calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    ShowPreCheck,
    CreatePostCheck,
}

impl Call {
    const ALL: [Self; 2] = [Self::ShowPreCheck, Self::CreatePostCheck];

    /// The request type, in every language.
    fn request(self) -> &'static str {
        match self {
            Self::ShowPreCheck => "ShowAutopilotPreCheckRequest",
            Self::CreatePostCheck => "CreateAutopilotPostCheckRequest",
        }
    }
}

/// What the pages tell their reader to fill in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blanks<'a> {
    pub(crate) project: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) task: &'a str,
    pub(crate) region: &'a str,
}

/// The sample of every language and call.
#[derive(Debug)]
pub(crate) struct Samples(BTreeMap<(Language, Call), String>);

impl Samples {
    /// Reads the pages; `None` where they are not at hand and need not be.
    pub(crate) fn read() -> Result<Option<Self>> {
        let named = std::env::var_os("AIRWORTHY_SEED_PAGES").map(PathBuf::from);
        let must = named.is_some() || std::env::var_os("CI").is_some();
        let folder = named.unwrap_or_else(|| PathBuf::from("../shared/seeds"));
        let folder = workspace().join(folder);
        if !must && !folder.is_dir() {
            return Ok(None);
        }
        let pages = read_pages(&folder)
            .with_context(|| format!("the vendor's pages in {}", folder.display()))?;
        Self::cut(&pages).map(Some)
    }

    fn cut(pages: &[String]) -> Result<Self> {
        let mut samples = BTreeMap::new();
        for (language, code) in pages.iter().flat_map(|page| programs(page)) {
            let call = Call::ALL
                .into_iter()
                .find(|call| code.contains(call.request()))
                .with_context(|| format!("a sample calls something else:\n{code}"))?;
            if samples.insert((language, call), code).is_some() {
                bail!("two samples of {language:?} for {call:?}");
            }
        }
        let wanted = crate::LANGUAGES.len() * Call::ALL.len();
        ensure!(
            samples.len() == wanted,
            "{} of {wanted} samples found: {:?}",
            samples.len(),
            samples.keys()
        );
        Ok(Self(samples))
    }

    /// The sample as printed, but for what its page tells the reader to fill in.
    pub(crate) fn filled(&self, language: Language, call: Call, blanks: Blanks<'_>) -> String {
        let mut code = self.0[&(language, call)].clone();
        let mut fill = vec![
            ("{project_id}", blanks.project),
            ("{cluster_id}", blanks.cluster),
            ("<YOUR REGION>", blanks.region),
        ];
        if call == Call::ShowPreCheck {
            fill.push(("{task_id}", blanks.task));
        }
        for (blank, value) in fill {
            code = replaced(&code, blank, value);
        }
        code
    }
}

/// Replaces a text that must be there exactly once.
pub(crate) fn replaced(code: &str, text: &str, by: &str) -> String {
    assert_eq!(code.matches(text).count(), 1, "{text} in\n{code}");
    code.replace(text, by)
}

fn read_pages(folder: &Path) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            pages.push(std::fs::read_to_string(&path)?);
        }
    }
    Ok(pages)
}

/// The programs of a page, in order.
fn programs(page: &str) -> Vec<(Language, String)> {
    let mut lines = page.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(language) = starts(line) else {
            continue;
        };
        let mut code = vec![line];
        while let Some(line) = lines.next_if(|line| goes_on(language, line)) {
            code.push(line);
            if ends(language, &code) {
                break;
            }
        }
        found.push((language, code.join("\n").trim_end().to_owned() + "\n"));
    }
    found
}

fn starts(line: &str) -> Option<Language> {
    match line.trim_end() {
        "# coding: utf-8" => Some(Language::Python),
        "package main" => Some(Language::Go),
        "package com.huaweicloud.sdk.test;" => Some(Language::Java),
        _ => None,
    }
}

/// Whether a line still belongs to the program. Line numbers of the next one and prose do not.
fn goes_on(language: Language, line: &str) -> bool {
    let number = !line.trim().is_empty() && line.trim().bytes().all(|byte| byte.is_ascii_digit());
    if number {
        return false;
    }
    if language != Language::Python {
        return true;
    }
    let indented = line.is_empty() || line.starts_with([' ', '\t']);
    let statement = ["import ", "from ", "if ", "#"];
    indented || statement.iter().any(|word| line.starts_with(word))
}

/// Go and Java end with the brace that closes what runs; the end of a Python program only shows behind it.
fn ends(language: Language, code: &[&str]) -> bool {
    let opened = match language {
        Language::Python => return false,
        Language::Go | Language::GoLegacy => "func main()",
        Language::Java => "public class ",
    };
    code.last() == Some(&"}") && code.iter().any(|line| line.starts_with(opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
A page

The sample code is as follows.

 1
 2
package com.huaweicloud.sdk.test;

public class One {
    public static void main(String[] args) {
        new ShowAutopilotPreCheckRequest(\"{cluster_id}\");
    }
}
 1
10
# coding: utf-8

import os

if __name__ == \"__main__\":
    print(ShowAutopilotPreCheckRequest)

    print(\"{task_id}\")
 1
11
package main

import (
\t\"fmt\"
)

func main() {
    fmt.Println(ShowAutopilotPreCheckRequest{})
}

Status Codes
";

    #[test]
    fn programs_end_where_line_numbers_or_prose_begin() {
        let found = programs(PAGE);
        let [(_, java), (_, python), (_, go)] = &found[..] else {
            panic!("{found:?}");
        };
        assert!(java.starts_with("package com.") && java.ends_with("    }\n}\n"));
        assert!(python.starts_with("# coding") && python.ends_with("print(\"{task_id}\")\n"));
        assert!(go.starts_with("package main\n") && go.ends_with("{})\n}\n"));
    }

    #[test]
    fn prose_ends_a_python_program_too() {
        let page = "# coding: utf-8\nif True:\n    print(1)\n\nPerform this.\n\n 1\n";
        let expected = "# coding: utf-8\nif True:\n    print(1)\n";
        assert_eq!(programs(page)[0].1, expected);
    }

    #[test]
    fn a_sample_that_lacks_is_told() {
        let error = Samples::cut(&[PAGE.to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("3 of 6 samples found"), "{error}");
    }
}
