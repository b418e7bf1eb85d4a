//! A live view of a cluster that settles: one line a change on stderr, as it is seen; the report follows on stdout.

use airworthy_model::Assessment;
use airworthy_report::changes;

use crate::console;

/// What the last look says that the one before did not, and the other way round. Lines are only ever added, so that nothing flickers, and
/// a log of it reads like the view.
pub(super) fn tell(earlier: Option<&Assessment>, last: &Assessment) {
    let lines = changes::render(earlier, last);
    console::say(&(lines.join("\n") + "\n"));
}
