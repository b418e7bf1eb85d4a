//! Reads a whole cluster and says what came: `read_cluster [kubeconfig [context [json]]]`.
#![allow(clippy::print_stdout, reason = "it is its purpose")]

use std::time::Instant;

use airworthy_collect::{ConnectOptions, Encoding, Plan, ProgressEvent, collect, connect};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Need,
    facts::{GroupVisitor, Read, Rows},
};

struct Show;

impl GroupVisitor for Show {
    type Error = std::convert::Infallible;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Self::Error> {
        match group {
            Ok(rows) => {
                println!("{need}: {}", rows.rows().len());
                if std::env::var_os("SHOW").is_some() {
                    for row in rows.rows().iter().take(4) {
                        let text = serde_json::to_string(row).unwrap_or_default();
                        println!("    {}", text.chars().take(900).collect::<String>());
                    }
                }
            }
            Err(missing) => println!(
                "{missing}\n    cure: {}",
                missing.cure.as_deref().unwrap_or("-")
            ),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let connection = connect(ConnectOptions {
        kubeconfig: arguments.next().map(Into::into),
        context: arguments.next(),
        in_cluster: false,
    })
    .await?;
    let mut plan = Plan::everything();
    if arguments.next().as_deref() == Some("json") {
        plan.encoding = Encoding::Json;
    }
    let began = Instant::now();
    let progress = |event: ProgressEvent| {
        if let ProgressEvent::Waiting { .. } = event {
            println!("{event:?}");
        }
    };
    let facts = collect(&connection, Knowledge::embedded(), &plan, &progress).await?;
    let took = began.elapsed();
    println!("{:?} in {took:?}", facts.cluster);
    facts.visit(&mut Show)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or_default());
    Ok(())
}
