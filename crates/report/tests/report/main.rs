//! Reports as people and programs get them.

mod catalogue;
mod committed;
mod exit;
mod formats;
mod json;
mod samples;
mod table;
mod yaml;
