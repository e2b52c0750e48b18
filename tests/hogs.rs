//! A server with a hog on each of its two Ps, and a goroutine that sleeps as threads do: 50 connections go on, with and without
//! `netpoll_every`. (`cargo xtask bench --only hogs` has the same beside Go.)

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gopark::net::listen;
use gopark::{Builder, go};

/// Set for the child, which serves; the value is its `netpoll_every`.
const SERVE: &str = "GOPARK_SERVE_BESIDE_HOGS";
const CONNECTIONS: usize = 50;
const TIME: Duration = Duration::from_secs(2);
/// Loose, for machines with other work. Without retaking Ps there would be no answer at all.
const WORST_P99: Duration = Duration::from_secs(1);

#[test]
fn fifty_connections_beside_two_hogs_and_a_sleeping_thread() {
    if let Ok(n) = std::env::var(SERVE) {
        return serve(n.parse().expect("a number"));
    }
    for netpoll_every in [0, 4] {
        let server = Server::start(netpoll_every);
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let address = server.address.clone();
                thread::spawn(move || round_trips(&address))
            })
            .collect();
        let each: Vec<Vec<Duration>> = clients.into_iter().map(|c| c.join().expect("a client")).collect();
        assert!(each.iter().all(|trips| trips.len() >= 3), "a connection was left out");
        let mut all = each.concat();
        all.sort_unstable();
        let at = |part: f64| all[((all.len() - 1) as f64 * part) as usize];
        println!(
            "netpoll_every({netpoll_every}): {:.0} round trips a second, p50 {:?}, p99 {:?}",
            all.len() as f64 / TIME.as_secs_f64(),
            at(0.5),
            at(0.99)
        );
        assert!(at(0.99) < WORST_P99, "p99 is {:?}", at(0.99));
    }
}

/// The times of the round trips of one connection.
fn round_trips(address: &str) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("an option");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("an option");
    let (start, mut times, mut buf) = (Instant::now(), Vec::new(), [0; 16]);
    while start.elapsed() < TIME {
        let sent = Instant::now();
        stream.write_all(b"sixteen bytes ..").expect("written");
        stream.read_exact(&mut buf).expect("the echo");
        times.push(sent.elapsed());
    }
    times
}

/// This program again, in the part of the server: the runtime's settings are the process's.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(netpoll_every: u32) -> Server {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .arg("--nocapture")
            .env(SERVE, netpoll_every.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let address = lines.map_while(Result::ok).find_map(|l| Some(l.split_once("serving ")?.1.to_owned()));
        Server { process, address: address.expect("the server says where") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it runs until now");
        self.process.wait().expect("it ends");
    }
}

/// The child's part; it ends when it is killed.
fn serve(netpoll_every: u32) {
    let builder = Builder::new().procs(2).netpoll_every(netpoll_every);
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe {
        builder.run(|| {
            for _ in 0..2 {
                go(|| while std::hint::black_box(true) {});
            }
            go(|| {
                while std::hint::black_box(true) {
                    thread::sleep(Duration::from_secs(5));
                }
            });
            let listener = listen("tcp", "127.0.0.1:0").expect("a free port");
            println!("serving {}", listener.addr());
            while let Ok(conn) = listener.accept() {
                go(move || {
                    let mut buf = [0; 64];
                    while let Ok(n @ 1..) = conn.read(&mut buf) {
                        conn.write(&buf[..n]).expect("the client reads");
                    }
                });
            }
        });
    }
}
