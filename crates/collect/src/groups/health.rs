//! `/readyz?verbose` and `/livez?verbose`, and the certificate behind which they are. That a check fails is a fact, not an error, so the answer 500 is read too.

use airworthy_model::facts::{Health, HealthCheck};
use http::StatusCode;

use crate::{
    failure::{Cause, Failure},
    session::{Ask, Session},
};

/// An API server has some dozens of checks, each a line.
const MOST_CHECKS: usize = 1_000;
const MOST_BYTES: usize = 256 << 10;

pub(crate) async fn read(session: &Session<'_>) -> Result<Health, Failure> {
    let certificates = async { Ok(session.connection.certificates().await) };
    let (ready, live, certificates) = tokio::try_join!(
        checks(session, "/readyz"),
        checks(session, "/livez"),
        certificates
    )?;
    Ok(Health {
        ready,
        live,
        certificates: certificates.map(Box::new),
    })
}

async fn checks(session: &Session<'_>, path: &'static str) -> Result<Vec<HealthCheck>, Failure> {
    let ask = Ask::get(path, "*/*").query("verbose");
    let answer = session.exchange_within(&ask, MOST_BYTES).await?;
    let checks = parse(&String::from_utf8_lossy(&answer.body));
    let known = matches!(
        answer.status,
        StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR
    );
    if checks.len() > MOST_CHECKS {
        let why = format!("more than {MOST_CHECKS} checks are listed");
        return Err(ask.failed(Cause::Malformed(why)));
    }
    if known && !checks.is_empty() {
        return Ok(checks);
    }
    if answer.status.is_success() {
        let why = "no check is listed".to_owned();
        return Err(ask.failed(Cause::Malformed(why)));
    }
    Err(ask.failed(Cause::Status(answer.status, answer.message())))
}

/// Reads lines such as `[+]etcd ok` and `[-]etcd failed: reason withheld`.
fn parse(text: &str) -> Vec<HealthCheck> {
    text.lines()
        .filter_map(|line| {
            let (sign, rest) = line.split_at_checked(3)?;
            let ok = match sign {
                "[+]" => true,
                "[-]" => false,
                _ => return None,
            };
            let name = rest.split_whitespace().next()?.to_owned();
            Some(HealthCheck { name, ok })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_check() {
        let text = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]shutdown excluded: ok\nreadyz check failed\n";
        let checks = parse(text);
        let names: Vec<_> = checks.iter().map(|c| (c.name.as_str(), c.ok)).collect();
        assert_eq!(names, [("ping", true), ("etcd", false), ("shutdown", true)]);
        assert!(parse("ok").is_empty());
    }
}
