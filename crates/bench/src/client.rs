//! A small HTTP client for load, and the server as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(|error| error.to_string())?;
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a request that was written out before and reads the answer's status; the body is in `self.body`.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<u16, String> {
        let failed = |error: std::io::Error| error.to_string();
        self.stream.get_mut().write_all(request).map_err(failed)?;
        self.line.clear();
        self.stream.read_line(&mut self.line).map_err(failed)?;
        let status = self
            .line
            .get(9..12)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("no status in '{}'", self.line))?;
        let mut length = 0;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).map_err(failed)?;
            if self.line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = self.line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(|_| "a content-length that is no number".to_owned())?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).map_err(failed)?;
        Ok(status)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request written out.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A request written out.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A folder that goes when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("probity-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `probity` beside this program.
pub(crate) fn probity() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = own.with_file_name("probity");
    if beside.exists() {
        Ok(beside)
    } else {
        Err(format!("{} is not built: cargo build --release -p probity-server", beside.display()))
    }
}

/// A server as a process of its own; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From its start until it said it was ready.
    pub(crate) ready_after: Duration,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Result<Self, String> {
        Self::start_with(data, &[])
    }

    /// With more options.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Result<Self, String> {
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let child = Command::new(probity()?)
            .args([
                "--data".as_ref(),
                data.as_os_str(),
                "serve".as_ref(),
                "--listen".as_ref(),
                free.to_string().as_ref(),
            ])
            .args(more)
            .env("PROBITY_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut server = Self { child, address: free, ready_after: Duration::ZERO };
        while begun.elapsed() < Duration::from_secs(120) {
            if let Ok(mut connection) = Connection::open(free)
                && connection.send(&get("/readyz")) == Ok(200)
            {
                server.ready_after = begun.elapsed();
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err("the server did not become ready".into())
    }
}

impl Server {
    /// Seconds of processor time it has used, where the system tells (Linux, whose ticks are hundredths of a second).
    pub(crate) fn worked(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind the name, which may hold anything: the state is the third field, user and system time the 14th and 15th.
        let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').skip(11).take(2);
        fields.map(|ticks| ticks.parse::<f64>().unwrap_or(f64::NAN) / 100.0).sum()
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
    }

    /// Rows in its log.
    pub(crate) fn held(&self) -> Result<u64, String> {
        let mut connection = Connection::open(self.address)?;
        connection.send(&get("/metrics"))?;
        let text = connection.text();
        let held = text.lines().find_map(|line| line.strip_prefix("probity_log_events "));
        held.and_then(|held| held.parse().ok()).ok_or_else(|| "the log's length is not told".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that it makes its last checkpoint; then waited for.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
