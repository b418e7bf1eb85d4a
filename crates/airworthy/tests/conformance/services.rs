//! The services that the SDKs walk through, by TLS: one for each generation of shapes.

use std::{fs, path::PathBuf};

use airworthy_testbed::Authority;
use anyhow::Result;
use tempfile::TempDir;

use crate::{
    bed::Place,
    common_sdk::{House, Key, Language, Service},
};

pub(crate) const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";
/// Region and project have the same name, by which the SDKs find the project.
pub(crate) const REGION: &str = "local-1";

/// A service, and a key for all it has.
pub(crate) struct Served {
    pub(crate) service: Service,
    pub(crate) key: Key,
}

pub(crate) struct Services {
    pub(crate) current: Served,
    legacy: Served,
    certificates: Certificates,
}

/// A certificate of both services, and that of its issuer, whom nobody trusts unless told to.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let authority = Authority::new("an issuer of the operator's")?;
        let own = authority.issue(&["127.0.0.1"])?;
        for (name, text) in [
            ("issuer.pem", authority.pem()),
            ("own.pem", &own.certificate),
            ("own.key", &own.key),
        ] {
            fs::write(folder.path().join(name), text)?;
        }
        Ok(Self { folder })
    }

    fn entry(&self) -> String {
        let folder = self.folder.path().display();
        format!("[tls]\ncertificate = \"{folder}/own.pem\"\nkey = \"{folder}/own.key\"\n")
    }
}

impl Served {
    async fn start(configuration: &str) -> Result<Self> {
        let house = House::new(configuration)?;
        house.add_project(PROJECT, REGION).await?;
        let key = house.create_key(PROJECT, &["--role", "admin"]).await?;
        let service = house.serve().await?;
        Ok(Self { service, key })
    }
}

impl Services {
    /// Offers each place on the service whose shapes its SDK reads; those of no SDK on the one with current shapes.
    pub(crate) async fn start(
        places: impl Iterator<Item = &(Option<Language>, Place)>,
    ) -> Result<Self> {
        let certificates = Certificates::new()?;
        let mut current = certificates.entry();
        let mut legacy = format!("shapes = \"legacy\"\n{current}");
        for (language, place) in places {
            let is_legacy = language.is_some_and(Language::is_legacy);
            let text = if is_legacy { &mut legacy } else { &mut current };
            text.push_str(&place.entry(PROJECT));
        }
        Ok(Self {
            current: Served::start(&current).await?,
            legacy: Served::start(&legacy).await?,
            certificates,
        })
    }

    /// The certificate that a client has to trust.
    pub(crate) fn issuer(&self) -> PathBuf {
        self.certificates.folder.path().join("issuer.pem")
    }

    pub(crate) fn of(&self, language: Language) -> &Served {
        if language.is_legacy() {
            &self.legacy
        } else {
            &self.current
        }
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.current.service.end().await?;
        self.legacy.service.end().await
    }
}
