use airworthy_model::Minor;

use super::{FieldStatus, RemovedField};
use crate::Knowledge;

const POD: (&str, &str, &str) = ("", "v1", "Pod");

#[test]
fn a_kind_of_somebody_else_is_not_judged() {
    let k = Knowledge::embedded();
    assert_eq!(
        k.field_status(("example.com", "v1", "Pod"), &["spec"], Minor::v1(31)),
        FieldStatus::Unread
    );
    assert_eq!(
        k.field_status(POD, &["spec"], Minor::v1(99)),
        FieldStatus::Unread
    );
    assert_eq!(
        k.fields_removed(("example.com", "v1", "Pod"), Minor::v1(30), Minor::v1(31)),
        Vec::<RemovedField>::new()
    );
}
