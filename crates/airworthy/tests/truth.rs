//! The predictions about removed APIs of 1.31 → 1.32, judged by real API servers. `cargo xtask truth` judges the other minors.

use std::path::Path;

use xtask::truth::{files, live, upgrade};

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

#[tokio::test]
async fn what_an_upgrade_harms_is_known_before_and_seen_after() {
    let score = upgrade::judge(upgrade::DEFAULT_HOP, program())
        .await
        .unwrap();
    let (before, after) = (&score.before, &score.after);
    let told = score.render();
    assert!(before.hazards >= 25 && before.harmless >= 25, "{told}");
    assert!(after.hazards >= 12 && after.harmless >= 12, "{told}");
    assert!(score.is_perfect(), "{told}");
}
