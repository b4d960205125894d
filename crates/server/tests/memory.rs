//! Memory stays bounded: two hundred clients at once, and a large file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, command, rounds};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// What the process may hold, in KiB.
const MOST_KIB: u64 = 512 << 10;

/// A server, ended with the test.
struct Server {
    child: Child,
    addr: String,
}

impl Server {
    fn start(house: &House) -> Self {
        let mut command =
            command(&house.data(), ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        let mut child =
            command.env("PROBITY_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let rest = line.split("127.0.0.1:").nth(1)?;
            Some(format!("127.0.0.1:{}", rest.split(|c: char| !c.is_ascii_digit()).next()?))
        });
        // What is logged later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, addr: addr.unwrap() }
    }

    fn most_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One event of a client of its own.
fn event(client: u64, n: u64) -> String {
    format!(
        r#"{{"id":"c{client}-{n}","source":"shop","type":"order.placed","occurred_at":"2025-01-{:02}T10:00:00Z","merchant":"m{}","buyer":"b{client}","order":"c{client}-{n}","value":"12.30","currency":"EUR","category":"{}"}}"#,
        n % 28 + 1,
        n % 50,
        "x".repeat(100)
    )
}

/// Sends a batch and reads the status of the answer.
fn post(addr: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[test]
fn two_hundred_clients_at_once_stay_within_half_a_gibibyte() {
    let house = House::new();
    let server = Server::start(&house);
    let (clients, batches) = (rounds("PROBITY_CLIENTS", 200), rounds("PROBITY_CLIENT_BATCHES", 1));
    let statuses: Vec<(u64, u64, u16)> = std::thread::scope(|scope| {
        let sending = (0..clients).map(|client| {
            let addr = &server.addr;
            scope.spawn(move || {
                let send = |batch: u64| {
                    let events: Vec<String> =
                        (batch * 50..(batch + 1) * 50).map(|n| event(client, n)).collect();
                    (client, batch, post(addr, &format!("[{}]", events.join(","))))
                };
                (0..batches).map(send).collect::<Vec<_>>()
            })
        });
        let sending: Vec<_> = sending.collect();
        sending.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let most = server.most_kib();
    // Taken, or told to come again; nothing else, and nothing dies.
    let taken = statuses.iter().filter(|(.., status)| *status == 200).count() as u64;
    let shed = statuses.iter().filter(|(.., status)| *status == 503).count() as u64;
    println!("{taken} batches taken, {shed} shed, at most {} MiB", most >> 10);
    assert_eq!(taken + shed, clients * batches, "{statuses:?}");
    assert!(taken > 0 && most < MOST_KIB, "{most} KiB");
    // Sent again, what was shed is taken: all of it is there once.
    for (client, batch, _) in statuses.iter().filter(|(.., status)| *status == 503) {
        let events: Vec<String> = (batch * 50..(batch + 1) * 50).map(|n| event(*client, n)).collect();
        assert_eq!(post(&server.addr, &format!("[{}]", events.join(","))), 200);
    }
    drop(server);
    assert_eq!(house.events(), clients * batches * 50);
}

#[test]
fn a_large_file_is_imported_within_half_a_gibibyte() {
    let house = House::new();
    let rows = rounds("PROBITY_ROWS", 10_000);
    let mut file = String::from("id,type,occurred_at,merchant,buyer,order,value,currency,category\n");
    for n in 0..rows {
        let day = n % 28 + 1;
        let _ = writeln!(
            file,
            "p{n},order.placed,2025-01-{day:02}T10:00:00Z,m{},b{},o{n},12.30,EUR,toys",
            n % 500,
            n % 20_000
        );
    }
    let ran = house.import(&house.file("orders.csv", file)).exits(0);
    println!("{rows} rows in {:?}, at most {} MiB", ran.took, ran.most_kib >> 10);
    assert_eq!(ran.number("taken"), rows);
    assert!(ran.most_kib < MOST_KIB, "{} KiB", ran.most_kib);
}
