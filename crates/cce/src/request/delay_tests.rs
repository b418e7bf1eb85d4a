use super::*;

fn delay(text: &str) -> Result<String, ApiError> {
    let body = serde_json::json!({ "notBefore": text });
    parse_delay(body.to_string().as_bytes()).map(|instant| instant.to_string())
}

#[test]
fn all_forms_of_clients_are_read() {
    for (text, instant) in [
        ("2025-02-01 16:00:00 +0000 UTC", "2025-02-01T16:00:00Z"),
        ("2025-02-01 16:00:00.5 +0000 UTC", "2025-02-01T16:00:00.5Z"),
        ("2025-02-01", "2025-02-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2025-02-01T16:00:00Z", "2025-02-01T16:00:00Z"),
        ("2025-02-01T16:00:00.592972Z", "2025-02-01T16:00:00.592972Z"),
        ("2025-02-01T18:00:00+02:00", "2025-02-01T16:00:00Z"),
    ] {
        assert_eq!(delay(text).as_deref(), Ok(instant), "{text}");
    }
}

#[test]
fn what_is_no_time_is_named() {
    for text in [
        "tomorrow",
        "2025-02-30",
        "2025-2-1",
        "20250201T1",
        "2025-02-01T16:00:00",
        "2025-02-01 16:00:00",
        "2025-02-01 16:00:00 +0000",
        "2025-02-01 25:00:00 +0000 UTC",
        "9999999999",
        " 2025-02-01",
    ] {
        let error = delay(text).expect_err(text);
        assert_eq!(error.code, "CCE.01400001");
        assert!(error.message.contains("notBefore \""), "{error}");
    }
    for body in ["{}", r#"{"notBefore":""}"#, r#"{"notBefore":null}"#] {
        let error = parse_delay(body.as_bytes()).unwrap_err();
        assert!(error.message.contains("notBefore is missing"), "{error}");
    }
    for body in [r#"{"notBefore":1738425600}"#, r#"["2025-02-01"]"#, ""] {
        assert!(parse_delay(body.as_bytes()).is_err(), "{body}");
    }
}
