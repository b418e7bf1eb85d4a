//! `airworthy serve` as a process that is killed, stopped, slowed down, locked out and filled up: what was accepted is finished
//! exactly once, and what cannot be done is said.

mod common_cli;

mod crash {
    mod api;
    mod audit;
    mod client;
    mod disk;
    mod house;
    mod idle;
    mod killed;
    mod locked;
    mod slow;
    mod start;
    mod stopped;
}
