//! The server as its clients meet it: requests in, answers out, on a store of its own.

mod access;
mod answers;
mod audit;
mod bodies;
mod every_wall;
mod fixture;
mod log;
mod misuse;
mod openapi;
mod signatures;
mod socket;
mod table;
mod trail;
mod walls;
mod worker;
