//! Looks for planted secrets, in clear and in base64, wherever airworthy wrote anything.

use std::{io::Read as _, path::Path};

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// What every planted secret begins with; then as base64 has it, after 0, 1 and 2 bytes of something else.
const SECRETS: [&str; 4] = ["hush-", "aHVzaC", "h1c2gt", "odXNoL"];

/// What a zstd frame begins with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Texts that airworthy wrote, what was packed unpacked too, each with where it did.
#[derive(Default)]
pub(super) struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    pub(super) fn add(&mut self, place: &str, text: impl Into<Vec<u8>>) {
        let text = text.into();
        assert!(!text.is_empty(), "{place} is empty");
        self.add_even_if_empty(place, text);
    }

    fn add_even_if_empty(&mut self, place: &str, text: Vec<u8>) {
        if text.starts_with(b"manifest.json\0") {
            self.add_recording(place, &text);
        }
        if text.starts_with(&ZSTD) {
            let inflated = zstd::decode_all(&text[..]).unwrap();
            self.add_even_if_empty(place, inflated);
        }
        self.0.push((place.to_owned(), text));
    }

    /// Every member of a recording.
    fn add_recording(&mut self, place: &str, tar: &[u8]) {
        let mut archive = tar::Archive::new(tar);
        for member in archive.entries().unwrap() {
            let mut member = member.unwrap();
            let name = member.path().unwrap().display().to_string();
            let mut text = Vec::new();
            member.read_to_end(&mut text).unwrap();
            self.add_even_if_empty(&format!("{place}: {name}"), text);
        }
    }

    /// The files of a folder.
    pub(super) fn add_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read(&path).unwrap();
            self.add_even_if_empty(&path.display().to_string(), text);
        }
    }

    /// Every value of every table of a database.
    pub(super) async fn add_database(&mut self, file: &Path) {
        let options = SqliteConnectOptions::new().filename(file);
        let mut database = SqliteConnection::connect_with(&options).await.unwrap();
        let columns = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
        let columns = sqlx::query(columns).fetch_all(&mut database).await.unwrap();
        for column in columns {
            let (table, column): (String, String) = (column.get(0), column.get(1));
            let values = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\"");
            let values = sqlx::query(sqlx::AssertSqlSafe(values))
                .fetch_all(&mut database)
                .await;
            for value in values.unwrap() {
                let value: Option<Vec<u8>> = value.get(0);
                self.add_even_if_empty(&format!("{table}.{column}"), value.unwrap_or_default());
            }
        }
    }

    /// The places where a text is.
    pub(super) fn places_of(&self, text: &str) -> Vec<&str> {
        let has = |written: &[u8]| {
            written
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let places = self.0.iter().filter(|(_, written)| has(written));
        places.map(|(place, _)| place.as_str()).collect()
    }

    /// Demands that none of it holds a planted secret, or one of these.
    pub(super) fn demand_silence(&self, more: &[&str]) {
        for secret in SECRETS.iter().chain(more) {
            let places = self.places_of(secret);
            assert!(places.is_empty(), "{secret} is in {places:?}");
        }
    }
}
