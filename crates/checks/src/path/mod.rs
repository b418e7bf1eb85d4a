//! The way to the target.

pub(crate) mod backup_freshness;
pub(crate) mod compatibility_risk;
pub(crate) mod upgrade_path;
pub(crate) mod version_eol;

use crate::Context;

/// For checks that block only where a minor is left: a patch takes nothing away. A path that is not known may leave one.
pub(crate) fn leaves_a_minor(ctx: &Context<'_>) -> bool {
    ctx.path().map_or(true, |path| !path.hops.is_empty())
}
