//! Command lines of components: which flags are set.

use std::collections::BTreeMap;

use airworthy_model::facts::READ_FLAGS;

use crate::wire::component::Program;

/// Most flags of one component that are kept; the API server has about 200.
const MOST_FLAGS: usize = 500;
/// Longest value that is kept.
const MOST_BYTES: usize = 16 << 10;

/// The flags of one command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub names: Vec<String>,
    pub values: BTreeMap<String, String>,
    /// What is set and cannot be read, and why.
    pub unread: Vec<String>,
}

impl Flags {
    /// The flags that a container gives to a program. What stands before the program's name is for whoever starts it: a shell, a
    /// runner that keeps logs. After it the name may stand again, in a path that a flag or a redirect takes.
    pub(super) fn of(program: &str, container: &Program) -> Self {
        let words = words(container);
        let is_program = |word: &&str| {
            !word.starts_with('-')
                && !word.contains(['>', '='])
                && word.rsplit('/').next() == Some(program)
        };
        let begin = words.iter().position(is_program).map_or(0, |at| at + 1);
        Self::parse(&words[begin..])
    }

    fn parse(words: &[&str]) -> Self {
        let mut flags = Self::default();
        let mut words = words.iter().copied().peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else {
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, value),
                // A flag may take the next word for its value.
                None => (
                    flag,
                    words
                        .next_if(|next| !next.starts_with('-'))
                        .unwrap_or("true"),
                ),
            };
            flags.set(name, value);
        }
        flags
    }

    /// Notes a flag; its value only where values of that flag are read.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let name = name.replace('_', "-");
        if self.names.len() >= MOST_FLAGS {
            let why = format!("more than {MOST_FLAGS} flags are set");
            if !self.unread.contains(&why) {
                self.unread.push(why);
            }
            return;
        }
        if READ_FLAGS.contains(&&*name) {
            self.read(&name, value);
        }
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    fn read(&mut self, name: &str, value: &str) {
        if value.len() > MOST_BYTES {
            self.unread
                .push(format!("--{name} is longer than {MOST_BYTES} bytes"));
        } else if value.contains('$') {
            self.unread.push(format!("--{name} is given by a variable"));
        } else {
            self.add(name, value);
        }
    }

    /// Flags that take lists may be given several times: of gates each adds to those before.
    fn add(&mut self, name: &str, value: &str) {
        let kept = self.values.entry(name.to_owned()).or_default();
        let adds = matches!(
            name,
            "feature-gates"
                | "runtime-config"
                | "enable-admission-plugins"
                | "disable-admission-plugins"
        );
        if adds && !kept.is_empty() {
            kept.push(',');
            kept.push_str(value);
        } else {
            value.clone_into(kept);
        }
    }
}

/// The words of command and arguments; what is a line for a shell is taken apart.
fn words(container: &Program) -> Vec<&str> {
    let all = container.command.iter().chain(&container.args);
    let mut words = Vec::new();
    for word in all {
        if word.starts_with('-') || !word.contains(char::is_whitespace) {
            words.push(word.as_str());
        } else {
            let parts = word.split_whitespace();
            words.extend(parts.map(|part| part.trim_matches(['"', '\''])));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(program: &str, command: &[&str], args: &[&str]) -> Flags {
        let texts = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let container = Program {
            command: texts(command),
            args: texts(args),
            ..Program::default()
        };
        Flags::of(program, &container)
    }

    #[test]
    fn flags_are_found_however_they_are_written() {
        let flags = of(
            "kube-apiserver",
            &["kube-apiserver", "--v=2", "--feature-gates=A=true"],
            &[
                "--feature_gates",
                "B=false",
                "--allow-privileged",
                "--token-auth-file=/secret",
            ],
        );
        assert_eq!(
            flags.names,
            ["v", "feature-gates", "allow-privileged", "token-auth-file"]
        );
        let values = BTreeMap::from([("feature-gates".to_owned(), "A=true,B=false".to_owned())]);
        assert_eq!(flags.values, values, "no other value is kept");
        assert!(flags.unread.is_empty());
    }

    #[test]
    fn what_starts_the_program_has_flags_of_its_own() {
        let runner = [
            "/go-runner",
            "--log-file=/var/log/x",
            "/usr/local/bin/kube-scheduler",
            "--leader-elect",
        ];
        assert_eq!(of("kube-scheduler", &runner, &[]).names, ["leader-elect"]);
        let shell = "mkfifo /tmp/pipe; exec /usr/local/bin/kube-scheduler --leader-elect=true \"--cloud-provider=aws\" > /tmp/pipe";
        let flags = of("kube-scheduler", &["/bin/sh", "-c", shell], &[]);
        assert_eq!(flags.names, ["leader-elect", "cloud-provider"]);
        assert_eq!(flags.values["cloud-provider"], "aws");
    }

    #[test]
    fn a_file_named_after_the_program_is_not_where_its_flags_begin() {
        for last in [
            "--log-dir=/var/log/kube-scheduler",
            "1>>/var/log/kube-scheduler",
            "/var/log/kube-scheduler",
        ] {
            let command = ["kube-scheduler", "--feature-gates=A=true", last];
            let flags = of("kube-scheduler", &command, &[]);
            assert_eq!(flags.values["feature-gates"], "A=true", "{last}");
        }
        let before = [
            "--log-file=/var/log/kube-scheduler",
            "kube-scheduler",
            "--v=2",
        ];
        assert_eq!(of("kube-scheduler", &before, &[]).names, ["v"]);
        let both = [
            "kube-scheduler",
            "--feature-gates=A=true",
            "--log-dir=/var/log/kube-scheduler",
        ];
        assert_eq!(
            of("kube-scheduler", &both, &[]).names,
            ["feature-gates", "log-dir"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let flags = of(
            "kube-proxy",
            &["kube-proxy", "--feature-gates=$(GATES)"],
            &[],
        );
        assert_eq!(flags.unread, ["--feature-gates is given by a variable"]);
        assert_eq!(flags.names, ["feature-gates"]);
        let many: Vec<String> = (0..MOST_FLAGS + 3).map(|n| format!("--flag-{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let flags = of("x", &many, &[]);
        assert_eq!((flags.names.len(), flags.unread.len()), (MOST_FLAGS, 1));
    }
}
