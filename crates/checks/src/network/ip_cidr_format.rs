use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, Subject,
    address::strict_form, facts::LooseAddress,
};

use crate::{Check, Context, Judgement, Outcome, never, text::short};

/// Addresses that strict validation refuses.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "IpCidrFormat",
        summary: "an address or CIDR is written as API servers from 1.36 on refuse it",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Services,
            Need::EndpointSlices,
            Need::NetworkPolicies,
            Need::Ingresses,
        ],
        page: include_str!("ip_cidr_format.md"),
    },
    blocks: never,
    run,
};

/// The minor from which on the gate `StrictIPCIDRValidation` is on by default.
const STRICT: Minor = Minor::v1(36);

/// An object with the addresses of it that are refused.
struct Loose<'a> {
    api_version: &'static str,
    kind: &'static str,
    resource: &'static str,
    namespace: &'a str,
    name: &'a str,
    addresses: &'a [LooseAddress],
}

fn run(ctx: &Context<'_>) -> Outcome {
    ctx.path()?;
    if !ctx.crosses(STRICT) {
        let why = "no version on this path begins to refuse addresses";
        return Ok(Judgement::not_applicable(why));
    }
    let parts = [services(ctx), slices(ctx), policies(ctx), ingresses(ctx)];
    let judged = parts.into_iter().map(|part| {
        let found = part?;
        Ok(found
            .iter()
            .filter_map(|one| judge(ctx, one))
            .collect::<Judgement>())
    });
    Ok(judged.collect())
}

fn services<'a>(ctx: &Context<'a>) -> Result<Vec<Loose<'a>>, Missing> {
    let services = ctx.services()?.iter();
    Ok(services
        .map(|one| Loose {
            api_version: "v1",
            kind: "Service",
            resource: "services",
            namespace: &one.namespace,
            name: &one.name,
            addresses: &one.loose_addresses,
        })
        .collect())
}

fn slices<'a>(ctx: &Context<'a>) -> Result<Vec<Loose<'a>>, Missing> {
    let slices = ctx.endpoint_slices()?.iter();
    Ok(slices
        .map(|one| Loose {
            api_version: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            resource: "endpointslices",
            namespace: &one.namespace,
            name: &one.name,
            addresses: &one.loose_addresses,
        })
        .collect())
}

fn policies<'a>(ctx: &Context<'a>) -> Result<Vec<Loose<'a>>, Missing> {
    let policies = ctx.network_policies()?.iter();
    Ok(policies
        .map(|one| Loose {
            api_version: "networking.k8s.io/v1",
            kind: "NetworkPolicy",
            resource: "networkpolicies",
            namespace: &one.namespace,
            name: &one.name,
            addresses: &one.loose_addresses,
        })
        .collect())
}

fn ingresses<'a>(ctx: &Context<'a>) -> Result<Vec<Loose<'a>>, Missing> {
    let ingresses = ctx.ingresses()?.iter();
    Ok(ingresses
        .map(|one| Loose {
            api_version: "networking.k8s.io/v1",
            kind: "Ingress",
            resource: "ingresses",
            namespace: &one.namespace,
            name: &one.name,
            addresses: &one.loose_addresses,
        })
        .collect())
}

fn judge(ctx: &Context<'_>, object: &Loose<'_>) -> Option<Finding> {
    let mut refused = object
        .addresses
        .iter()
        .filter_map(|one| Some((one, strict_form(&one.value)?)));
    let (first, strict) = refused.next()?;
    let more = match refused.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let Loose {
        api_version,
        kind,
        resource,
        namespace,
        name,
        ..
    } = object;
    let group = api_version
        .split_once('/')
        .map_or("/api/v1".to_owned(), |_| format!("/apis/{api_version}"));
    let message = format!(
        "{} {}{more} is refused from 1.36 on wherever it is new or changed: {strict}",
        first.field,
        short(&first.value, 50)
    );
    Some(
        Finding::new(
            Severity::Risk,
            Subject::namespaced(api_version, kind, namespace, name),
            short(&message, 200),
        )
        .because(Evidence::state(
            format!("{group}/namespaces/{namespace}/{resource}/{name}"),
            ctx.now(),
            format!("{}: {}", first.field, first.value),
        ))
        .setting(&first.field, &first.value, Some(&strict))
        .fix_with(
            format!("Write {strict} instead, here and where the object is applied from"),
            format!("kubectl -n {namespace} edit {resource} {name}"),
        ),
    )
}
