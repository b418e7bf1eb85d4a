//! The command line, from its arguments to what it prints and its exit code. No cluster: recordings stand in for them.

mod common_cli;

mod cli {
    mod access;
    mod audit_logs;
    mod catalogue;
    mod damaged;
    mod decisions;
    mod drop_in;
    mod fix;
    mod knowledge;
    mod manifests;
    mod operator;
    mod outputs;
    mod pipes;
    mod plans;
    mod postcheck;
    mod rbac;
    mod recordings;
    mod reports;
    mod selection;
    mod targets;
    mod terminal;
    mod tls;
    mod verdicts;
    mod words;
}
