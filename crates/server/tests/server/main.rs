//! The server as its clients meet it: requests in, answers out, on a store of its own.

mod answers;
mod audit;
mod bodies;
mod fixture;
mod log;
mod misuse;
mod openapi;
mod signatures;
mod socket;
mod table;
mod walls;
mod worker;
