//! Each example does what its head says, driven by real clients where they are installed and by std's sockets everywhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use gopark_conformance::build;
use gopark_conformance::isolate::on_stage;

const LIMIT: Duration = Duration::from_secs(10);

/// Prints what came, then ends.
#[test]
fn sample() -> Result<()> {
    on_stage(|_| {
        let mut sample = Example::start("sample", &[])?;
        assert_eq!(sample.line()?, "listen :9999");
        let mut client = connect("127.0.0.1:9999")?;
        client.write_all(b"asdf\n")?;
        assert_eq!(sample.line()?, "recv: asdf");
        assert_eq!(client.read(&mut [0; 8])?, 0, "the sample closes");
        assert!(sample.child.wait()?.success());
        Ok(())
    })
}

/// Many clients at once, each gets back what it sent.
#[test]
fn echo() -> Result<()> {
    on_stage(|_| {
        let mut server = Example::start("echo", &["127.0.0.1:0"])?;
        let address = server.address()?;
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..20_u8)
                .map(|i| {
                    scope.spawn({
                        let address = &address;
                        move || echo_client(address, i)
                    })
                })
                .collect();
            clients.into_iter().try_for_each(|client| client.join().expect("a client returns its errors"))
        })?;
        let (host, port) = address.rsplit_once(':').expect("an address has a port");
        let by_hand = [
            ("nc", "-N", vec![host.to_owned(), port.to_owned()]),
            ("socat", "-", vec![format!("TCP:{address}")]),
        ];
        for (program, option, target) in by_hand {
            if let Some(out) = client(program, &[option], &target, b"typed by hand\n")? {
                assert_eq!(out, b"typed by hand\n", "{program}");
            }
        }
        Ok(())
    })
}

fn echo_client(address: &str, i: u8) -> Result<()> {
    let mut s = connect(address)?;
    let message = vec![i; 10_000];
    for _ in 0..10 {
        s.write_all(&message)?;
        let mut got = vec![0; message.len()];
        s.read_exact(&mut got)?;
        assert_eq!(got, message);
    }
    s.shutdown(Shutdown::Write)?;
    assert_eq!(s.read(&mut [0; 8])?, 0, "the end comes back too");
    Ok(())
}

/// Keep-alive, pipelining, an end on request, and nonsense.
#[test]
fn http() -> Result<()> {
    on_stage(|_| {
        let mut server = Example::start("http", &["127.0.0.1:0"])?;
        let address = server.address()?;
        let mut s = connect(&address)?;
        s.write_all(
            b"GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\nGET /three HT",
        )?;
        std::thread::sleep(Duration::from_millis(50));
        s.write_all(b"TP/1.1\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        s.read_to_string(&mut text)?;
        assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{text}");
        assert!(
            text.contains(": /one\n") && text.contains(": /two\n") && text.ends_with(": /three\n"),
            "{text}"
        );
        let mut s = connect(&address)?;
        s.write_all(b"\0\0\0\r\n\r\n")?;
        let mut text = String::new();
        s.read_to_string(&mut text)?;
        assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
        let urls = [format!("http://{address}/a"), format!("http://{address}/b")];
        if let Some(out) = client("curl", &["-sS", "-w", "%{num_connects} "], &urls, b"")? {
            let text = String::from_utf8(out)?;
            assert!(
                text.contains(": /a\n1 ") && text.contains(": /b\n0 "),
                "two requests, one connection: {text}"
            );
        }
        Ok(())
    })
}

/// Every name has one address.
#[test]
fn udp_dns() -> Result<()> {
    on_stage(|_| {
        let mut server = Example::start("udp_dns", &["127.0.0.1:0"])?;
        let address = server.address()?;
        let s = UdpSocket::bind("127.0.0.1:0")?;
        s.set_read_timeout(Some(LIMIT))?;
        let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03any\x07example\0\0\x01\0\x01";
        for noise in [&b""[..], b"\x12\x34", query] {
            s.send_to(noise, &address)?;
        }
        let mut got = [0; 512];
        let n = s.recv(&mut got)?;
        assert_eq!(got[..4], [0x12, 0x34, 0x85, 0], "the same number, an authoritative answer");
        assert_eq!(got[n - 4..n], [192, 0, 2, 10]);
        let port = address.rsplit(':').next().expect("an address has a port");
        let args = ["@127.0.0.1", "+short", "+tries=1", "any.example", "-p"];
        if let Some(out) = client("dig", &args, &[port.to_owned()], b"")? {
            assert_eq!(String::from_utf8(out)?, "192.0.2.10\n");
        }
        Ok(())
    })
}

/// A running example; killed when dropped.
struct Example {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Example {
    fn start(name: &str, args: &[&str]) -> Result<Example> {
        let mut child =
            Command::new(build::examples().join(name)).args(args).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Example { child, out })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// What it says it listens on.
    fn address(&mut self) -> Result<String> {
        let line = self.line()?;
        Ok(line.strip_prefix("listening on ").unwrap_or_else(|| panic!("unexpected: {line}")).to_owned())
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(address: &str) -> Result<TcpStream> {
    let end = Instant::now() + LIMIT;
    loop {
        match TcpStream::connect(address) {
            Ok(s) => {
                s.set_read_timeout(Some(LIMIT))?;
                return Ok(s);
            }
            Err(e) if Instant::now() > end => return Err(e.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Runs an installed client with this input; its output. `None`, said loudly, where it is not installed.
fn client(program: &str, args: &[&str], more: &[String], input: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut command = Command::new("timeout");
    command.arg("10").arg(program).args(args).args(more).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().expect("it is piped").write_all(input).or_else(|_| anyhow::Ok(()))?;
    let out = child.wait_with_output()?;
    match out.status.code() {
        Some(127) => {
            println!("SKIPPED: {program} is not installed");
            Ok(None)
        }
        Some(0) => Ok(Some(out.stdout)),
        code => anyhow::bail!("{program}: exit {code:?}"),
    }
}
