//! The server as its clients meet it: requests in, answers out, on a store of its own.

mod accepted;
mod access;
mod answers;
mod audit;
mod bodies;
mod every_wall;
mod fixture;
mod information;
mod log;
mod misuse;
mod openapi;
mod pages;
mod plans;
mod ready;
mod registration;
mod signatures;
mod snapshots;
mod socket;
mod table;
mod tls;
mod trail;
mod upgrades;
mod walls;
mod worker;
mod workflows;
