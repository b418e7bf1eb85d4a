//! Reports as people and programs get them.

mod catalogue;
mod committed;
mod decided;
mod drop_in;
mod exit;
mod formats;
mod hostile;
mod json;
mod samples;
mod sarif;
mod table;
mod yaml;
