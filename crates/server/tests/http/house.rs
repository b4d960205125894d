//! A server of its own for each test, and the smallest client that can tell it everything.

use probity_credit::catalogue::Catalogue;
use probity_primitives::Timestamp;
use probity_server::app::{Clock, Probity, embedded_catalogue};
use probity_server::http::{ServeOptions, Server};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The moment at which the tests' clock starts.
pub(crate) const NOW: &str = "2018-06-15T12:00:00Z";

pub(crate) struct House {
    pub(crate) addr: SocketAddr,
    pub(crate) now: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: Option<TempDir>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(ServeOptions::default())
    }

    pub(crate) fn with(options: ServeOptions) -> Self {
        Self::over(tempfile::tempdir().unwrap(), options, NOW)
    }

    /// On a folder that is there already.
    pub(crate) fn on(folder: TempDir) -> Self {
        Self::over(folder, ServeOptions::default(), NOW)
    }

    fn over(folder: TempDir, options: ServeOptions, now: &str) -> Self {
        let now = Arc::new(AtomicI64::new(Timestamp::parse(now).unwrap().millis()));
        let probity = open(folder.path(), &now);
        let options = ServeOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..options };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = Server::bind(probity, options).await.unwrap();
                tell.send(server.addr).unwrap();
                server.run(async move { drop(stopped.await) }).await.unwrap();
            });
        });
        let addr = told.recv().unwrap();
        Self { addr, now, stop: Some(stop), thread: Some(thread), folder: Some(folder) }
    }

    /// Tells the server to end, without waiting.
    pub(crate) fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    fn stop(&mut self) {
        self.begin_to_stop();
        self.thread.take().into_iter().for_each(|thread| thread.join().unwrap());
    }

    /// Ends and starts anew on the same data.
    pub(crate) fn restarted(self) -> Self {
        self.restarted_at(NOW)
    }

    /// The same, when it is later.
    pub(crate) fn restarted_at(mut self, now: &str) -> Self {
        self.stop();
        let folder = self.folder.take().unwrap();
        Self::over(folder, ServeOptions::default(), now)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "GET {path}: {}", reply.text());
        reply.json()
    }

    pub(crate) fn post(&self, body: impl AsRef<[u8]>) -> Reply {
        self.send("POST", "/v1/events", &[("content-type", "application/json")], body.as_ref())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // The server may answer, and hang up, before it has read everything.
        let _ = stream.write_all(body);
        Reply::read(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    pub(crate) fn wait_until(&self, moment: &str) {
        self.now.store(Timestamp::parse(moment).unwrap().millis(), Ordering::SeqCst);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.begin_to_stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

fn open(folder: &Path, now: &Arc<AtomicI64>) -> Probity {
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let now = Arc::clone(now);
    let clock = Clock::of(move || Timestamp::from_millis(now.load(Ordering::SeqCst)));
    Probity::open(folder, catalogue, clock, &mut |_, _| {}).unwrap()
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let mut piece = [0; 16 << 10];
        // A connection that is cut after the answer is as good as one that is closed.
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            bytes.extend_from_slice(&piece[..count]);
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of a refusal, after checking that it is a whole problem document.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let document = self.json();
        let code = document["code"].as_str().unwrap().to_owned();
        assert_eq!(document["status"], self.status);
        assert_eq!(document["type"], format!("/docs/errors/{code}"));
        assert_eq!(document["trace_id"], self.header("x-request-id"));
        for key in ["title", "detail"] {
            assert!(!document[key].as_str().unwrap().is_empty(), "{document}");
        }
        assert!(document["errors"].is_array());
        code
    }
}

/// An order that was placed.
pub(crate) fn placed(id: &str, merchant: &str, buyer: &str, occurred_at: &str) -> Value {
    serde_json::json!({
        "id": id, "source": "shop", "type": "order.placed", "occurred_at": occurred_at,
        "known_at": occurred_at, "merchant": merchant, "buyer": buyer, "order": format!("order-{id}"),
        "value": "12.30", "currency": "BRL",
    })
}
