//! `airworthy knowledge show`: the life of a kind, a feature gate, a flag or an admission plugin.

use airworthy_knowledge::{
    Api, FieldLife, Flag, Gate, GateStage, Knowledge, Plan, Plugin, Provenance, Span,
};
use airworthy_model::Minor;
use anyhow::{Result, bail};
use serde::Serialize;

use super::{columns, nearest::nearest, print, spans};
use crate::cli::ListFormat;

/// Everything of that name.
#[derive(Serialize)]
struct Found<'a> {
    apis: Vec<&'a Api>,
    gates: Vec<&'a Gate>,
    flags: Vec<&'a Flag>,
    plugins: Vec<&'a Plugin>,
    fields: Vec<FieldLife<'a>>,
}

pub(super) fn run(name: &str, output: ListFormat) -> Result<u8> {
    let knowledge = Knowledge::embedded();
    let found = find(knowledge, name.trim());
    if found.is_empty() {
        bail!("{}", unknown(knowledge, name.trim()));
    }
    print(&found, || found.table(knowledge), output)
}

fn find<'a>(knowledge: &'a Knowledge, name: &str) -> Found<'a> {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    let flag = name.trim_start_matches('-').replace('_', "-");
    Found {
        apis: knowledge
            .apis()
            .filter(|api| spellings(api).iter().any(|spelling| same(spelling)))
            .collect(),
        gates: knowledge
            .gates()
            .iter()
            .filter(|gate| same(&gate.gate))
            .collect(),
        flags: knowledge
            .flags()
            .iter()
            .filter(|row| row.flag.eq_ignore_ascii_case(&flag))
            .collect(),
        plugins: knowledge
            .plugins()
            .iter()
            .filter(|plugin| same(&plugin.plugin))
            .collect(),
        fields: knowledge.field_lives(name),
    }
}

/// All ways to name a kind: by itself, with group and version, and as kubectl takes resources.
fn spellings(api: &Api) -> Vec<String> {
    let Api {
        group,
        version,
        kind,
        resource,
        ..
    } = api;
    let at = api.api_version();
    let mut names = vec![at.clone()];
    for name in [kind, resource].into_iter().filter(|name| !name.is_empty()) {
        names.extend([name.clone(), format!("{at}/{name}"), format!("{at} {name}")]);
        names.extend([
            format!("{group}/{name}"),
            format!("{name}.{version}.{group}"),
            format!("{name}.{group}"),
        ]);
        // The core group has no name: kubectl writes the point all the same.
        names.extend(group.is_empty().then(|| format!("{name}.{version}")));
    }
    names
}

/// Says what is known instead: other versions of the kind, or the nearest name.
fn unknown(knowledge: &Knowledge, name: &str) -> String {
    let last = name.rsplit(['/', ' ']).next().unwrap_or(name);
    let others = find(knowledge, last).apis;
    if !others.is_empty() && last != name {
        let versions: Vec<_> = others
            .iter()
            .map(|api| format!("{}/{}", api.api_version(), api.kind))
            .collect();
        return format!(
            "{name:?} is not known; {last} is known as {}",
            versions.join(", ")
        );
    }
    let kinds = knowledge
        .apis()
        .flat_map(|api| [&*api.kind, &*api.resource]);
    let others = knowledge.gates().iter().map(|gate| &*gate.gate);
    let others = others.chain(knowledge.plugins().iter().map(|plugin| &*plugin.plugin));
    let flags = knowledge.flags().iter().map(|flag| &*flag.flag);
    let meant = nearest(
        last.trim_start_matches('-'),
        kinds.chain(others).chain(flags),
    );
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    format!(
        "no kind, feature gate, flag or admission plugin of Kubernetes is known as {name:?}{meant}"
    )
}

impl Found<'_> {
    fn is_empty(&self) -> bool {
        self.apis.is_empty()
            && self.gates.is_empty()
            && self.flags.is_empty()
            && self.plugins.is_empty()
            && self.fields.is_empty()
    }

    fn table(&self, knowledge: &Knowledge) -> String {
        let mut parts = Vec::new();
        match &self.apis[..] {
            [] => {}
            [one] => parts.push(api(knowledge, one)),
            many => parts.push(apis(many)),
        }
        parts.extend(self.gates.iter().map(|row| gate(row)));
        parts.extend(self.flags.iter().map(|row| flag(row)));
        parts.extend(self.plugins.iter().map(|row| plugin(row)));
        parts.extend(self.fields.iter().map(field));
        parts.join("\n")
    }
}

fn apis(rows: &[&Api]) -> String {
    let heading = [
        "API",
        "SERVED",
        "OFF BY DEFAULT",
        "DEPRECATED",
        "REMOVED",
        "USE INSTEAD",
    ]
    .map(str::to_owned);
    let rows = rows.iter().map(|api| {
        let minor =
            |minor: Option<_>| minor.map_or_else(String::new, |minor: Minor| minor.to_string());
        [
            format!("{} {}", api.api_version(), api.kind),
            spans(&api.served),
            spans(&api.off_by_default),
            minor(api.deprecated),
            minor(api.removed),
            replacement(api).unwrap_or_default(),
        ]
    });
    columns(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn replacement(api: &Api) -> Option<String> {
    let version = api.replacement.as_ref()?;
    let kind = api.replacement_kind.as_ref().unwrap_or(&api.kind);
    Some(format!("{version} {kind}"))
}

/// A title, and what is known below it.
fn facts(title: &str, facts: Vec<(&str, Option<String>)>) -> String {
    let known = facts
        .into_iter()
        .filter_map(|(name, value)| Some([format!("  {name}"), value?]));
    format!("{title}\n{}", columns(&known.collect::<Vec<_>>()))
}

fn api(knowledge: &Knowledge, api: &Api) -> String {
    let text = |minor: Minor| minor.to_string();
    let listed = |list: &[Span]| (!list.is_empty()).then(|| spans(list));
    let scope = if api.namespaced {
        "in namespaces"
    } else {
        "cluster-wide"
    };
    facts(
        &format!("{} {}", api.api_version(), api.kind),
        vec![
            ("sort", Some(sort(api))),
            (
                "resource",
                (!api.resource.is_empty()).then(|| format!("{}, {scope}", api.resource)),
            ),
            (
                "below",
                (!api.subresources.is_empty()).then(|| api.subresources.join(", ")),
            ),
            ("served by default", listed(&api.served)),
            ("off by default", listed(&api.off_by_default)),
            ("introduced", api.introduced.map(text)),
            ("deprecated", api.deprecated.map(text)),
            ("planned removal", api.planned_removal.map(text)),
            (
                "removed",
                api.removed.map(|minor| removed(knowledge, api, minor)),
            ),
            ("last in source", api.last_in_source.map(text)),
            ("use instead", replacement(api).map(|to| since(api, to))),
            (
                "plans changed",
                (!api.history.is_empty()).then(|| history(&api.history)),
            ),
            ("source", Some(source(&api.source))),
        ],
    )
}

fn sort(api: &Api) -> String {
    use airworthy_knowledge::Class;
    match api.class {
        Class::Resource => "resource",
        Class::List => "list of objects",
        Class::Review => "created for its answer, never stored",
        Class::Subresource => "sent to other resources, never stored",
        Class::Options => "parameters of requests",
        Class::Config => "configuration file of a component",
        Class::Wire => "sent between programs",
    }
    .to_owned()
}

fn removed(knowledge: &Knowledge, api: &Api, minor: Minor) -> String {
    let lost = if api.gone_for_good {
        "; objects stored at it can be read by no version then"
    } else {
        ""
    };
    let plan = if minor > knowledge.newest {
        " (planned)"
    } else {
        ""
    };
    format!("{minor}{plan}{lost}")
}

fn since(api: &Api, to: String) -> String {
    match api.replacement_since {
        Some(minor) => format!("{to}, there since {minor}"),
        None => to,
    }
}

fn history(plans: &[Plan]) -> String {
    let minor =
        |minor: Option<Minor>| minor.map_or_else(|| "never".to_owned(), |minor| minor.to_string());
    let one = |plan: &Plan| {
        format!(
            "{} said: deprecated {}, removed {}",
            plan.said_by,
            minor(plan.deprecated),
            minor(plan.removed)
        )
    };
    plans.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn source(source: &Provenance) -> String {
    format!("{} {} {}", source.module, source.tag, source.file)
}

fn gate(gate: &Gate) -> String {
    let stage = |stage: &GateStage| {
        let state = match (stage.default, stage.locked) {
            (true, false) => "on",
            (true, true) => "on, cannot be changed",
            (false, false) => "off",
            (false, true) => "off, cannot be changed",
        };
        let minors = spans(&[Span {
            from: stage.from,
            to: stage.to,
        }]);
        let programs: Vec<_> = stage.knowing().iter().map(ToString::to_string).collect();
        [
            format!("  {minors}"),
            stage.stage.name().to_owned(),
            state.to_owned(),
            programs.join(" "),
        ]
    };
    let stages: Vec<_> = gate.stages.iter().map(stage).collect();
    format!(
        "feature gate {}\n{}  source  {}\n",
        gate.gate,
        columns(&stages),
        source(&gate.source)
    )
}

fn flag(flag: &Flag) -> String {
    facts(
        &format!("{} --{}", flag.component, flag.flag),
        vec![
            ("known to", Some(spans(&flag.spans))),
            ("deprecated", flag.deprecated.map(|minor| minor.to_string())),
            ("says", (!flag.note.is_empty()).then(|| flag.note.clone())),
            ("source", Some(source(&flag.source))),
        ],
    )
}

fn plugin(plugin: &Plugin) -> String {
    facts(
        &format!("admission plugin {}", plugin.plugin),
        vec![
            ("known to", Some(spans(&plugin.spans))),
            (
                "on by default",
                (!plugin.default_on.is_empty()).then(|| spans(&plugin.default_on)),
            ),
            ("source", Some(source(&plugin.source))),
        ],
    )
}

fn field(life: &FieldLife<'_>) -> String {
    let listed = |list: &[&str]| (!list.is_empty()).then(|| list.join(", "));
    facts(
        &format!("{} {} {}", life.api_version, life.kind, life.path),
        vec![
            ("known to", Some(spans(&life.spans))),
            ("waits for gate", listed(&life.gates)),
            ("takes only", life.values.as_deref().and_then(listed)),
            ("must hold", listed(&life.rules)),
            (
                "deprecated",
                life.deprecated
                    .map(|said| format!("{}: {}", said.since, said.words)),
            ),
            ("source", Some(source(life.source))),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_under_every_name_that_people_write() {
        let names = [
            "policy/v1beta1/PodDisruptionBudget",
            "policy/v1beta1 poddisruptionbudget",
            "poddisruptionbudgets.v1beta1.policy",
            "policy/v1beta1/poddisruptionbudgets",
        ];
        for name in names {
            let found = find(Knowledge::embedded(), name);
            let found: Vec<_> = found
                .apis
                .iter()
                .map(|api| (api.api_version(), &*api.kind))
                .collect();
            assert_eq!(
                found,
                [("policy/v1beta1".to_owned(), "PodDisruptionBudget")],
                "{name}"
            );
        }
        let all = |name| find(Knowledge::embedded(), name).apis.len();
        assert_eq!(
            (
                all("PODDISRUPTIONBUDGET"),
                all("poddisruptionbudgets.policy")
            ),
            (2, 2)
        );
        assert_eq!((all("v1/pod"), all("pods.v1"), all("Pod")), (1, 1, 1));
        assert!(all("policy/v1") > 2 && all("pod.v2") == 0);
    }

    #[test]
    fn who_errs_is_told_what_is_known() {
        let told = |name| unknown(Knowledge::embedded(), name);
        assert!(told("policy/v9/PodDisruptionBudget").contains("policy/v1/PodDisruptionBudget"));
        assert!(told("Deploymnt").contains("did you mean Deployment?"));
        assert!(!told("Widget").contains("did you mean"));
    }
}
