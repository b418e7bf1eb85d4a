//! Answers: JSON objects, also when something went wrong.

use airworthy_cce::ApiError;
use airworthy_service::Error as ServiceError;
use airworthy_store::Error as StoreError;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;

/// What a handler answers.
pub(crate) type Answer<T> = Result<Json<T>, Refused>;

/// A request that is refused. It travels as an extension of the response until the request's id is put into its body.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) error: ApiError,
    /// What only the log may say.
    pub(crate) detail: Option<String>,
}

/// An answer for people's eyes, which goes out as it is: left as an extension of the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untouched;

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self {
            error,
            detail: None,
        }
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        let text = error.to_string();
        let told = match error {
            ServiceError::UnknownCluster(id) => ApiError::not_found(&format!("Cluster {id}")),
            ServiceError::UnknownTask(id) => ApiError::not_found(&format!("Task {id}")),
            ServiceError::UnknownJob(id) => ApiError::not_found(&format!("Job {id}")),
            ServiceError::UnknownWorkflow(id) => {
                ApiError::not_found(&format!("Upgrade workflow {id}"))
            }
            ServiceError::UnknownPlan(id) => ApiError::not_found(&format!("Upgrade plan {id}")),
            ServiceError::Version(_)
            | ServiceError::Path(_)
            | ServiceError::Jump { .. }
            | ServiceError::NotListed { .. }
            | ServiceError::UnknownTarget { .. } => {
                ApiError::version_not_supported(&sentence(&text))
            }
            ServiceError::OtherVersion { .. }
            | ServiceError::NotOffered { .. }
            | ServiceError::Upgrading(_)
            | ServiceError::UnknownItem(_)
            | ServiceError::NotSkippable(_)
            | ServiceError::NotANodeItem(_)
            | ServiceError::UpgradeUnfinished(_)
            | ServiceError::VersionUnknown
            | ServiceError::NotReached(_)
            | ServiceError::CheckMissing(_)
            | ServiceError::NothingToRetry(_)
            | ServiceError::NotCancelled(_)
            | ServiceError::PlanNotPending(_)
            | ServiceError::PlanUnderWay(_)
            | ServiceError::Window(_)
            | ServiceError::OtherTarget { .. }
            | ServiceError::AuditBatch(_) => ApiError::invalid_request(&sentence(&text)),
            ServiceError::Busy(_)
            | ServiceError::InTheWay { .. }
            | ServiceError::OpenWorkflow(_)
            | ServiceError::OpenPlan(_)
            | ServiceError::WorkflowFinished => ApiError::conflict(&text),
            ServiceError::Store(error) => return error.into(),
            ServiceError::Panicked | ServiceError::Payload(_) => {
                return broken(&error);
            }
        };
        told.into()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let short = match &error {
            StoreError::NotFound {
                what: "cluster",
                id,
            } => {
                return ApiError::not_found(&format!("Cluster {id}")).into();
            }
            StoreError::Locked { .. } => "The database is locked by another process.",
            StoreError::DiskFull { .. } => "The disk with the database is full.",
            StoreError::AlreadyExists {
                what: "cluster",
                name,
            } => return ApiError::conflict(&format!("Cluster {name} exists already.")).into(),
            _ => return broken(&error),
        };
        Self {
            error: ApiError {
                message: format!("Internal error. {short}"),
                ..ApiError::internal()
            },
            detail: Some(chain(&error)),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.error.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The error that stands for a response which no handler of ours made: axum's own, or one without JSON.
pub(crate) fn stand_in(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ApiError::no_such_api(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::body_too_large(airworthy_cce::request::BODY_LIMIT)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::content_type("Send application/json."),
        status if status.is_client_error() => ApiError {
            status,
            code: "APIGW.0201",
            message: format!("API request error. {status}."),
        },
        _ => ApiError::internal(),
    }
}

/// A failure of ours: the caller learns that there was one, the log learns which.
pub(crate) fn broken(error: &(dyn std::error::Error + 'static)) -> Refused {
    Refused {
        error: ApiError::internal(),
        detail: Some(chain(error)),
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The text of an error as a sentence of its own.
fn sentence(text: &str) -> String {
    if text.ends_with('.') {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::{KubeVersion, UpgradePath};

    use super::*;

    fn told(error: impl Into<Refused>) -> (u16, &'static str, Option<String>) {
        let Refused { error, detail } = error.into();
        (error.status.as_u16(), error.code, detail)
    }

    fn v(text: &str) -> KubeVersion {
        text.parse().unwrap()
    }

    #[test]
    fn what_the_caller_can_mend_is_no_error_of_ours() {
        let version = "banana".parse::<KubeVersion>().unwrap_err();
        let path = UpgradePath::new(v("1.31"), v("1.30")).unwrap_err();
        let text = String::new;
        for (error, status, code) in [
            (ServiceError::UnknownCluster(text()), 404, "CCE.01404001"),
            (ServiceError::UnknownTask(text()), 404, "CCE.01404001"),
            (version.into(), 400, "CCE.01400015"),
            (path.into(), 400, "CCE.01400015"),
            (ServiceError::NotSkippable(text()), 400, "CCE.01400001"),
            (ServiceError::NotANodeItem(text()), 400, "CCE.01400001"),
            (ServiceError::Busy(text()), 409, "CCE.01409001"),
        ] {
            assert_eq!(told(error), (status, code, None));
        }
    }

    #[test]
    fn a_store_that_fails_tells_the_caller_little_and_the_log_all() {
        let operation = "accept a task";
        for (error, shown) in [
            (StoreError::Locked { operation }, "locked"),
            (StoreError::DiskFull { operation }, "full"),
            (StoreError::ForeignDatabase, "Internal error"),
        ] {
            let known = error.to_string();
            let Refused { error, detail } = error.into();
            assert_eq!((error.status.as_u16(), error.code), (500, "CCE.01500001"));
            assert!(error.message.contains(shown), "{}", error.message);
            assert!(!error.message.contains(operation), "{}", error.message);
            assert_eq!(detail, Some(known));
        }
        let what = "cluster";
        let gone = StoreError::NotFound {
            what,
            id: String::new(),
        };
        assert_eq!(told(gone), (404, "CCE.01404001", None));
    }
}
