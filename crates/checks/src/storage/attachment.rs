//! Volumes that do not get to their node, or not away from it.

use airworthy_model::{Evidence, Finding, Severity, Subject, facts::VolumeAttachment};
use jiff::Timestamp;

use crate::text::short;

/// After so many seconds the controller detaches by force what a node that is gone has not given back; so long anything
/// may take.
const PATIENCE: i64 = 6 * 60;

/// What keeps an attachment from being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck<'a> {
    /// The driver failed to attach it.
    Attach(&'a str),
    /// The driver failed to detach it, and it has been waiting for longer than that takes.
    Detach(&'a str),
    /// Nobody attaches it: it has waited so many minutes.
    NotAttached(i64),
    /// Nobody detaches it: it has waited so many minutes.
    NotDetached(i64),
}

/// What is wrong with it at `now`; nothing while it may just take its time.
pub(crate) fn stuck(now: Timestamp, attachment: &VolumeAttachment) -> Option<Stuck<'_>> {
    let age = |since: Option<Timestamp>| since.map_or(0, |s| now.as_second() - s.as_second());
    let late = |seconds: i64| seconds > PATIENCE;
    if attachment.deleting_since.is_some() {
        let waits = age(attachment.deleting_since);
        return late(waits).then(|| match &attachment.detach_error {
            Some(error) => Stuck::Detach(&error.message),
            None => Stuck::NotDetached(waits / 60),
        });
    }
    if attachment.attached {
        return None;
    }
    let waits = age(attachment.created);
    match &attachment.attach_error {
        Some(error) => Some(Stuck::Attach(&error.message)),
        None => late(waits).then_some(Stuck::NotAttached(waits / 60)),
    }
}

impl Stuck<'_> {
    fn words(&self, attacher: &str) -> String {
        match self {
            Self::Attach(said) => format!("cannot be attached: {}", short(said, 60)),
            Self::Detach(said) => format!("cannot be detached: {}", short(said, 60)),
            Self::NotAttached(minutes) => {
                format!("has waited {minutes} minutes for {attacher} to attach it")
            }
            Self::NotDetached(minutes) => {
                format!("has waited {minutes} minutes for {attacher} to detach it")
            }
        }
    }
}

/// A finding about an attachment, which ends in `suffix`.
pub(crate) fn finding(
    now: Timestamp,
    severity: Severity,
    attachment: &VolumeAttachment,
    why: &Stuck<'_>,
    suffix: &str,
) -> Finding {
    let message = format!(
        "volume {} on node {} {}{suffix}",
        short(volume(attachment), 45),
        short(&attachment.node, 30),
        why.words(&short(&attachment.attacher, 40))
    );
    of(now, severity, attachment, message)
}

/// A finding with these words.
pub(crate) fn of(
    now: Timestamp,
    severity: Severity,
    attachment: &VolumeAttachment,
    message: String,
) -> Finding {
    let name = &attachment.name;
    let subject = Subject::cluster("storage.k8s.io/v1", "VolumeAttachment", name);
    let detail = format!(
        "attacher {}, node {}, attached {}, being deleted {}",
        attachment.attacher,
        attachment.node,
        attachment.attached,
        attachment.deleting_since.is_some()
    );
    Finding::new(severity, subject, message)
        .because(Evidence::state(
            format!("/apis/storage.k8s.io/v1/volumeattachments/{name}"),
            now,
            detail,
        ))
        .fix_with(
            "See what the CSI driver says, and detach by its guide where it cannot",
            format!("kubectl describe volumeattachment {name}"),
        )
}

fn volume(attachment: &VolumeAttachment) -> &str {
    if attachment.volume.is_empty() {
        "written into a pod"
    } else {
        &attachment.volume
    }
}
