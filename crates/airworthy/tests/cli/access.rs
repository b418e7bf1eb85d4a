//! Users, roles and the trail, as the operator manages them.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use airworthy_model::Role;
use airworthy_store::{Entry, Options, SealingKey, Store};
use jiff::{SignedDuration, Timestamp};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use super::operator::Operator;
use crate::common_cli::{Ended, airworthy};

const PASSWORD: &str = "correct horse";

/// Runs a command that reads this text from its standard input.
fn typed(operator: &Operator, args: &[&str], text: &str) -> Ended {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("it is written");
    std::io::Seek::rewind(&mut file).expect("a file");
    airworthy(args)
        .env("AIRWORTHY_DATABASE", operator.database())
        .stdin(file)
        .run()
}

fn add(operator: &Operator, name: &str, password: &str) -> Ended {
    let args = ["user", "add", name, "--password-stdin"];
    typed(operator, &args, password)
}

fn store(operator: &Operator) -> Options {
    let database = operator.database();
    let key = SealingKey::load_or_create(&database.with_file_name("airworthy.db.key"));
    Options::new(database, key.expect("a key"))
}

#[test]
fn users_are_added_and_listed_with_their_roles_and_without_their_passwords() {
    let operator = Operator::with_project();
    let added = add(&operator, "ana", &format!("{PASSWORD}\nnot read\n"));
    added
        .exits(0)
        .says("user ana added")
        .tells("airworthy user grant ana");
    add(&operator, "ana", PASSWORD).refuses(&["ana already exists"]);
    let list = |words: &[&str]| {
        let list = operator.run(&["user", "list"]);
        list.exits(0);
        let line = list.stdout.lines().find(|line| line.starts_with("ana "));
        let line = line.unwrap_or_else(|| panic!("{list}"));
        for word in words {
            assert!(line.contains(word), "no {word} in {line}");
        }
        assert!(!list.stdout.contains(PASSWORD) && !list.stdout.contains("argon2"));
    };
    list(&["active", "(none)"]);
    let grant =
        |more: &[&str]| operator.run(&[&["user", "grant", "ana", "--project"], more].concat());
    grant(&["p", "--role", "admin"])
        .exits(0)
        .says("user ana has the role admin in project p");
    list(&["active", "p:admin"]);
    grant(&["p", "--role", "read-only"]).exits(0);
    list(&["p:read-only"]);
    grant(&["q", "--role", "admin"]).refuses(&["there is no project \"q\""]);
    grant(&["p", "--role", "king"]).refuses(&["king", "read-only, operator or admin"]);
    grant(&["p"]).refuses(&["--role"]);
    grant(&["p", "--revoke"])
        .exits(0)
        .says("no role in project p any more");
    grant(&["p", "--revoke"]).refuses(&["has no role in project p"]);
    list(&["(none)"]);
    operator.run(&["user", "disable", "ana"]).exits(0);
    list(&["disabled"]);
    operator.run(&["user", "enable", "ana"]).exits(0);
    list(&["active"]);
    for command in ["disable", "enable"] {
        operator
            .run(&["user", command, "eve"])
            .refuses(&["there is no user \"eve\"", "airworthy user list"]);
    }
}

#[test]
fn names_and_passwords_that_will_not_do_are_refused() {
    let operator = Operator::new();
    for name in ["", "a b", "a/b", "a:b", "a\nb", &"x".repeat(65)] {
        add(&operator, name, PASSWORD).refuses(&["is no user name"]);
    }
    assert!(!operator.database().exists());
    for (password, why) in [
        ("", "too short"),
        ("1234567\n", "too short"),
        (&"x".repeat(1025), "too long"),
        (&"x".repeat(10_000), "too long"),
        ("a\tb\tc\td\te\n", "control characters"),
    ] {
        let refused = add(&operator, "ana", password);
        refused.refuses(&[why]);
        assert!(password.trim().is_empty() || !refused.stderr.contains(password.trim()));
    }
    operator
        .run(&["user", "add", "ana"])
        .refuses(&["no terminal", "--password-stdin"]);
    operator
        .run(&["user", "add", "ana", "--password", PASSWORD])
        .refuses(&["--password"]);
    assert!(!operator.run(&["user", "list"]).stdout.contains("ana"));
    add(&operator, "josé@example.com", "ünïcödé passwörd\r\n").exits(0);
}

#[test]
fn another_password_takes_the_place_of_the_one_before() {
    let operator = Operator::new();
    add(&operator, "ana", PASSWORD).exits(0);
    let hash = || async {
        let store = Store::open(&store(&operator), Timestamp::now()).await;
        let store = store.expect("it opens");
        let found = store.hashed_user("ana").await.expect("it reads");
        store.close().await.expect("it closes");
        found.expect("a user").hash
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let before = runtime.block_on(hash());
    let args = ["user", "password", "ana", "--password-stdin"];
    typed(&operator, &args, "short").refuses(&["too short"]);
    assert_eq!(runtime.block_on(hash()), before);
    typed(&operator, &args, "battery staple")
        .exits(0)
        .says("password of user ana changed");
    assert_ne!(runtime.block_on(hash()), before);
    let args = ["user", "password", "eve", "--password-stdin"];
    typed(&operator, &args, PASSWORD).refuses(&["there is no user \"eve\""]);
}

/// A terminal whose other end is in our hands.
struct Terminal {
    ours: File,
    theirs: File,
    shown: String,
}

impl Terminal {
    fn new() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("a terminal");
        unlockpt(&ours).expect("a terminal");
        let name = ptsname(&ours, Vec::new()).expect("a name");
        let name = name.to_str().expect("a path");
        let theirs = File::options().read(true).write(true).open(name);
        Self {
            ours: File::from(ours),
            theirs: theirs.expect("the other end"),
            shown: String::new(),
        }
    }

    fn end(&self) -> Stdio {
        self.theirs.try_clone().expect("another handle").into()
    }

    /// Reads until the terminal has shown this, then types.
    fn answer(&mut self, prompt: &str, line: &str) {
        let mut some = [0; 1024];
        while !self.shown.ends_with(prompt) {
            let count = self.ours.read(&mut some).expect("it goes on");
            self.shown
                .push_str(&String::from_utf8_lossy(&some[..count]));
        }
        self.ours.write_all(line.as_bytes()).expect("it is typed");
    }
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing_of_the_answer() {
    let operator = Operator::new();
    for (second, code) in [("battery staple\n", 2), ("correct horse\n", 0)] {
        let mut terminal = Terminal::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_airworthy"));
        let mut child = command
            .args(["user", "add", "ana"])
            .env_clear()
            .env("AIRWORTHY_DATABASE", operator.database())
            .stdin(terminal.end())
            .stderr(terminal.end())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        terminal.answer("New password of ana: ", "correct horse\n");
        terminal.answer("The same again: ", second);
        let status = child.wait().expect("it ends");
        // What is shown from here on is not for anybody: the terminal is as it was.
        terminal.theirs.write_all(b"END").expect("a terminal");
        terminal.answer("END", "");
        let shown = &terminal.shown;
        assert_eq!(status.code(), Some(code), "{shown}");
        assert_eq!(shown.contains("not the same"), code == 2, "{shown}");
        assert!(
            !shown.contains("horse") && !shown.contains("staple"),
            "{shown}"
        );
    }
    operator.run(&["user", "list"]).exits(0).says("ana");
}

#[test]
fn keys_have_the_role_they_were_made_with() {
    let operator = Operator::with_project();
    for (more, role) in [
        (&[][..], "operator"),
        (&["--role", "read-only"], "read-only"),
        (&["--role", "admin"], "admin"),
    ] {
        let created = operator.run(&[&["key", "create", "--project", "p"], more].concat());
        let ak = created.exits(0).stdout.lines().next().expect("a line");
        let ak = ak.strip_prefix("CLOUD_SDK_AK=").expect("a key");
        let list = operator.run(&["key", "list"]);
        let line = list.stdout.lines().find(|line| line.starts_with(ak));
        let line = line.unwrap_or_else(|| panic!("{list}"));
        assert!(line.contains(&format!("  {role} ")), "{line}");
    }
    operator
        .run(&["key", "create", "--project", "p", "--role", "king"])
        .refuses(&["king", "read-only, operator or admin"]);
}

fn entry(project: Option<&str>, at: Timestamp, request: &str) -> Entry {
    Entry {
        at,
        project_id: project.map(str::to_owned),
        actor: "key:AK".to_owned(),
        role: project.map(|_| Role::Operator),
        source: "192.0.2.7".to_owned(),
        operation: "CreateAutopilotPreCheck".to_owned(),
        cluster_id: None,
        status: 200,
        error_code: None,
        request_id: request.to_owned(),
        detail: None,
    }
}

#[test]
fn the_trail_is_lines_of_json_oldest_first() {
    let operator = Operator::with_project();
    let now = Timestamp::now();
    let write = async {
        let store = Store::open(&store(&operator), now).await.expect("it opens");
        let day = SignedDuration::from_hours(24);
        for (project, at, request) in [
            (Some("p"), now - 3 * day, "first"),
            (None, now - day / 2, "second"),
            (Some("p"), now, "third"),
        ] {
            let written = store.record(entry(project, at, request)).await;
            written.expect("it is written");
        }
        store.close().await.expect("it closes");
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(write);
    let read = |more: &[&str]| {
        let run = operator.run(&[&["trail"], more].concat());
        let lines = run.exits(0).stdout.lines();
        let lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        lines
    };
    let requests = |lines: &[Value]| {
        let request = |line: &Value| line["requestId"].as_str().expect("an id").to_owned();
        lines.iter().map(request).collect::<Vec<_>>()
    };
    let all = read(&[]);
    assert_eq!(requests(&all), ["first", "second", "third"]);
    let mut first = all[0].clone();
    first["at"] = json!("then");
    assert_eq!(
        first,
        json!({
            "id": 1, "at": "then", "project": "p", "actor": "key:AK", "role": "operator", "from": "192.0.2.7",
            "operation": "CreateAutopilotPreCheck", "status": 200, "requestId": "first",
        })
    );
    assert_eq!(all[1].get("project"), None);
    assert_eq!(requests(&read(&["--project", "p"])), ["first", "third"]);
    assert_eq!(requests(&read(&["--since", "24h"])), ["second", "third"]);
    let time = now.to_string();
    assert_eq!(requests(&read(&["--since", &time])), ["third"]);
    operator
        .run(&["trail", "--since", "yesterday"])
        .refuses(&["--since", "24h"]);
    operator
        .run(&["trail", "--project", "q"])
        .refuses(&["there is no project \"q\""]);
}
