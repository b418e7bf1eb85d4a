//! Command lines of components: which flags are set.

use std::collections::BTreeMap;

use airworthy_model::facts::READ_FLAGS;

use super::shell;
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
        let mut flags = Self::default();
        let words = flags.words(container);
        let is_program = |word: &String| {
            !word.starts_with('-')
                && !word.contains(['>', '='])
                && word.rsplit('/').next() == Some(program)
        };
        let begin = words.iter().position(is_program).map_or(0, |at| at + 1);
        flags.parse(&words[begin..]);
        flags
    }

    /// The words of command and arguments; what is a line for a shell is taken apart.
    fn words(&mut self, container: &Program) -> Vec<String> {
        let mut words = Vec::new();
        for word in container.command.iter().chain(&container.args) {
            if word.starts_with('-') || !word.contains(char::is_whitespace) {
                words.push(word.clone());
            } else if let Some(parts) = shell::words(word) {
                words.extend(parts);
            } else {
                self.tell("a quote in its line for a shell does not end");
                words.push(word.clone());
            }
        }
        words
    }

    fn parse(&mut self, words: &[String]) {
        let mut words = words.iter().map(String::as_str).peekable();
        let is_value = |next: &&str| !next.starts_with('-');
        while let Some(word) = words.next() {
            if is_short(word) {
                words.next_if(is_value);
                continue;
            }
            let flag = word.strip_prefix("--").filter(|flag| !flag.is_empty());
            let (name, value) = match flag.map(|flag| flag.split_once('=').ok_or(flag)) {
                Some(Ok((name, value))) => (name, value),
                // A flag may take the next word for its value.
                Some(Err(name)) => (name, words.next_if(is_value).unwrap_or("true")),
                None => (word, ""),
            };
            if is_variable(name) {
                self.tell("flags are given by a variable");
            } else if flag.is_some() {
                self.set(name, value);
            }
        }
    }

    fn tell(&mut self, why: &str) {
        if !self.unread.iter().any(|told| told == why) {
            self.unread.push(why.to_owned());
        }
    }

    /// Notes a flag; its value only where values of that flag are read.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let name = name.replace('_', "-");
        if self.names.len() >= MOST_FLAGS {
            return self.tell(&format!("more than {MOST_FLAGS} flags are set"));
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
        } else if is_variable(value) {
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

/// Such as `-v`, which takes the next word for its value.
fn is_short(word: &str) -> bool {
    word.len() == 2 && word.starts_with('-') && word != "--"
}

/// Whether something else stands there once Kubernetes or a shell has read it.
fn is_variable(word: &str) -> bool {
    word.contains(['$', '`'])
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
        let inner = "kube-scheduler --cloud-provider=\"aws\" --feature-gates='A=true'; exit";
        let flags = of("kube-scheduler", &["sh", "-c", inner], &[]);
        assert_eq!(flags.values["cloud-provider"], "aws");
        assert_eq!(flags.values["feature-gates"], "A=true");
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
        let variable = "flags are given by a variable";
        for args in [
            &["kube-proxy", "$(EXTRA)"][..],
            &["sh", "-c", "exec kube-proxy $KUBE_PROXY_ARGS $MORE"],
            &["sh", "-c", "exec kube-proxy `cat /etc/flags`"],
            &["sh", "-c", "exec kube-proxy --$FLAG=true -v 2"],
        ] {
            let flags = of("kube-proxy", args, &[]);
            assert_eq!(flags.unread, [variable], "{args:?}");
        }
        let values = [
            "kube-proxy",
            "--hostname-override",
            "$(NODE)",
            "--node-ip=$(IP)",
            "-v",
            "$(V)",
        ];
        let flags = of("kube-proxy", &values, &[]);
        assert!(flags.unread.is_empty(), "{:?}", flags.unread);
        let open = "kube-proxy --v=2 'open";
        let flags = of("kube-proxy", &["sh", "-c", open], &[]);
        assert_eq!(
            flags.unread,
            ["a quote in its line for a shell does not end"]
        );
        let many: Vec<String> = (0..MOST_FLAGS + 3).map(|n| format!("--flag-{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let flags = of("x", &many, &[]);
        assert_eq!((flags.names.len(), flags.unread.len()), (MOST_FLAGS, 1));
    }
}
