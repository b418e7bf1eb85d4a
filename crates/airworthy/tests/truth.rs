//! The predictions about removed APIs of 1.31 → 1.32, judged by real API servers. `cargo xtask truth` judges the other minors.

use std::path::Path;

use xtask::truth::{files, live};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_airworthy"))
}

#[tokio::test]
async fn who_breaks_in_a_live_cluster_is_known_before() {
    let score = live::judge(live::DEFAULT_HOP, program()).await.unwrap();
    assert!(score.failing > 50 && score.fine > 50, "{}", score.render());
    assert!(score.is_perfect(), "{}", score.render());
}

#[tokio::test]
async fn files_that_the_target_refuses_are_known_before() {
    let score = files::judge(files::DEFAULT_TARGET, program())
        .await
        .unwrap();
    assert!(score.files > 300 && score.right > 300, "{}", score.render());
    assert!(score.is_perfect(), "{}", score.render());
}

#[tokio::test]
async fn files_that_were_rewritten_are_accepted() {
    let rewritten = files::judge_fix(files::DEFAULT_TARGET, program())
        .await
        .unwrap();
    assert!(rewritten.repaired > 200, "{}", rewritten.render());
    assert!(rewritten.wrong.is_empty(), "{}", rewritten.render());
}
