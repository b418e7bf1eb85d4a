//! The script of a probe's pods, run by this machine's shell with tools that answer as a test wants.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use super::objects::LOOK;

/// What the tools of an image do; a tool without a text is not in it.
struct Image {
    nslookup: Option<&'static str>,
    nc: Option<&'static str>,
    real: &'static [&'static str],
}

/// Finds two names and nothing else, as servers do that answer for one family and refuse the other.
const NSLOOKUP: &str = "case $1 in kubernetes.default.svc.corp.example.|kubernetes.io.) echo \"Name: $1\";; esac; exit 1";
/// Knows `-z`; all but one address can be connected to.
const LOOKING: &str = "case \"$*\" in --help|-h) echo ' -z Zero-I/O' >&2;; '-z -w '*' 10.0.0.9 '*) exit 1;; '-z -w '*) ;; *) exit 1;; esac";
/// Knows no `-z`, and wants a program to give the connection to.
const GIVING: &str = "case \"$*\" in --help|-h) echo ' -e PROG Run PROG' >&2;; *-z*|*' 10.0.0.9 '*) exit 1;; *' -e true') ;; *) exit 1;; esac";

const WHOLE: Image = Image {
    nslookup: Some(NSLOOKUP),
    nc: Some(LOOKING),
    real: &["sed", "grep", "timeout"],
};

const CORP: &str = "search airworthy-probe.svc.corp.example svc.corp.example svc.elsewhere.net\n";

/// The last words of a pod of this image.
fn look(image: &Image, resolv: &str, external: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for tool in image.real {
        symlink(installed(tool), bin.join(tool)).unwrap();
    }
    for (tool, text) in [("nslookup", image.nslookup), ("nc", image.nc)] {
        if let Some(text) = text {
            let file = bin.join(tool);
            fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let (names, log) = (folder.path().join("resolv.conf"), folder.path().join("log"));
    fs::write(&names, resolv).unwrap();
    let script = LOOK
        .replace("/etc/resolv.conf", names.to_str().unwrap())
        .replace("/dev/termination-log", log.to_str().unwrap());
    let ended = Command::new("/bin/sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", &bin)
        .env("KUBERNETES_SERVICE_HOST", "10.96.0.1")
        .env("KUBERNETES_SERVICE_PORT", "443")
        .env("TARGET_SERVICE_HOST", "10.96.0.2")
        .env("TARGETS", "10.0.0.1 10.0.0.9")
        .env("EXTERNAL_NAME", external)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), &*said), (Some(0), ""));
    fs::read_to_string(log).unwrap()
}

fn installed(tool: &str) -> std::path::PathBuf {
    let places = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(tool));
    let mut there = places.into_iter().filter(|file| file.exists());
    there.next().expect("every machine has it")
}

#[test]
fn what_answers_is_fine_and_what_does_not_is_not() {
    let said = look(&WHOLE, CORP, "kubernetes.io");
    let expected = "dns=ok external=ok api=ok service=ok pods=1/2\n";
    assert_eq!(said, expected);
    let said = look(&WHOLE, CORP, "nowhere.example");
    assert!(said.starts_with("dns=ok external=fail "), "{said}");
    // Without a search list the names of the cluster end as they usually do.
    let said = look(&WHOLE, "nameserver 10.96.0.10\n", "");
    assert!(said.starts_with("dns=fail external=none "), "{said}");
}

#[test]
fn an_nc_that_only_gives_connections_away_does_too() {
    let giving = Image {
        nc: Some(GIVING),
        ..WHOLE
    };
    let said = look(&giving, CORP, "kubernetes.io");
    assert_eq!(said, "dns=ok external=ok api=ok service=ok pods=1/2\n");
}

/// An image without a tool says nothing of the node it runs on.
#[test]
fn what_the_image_has_no_tool_for_is_not_tried() {
    let tools = |nslookup, nc, real| Image { nslookup, nc, real };
    let said = look(&tools(None, Some(LOOKING), WHOLE.real), CORP, "a.example");
    assert_eq!(said, "dns=none external=none api=ok service=ok pods=1/2\n");
    for nc in [None, Some("exit 1")] {
        let said = look(&tools(Some(NSLOOKUP), nc, WHOLE.real), CORP, "");
        assert_eq!(
            said,
            "dns=ok external=none api=none service=none pods=none\n"
        );
    }
    let bare = tools(Some(NSLOOKUP), Some(LOOKING), &["sed", "grep"]);
    let said = look(&bare, CORP, "");
    assert_eq!(
        said,
        "dns=none external=none api=none service=none pods=none\n"
    );
}
