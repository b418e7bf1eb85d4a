//! Clocks that are hours off: everything that tells of time was written by the server's side, so its clock counts.

use airworthy_collect::Plan;
use airworthy_model::Facts;
use jiff::{SignedDuration, Timestamp};

use crate::fake::{Fake, Reply, json, list};

const EVENTS: &str = "/api/v1/events";
const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";

/// A server whose clock is so many hours ahead of ours: it counts an event and lost an API, each ten seconds ago by its clock.
async fn read(hours: i64) -> (Timestamp, Facts) {
    let now = Timestamp::now() + SignedDuration::from_hours(hours);
    let ago = now - SignedDuration::from_secs(10);
    // A head is a constant of the stand-in; a test of a clock has a handful of them.
    let date: &'static str =
        format!("Date: {}\r\n", now.strftime("%a, %d %b %Y %H:%M:%S GMT")).leak();
    let event = format!(
        r#"{{"involvedObject":{{"kind":"Pod","namespace":"shop","name":"web"}},"reason":"BackOff","type":"Warning",
            "count":3,"firstTimestamp":"{ago}","lastTimestamp":"{ago}"}}"#
    );
    let registration = format!(
        r#"{{"metadata":{{"name":"v1.m"}},"spec":{{"group":"m","version":"v1","service":{{"namespace":"n","name":"s"}}}},
            "status":{{"conditions":[{{"type":"Available","status":"False","lastTransitionTime":"{ago}"}}]}}}}"#
    );
    let fake = Fake::start(move |seen, _| match seen.path.as_str() {
        "/version" => {
            let body = br#"{"gitVersion":"v1.31.14"}"#.to_vec();
            Some(Reply::Whole(200, "application/json", date, body))
        }
        EVENTS => Some(json(&list("EventList", "", std::slice::from_ref(&event)))),
        API_SERVICES => Some(json(&list(
            "APIServiceList",
            "",
            std::slice::from_ref(&registration),
        ))),
        _ => None,
    });
    let mut plan = Plan::everything();
    plan.limits.second_look = std::time::Duration::ZERO;
    (now, fake.await.collect(&plan).await.unwrap())
}

#[tokio::test]
async fn ages_are_told_by_the_clock_of_the_server_in_both_directions() {
    for hours in [-5, 0, 5] {
        let (now, facts) = read(hours).await;
        let off = facts.observed_at.duration_since(now).abs();
        assert!(off < SignedDuration::from_mins(5), "{hours}: {off}");
        let events = facts.events.unwrap();
        assert_eq!(events.len(), 1, "{hours}");
        assert_eq!(events[0].in_ten_minutes, 3, "{hours}");
        assert!(facts.api_services.unwrap()[0].resampled, "{hours}");
        let notes = facts.collection.unwrap().notes;
        let told = notes.iter().any(|note| note.detail.contains("clock"));
        assert_eq!(told, hours != 0, "{notes:?}");
    }
}

#[tokio::test]
async fn a_date_beyond_sense_is_no_time() {
    for date in [
        "Date: Fri, 31 Dec 99999 23:59:59 GMT\r\n",
        "Date: Thu, 01 Jan 0000 00:00:00 GMT\r\n",
        "Date: yesterday\r\n",
        "Date: \r\n",
        "Date: \u{fffd}\r\n",
    ] {
        let fake = Fake::start(move |seen, _| {
            let body = br#"{"gitVersion":"v1.31.14"}"#.to_vec();
            (seen.path == "/version").then_some(Reply::Whole(200, "application/json", date, body))
        });
        let facts = fake.await.collect(&Plan::everything()).await.unwrap();
        let told = facts.collection.unwrap().notes;
        let told = told.iter().any(|note| note.detail.contains("clock"));
        let off = facts.observed_at.duration_since(Timestamp::now()).abs();
        assert!(told || off < SignedDuration::from_mins(5), "{date}: {off}");
    }
}
