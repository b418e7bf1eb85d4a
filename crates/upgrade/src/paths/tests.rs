use super::*;

fn v(text: &str) -> KubeVersion {
    text.parse().unwrap()
}

fn minor(text: &str) -> Minor {
    text.parse().unwrap()
}

fn texts(versions: &[KubeVersion]) -> Vec<String> {
    versions.iter().map(KubeVersion::exact).collect()
}

fn row(from: &str, to: &[&str]) -> Row {
    Row {
        from: minor(from),
        to: to.iter().map(|to| v(to)).collect(),
    }
}

/// What is known of upstream in these tests: a newest patch for each of 1.28 to 1.33.
fn paths(rows: Vec<Row>, patches: &[&str], jumps: &[(&str, &str)]) -> Paths {
    let known = [(28, 15), (29, 15), (30, 14), (31, 14), (32, 13), (33, 9)];
    let jumps = jumps.iter().map(|(from, to)| Hop {
        from: minor(from),
        to: minor(to),
    });
    let jumps: Vec<_> = jumps.collect();
    let table = Table {
        rows,
        patches: patches.iter().map(|patch| v(patch)).collect(),
    };
    Paths::new(
        known.map(|(n, patch)| (Minor::v1(n), patch)),
        &table,
        &jumps,
    )
}

fn upstream() -> Paths {
    paths(Vec::new(), &[], &[])
}

/// A distribution: 1.28 leads to an exact 1.31 and to any 1.29, 1.31 to an exact 1.32; it patches 1.28 alone.
fn distribution() -> Paths {
    let rows = vec![
        row("1.28", &["v1.31.9-r4", "1.29"]),
        row("1.31", &["v1.32.4-r80", "v1.32.4-r4"]),
    ];
    paths(rows, &["v1.28.5-r80", "v1.29.13-r10"], &[])
}

#[test]
fn upstream_leads_to_the_next_minor_and_to_newer_patches() {
    for (from, targets) in [
        ("v1.31.4", &["v1.31.14-r0", "v1.32.13-r0"][..]),
        ("v1.31.14", &["v1.32.13-r0"]),
        ("v1.31.99", &["v1.32.13-r0"]),
        ("v1.31.4-eks-a1", &["v1.31.14-r0", "v1.32.13-r0"]),
        ("v1.32.1", &["v1.32.13-r0", "v1.33.9-r0"]),
        ("v1.33.9", &[]),
        ("v1.27.3", &["v1.28.15-r0"]),
        ("v1.40.1", &[]),
    ] {
        assert_eq!(texts(&upstream().targets(&v(from))), targets, "{from}");
    }
}

#[test]
fn a_row_takes_the_place_of_the_rule() {
    let own = distribution();
    for (from, targets) in [
        // Its own patch is compared number by number: r80 is above r4.
        (
            "v1.28.5-r4",
            &["v1.28.5-r80", "v1.29.13-r10", "v1.31.9-r4"][..],
        ),
        ("v1.28.5-r80", &["v1.29.13-r10", "v1.31.9-r4"]),
        // 1.31.14 is upstream's: nobody said that the distribution has it.
        ("v1.31.9-r4", &["v1.32.4-r4", "v1.32.4-r80"]),
        ("v1.29.1", &["v1.29.13-r10", "v1.30.14-r0"]),
    ] {
        assert_eq!(texts(&own.targets(&v(from))), targets, "{from}");
    }
    assert_eq!(
        texts(&own.ways(minor("1.28"))),
        ["v1.29.13-r10", "v1.31.9-r4"]
    );
}

#[test]
fn what_is_allowed() {
    let jumping = paths(Vec::new(), &[], &[("1.28", "1.31")]);
    for (paths, from, target, allowed) in [
        (upstream(), "v1.31.4", "v1.32.13", true),
        (upstream(), "v1.31.4", "v1.32.0", true),
        // Out since the tables were compiled.
        (upstream(), "v1.31.4", "v1.32.99", true),
        (upstream(), "v1.31.4", "v1.31.5", true),
        (upstream(), "v1.31.4", "v1.31.4", false),
        (upstream(), "v1.31.4", "v1.31.4-r0", false),
        (upstream(), "v1.31.4", "v1.31.3", false),
        (upstream(), "v1.31.4", "v1.33.0", false),
        (upstream(), "v1.31.4", "v1.30.14", false),
        (upstream(), "v1.31.4-r4", "v1.31.4-r80", true),
        (upstream(), "v1.31.4-r80", "v1.31.4-r4", false),
        (jumping.clone(), "v1.28.1", "v1.31.0", true),
        (jumping.clone(), "v1.28.1", "v1.29.0", true),
        (jumping, "v1.28.1", "v1.30.0", false),
        (distribution(), "v1.28.5-r4", "v1.31.9-r4", true),
        (distribution(), "v1.28.5-r4", "v1.31.9-r5", false),
        (distribution(), "v1.28.5-r4", "v1.31.9", false),
        (distribution(), "v1.28.5-r4", "v1.29.2-r1", true),
        (distribution(), "v1.28.5-r4", "v1.30.1", false),
        (distribution(), "v1.28.5-r4", "v1.28.5-r80", true),
        (distribution(), "v1.31.9-r4", "v1.31.14", false),
        (distribution(), "v1.29.13-r10", "v1.30.1", true),
    ] {
        assert_eq!(
            paths.allows(&v(from), &v(target)),
            allowed,
            "{from} to {target}"
        );
    }
}

#[test]
fn every_target_that_is_shown_is_allowed() {
    for paths in [
        upstream(),
        distribution(),
        paths(Vec::new(), &[], &[("1.28", "1.31")]),
    ] {
        for from in [
            "v1.28.5-r4",
            "v1.28.5-r80",
            "v1.29.1",
            "v1.31.9-r4",
            "v1.33.1",
            "v1.31.4+k3s1",
        ] {
            for target in paths.targets(&v(from)) {
                assert!(paths.allows(&v(from), &target), "{from} to {target}");
            }
        }
    }
}

#[test]
fn a_minor_alone_means_a_patch() {
    for (paths, from, target, exact) in [
        (upstream(), Some("v1.31.4"), "1.32", Some("v1.32.13-r0")),
        (upstream(), Some("v1.31.4"), "v1.31", Some("v1.31.14-r0")),
        (upstream(), None, "v1.32", Some("v1.32.13-r0")),
        (upstream(), None, "v1.99", None),
        (upstream(), None, "v1.99.3", Some("v1.99.3-r0")),
        (
            upstream(),
            Some("v1.31.4"),
            "v1.32.4-r2",
            Some("v1.32.4-r2"),
        ),
        // The row names two patches: the newest counts.
        (
            distribution(),
            Some("v1.31.9-r4"),
            "1.32",
            Some("v1.32.4-r80"),
        ),
        (
            distribution(),
            Some("v1.28.5-r4"),
            "1.29",
            Some("v1.29.13-r10"),
        ),
        (
            distribution(),
            Some("v1.28.5-r4"),
            "1.28",
            Some("v1.28.5-r80"),
        ),
        (distribution(), None, "1.32", Some("v1.32.13-r0")),
    ] {
        let from = from.map(v);
        let resolved = paths.resolve(from.as_ref(), &v(target));
        let resolved = resolved.as_ref().map(KubeVersion::exact);
        assert_eq!(resolved.as_deref(), exact, "{from:?} to {target}");
    }
}

#[test]
fn a_row_without_targets_leads_nowhere() {
    let closed = paths(vec![row("1.31", &[])], &[], &[("1.31", "1.33")]);
    assert_eq!(closed.targets(&v("v1.31.4")), []);
    assert!(!closed.allows(&v("v1.31.4"), &v("v1.32.0")));
    assert!(!closed.allows(&v("v1.31.4"), &v("v1.33.0")));
}
