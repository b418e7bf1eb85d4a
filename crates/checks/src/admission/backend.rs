//! What stands behind the Service that a webhook is called by.

use airworthy_model::{
    Missing,
    facts::{Service, ServicePort, ServiceRef},
};

use crate::{View, text::short};

/// What is wrong behind a Service.
pub(crate) enum State {
    /// It cannot answer, and why.
    Down(String),
    /// Nothing in the cluster tells.
    Elsewhere,
}

/// What is wrong with it, if anything is.
pub(crate) fn state(view: &View<'_>, target: &ServiceRef) -> Result<Option<State>, Missing> {
    let mut services = view.services()?.iter();
    let is_target = |s: &&Service| s.namespace == target.namespace && s.name == target.name;
    let Some(service) = services.find(is_target) else {
        return Ok(Some(State::Down("that Service does not exist".into())));
    };
    if service.r#type == "ExternalName" {
        return Ok(Some(State::Elsewhere));
    }
    let Some(port) = service.ports.iter().find(|port| port.port == target.port) else {
        return Ok(Some(State::Down(format!(
            "that Service exposes {} only",
            ports(service)
        ))));
    };
    let ready = has_ready_endpoint(view, service, port)?;
    Ok((!ready).then(|| State::Down("no endpoint is ready".into())))
}

fn has_ready_endpoint(
    view: &View<'_>,
    service: &Service,
    port: &ServicePort,
) -> Result<bool, Missing> {
    Ok(view.endpoint_slices()?.iter().any(|slice| {
        slice.namespace == service.namespace
            && slice.service == service.name
            && slice.ports.contains(&port.name)
            && slice.ready > 0
    }))
}

fn ports(service: &Service) -> String {
    let ports: Vec<_> = service
        .ports
        .iter()
        .map(|port| port.port.to_string())
        .collect();
    if ports.is_empty() {
        "no port".to_owned()
    } else {
        short(&ports.join(", "), 40)
    }
}
