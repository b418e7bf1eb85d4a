//! Why no connection can be made, in words for the person who has to mend it.

use std::path::PathBuf;

/// Why no connection can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no configuration anywhere.
    #[error("no cluster is configured: {looked}; name a file with --kubeconfig or set KUBECONFIG")]
    FindConfiguration {
        /// Where was looked.
        looked: String,
    },
    /// A kubeconfig file cannot be read.
    #[error("cannot read the kubeconfig {}: {detail}", path.display())]
    ReadKubeconfig {
        /// The file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// Several kubeconfig files cannot be put together.
    #[error("the kubeconfig files {files} cannot be put together: {detail}")]
    MergeKubeconfigs {
        /// The files.
        files: String,
        /// Why not.
        detail: String,
    },
    /// No context was named, and the file names none.
    #[error("{files} names no current context; choose one with --context: {available}")]
    ChooseContext {
        /// The files.
        files: String,
        /// The contexts there are.
        available: String,
    },
    /// There is no such context.
    #[error("there is no context {context:?} in {files}; there are: {available}")]
    FindContext {
        /// What was asked for.
        context: String,
        /// The files.
        files: String,
        /// The contexts there are.
        available: String,
    },
    /// The context cannot be used.
    #[error("the context {context:?} of {files} cannot be used: {detail}")]
    LoadContext {
        /// The context.
        context: String,
        /// The files.
        files: String,
        /// Why not.
        detail: String,
    },
    /// The service account of the pod cannot be used.
    #[error("the service account of this pod cannot be used: {detail}")]
    LoadServiceAccount {
        /// Why not.
        detail: String,
    },
    /// A credential plugin is not installed, or gave no credentials.
    #[error("the credential plugin {command:?} of context {context:?} {detail}{hint}")]
    RunPlugin {
        /// The program.
        command: String,
        /// The context.
        context: String,
        /// Why not.
        detail: String,
        /// What the kubeconfig says about installing it.
        hint: String,
    },
    /// The client cannot be made of what the configuration says.
    #[error("cannot prepare the connection to {server}: {detail}")]
    PrepareClient {
        /// The API server.
        server: String,
        /// Why not.
        detail: String,
    },
}
