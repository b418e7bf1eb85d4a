//! The table of operations in `docs/api.md` is what the table of routes says.

use std::{fmt::Write as _, fs, path::Path};

use airworthy_cce::operations::{OPERATIONS, OWN, Operation};

const BEGIN: &str = "<!-- operations: begin -->\n";
const END: &str = "<!-- operations: end -->";

fn row(text: &mut String, operation: &Operation) {
    let role = operation.role.map_or("anybody", |role| role.word());
    let Operation {
        name,
        path,
        success,
        ..
    } = operation;
    let method = http::Method::from(operation.method);
    writeln!(
        text,
        "| `{name}` | {method} | `{path}` | {success} | {role} | served |"
    )
    .unwrap();
}

fn table() -> String {
    let mut text = "| operation | method | path | success | least role | state |\n".to_owned();
    text.push_str("|---|---|---|---|---|---|\n");
    for operation in OPERATIONS.iter().chain(OWN) {
        row(&mut text, operation);
    }
    text
}

#[test]
fn the_page_has_the_table_of_operations() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (written, after) = rest.split_once(END).expect("where the table ends");
    let now = table();
    let set = |name| std::env::var_os(name).is_some();
    if set("AIRWORTHY_REWRITE") && !set("CI") {
        fs::write(&path, format!("{before}{BEGIN}{now}{END}{after}")).unwrap();
        return;
    }
    assert!(
        written == now,
        "the table of operations in docs/api.md is not what the table of routes says; rewrite it: \
         AIRWORTHY_REWRITE=1 cargo test -p airworthy-cce --test page"
    );
}
