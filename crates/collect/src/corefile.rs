//! Corefiles: the names of plugins and options with their lines. Arguments may be anything, passwords too, and are not kept.

use std::fmt::Write as _;

use airworthy_model::facts::{DnsOption, DnsPlugin, ServerBlock};
use sha2::{Digest as _, Sha256};

/// Longest text that is read: what a ConfigMap can hold.
const MOST_BYTES: usize = 1 << 20;
/// Most plugins and options together.
const MOST_ROWS: usize = 5_000;
/// Longest name, zone or path that is kept.
const MOST_CHARS: usize = 255;

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Its server blocks.
    pub servers: Vec<ServerBlock>,
    /// Equal for texts of the same words.
    pub digest: String,
    /// Why not all of it was read.
    pub problem: Option<String>,
}

/// Whether a text holds server blocks, or plugins that another file takes into one of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Server blocks.
    Whole,
    /// Plugins.
    Part,
}

/// Reads a Corefile. Any text is answered in bounded memory.
pub fn read(text: &str, form: Form) -> Read {
    if text.len() > MOST_BYTES {
        return Read {
            problem: Some("it is larger than a ConfigMap can be".into()),
            ..Read::default()
        };
    }
    let lines = lines(text);
    let mut reader = Reader {
        lines: &lines,
        at: 0,
        rows: 0,
        read: Read {
            digest: digest(&lines),
            ..Read::default()
        },
    };
    match form {
        Form::Whole => reader.servers(),
        Form::Part => {
            let plugins = reader.plugins();
            reader.push(Vec::new(), plugins);
        }
    }
    reader.read
}

/// A line with words on it.
#[derive(Debug)]
struct Line {
    number: u32,
    words: Vec<String>,
}

impl Line {
    fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn opens(&self) -> bool {
        self.words.last().is_some_and(|word| word == "{")
    }

    fn closes(&self) -> bool {
        self.first() == "}"
    }
}

/// Words divided by space, quoted ones whole; what follows a `#` that begins a word is a comment.
fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut number = 1;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\n' {
            number += 1;
            continue;
        }
        if c.is_whitespace() {
            continue;
        }
        if c == '#' {
            while rest.next_if(|c| *c != '\n').is_some() {}
            continue;
        }
        let begun = number;
        let word = if c == '"' {
            quoted(&mut rest, &mut number)
        } else {
            plain(c, &mut rest)
        };
        match lines.last_mut() {
            Some(line) if line.number == begun => line.words.push(word),
            _ => lines.push(Line {
                number: begun,
                words: vec![word],
            }),
        }
    }
    lines
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn plain(first: char, rest: &mut Chars<'_>) -> String {
    let mut word = String::from(first);
    while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
        word.push(c);
    }
    word
}

fn quoted(rest: &mut Chars<'_>, number: &mut u32) -> String {
    let mut word = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' if rest.peek() == Some(&'"') => word.extend(rest.next()),
            '\n' => {
                *number += 1;
                word.push(c);
            }
            _ => word.push(c),
        }
    }
    word
}

fn digest(lines: &[Line]) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line.words.join("\u{1f}").as_bytes());
        hash.update([0x1e]);
    }
    let bytes = hash.finalize();
    let mut text = String::new();
    for byte in bytes.iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

struct Reader<'l> {
    lines: &'l [Line],
    at: usize,
    rows: usize,
    read: Read,
}

impl<'l> Reader<'l> {
    fn next(&mut self) -> Option<&'l Line> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some(line)
    }

    fn problem(&mut self, line: u32, why: &str) {
        let problem = format!("line {line}: {why}");
        self.read.problem.get_or_insert(problem);
    }

    fn push(&mut self, zones: Vec<String>, plugins: Vec<DnsPlugin>) {
        self.read.servers.push(ServerBlock { zones, plugins });
    }

    /// Zones, which may stand on several lines, and a block; without a brace all that follows is the block.
    fn servers(&mut self) {
        let mut zones: Vec<String> = Vec::new();
        while let Some(line) = self.next() {
            let opens = line.opens();
            let words = line.words.iter().filter(|word| *word != "{");
            zones.extend(words.map(|word| short(word.trim_end_matches(','))));
            let goes_on = line.words.last().is_some_and(|word| word.ends_with(','));
            if opens || !(goes_on || self.brace_follows()) {
                let plugins = self.plugins();
                self.push(std::mem::take(&mut zones), plugins);
            }
        }
        if !zones.is_empty() {
            let last = self.lines.last().map_or(0, |line| line.number);
            self.problem(last, "zones without a block");
        }
    }

    fn brace_follows(&self) -> bool {
        self.lines
            .get(self.at)
            .is_some_and(|line| line.first() == "{")
    }

    /// Plugins up to the end of their block, or of the text.
    fn plugins(&mut self) -> Vec<DnsPlugin> {
        let mut plugins = Vec::new();
        while let Some(line) = self.next() {
            if line.closes() {
                break;
            }
            let options = if line.opens() {
                self.options()
            } else {
                Vec::new()
            };
            if self.has_room(line) {
                plugins.push(plugin(line, options));
            }
        }
        plugins
    }

    /// Options up to the end of their block; blocks inside of it are passed over.
    fn options(&mut self) -> Vec<DnsOption> {
        let mut options = Vec::new();
        let mut depth = 1;
        while let Some(line) = self.next() {
            if line.closes() {
                depth -= 1;
                if depth == 0 {
                    return options;
                }
                continue;
            }
            if depth == 1 && self.has_room(line) {
                options.push(DnsOption {
                    name: short(line.first()),
                    line: line.number,
                });
            }
            depth += usize::from(line.opens());
        }
        let last = self.lines.last().map_or(0, |line| line.number);
        self.problem(last, "a block does not end");
        options
    }

    fn has_room(&mut self, line: &Line) -> bool {
        self.rows += 1;
        let room = self.rows <= MOST_ROWS;
        if !room {
            self.problem(line.number, "more plugins and options than are read");
        }
        room
    }
}

fn plugin(line: &Line, options: Vec<DnsOption>) -> DnsPlugin {
    let name = line.first();
    DnsPlugin {
        name: short(name),
        line: line.number,
        imports: (name == "import").then(|| short(line.words.get(1).map_or("", String::as_str))),
        options,
    }
}

fn short(word: &str) -> String {
    word.chars().take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = ".:53 {
    errors
    health {
       lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure # as ever
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    import /etc/coredns/custom/*.override
}
";

    fn said(read: &Read) -> Vec<String> {
        let of_plugin = |plugin: &DnsPlugin| {
            let options = plugin.options.iter();
            let options: Vec<_> = options
                .map(|option| format!("{}@{}", option.name, option.line))
                .collect();
            let imports = plugin.imports.as_deref().unwrap_or_default();
            format!(
                "{}@{} {}{imports}",
                plugin.name,
                plugin.line,
                options.join(",")
            )
        };
        read.servers
            .iter()
            .flat_map(|server| {
                let zones = [server.zones.join(" ")];
                zones
                    .into_iter()
                    .chain(server.plugins.iter().map(of_plugin))
            })
            .collect()
    }

    #[test]
    fn plugins_and_options_have_their_lines() {
        let read = read(DEFAULT, Form::Whole);
        assert_eq!(read.problem, None);
        assert_eq!(
            said(&read),
            [
                ".:53",
                "errors@2 ",
                "health@3 lameduck@4",
                "kubernetes@6 pods@7,fallthrough@8",
                "forward@10 max_concurrent@11",
                "import@13 /etc/coredns/custom/*.override",
            ]
        );
    }

    #[test]
    fn what_means_the_same_has_the_same_digest() {
        let same = DEFAULT.replace("    ", "\t").replace(" # as ever", "");
        let of = |text: &str| read(text, Form::Whole).digest;
        assert_eq!(of(&same), of(DEFAULT));
        assert_ne!(of(&DEFAULT.replace("1000", "999")), of(DEFAULT));
        assert_ne!(of(&DEFAULT.replace("errors\n", "errors ")), of(DEFAULT));
    }

    #[test]
    fn forms_that_caddy_takes() {
        let of = |text: &str, form| said(&read(text, form));
        assert_eq!(
            of("a.org,\nb.org\n{\n log\n}\nc.org {\n}\n", Form::Whole),
            ["a.org b.org", "log@4 ", "c.org"]
        );
        assert_eq!(
            of(".\nwhoami\nlog\n", Form::Whole),
            [".", "whoami@2 ", "log@3 "]
        );
        assert_eq!(
            of(
                "template IN A {\n answer \"{{ .Name }} {\n}\"\n}\nlog\n",
                Form::Part
            ),
            ["", "template@1 answer@2", "log@5 "]
        );
        assert_eq!(
            of("(snip) {\n log\n}\n. {\n import snip\n}\n", Form::Whole),
            ["(snip)", "log@2 ", ".", "import@5 snip"]
        );
        assert_eq!(
            of("p {\n one {\n  two\n }\n three\n}\n", Form::Part),
            ["", "p@1 one@2,three@5"]
        );
    }

    #[test]
    fn texts_that_break_off_are_told() {
        let broken = read(". {\n health {\n", Form::Whole);
        assert_eq!(
            broken.problem.as_deref(),
            Some("line 2: a block does not end")
        );
        let many = "log\n".repeat(MOST_ROWS + 1);
        let problem = read(&many, Form::Part).problem.unwrap();
        assert_eq!(problem, "line 5001: more plugins and options than are read");
        assert!(
            read(&" ".repeat(MOST_BYTES + 1), Form::Whole)
                .problem
                .is_some()
        );
    }

    #[test]
    fn arguments_are_not_kept() {
        let text = ". {\n tsig {\n  secret key. hush\n }\n etcd {\n credentials u hush\n }\n}";
        let read = format!("{:?}", read(text, Form::Whole));
        assert!(
            read.contains("credentials") && !read.contains("hush"),
            "{read}"
        );
    }
}
