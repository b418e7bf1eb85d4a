//! One `ConfigMap` of `kube-system`, by name.

use http::StatusCode;

use crate::{
    failure::Failure,
    session::{Ask, Session},
    wire::{self, config_map::ConfigMap},
};

/// Its path.
pub(crate) fn path(name: &str) -> String {
    format!("/api/v1/namespaces/kube-system/configmaps/{name}")
}

/// Reads it; `None` when it is not there.
pub(crate) async fn read(session: &Session<'_>, name: &str) -> Result<Option<ConfigMap>, Failure> {
    let ask = Ask::get(path(name), session.accept());
    let answer = match session.ask(&ask).await {
        Err(failure) if failure.status() == Some(StatusCode::NOT_FOUND) => return Ok(None),
        answer => answer?,
    };
    let map = wire::decode_object(&answer.content_type, answer.body, "ConfigMap");
    map.map(Some).map_err(|error| ask.failed(error.into()))
}
