//! A recording becomes facts again.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    io::Read,
};

use airworthy_model::{
    Facts, Missing, Need,
    facts::{self, GroupFiller, GroupVisitor, Rows},
};

use super::{
    Limits,
    archive::{Member, Members},
    error::{RecordingError, quotable},
    manifest::{self, Content, Group, Manifest, Summary, member_name, need_name},
    rows,
};

/// Reads a recording of format 1. Groups that it lacks become missing facts; anything else that is not as written is an error.
pub fn read(from: impl Read) -> Result<Facts, RecordingError> {
    read_within(from, &Limits::DEFAULT)
}

pub(super) fn read_within(from: impl Read, limits: &Limits) -> Result<Facts, RecordingError> {
    let mut members = Members::new(from);
    let manifest = read_manifest(&mut members, limits)?;
    let tool = quotable(&manifest.tool);
    let why = format!("the recording was written by {tool}, which did not collect it");
    let mut facts = Facts::unread(manifest.cluster, manifest.observed_at, &why);
    refuse_unknown(&facts, &manifest.groups, &tool)?;
    let groups = by_need(manifest.groups, limits)?;
    let bodies = read_bodies(&mut members, &groups, limits)?;
    let mut recorded = Recorded {
        groups,
        bodies,
        why,
        limits,
    };
    facts.fill(&mut recorded)?;
    Ok(facts)
}

/// The names of the groups that facts have.
struct Names(BTreeSet<String>);

impl GroupVisitor for Names {
    type Error = Infallible;

    fn group<T: Rows>(&mut self, need: Need, _: &facts::Read<T>) -> Result<(), Infallible> {
        self.0.insert(need_name(need));
        Ok(())
    }
}

/// A group that facts have no place for must not be dropped in silence.
fn refuse_unknown(facts: &Facts, groups: &[Group], tool: &str) -> Result<(), RecordingError> {
    let mut known = Names(BTreeSet::new());
    let Ok(()) = facts.visit(&mut known);
    match groups.iter().find(|group| !known.0.contains(&group.need)) {
        None => Ok(()),
        Some(group) => Err(RecordingError::NewerFacts {
            tool: tool.into(),
            need: quotable(&group.need),
        }),
    }
}

fn read_manifest<R: Read>(
    members: &mut Members<R>,
    limits: &Limits,
) -> Result<Manifest, RecordingError> {
    let first = members.next()?.unwrap_or_default();
    if first.name != manifest::NAME {
        return Err(RecordingError::NoManifest { first: first.name });
    }
    check_size(&first.name, "a manifest", first.size, limits.manifest)?;
    Manifest::decode(&members.body(&first)?)
}

/// Every group once, and none that would inflate to more than is accepted.
fn by_need(
    groups: Vec<Group>,
    limits: &Limits,
) -> Result<BTreeMap<String, Content>, RecordingError> {
    let (mut by_need, mut total) = (BTreeMap::new(), 0_u64);
    for Group { need, content } in groups {
        let member = member_name(&quotable(&need));
        if let Content::Read(summary) = &content {
            check_size(&member, "a group", summary.bytes, limits.member)?;
            total += summary.bytes;
            check_size(&member, "a recording", total, limits.total)?;
        }
        if by_need.insert(need, content).is_some() {
            return Err(RecordingError::DuplicateMember { member });
        }
    }
    Ok(by_need)
}

/// The members that the manifest names, still compressed.
fn read_bodies<R: Read>(
    members: &mut Members<R>,
    groups: &BTreeMap<String, Content>,
    limits: &Limits,
) -> Result<BTreeMap<String, Vec<u8>>, RecordingError> {
    let read = groups
        .iter()
        .filter(|(_, content)| matches!(content, Content::Read(_)));
    let mut expected: BTreeMap<String, Option<Vec<u8>>> =
        read.map(|(need, _)| (member_name(need), None)).collect();
    let mut total = 0_u64;
    while let Some(member) = members.next()? {
        total = total.saturating_add(member.size);
        check_size(
            &member.name,
            "a compressed recording",
            total,
            limits.compressed,
        )?;
        let body = members.body(&member)?;
        place(&mut expected, member, body)?;
    }
    expected
        .into_iter()
        .map(|(member, body)| match body {
            Some(body) => Ok((member, body)),
            None => Err(RecordingError::MissingMember { member }),
        })
        .collect()
}

fn place(
    expected: &mut BTreeMap<String, Option<Vec<u8>>>,
    Member { name: member, .. }: Member,
    body: Vec<u8>,
) -> Result<(), RecordingError> {
    match expected.get_mut(&member) {
        None if member == manifest::NAME => Err(RecordingError::DuplicateMember { member }),
        None => Err(RecordingError::UnknownMember { member }),
        Some(Some(_)) => Err(RecordingError::DuplicateMember { member }),
        Some(slot) => {
            *slot = Some(body);
            Ok(())
        }
    }
}

fn check_size(
    member: &str,
    what: &'static str,
    size: u64,
    limit: u64,
) -> Result<(), RecordingError> {
    if size <= limit {
        return Ok(());
    }
    Err(RecordingError::TooLarge {
        member: member.into(),
        what,
        size,
        limit,
    })
}

/// What the recording holds of each group, handed out group by group.
struct Recorded<'a> {
    groups: BTreeMap<String, Content>,
    bodies: BTreeMap<String, Vec<u8>>,
    why: String,
    limits: &'a Limits,
}

impl Recorded<'_> {
    fn decode<T: Rows>(&mut self, need: &str, summary: &Summary) -> Result<T, RecordingError> {
        let member = member_name(need);
        // Taken out, so that the compressed bytes go when the rows are there.
        let body = self.bodies.remove(&member).unwrap_or_default();
        let rows = rows::decode(&member, &body, summary, self.limits)?;
        T::from_rows(rows).ok_or_else(|| RecordingError::CompareWithManifest {
            member,
            what: "the number of its rows",
            found: summary.rows.to_string(),
            expected: "rows of a group that has exactly 1".into(),
        })
    }
}

impl GroupFiller for Recorded<'_> {
    type Error = RecordingError;

    fn group<T: Rows>(&mut self, need: Need) -> Result<facts::Read<T>, Self::Error> {
        let name = need_name(need);
        match self.groups.remove(&name) {
            None if Need::OPT_IN.contains(&need) => Ok(Err(Missing::switched_off(need))),
            None => Ok(Err(Missing::not_collected(need, &self.why))),
            Some(Content::Missing { missing }) => Ok(Err(missing)),
            Some(Content::Read(summary)) => self.decode(&name, &summary).map(Ok),
        }
    }
}
