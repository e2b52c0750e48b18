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
        let exchange = |request: &[u8]| -> Result<String> {
            let mut s = connect(&address)?;
            s.write_all(request)?;
            let mut text = String::new();
            s.read_to_string(&mut text)?;
            Ok(text)
        };
        // A body is no request, also where it looks like one.
        let body = b"GET /smuggled HTTP/1.1\r\n\r\n";
        let mut post = format!("POST /post HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        post.extend_from_slice(body);
        post.extend_from_slice(b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n");
        let text = exchange(&post)?;
        assert!(
            text.contains(": /post\n") && text.ends_with(": /last\n") && !text.contains("smuggled"),
            "{text}"
        );
        for (headers, status) in [
            ("Transfer-Encoding: chunked", "501 "),
            ("Content-Length: 99999999", "413 "),
            ("Content-Length: 1\r\nContent-Length: 2", "400 "),
            ("Content-Length: +1", "400 "),
        ] {
            let text = exchange(format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n").as_bytes())?;
            assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {text}");
        }
        let urls = [format!("http://{address}/a"), format!("http://{address}/b")];
        if let Some(out) = client("curl", &["-sS", "-w", "%{num_connects} "], &urls, b"")? {
            let text = String::from_utf8(out)?;
            assert!(
                text.contains(": /a\n1 ") && text.contains(": /b\n0 "),
                "two requests, one connection: {text}"
            );
        }
        if let Some(dom) = browse(&format!("http://{address}/"))? {
            let things = (1..=20).filter(|i| dom.contains(&format!(": /thing/{i}\n"))).count();
            assert_eq!(things, 20, "{dom}");
            let goroutines = (1..1000).filter(|g| dom.contains(&format!("goroutine {g}:"))).count();
            assert!((1..20).contains(&goroutines), "browsers keep a few connections: {dom}");
        }
        Ok(())
    })
}

/// The page, after its scripts have run, in a browser without a window. `None`, said loudly, where none is installed.
fn browse(url: &str) -> Result<Option<String>> {
    let found = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success()));
    let Some(browser) = found else {
        skipped("no browser (chromium, google-chrome) is installed");
        return Ok(None);
    };
    let profile = std::env::temp_dir().join(format!("gopark-browser-{}", std::process::id()));
    let out = Command::new("timeout")
        .args(["-k", "5", "180", browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=5000", "--dump-dom", url])
        .stderr(Stdio::null())
        .output()?;
    let _ = std::fs::remove_dir_all(&profile);
    anyhow::ensure!(out.status.success(), "{browser}: {}", out.status);
    let dom = String::from_utf8(out.stdout)?;
    println!("{browser}: {dom}");
    Ok(Some(dom))
}

/// The server of the crate `http`: routes, a stream, both protocols.
#[test]
fn http_hello() -> Result<()> {
    on_stage(|_| {
        let mut server = Example::start("http_hello", &["127.0.0.1:0"])?;
        let address = server.address()?;
        let mut s = connect(&address)?;
        s.write_all(b"GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\nGET /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        s.read_to_string(&mut text)?;
        assert!(text.contains("hello, you\n") && text.ends_with("2\r\n3\n\r\n0\r\n\r\n"), "{text}");
        let url = format!("http://{address}/hello/curl");
        for version in ["--http1.0", "--http1.1", "--http2-prior-knowledge"] {
            if let Some(out) = client("curl", &["-sS", version], std::slice::from_ref(&url), b"")? {
                assert_eq!(String::from_utf8(out)?, "hello, curl\n", "{version}");
            }
        }
        let args = ["-n", "1000", "-c", "4", "-m", "10"];
        if let Some(out) = client("h2load", &args, &[format!("http://{address}/")], b"")? {
            let report = String::from_utf8(out)?;
            assert!(report.contains("1000 succeeded, 0 failed"), "{report}");
        }
        Ok(())
    })
}

/// Bytes go both ways, ends too; and in bulk, measured by the field's own tool.
#[test]
fn proxy() -> Result<()> {
    on_stage(|_| {
        let mut target = Example::start("echo", &["127.0.0.1:0"])?;
        let mut proxy = Example::start("proxy", &["127.0.0.1:0", &target.address()?])?;
        let address = proxy.address()?;
        for i in 0..4 {
            echo_client(&address, i)?;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let server = Command::new("timeout")
            .args(["60", "iperf3", "--server", "--one-off", "--bind", "127.0.0.1", "--port", &port])
            .stdout(Stdio::null())
            .spawn()?;
        let _server = Example::of(server);
        let mut proxy = Example::start("proxy", &["127.0.0.1:0", &format!("127.0.0.1:{port}")])?;
        let address = proxy.address()?;
        let (_, proxied) = address.rsplit_once(':').expect("an address has a port");
        std::thread::sleep(Duration::from_millis(300));
        let args = ["--client", "127.0.0.1", "--bytes", "256M", "--json", "--port"];
        if let Some(out) = client("iperf3", &args, &[proxied.to_owned()], b"")? {
            let report = String::from_utf8(out)?;
            assert!(!report.contains("\"error\""), "{report}");
            let sent = number_after(&report, "sum_sent", "\"bytes\":");
            let received = number_after(&report, "sum_received", "\"bytes\":");
            let rate = number_after(&report, "sum_received", "\"bits_per_second\":");
            println!("iperf3: {received} bytes through the proxy, {:.1} Gbit/s", rate / 1e9);
            // The server stops counting when the client has sent all: what is in the buffers then counts for nobody.
            assert!(sent >= 256e6 && received >= sent / 2.0, "{report}");
        }
        Ok(())
    })
}

/// The number behind a key, from a section on.
fn number_after(json: &str, section: &str, key: &str) -> f64 {
    let at = json.find(section).unwrap_or_else(|| panic!("no {section} in {json}"));
    let rest = json[at..].split_once(key).unwrap_or_else(|| panic!("no {key} in {json}")).1.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".e+-".contains(c)).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|e| panic!("{rest}: {e}"))
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
    out: Option<BufReader<ChildStdout>>,
}

impl Example {
    fn start(name: &str, args: &[&str]) -> Result<Example> {
        let child = Command::new(build::examples().join(name)).args(args).stdout(Stdio::piped()).spawn()?;
        Ok(Example::of(child))
    }

    /// Another program, ended alike.
    fn of(mut child: Child) -> Example {
        let out = child.stdout.take().map(BufReader::new);
        Example { child, out }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.out.as_mut().expect("it is piped").read_line(&mut line)?;
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
    command.arg("60").arg(program).args(args).args(more).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().expect("it is piped").write_all(input).or_else(|_| anyhow::Ok(()))?;
    let out = child.wait_with_output()?;
    match out.status.code() {
        Some(127) => {
            skipped(&format!("{program} is not installed"));
            Ok(None)
        }
        Some(0) => Ok(Some(out.stdout)),
        code => anyhow::bail!("{program}: exit {code:?}"),
    }
}

/// Past the capture of a test's output.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
