//! The server: a port, connections, an orderly end.

use super::frame::frame;
use super::site::Site;
use super::{page, routes};
use crate::app::{AppError, Class, Probity};
use crate::jobs::{self, Ticker, Waiting};
use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use probity_primitives::{Code, Problem};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const PORT_UNAVAILABLE: Code = Code::new("port-unavailable");

/// Headers of one request at most.
const MOST_HEADERS: usize = 64;
/// Bytes of one request's head at most; also the piece in which bodies are read.
const LONGEST_HEAD: usize = 128 << 10;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Bytes of one body at most, counted after decompression.
    pub body_limit: usize,
    /// Bytes of all bodies that are being taken, together, at most; above it requests are shed with 503.
    pub body_room: usize,
    /// Time for a body to arrive; the answer gets five seconds more.
    pub request_timeout: Duration,
    /// Time for a request's head to arrive, and the longest pause between two requests of a connection.
    pub idle_timeout: Duration,
    /// Connections at the same time; more wait at the door.
    pub connections: usize,
    /// Time for running requests to finish when the server is to end.
    pub drain: Duration,
    /// Answer requests for decisions before they are on disk: a crash within the next moments loses them.
    pub decide_before_recording: bool,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7400)),
            body_limit: 16 << 20,
            body_room: 64 << 20,
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            connections: 4_096,
            drain: Duration::from_secs(30),
            decide_before_recording: false,
        }
    }
}

/// A server that holds its port but does not answer yet.
pub struct Server {
    listener: TcpListener,
    probity: Probity,
    options: ServeOptions,
    /// Where it listens, with the port it got.
    pub addr: SocketAddr,
}

/// Serves until `shutdown` is done, lets running requests finish, then closes Probity.
///
/// # Errors
/// `port-unavailable` when the address cannot be listened on.
pub async fn serve(
    probity: Probity,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> Result<(), AppError> {
    Server::bind(probity, options).await?.run(shutdown).await
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// `port-unavailable` when the address cannot be listened on.
    pub async fn bind(probity: Probity, options: ServeOptions) -> Result<Self, AppError> {
        let refuse = |error: std::io::Error| {
            let detail = format!("{} cannot be listened on: {error}", options.listen);
            let problem = Problem::new(PORT_UNAVAILABLE, detail).hint("choose another with --listen");
            AppError::new(Class::Unavailable, problem)
        };
        let listener = TcpListener::bind(options.listen).await.map_err(refuse)?;
        let addr = listener.local_addr().map_err(refuse)?;
        Ok(Self { listener, probity, options, addr })
    }

    /// Answers until `shutdown` is done, lets running requests finish, then closes Probity: with no other handle to it
    /// left, its last checkpoint is made before this returns.
    ///
    /// # Errors
    /// None at present.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        let Self { listener, probity, options, addr } = self;
        let waiting = Arc::new(Waiting::default());
        let router = router(&probity, &options, &waiting);
        let background = tokio::spawn(jobs::run(Ticker::new(probity.clone(), waiting)));
        tracing::info!(%addr, "listening");
        let connections = accept_until(&listener, router, &options, shutdown).await;
        drop(listener);
        tracing::info!("stopping: no new connections, running requests finish");
        probity.stop_long_work();
        background.abort();
        let _ = background.await;
        if tokio::time::timeout(options.drain, connections.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time and were cut off");
        }
        let closed = tokio::task::spawn_blocking(move || probity.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "closing ended badly; the log's tail is replayed at the next start");
        }
        Ok(())
    }
}

fn router(probity: &Probity, options: &ServeOptions, waiting: &Arc<Waiting>) -> Router {
    let (api, paths, description) = routes::api();
    let document = serde_json::to_vec(&description).unwrap_or_default();
    let site =
        Site::new(probity.clone(), options.clone(), paths.into_iter(), document.into(), Arc::clone(waiting));
    api.merge(page::routes()).layer(from_fn_with_state(site.clone(), frame)).with_state(site)
}

async fn accept_until(
    listener: &TcpListener,
    router: Router,
    options: &ServeOptions,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => return connections,
            accepted = accept(listener, &places) => accepted,
        };
        match accepted {
            Some((stream, place)) => {
                let serving = connection(stream, router.clone(), options);
                let watched = connections.watch(serving);
                tokio::spawn(async move {
                    if let Err(error) = watched.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(place);
                });
            }
            // Out of file descriptors, most likely: connections that end bring some back.
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and awaited: they are not held back to be sent together.
            let _ = stream.set_nodelay(true);
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            None
        }
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
    options: &ServeOptions,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.idle_timeout)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
