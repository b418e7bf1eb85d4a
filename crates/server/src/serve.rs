//! The server's life: workers and connections begin, and end in an order in which nothing is lost.

use std::{future::pending, io, sync::Arc, time::Duration};

use airworthy_service::{Service, Workers};
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    app::{App, Options},
    connection::{self, Peer},
    files,
    places::Places,
    precheck,
    routes::router,
    tls::shake_hands,
};

/// How long to wait after a connection could not be accepted: mostly the process has too many files open.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// How often what has expired is removed.
const TIDIED: Duration = Duration::from_hours(1);

/// Why a server ended other than well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not be closed in order; what was accepted is in it all the same.
    #[error("the database could not be closed in order")]
    Close(#[from] airworthy_store::Error),
    /// The listener does not say where it listens.
    #[error("the address to listen on cannot be used")]
    Listen(#[from] io::Error),
}

/// Serves a listener and works the queue off, until `shutdown` is ready.
///
/// Then no connection is accepted any more, requests that wait are answered at once, the others may end within the grace,
/// workers hand over the tasks they hold, and the store is closed.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let address = listener.local_addr()?;
    let ready = precheck::ready(&service.settings().catalogue);
    let service = service.with_ready(ready);
    let options = Options {
        connections: files::room_for(options.connections),
        ..options
    };
    let workers = Workers::start(&service);
    let app = App::new(service.clone(), &options);
    tracing::info!(%address, "serving");
    let grace = options.grace;
    let mut connections = JoinSet::new();
    tokio::select! {
        () = keep_fresh(&options) => (),
        () = keep_tidy(&service) => (),
        () = accept(listener, &app, options.clone(), &mut connections) => (),
        () = shutdown => (),
    }
    tracing::info!(connections = connections.len(), "stopping");
    app.stop();
    let ended = async {
        while connections.join_next().await.is_some() {}
        app.carried_out().await;
    };
    if tokio::time::timeout(grace, ended).await.is_err() {
        tracing::warn!(
            cut = connections.len(),
            "some connections did not end in time"
        );
        connections.shutdown().await;
    }
    workers.stop().await;
    service.store().close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Keeps the certificate as its files are, for ever.
async fn keep_fresh(options: &Options) {
    match &options.tls {
        Some(tls) => tls.clone().keep_fresh(options.tls_check).await,
        None => pending().await,
    }
}

/// Removes what has expired, now and every hour, for ever.
async fn keep_tidy(service: &Service) {
    let mut hours = tokio::time::interval(TIDIED);
    loop {
        hours.tick().await;
        if let Err(error) = service.tidy(Timestamp::now()).await {
            tracing::warn!(%error, "what has expired could not be removed");
        }
    }
}

/// Accepts connections for ever, as many at once as the options allow.
async fn accept(listener: TcpListener, app: &App, options: Options, connections: &mut JoinSet<()>) {
    let router = router(app.clone());
    let tls = options.tls.clone();
    let places = Arc::new(Places::new(options));
    loop {
        let (socket, peer) = next(&listener).await;
        let place = places.clone().take().await;
        let (router, app, tls) = (router.clone(), app.clone(), tls.clone());
        connections.spawn(async move {
            let pulse = place.pulse();
            match tls {
                None => connection::run(socket, peer, router, app, pulse).await,
                Some(tls) => {
                    if let Some(stream) = shake_hands(&tls, socket, &app, &pulse).await {
                        connection::run(stream, peer, router, app, pulse).await;
                    }
                }
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// The next connection. One that failed before it was accepted is the client's matter, all else may pass.
async fn next(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((socket, address)) => {
                // Answers are small and whole: waiting for more of them only delays.
                let _ = socket.set_nodelay(true);
                return (socket, Peer(address.ip().to_canonical()));
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}
