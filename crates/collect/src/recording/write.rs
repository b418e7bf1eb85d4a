//! Facts become a recording.

use std::{collections::BTreeMap, io::Write};

use airworthy_model::{
    Facts, Need,
    facts::{GroupVisitor, Read, Rows},
};

use super::{
    Limits, archive,
    error::WriteRecordingError,
    manifest::{self, Content, Group, Manifest, member_name, need_name},
    rows::{self, accept},
};

/// Writes facts as a recording: the same facts become the same bytes.
pub fn write(facts: &Facts, to: impl Write) -> Result<(), WriteRecordingError> {
    write_within(facts, to, &Limits::DEFAULT)
}

pub(super) fn write_within(
    facts: &Facts,
    mut to: impl Write,
    limits: &Limits,
) -> Result<(), WriteRecordingError> {
    let mut encoded = Encoded {
        limits,
        groups: Vec::new(),
        members: BTreeMap::new(),
        inflated: 0,
        compressed: 0,
    };
    facts.visit(&mut encoded)?;
    let Encoded {
        groups, members, ..
    } = encoded;
    let manifest = Manifest::new(facts.cluster.clone(), facts.observed_at, groups)
        .encode()
        .map_err(WriteRecordingError::EncodeManifest)?;
    append(&mut to, manifest::NAME, &manifest)?;
    for (name, bytes) in members {
        append(&mut to, &name, &bytes)?;
    }
    archive::finish(&mut to).map_err(|source| WriteRecordingError::WriteMember {
        member: "the end of the archive".into(),
        source,
    })
}

fn append(to: &mut impl Write, name: &str, bytes: &[u8]) -> Result<(), WriteRecordingError> {
    archive::append(to, name, bytes).map_err(|source| WriteRecordingError::WriteMember {
        member: name.into(),
        source,
    })
}

/// All groups, compressed, and what the manifest says of them. Inflated rows are never kept.
struct Encoded<'a> {
    limits: &'a Limits,
    groups: Vec<Group>,
    members: BTreeMap<String, Vec<u8>>,
    inflated: u64,
    compressed: u64,
}

impl GroupVisitor for Encoded<'_> {
    type Error = WriteRecordingError;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Self::Error> {
        let need = need_name(need);
        let content = match group {
            Ok(group) => {
                let member = member_name(&need);
                let (bytes, summary) = rows::encode(&member, group.rows(), self.limits)?;
                self.inflated += summary.bytes;
                self.compressed += bytes.len() as u64;
                accept(&member, "a recording", self.inflated, self.limits.total)?;
                accept(
                    &member,
                    "a compressed recording",
                    self.compressed,
                    self.limits.compressed,
                )?;
                self.members.insert(member, bytes);
                Content::Read(summary)
            }
            Err(missing) => Content::Missing {
                missing: missing.clone(),
            },
        };
        self.groups.push(Group { need, content });
        Ok(())
    }
}
