//! Kubeconfigs, credential plugins and servers that are not as they should be: exit code 2 and a message that helps.

mod common_cli;

#[path = "../../collect/tests/fake/mod.rs"]
mod fake;

mod cli_bad_servers {
    mod clocks;
    mod hostile;
    mod kubeconfigs;
    mod lies;
    mod many;
    mod plugins;
    mod real;
    mod servers;
}
