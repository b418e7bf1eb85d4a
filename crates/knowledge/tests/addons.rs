//! What the tables of add-ons and of CoreDNS say.

use airworthy_knowledge::{Addon, CorefileState, Knowledge, Promise};
use airworthy_model::{AddonVersion, Minor};

fn addon(name: &str) -> &'static Addon {
    let mut addons = Knowledge::embedded().addons().iter();
    addons.find(|addon| addon.addon == name).unwrap()
}

fn v(text: &str) -> AddonVersion {
    text.parse().unwrap()
}

#[test]
fn more_than_fifty_addons_are_known_and_most_have_ranges() {
    let addons = Knowledge::embedded().addons();
    assert!(addons.len() > 50);
    let with = addons.iter().filter(|addon| !addon.versions.is_empty());
    assert!(with.count() >= 44);
}

#[test]
fn sources_are_addresses() {
    for addon in Knowledge::embedded().addons() {
        let retired = addon.retired.as_ref().map(|retired| &retired.source);
        for source in addon.source.iter().chain(retired) {
            assert!(source.starts_with("https://"), "{}: {source}", addon.addon);
        }
    }
}

/// An image must lead to one add-on, or its version would be held against the ranges of another.
#[test]
fn no_image_is_that_of_two_addons() {
    let addons = Knowledge::embedded().addons();
    for one in addons {
        for image in &one.images {
            let of: Vec<_> = addons.iter().filter(|other| other.runs(image)).collect();
            assert_eq!(of, [one], "{image}");
        }
    }
}

#[test]
fn an_addon_is_known_by_the_last_elements_of_its_repository() {
    let nginx = addon("ingress-nginx");
    for (repository, runs) in [
        ("registry.k8s.io/ingress-nginx/controller", true),
        ("mirror.example:5000/k8s/ingress-nginx/controller", true),
        ("ingress-nginx/controller", true),
        ("mirror.example/ingress-nginx-controller", true),
        ("example.org/my-ingress-nginx/controller", false),
        ("example.org/controller", false),
        ("registry.k8s.io/ingress-nginx/controller-chroot", true),
        ("example.org/ingress-nginx/controller-fork", false),
        ("rancher/nginx-ingress-controller", false),
    ] {
        assert_eq!(nginx.runs(repository), runs, "{repository}");
    }
    assert!(addon("istio").injects("docker.io/istio/proxyv2"));
}

#[test]
fn ranges_are_found_by_version() {
    let fits = |name: &str, version: &str, minor: u16| {
        let range = addon(name).range(&v(version));
        range.map(|range| range.fits(Minor::v1(minor)))
    };
    assert_eq!(fits("ingress-nginx", "1.10.0", 30), Some(false));
    assert_eq!(fits("ingress-nginx", "1.10.3", 30), Some(true));
    assert_eq!(fits("ingress-nginx", "1.99.0", 30), None);
    assert_eq!(fits("karpenter", "1.40.1", 36), Some(true));
    assert_eq!(fits("external-dns", "0.7.6", 22), Some(false));
    assert_eq!(
        addon("aws-load-balancer-controller").promise,
        Some(Promise::Required)
    );
}

/// Old ranges may have no support any more, so the newest comes first.
#[test]
fn the_ways_out_fit_both_ends_newest_first() {
    let out = |from: u16, to: u16| {
        let minors = [Minor::v1(from), Minor::v1(to)];
        let ranges: Vec<_> = addon("cert-manager")
            .ways_out(&v("1.17.2"), &minors)
            .map(|range| range.from.to_string())
            .collect();
        ranges
    };
    assert_eq!(out(33, 34), ["1.21", "1.20", "1.19"]);
    assert_eq!(out(32, 34), ["1.20", "1.19"]);
    assert_eq!(out(29, 36), Vec::<String>::new());
}

#[test]
fn every_minor_has_its_coredns() {
    let knowledge = Knowledge::embedded();
    let of = |minor| knowledge.default_coredns(Minor::v1(minor)).unwrap();
    for minor in knowledge.oldest.minor..knowledge.newest.minor {
        assert!(of(minor).order(of(minor + 1)).is_le(), "1.{minor}");
    }
    assert_eq!(of(31).to_string(), "1.11.3");
}

#[test]
fn plugins_and_options_of_coredns_come_and_go() {
    let knowledge = Knowledge::embedded();
    let plugin = |name: &str, version: &str| match knowledge.corefile_plugin(name, &v(version)) {
        CorefileState::Known => "known".to_owned(),
        CorefileState::Unheard => "unheard".into(),
        CorefileState::NotYet { since } => format!("not before {since}"),
        CorefileState::Removed { since, .. } => format!("gone in {since}"),
    };
    assert_eq!(plugin("proxy", "1.4.0"), "known");
    assert_eq!(plugin("proxy", "1.5.0"), "gone in 1.5.0");
    assert_eq!(plugin("forward", "1.14.6"), "known");
    assert_eq!(plugin("multisocket", "1.11.3"), "not before 1.12.0");
    assert_eq!(plugin("ours", "1.11.3"), "unheard");
    let option = |plugin, option, version: &str| {
        let state = knowledge.corefile_option(plugin, option, &v(version));
        matches!(state, CorefileState::Removed { .. })
    };
    assert!(option("kubernetes", "upstream", "1.7.0"));
    assert!(!option("kubernetes", "upstream", "1.6.9"));
    assert!(!option("forward", "upstream", "1.7.0"));
    // CoreDNS itself says so: it refuses a Corefile with it since then.
    assert!(option("header", "set", "1.13.1") && !option("header", "set", "1.12.3"));
}
