//! A cluster of one SDK, and the program that its operator configured to upgrade it: a script that asks this test.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use airworthy_testbed::{Cluster, ClusterOptions};
use anyhow::{Context as _, Result};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe::{OpenOptions, Receiver, Sender},
    task::JoinHandle,
};

/// How long the service may take until it runs the program.
const DEADLINE: Duration = Duration::from_mins(1);
/// Says how far it is and what it was told, and ends as it is told.
const PROGRAM: &str = r#"
echo 40 > "$AIRWORTHY_PROGRESS_FILE"
echo "$AIRWORTHY_CLUSTER_NAME $AIRWORTHY_FROM_VERSION $AIRWORTHY_TARGET_VERSION attempt $AIRWORTHY_ATTEMPT" > "$1/asked"
read -r answer < "$1/answer"
echo "the answer is $answer"
[ "$answer" = done ]
"#;

/// Where the service finds a cluster and the program; both are there before the cluster is.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    folder: PathBuf,
}

impl Place {
    pub(crate) fn new(folder: &Path, name: &str) -> Result<Self> {
        let folder = folder.join(name);
        fs::create_dir(&folder)?;
        fs::write(folder.join("upgrade.sh"), PROGRAM)?;
        for pipe in ["asked", "answer"] {
            let mode = Mode::RUSR | Mode::WUSR;
            mknodat(CWD, folder.join(pipe), FileType::Fifo, mode, 0)?;
        }
        Ok(Self {
            name: name.to_owned(),
            folder,
        })
    }

    /// What the operator writes into the configuration of the service.
    pub(crate) fn entry(&self, project: &str) -> String {
        let (name, folder) = (&self.name, self.folder.display());
        format!(
            r#"
[[cluster]]
project = "{project}"
name = "{name}"
kubeconfig = "{folder}/kubeconfig"
[cluster.driver]
kind = "command"
program = ["/bin/sh", "{folder}/upgrade.sh", "{folder}"]
deadline-seconds = 120
grace-seconds = 60
"#
        )
    }
}

/// A cluster that starts.
pub(crate) type Starting = JoinHandle<airworthy_testbed::Result<Cluster>>;

/// Starts the cluster of a bed; there is one at a time beside the one that is used.
pub(crate) fn start() -> Starting {
    tokio::spawn(Cluster::start(ClusterOptions::new("1.31").nodes(1)))
}

/// A running cluster in its place.
pub(crate) struct Bed {
    pub(crate) cluster: Cluster,
    asked: BufReader<Receiver>,
    answer: Sender,
}

impl Bed {
    pub(crate) fn make(place: &Place, cluster: Cluster) -> Result<Self> {
        fs::copy(cluster.kubeconfig(), place.folder.join("kubeconfig"))?;
        // Open for both, so that neither side waits for the other to open it.
        let mut open = OpenOptions::new();
        let open = open.read_write(true);
        Ok(Self {
            cluster,
            asked: BufReader::new(open.open_receiver(place.folder.join("asked"))?),
            answer: open.open_sender(place.folder.join("answer"))?,
        })
    }

    /// Waits until the service runs the program, and gives what it was told.
    pub(crate) async fn asked(&mut self) -> Result<String> {
        let mut line = String::new();
        let asked = tokio::time::timeout(DEADLINE, self.asked.read_line(&mut line)).await;
        asked.context("the service does not run the program")??;
        Ok(line.trim_end().to_owned())
    }

    /// The program ends without success.
    pub(crate) async fn fail(&mut self) -> Result<()> {
        Ok(self.answer.write_all(b"failed\n").await?)
    }

    /// The API server and the nodes are exchanged, and the program ends well.
    pub(crate) async fn upgrade(&mut self) -> Result<()> {
        self.cluster.upgrade("1.32").await?;
        self.cluster.move_nodes("v1.32.13").await?;
        self.cluster.wait_for_nodes().await?;
        Ok(self.answer.write_all(b"done\n").await?)
    }
}
