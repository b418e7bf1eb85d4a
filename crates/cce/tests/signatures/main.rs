//! Signatures of the vendor's four SDKs: each is accepted as it was sent, and refused once anything in it has changed.

mod mutations;
mod properties;
mod sent;
mod vectors;
