//! Gateways and HTTP routes, where the Gateway API is installed.

use airworthy_model::facts::Gateway;

use super::installed;
use crate::{
    failure::Failure,
    resource::Versions,
    session::Session,
    wire::gateway::{self, HttpRoute},
};

const GROUP: &str = "gateway.networking.k8s.io";
/// Versions that are understood, the newest first.
const VERSIONS: &[&str] = &["v1", "v1beta1"];

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Gateway>, Failure> {
    let gateways = installed::all(
        session,
        versions,
        (GROUP, "gateways", VERSIONS),
        |wire: gateway::Gateway, _| Gateway::from(wire),
    );
    let routes = installed::all(
        session,
        versions,
        (GROUP, "httproutes", VERSIONS),
        |wire: HttpRoute, _| Gateway::from(wire),
    );
    let (mut all, routes) = tokio::try_join!(gateways, routes)?;
    all.extend(routes);
    Ok(all)
}
