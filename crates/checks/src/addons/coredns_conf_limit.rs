use airworthy_knowledge::CorefileState;
use airworthy_model::{
    AddonVersion, CheckInfo, Evidence, Finding, Group, Hop, Kind, Missing, Need, Phase, Reason,
    Severity, Subject,
    facts::{Corefile, DnsOption, DnsPlugin},
};

use super::{corefiles, installed};
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Corefiles that the CoreDNS of the target refuses, or that somebody will overwrite.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "CoreDNSConfLimit",
        summary: "the Corefile has what the next CoreDNS refuses, or what its release would overwrite",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: true,
        needs: &[
            Need::Deployments,
            Need::DaemonSets,
            Need::ClusterDns,
            Need::HelmReleases,
        ],
        page: include_str!("coredns_conf_limit.md"),
    },
    blocks,
    run,
};

/// Only what CoreDNS refuses blocks. Where that could be looked at whole and nothing was found, nothing can block.
fn blocks(ctx: &Context<'_>) -> bool {
    refused(ctx).map_or(true, |judgement| {
        let blocker = |finding: &Finding| finding.severity == Severity::Blocker;
        !judgement.missing.is_empty() || judgement.findings.iter().any(blocker)
    })
}

fn run(ctx: &Context<'_>) -> Outcome {
    let refused = refused(ctx);
    if let Ok(Judgement {
        not_applicable: Some(_),
        ..
    }) = refused
    {
        return refused;
    }
    Ok([refused, drift(ctx)].into_iter().collect())
}

/// Versions of CoreDNS that the Corefile has to do with: what runs, and what each step brings.
struct Versions {
    running: Option<AddonVersion>,
    next: Vec<(Hop, AddonVersion)>,
}

impl Versions {
    fn of(ctx: &Context<'_>, running: Option<AddonVersion>) -> Result<Self, Missing> {
        let brought = |hop: &Hop| {
            let default = ctx.knowledge.default_coredns(hop.to)?;
            let newer = running
                .as_ref()
                .filter(|running| running.order(default).is_gt());
            Some((*hop, newer.unwrap_or(default).clone()))
        };
        let next = ctx.path()?.hops.iter().filter_map(brought).collect();
        Ok(Self { running, next })
    }

    /// In the order in which they run.
    fn each(&self) -> impl Iterator<Item = (Option<Hop>, &AddonVersion)> {
        let running = self.running.iter().map(|version| (None, version));
        running.chain(self.next.iter().map(|(hop, version)| (Some(*hop), version)))
    }
}

fn refused(ctx: &Context<'_>) -> Outcome {
    let coredns = installed::cluster_dns(ctx)?;
    let dns = ctx.cluster_dns()?;
    if corefiles::main(dns).is_none() {
        return match coredns {
            Some(_) => Err(corefiles::not_found()),
            None => Ok(Judgement::not_applicable(corefiles::NO_COREDNS)),
        };
    }
    // Where only the Corefile is known, CoreDNS goes by an image of another name.
    let versions = Versions::of(ctx, coredns.and_then(|one| one.version))?;
    let judge = |corefile| -> Outcome { Ok(judge(ctx, corefile, &versions)) };
    let own = dns
        .corefiles
        .iter()
        .filter(|one| !corefiles::is_of_nodes(one));
    Ok(own.map(judge).collect())
}

fn judge(ctx: &Context<'_>, corefile: &Corefile, versions: &Versions) -> Judgement {
    let mut judgement = Judgement::default();
    for plugin in corefile.servers.iter().flat_map(|server| &server.plugins) {
        let findings = judge_plugin(ctx, corefile, plugin, versions);
        judgement.findings.extend(findings);
    }
    let unread = corefile.problem.as_ref().map(|problem| Missing {
        reason: Reason::Malformed,
        ..Missing::not_collected(
            Need::ClusterDns,
            format!("{}: {problem}", corefiles::source(corefile)),
        )
    });
    judgement.without(unread)
}

fn judge_plugin(
    ctx: &Context<'_>,
    corefile: &Corefile,
    plugin: &DnsPlugin,
    versions: &Versions,
) -> Vec<Finding> {
    if let Some(path) = &plugin.imports {
        return Vec::from_iter(imported(ctx, corefile, plugin, path));
    }
    let states = |version| ctx.knowledge.corefile_plugin(&plugin.name, version);
    if versions
        .each()
        .any(|(_, version)| states(version) == CorefileState::Unheard)
    {
        let message = format!(
            "plugin {} is none of CoreDNS's own: not assessed",
            short(&plugin.name, 60)
        );
        return vec![describe(
            ctx,
            corefile,
            plugin,
            None,
            Severity::Note,
            &message,
        )];
    }
    let whole = first_refusal(versions, states)
        .map(|refusal| describe_refusal(ctx, corefile, plugin, None, &refusal));
    let options = plugin.options.iter().filter_map(|option| {
        let states = |version| {
            ctx.knowledge
                .corefile_option(&plugin.name, &option.name, version)
        };
        let refusal = first_refusal(versions, states)?;
        Some(describe_refusal(
            ctx,
            corefile,
            plugin,
            Some(option),
            &refusal,
        ))
    });
    whole.into_iter().chain(options).collect()
}

/// The first version that refuses something, and what else is known of it.
struct Refusal<'a> {
    hop: Option<Hop>,
    by: &'a AddonVersion,
    why: String,
    instead: Option<&'a str>,
}

fn first_refusal<'a>(
    versions: &'a Versions,
    state: impl Fn(&'a AddonVersion) -> CorefileState<'a>,
) -> Option<Refusal<'a>> {
    versions.each().find_map(|(hop, by)| match state(by) {
        CorefileState::Removed { since, instead } => Some(Refusal {
            hop,
            by,
            why: format!("removed in {since}"),
            instead,
        }),
        CorefileState::NotYet { since } => Some(Refusal {
            hop,
            by,
            why: format!("it came in {since}"),
            instead: None,
        }),
        CorefileState::Known | CorefileState::Unheard => None,
    })
}

/// A part of a Corefile that nobody read; what it names may be a snippet of the same text.
fn imported(
    ctx: &Context<'_>,
    corefile: &Corefile,
    plugin: &DnsPlugin,
    path: &str,
) -> Option<Finding> {
    let snippet = format!("({path})");
    let mut zones = corefile.servers.iter().flat_map(|server| &server.zones);
    let is_read = zones.any(|zone| *zone == snippet) || path.contains("/custom/");
    (!is_read).then(|| {
        let message = format!(
            "imports {}, which is not read: not assessed",
            short(path, 80)
        );
        describe(ctx, corefile, plugin, None, Severity::Note, &message)
    })
}

fn describe_refusal(
    ctx: &Context<'_>,
    corefile: &Corefile,
    plugin: &DnsPlugin,
    option: Option<&DnsOption>,
    refusal: &Refusal<'_>,
) -> Finding {
    let what = match option {
        Some(option) => format!("option {} of {}", option.name, plugin.name),
        None => format!("plugin {}", plugin.name),
    };
    let when = if refusal.hop.is_some() {
        "does not start with"
    } else {
        "runs, and does not start again with"
    };
    let (by, why) = (refusal.by, &refusal.why);
    let message = format!("CoreDNS {by} {when} {what} ({why})");
    let finding = describe(ctx, corefile, plugin, option, Severity::Blocker, &message);
    let finding = match refusal.hop {
        Some(hop) => finding.at(hop),
        None => finding,
    };
    let (namespace, name) = (&corefile.namespace, &corefile.name);
    let instead = refusal.instead.unwrap_or("nothing");
    finding.fix_with(
        format!("Take {what} out of the Corefile; in its place: {instead}"),
        format!("kubectl -n {namespace} edit configmap {name}"),
    )
}

fn describe(
    ctx: &Context<'_>,
    corefile: &Corefile,
    plugin: &DnsPlugin,
    option: Option<&DnsOption>,
    severity: Severity,
    message: &str,
) -> Finding {
    let line = option.map_or(plugin.line, |option| option.line);
    let name = option.map_or(&plugin.name, |option| &option.name);
    let subject = Subject::namespaced("v1", "ConfigMap", &corefile.namespace, &corefile.name);
    let place = format!("{} line {line}", corefile.key);
    let finding = Finding::new(severity, subject, format!("{place}: {message}"))
        .because(Evidence::state(
            corefiles::source(corefile),
            ctx.now(),
            format!("data.{place}: {name}"),
        ))
        .setting(&place, name, None)
        .telling_apart(format!("{} {} {name} {line}", corefile.key, plugin.name));
    if severity == Severity::Note {
        return finding.fix("Hold it against the release notes of CoreDNS, or of who built it in");
    }
    finding
}

/// Corefiles that the next upgrade of their release overwrites.
fn drift(ctx: &Context<'_>) -> Outcome {
    let dns = ctx.cluster_dns()?;
    if dns.corefiles.is_empty() {
        return Ok(Judgement::default());
    }
    Ok(corefiles::drift(ctx, dns, ctx.helm_releases()?).collect())
}
