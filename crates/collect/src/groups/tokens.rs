//! Secrets that hold tokens of service accounts, by their metadata: their data is not asked for.

use airworthy_model::facts::TokenSecret;

use crate::{
    failure::Failure,
    list::{self, Listing},
    resource::SECRETS,
    session::Session,
    wire::access,
};

const TOKENS: &str = "fieldSelector=type%3Dkubernetes.io%2Fservice-account-token";

pub(crate) async fn read(session: &Session<'_>) -> Result<Vec<TokenSecret>, Failure> {
    let listing = Listing {
        selector: TOKENS,
        metadata_only: true,
        namespaced: true,
        ..Listing::of(&SECRETS, "v1", session)
    };
    list::read(session, &listing, |wire: access::TokenSecret, rows| {
        rows.push(TokenSecret::from(wire));
    })
    .await
}
