//! `/version`: the first request, which also tells whether anything can be read at all. Behind one address there may be API
//! servers of several versions, so it is asked of several connections, and once more in the end.

use airworthy_model::{KubeVersion, Minor, facts::ServerVersion};
use futures::future::join_all;
use serde::Deserialize;

use crate::{
    failure::{Cause, Failure},
    session::{Ask, Session},
    wire,
};

/// Over how many connections it is asked for.
const CONNECTIONS: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    git_version: String,
    #[serde(default)]
    emulation_major: String,
    #[serde(default)]
    emulation_minor: String,
}

/// The oldest version that is told: an upgrade that has begun has still to be gone through.
pub(crate) async fn read(session: &Session<'_>) -> Result<ServerVersion, Failure> {
    let first = ask(session).await?;
    // Requests at the same time go over connections of their own, and those to servers as the address shares them out.
    let more = 1..session.plan.limits.concurrency.clamp(1, CONNECTIONS);
    let others = join_all(more.map(|_| ask(session))).await;
    let all = others.into_iter().flatten().chain([first]);
    let older = |one: ServerVersion, other: ServerVersion| {
        if other.version < one.version {
            other
        } else {
            one
        }
    };
    Ok(all.reduce(older).expect("the first is there"))
}

/// Looks again when all has been read: what runs may have been exchanged meanwhile.
pub(crate) async fn look_again(session: &Session<'_>) {
    let _ = ask(session).await;
}

async fn ask(session: &Session<'_>) -> Result<ServerVersion, Failure> {
    let ask = Ask::get("/version", wire::JSON);
    let answer = session.ask(&ask).await?;
    let told = parse(&answer.body).map_err(|why| ask.failed(Cause::Malformed(why)))?;
    session.met(&told.version.to_string());
    Ok(told)
}

fn parse(body: &[u8]) -> Result<ServerVersion, String> {
    let info: Info = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let version: KubeVersion = info
        .git_version
        .parse()
        .map_err(|error| format!("{error}"))?;
    let emulated = format!("{}.{}", info.emulation_major, info.emulation_minor);
    let emulation = emulated
        .parse::<Minor>()
        .ok()
        .filter(|minor| *minor != version.minor);
    Ok(ServerVersion { version, emulation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulation_is_told_only_where_it_differs() {
        let of = |text: &str| parse(text.as_bytes()).unwrap();
        let plain = of(r#"{"gitVersion":"v1.31.14"}"#);
        assert_eq!(
            (plain.version.to_string().as_str(), plain.emulation),
            ("v1.31.14", None)
        );
        let same = r#"{"gitVersion":"v1.33.1","emulationMajor":"1","emulationMinor":"33"}"#;
        assert_eq!(of(same).emulation, None);
        let other = r#"{"gitVersion":"v1.33.1","emulationMajor":"1","emulationMinor":"32"}"#;
        assert_eq!(of(other).emulation, Some(Minor::v1(32)));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        assert!(parse(b"<html>").is_err());
        assert!(parse(br#"{"gitVersion":"latest"}"#).is_err());
    }
}
