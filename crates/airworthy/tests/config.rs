//! The configuration: defaults, then the file, then the environment, then flags; each value says where it comes from.

mod common_cli;

mod config {
    mod drivers;
    mod faults;
    mod layers;
}
