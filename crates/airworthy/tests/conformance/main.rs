//! The whole API, judged by the vendor's official SDKs, unmodified: each walks a whole upgrade of a real cluster in the
//! documented order, 1.31 to 1.32 by the `command` driver, and meets every error as its own exception. Everything that is
//! looked at went through the SDK's own types. Then the calls of the vendor's Terraform provider, from its description.
//!
//! Prints which operation was called with success, and which error met, by which SDK.

mod bed;
mod bodies;
mod caller;
#[path = "../common_sdk/mod.rs"]
mod common_sdk;
mod http_client;
mod matrix;
mod misuse;
mod refusals;
mod relay;
mod services;
mod terraform;
mod told;
mod walk;

use std::{collections::VecDeque, time::Instant};

use airworthy_testbed::Cluster;
use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use bed::{Bed, Place, Starting};
use caller::{Caller, environment};
use common_sdk::{Language, installed, say};
use http_client::Peer;
use matrix::Matrix;
use misuse::Misused;
use services::{PROJECT, REGION, Services};
use terraform::Provider;
use walk::Walk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sdk_walks_a_whole_upgrade_and_meets_every_error() {
    if let Err(error) = conformance().await {
        panic!("{error:#}");
    }
}

async fn conformance() -> Result<()> {
    let began = Instant::now();
    let installing = tokio::spawn(installed(&Language::ALL));
    let starting = bed::start();
    let sdks = installing.await??;
    let languages: Vec<_> = sdks.iter().map(|sdk| sdk.language).collect();
    let mut beds = Beds::prepare(&languages, starting)?;
    let services = Services::start(beds.places()).await?;
    let mut callers = sdks.iter().map(Caller::start).collect::<Result<Vec<_>>>()?;

    let (mut place, mut cluster) = beds.next().await?;
    meet_every_error(&cluster, &mut callers).await?;
    let mut matrix = Matrix::default();
    for caller in callers {
        let name = caller.language.release();
        let bed = Bed::make(&place, cluster)?;
        matrix.add(walk(&services, caller, &place, bed).await.context(name)?);
        let seconds = began.elapsed().as_secs_f64();
        say(&format!("{name} is through after {seconds:.0} s"));
        (place, cluster) = beds.next().await?;
    }
    terraform(&services, &place, Bed::make(&place, cluster)?).await?;
    say(&format!(
        "what each SDK made of it\n{}",
        matrix.text(&languages)
    ));
    let gaps = matrix.gaps(&languages);
    ensure!(gaps.is_empty(), "what never happened: {gaps:?}");
    services.end().await?;
    say(&format!("done in {:.0} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// A cluster for each SDK and one more, started one after the other: the next one while one is walked.
struct Beds {
    places: VecDeque<(Option<Language>, Place)>,
    starting: Option<Starting>,
    _folder: TempDir,
}

impl Beds {
    fn prepare(languages: &[Language], starting: Starting) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut places = VecDeque::new();
        for &language in languages {
            let name = format!("walk-{language:?}").to_lowercase();
            places.push_back((Some(language), Place::new(folder.path(), &name)?));
        }
        places.push_back((None, Place::new(folder.path(), "walk-terraform")?));
        Ok(Self {
            places,
            starting: Some(starting),
            _folder: folder,
        })
    }

    /// Each with the language that walks there.
    fn places(&self) -> impl Iterator<Item = &(Option<Language>, Place)> {
        self.places.iter()
    }

    async fn next(&mut self) -> Result<(Place, Cluster)> {
        let (_, place) = self.places.pop_front().context("no place is left")?;
        let starting = self.starting.take().context("no cluster is started")?;
        let cluster = starting.await??;
        self.starting = (!self.places.is_empty()).then(bed::start);
        Ok((place, cluster))
    }
}

async fn meet_every_error(cluster: &Cluster, callers: &mut [Caller]) -> Result<()> {
    let languages: Vec<_> = callers.iter().map(|caller| caller.language).collect();
    let misused = Misused::start(cluster, &languages).await?;
    for caller in &mut *callers {
        let endpoint = &misused.service.endpoint;
        caller.be(environment(endpoint, &misused.key, REGION, PROJECT));
        let met = refusals::meets(caller, &misused).await;
        met.context(caller.language.release())?;
    }
    misused.breaks().await?;
    for caller in callers {
        refusals::meets_an_internal_error(caller).await?;
    }
    misused.service.end().await
}

async fn walk(
    services: &Services,
    mut caller: Caller,
    place: &Place,
    mut bed: Bed,
) -> Result<Matrix> {
    let served = services.of(caller.language);
    // Without a project: the SDK finds it by the region.
    let mut who = environment(&served.service.endpoint, &served.key, REGION, "");
    who["AIRWORTHY_CA"] = services.issuer().to_string_lossy().into();
    caller.be(who);
    let mut walk = Walk {
        caller: &mut caller,
        bed: &mut bed,
        house: &served.service.house,
        name: &place.name,
        cluster: String::new(),
    };
    walk.whole().await?;
    Ok(caller.matrix)
}

async fn terraform(services: &Services, place: &Place, mut bed: Bed) -> Result<()> {
    let served = &services.current;
    let cluster = "8978deaa-1743-11ee-8e46-0255ac10004c";
    let house = &served.service.house;
    let own = (cluster, place.name.as_str());
    house
        .add_cluster(PROJECT, own, &bed.cluster.kubeconfig())
        .await?;
    let mut provider = Provider {
        peer: Peer::trusting(&served.service.endpoint, &services.issuer())?,
        key: &served.key,
        project: PROJECT,
        cluster,
        bed: &mut bed,
    };
    provider.apply().await.context("Terraform's order of calls")
}
