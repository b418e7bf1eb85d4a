//! Users and tokens: who comes in, for how long, and who no longer does.

mod common;

use std::time::Duration;

use airworthy_model::Role;
use airworthy_store::{
    Error, Holder, LOCKED_FOR, LogIn, NewToken, Purpose, Secret, Store, TOKENS_KEPT, User,
};
use common::{at, fixture};

async fn user(store: &Store, name: &str) -> User {
    store.add_user(name, "$hash", at(0)).await.unwrap()
}

async fn token(store: &Store, user: &User, project: Option<&str>, second: i64) -> Secret {
    let new = NewToken {
        user_id: &user.id,
        project_id: project,
        purpose: Purpose::Token,
        issued_at: at(second),
        expires_at: at(second + 60),
    };
    store.create_token(new).await.unwrap()
}

async fn holder(store: &Store, token: &Secret) -> Option<Holder> {
    store.token(token.expose(), Purpose::Token).await.unwrap()
}

/// Settles a log-in at a second of the test's clock.
async fn settle(store: &Store, user: &User, right: bool, second: i64) -> LogIn {
    store
        .settle_log_in(&user.id, right, at(second))
        .await
        .unwrap()
}

#[tokio::test]
async fn users_have_one_name_each_and_roles_by_project() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let ana = user(store, "ana").await;
    assert_eq!(ana.id.len(), 32);
    let twice = store.add_user("ana", "$other", at(1)).await.unwrap_err();
    assert!(matches!(twice, Error::AlreadyExists { what: "user", .. }));
    assert_eq!(store.users().await.unwrap(), std::slice::from_ref(&ana));
    assert_eq!(store.user("ana").await.unwrap().unwrap(), ana);
    assert_eq!(store.user("Ana").await.unwrap(), None);
    let hashed = store.hashed_user("ana").await.unwrap().unwrap();
    assert_eq!(hashed.hash, "$hash");

    let other = store.add_project("a", None, at(0)).await.unwrap();
    let local = &fixture.project.id;
    store.grant(&ana.id, local, Role::Admin).await.unwrap();
    store.grant(&ana.id, local, Role::Operator).await.unwrap();
    store
        .grant(&ana.id, &other.id, Role::ReadOnly)
        .await
        .unwrap();
    let nowhere = store.grant(&ana.id, "nowhere", Role::Admin).await;
    assert!(matches!(nowhere, Err(Error::NotFound { .. })));
    let grants = store.grants(&ana.id).await.unwrap();
    let named: Vec<_> = grants
        .iter()
        .map(|it| (it.project_name.as_str(), it.role))
        .collect();
    assert_eq!(named, [("a", Role::ReadOnly), ("local-1", Role::Operator)]);
    assert!(store.revoke_grant(&ana.id, local).await.unwrap());
    assert!(!store.revoke_grant(&ana.id, local).await.unwrap());
    assert_eq!(store.grants(&ana.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_five_minutes_also_after_a_restart() {
    let fixture = fixture().await;
    let (ana, ben) = (
        user(&fixture.store, "ana").await,
        user(&fixture.store, "ben").await,
    );
    for second in 0..4 {
        assert_eq!(
            settle(&fixture.store, &ana, false, second).await,
            LogIn::Wrong
        );
    }
    assert_eq!(settle(&fixture.store, &ana, true, 4).await, LogIn::Right);
    for second in 10..15 {
        assert_eq!(
            settle(&fixture.store, &ana, false, second).await,
            LogIn::Wrong
        );
    }
    fixture.store.close().await.unwrap();
    let store = Store::open(&fixture.options, at(15)).await.unwrap();
    let locked = i64::try_from(LOCKED_FOR.as_secs()).unwrap();
    assert_eq!(settle(&store, &ana, true, 15).await, LogIn::Locked);
    assert_eq!(
        settle(&store, &ana, false, 14 + locked - 1).await,
        LogIn::Locked
    );
    let until = store.user("ana").await.unwrap().unwrap().locked_until;
    assert_eq!(until, Some(at(14 + locked)));
    assert_eq!(settle(&store, &ben, true, 15).await, LogIn::Right);
    // The lock has run out: the count begins anew.
    for second in 0..4 {
        let found = settle(&store, &ana, false, 14 + locked + second).await;
        assert_eq!(found, LogIn::Wrong);
    }
    assert_eq!(
        settle(&store, &ana, true, 14 + locked + 4).await,
        LogIn::Right
    );
    assert_eq!(store.user("ana").await.unwrap().unwrap().locked_until, None);
}

#[tokio::test]
async fn of_many_wrong_passwords_at_once_five_are_compared() {
    let fixture = fixture().await;
    let ana = user(&fixture.store, "ana").await;
    let attempts = (0..40).map(|_| {
        let (store, ana) = (fixture.store.clone(), ana.clone());
        tokio::spawn(async move { settle(&store, &ana, false, 1).await })
    });
    let mut wrong = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        wrong += usize::from(attempt.await.unwrap() == LogIn::Wrong);
    }
    assert_eq!(wrong, 5);
    assert_eq!(settle(&fixture.store, &ana, true, 2).await, LogIn::Locked);
}

#[tokio::test]
async fn a_token_is_known_for_its_purpose_with_the_role_of_now() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, fixture.project.id.as_str());
    let ana = user(store, "ana").await;
    store.grant(&ana.id, project, Role::Admin).await.unwrap();
    let text = token(store, &ana, Some(project), 0).await;
    assert_eq!(text.expose().len(), 48);
    let found = holder(store, &text).await.unwrap();
    let role = |role| Some((project.to_owned(), role));
    assert_eq!(
        (found.user_name.as_str(), found.scope, found.expires_at),
        ("ana", role(Role::Admin), at(60))
    );
    let session = store.token(text.expose(), Purpose::Session).await.unwrap();
    assert_eq!(session, None);
    store.grant(&ana.id, project, Role::ReadOnly).await.unwrap();
    assert_eq!(
        holder(store, &text).await.unwrap().scope,
        role(Role::ReadOnly)
    );
    let domain = token(store, &ana, None, 0).await;
    assert_eq!(holder(store, &domain).await.unwrap().scope, None);
    assert_ne!(domain, text);
    assert!(
        store
            .end_token(domain.expose(), Purpose::Token)
            .await
            .unwrap()
    );
    assert!(
        !store
            .end_token(domain.expose(), Purpose::Token)
            .await
            .unwrap()
    );
    assert_eq!(holder(store, &domain).await, None);
    assert!(holder(store, &text).await.is_some(), "it goes on");
    for file in std::fs::read_dir(fixture.directory.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = text.expose().as_bytes();
        assert!(!bytes.windows(text.len()).any(|window| window == text));
    }
}

#[tokio::test]
async fn whoever_is_shut_out_has_no_token_left() {
    let fixture = fixture().await;
    let (store, project) = (&fixture.store, fixture.project.id.as_str());
    let ana = user(store, "ana").await;
    for way in ["password", "disabled", "revoked"] {
        store.grant(&ana.id, project, Role::Admin).await.unwrap();
        let text = token(store, &ana, Some(project), 0).await;
        assert!(holder(store, &text).await.is_some());
        match way {
            "password" => store.set_password(&ana.id, "$new").await.unwrap(),
            "disabled" => store.set_disabled(&ana.id, Some(at(1))).await.unwrap(),
            _ => assert!(store.revoke_grant(&ana.id, project).await.unwrap()),
        }
        assert_eq!(holder(store, &text).await, None, "{way}");
        if way == "disabled" {
            assert_eq!(settle(store, &ana, true, 1).await, LogIn::Wrong);
            store.set_disabled(&ana.id, None).await.unwrap();
            assert_eq!(settle(store, &ana, true, 1).await, LogIn::Right);
        }
    }
}

#[tokio::test]
async fn a_new_password_ends_a_lock() {
    let fixture = fixture().await;
    let ana = user(&fixture.store, "ana").await;
    for _ in 0..5 {
        settle(&fixture.store, &ana, false, 1).await;
    }
    fixture.store.set_password(&ana.id, "$new").await.unwrap();
    assert_eq!(settle(&fixture.store, &ana, true, 2).await, LogIn::Right);
}

#[tokio::test]
async fn expired_tokens_are_known_for_a_day_and_then_removed() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let ana = user(store, "ana").await;
    let old = token(store, &ana, None, 0).await;
    let younger = token(store, &ana, None, 3600).await;
    let day = Duration::from_hours(24);
    assert!(holder(store, &old).await.is_some());
    let later = at(61) + day;
    assert_eq!(store.purge_tokens(at(61), 10).await.unwrap(), 0);
    assert_eq!(store.purge_tokens(later, 10).await.unwrap(), 1);
    assert_eq!(holder(store, &old).await, None);
    assert!(holder(store, &younger).await.is_some());
    assert_eq!(store.purge_tokens(later + day, 0).await.unwrap(), 0);
}

#[tokio::test]
async fn a_user_holds_so_many_tokens_and_the_oldest_make_room() {
    let fixture = fixture().await;
    let store = &fixture.store;
    let ana = user(store, "ana").await;
    let first = token(store, &ana, None, 0).await;
    let second = token(store, &ana, None, 1).await;
    for n in 2..=TOKENS_KEPT {
        token(store, &ana, None, n).await;
    }
    assert_eq!(holder(store, &first).await, None);
    assert!(holder(store, &second).await.is_some());
}
