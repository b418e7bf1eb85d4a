//! Kubeconfigs, credential plugins and servers that are not as they should be: exit code 2 and a message that helps.

mod common_cli;

mod cli_bad_servers {
    mod kubeconfigs;
    mod plugins;
    mod real;
    mod servers;
}
