//! `airworthy record`

use airworthy_collect::recording;
use airworthy_model::Need;
use anyhow::Result;

use super::{audit, source};
use crate::{
    cli::{Record, Source},
    config::Config,
    console,
};

pub(crate) async fn run(args: Record, config: &Config) -> Result<u8> {
    let source = Source {
        kubeconfig: args.kubeconfig,
        context: args.context,
        from: None,
        asked: args.asked,
    };
    let needs = Need::ALL.into_iter().filter(|need| *need != Need::Baseline);
    let audit = audit::start(&args.audit_logs)?;
    let mut facts = source::facts(&source, needs, config).await?;
    audit::join(audit, &mut facts).await?;
    recording::write_file(&args.output, &facts)?;
    let missing = facts.missing();
    let read = Need::ALL.len() - 1 - missing.len();
    console::say(&format!(
        "{}: {read} groups of facts recorded\n",
        args.output.display()
    ));
    for missing in missing {
        let cure = missing
            .cure
            .as_ref()
            .map(|cure| format!("\n    {cure}"))
            .unwrap_or_default();
        console::say(&format!("  not recorded: {missing}{cure}\n"));
    }
    Ok(0)
}
