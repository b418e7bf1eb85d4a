//! The report of [`crate::json`] as YAML.

use airworthy_model::Assessment;
use serde_saphyr::SerializerOptions;

use crate::json::Report;

/// The report as a YAML document.
pub fn render(assessment: &Assessment) -> String {
    let options = SerializerOptions::default();
    let text = serde_saphyr::to_string_with_options(&Report::from(assessment), options);
    text.expect("reports have only text keys and finite numbers")
}
