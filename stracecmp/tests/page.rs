//! The page: what it holds, and how a browser lays it out, on a desk and on a phone, by day and by night.
//!
//! The second part needs Chromium (`apt-get install chromium`); without it the tests say so and pass.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{fixtures, reference};

/// The page about the sample with its connection's registration changed.
fn page(dir: &Path) -> String {
    let text = std::fs::read_to_string(fixtures().join("tcp_sample/run.strace")).expect("reads");
    let log = dir.join("candidate.strace");
    let changed: Vec<String> = text
        .lines()
        .filter(|l| !l.contains("EPOLL_CTL_DEL, 4, 0xc000070d2c"))
        .map(|l| l.replace("EPOLLRDHUP|EPOLLET", "EPOLLRDHUP"))
        .collect();
    std::fs::write(&log, changed.join("\n") + "\n").expect("written");
    write_page(dir, &reference("tcp_sample"), &log, 1)
}

fn write_page(dir: &Path, reference: &Path, log: &Path, status: i32) -> String {
    let out = dir.join("page.html");
    let args = [Path::new("compare"), Path::new("--html"), &out, reference, log];
    let done = Command::new(env!("CARGO_BIN_EXE_stracecmp")).args(args).output().expect("it starts");
    assert_eq!(done.status.code(), Some(status), "{}", String::from_utf8_lossy(&done.stdout));
    std::fs::read_to_string(out).expect("a page")
}

#[test]
fn the_page_is_self_contained() {
    let dir = tempfile::tempdir().expect("a folder");
    let page = page(dir.path());
    for outside in ["http://", "https://", "<script ", "<link", " src=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in [
        "level-triggered",
        "no EPOLL_CTL_DEL before close",
        "tcp6c#1",
        "<svg",
        "Side by side",
        "only what differs",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("listen :9999\\n"), "data is shown");
    assert!(page.contains("&quot;asdf\\n&quot;") || page.contains("\"asdf\\n\""), "and escaped");
}

#[test]
fn text_of_a_log_cannot_become_markup() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("x.strace");
    std::fs::write(&log, "7 write(1, \"<script>alert(1)</script>\", 25) = 25\n").expect("written");
    let page = write_page(dir.path(), &reference("tcp_sample"), &log, 1);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
}

#[test]
fn pages_of_other_shapes() {
    let dir = tempfile::tempdir().expect("a folder");
    let same = write_page(dir.path(), &reference("exec_child"), &fixtures().join("exec_child/run.strace"), 0);
    assert!(same.contains("say the same to the kernel") && same.contains("child process 1"));
    let other =
        write_page(dir.path(), &reference("exec_child"), &fixtures().join("tcp_sample/run.strace"), 1);
    assert!(other.contains("the order among descriptors is free"));
}

/// Equal lines are equal whatever number a descriptor has, however many there are.
#[test]
fn descriptors_with_other_numbers_are_paired() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |i: u32| {
        format!(
            "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n7 write(3, \"text {i}\", 6) = 6\n7 close(3) = 0\n"
        )
    };
    let [a, b] = ["a", "b"].map(|n| dir.path().join(n));
    let all: Vec<String> = (10..90).map(file).collect();
    std::fs::write(&a, all.concat()).expect("written");
    // One more before all others: every number is another.
    std::fs::write(&b, file(99) + &all.concat()).expect("written");
    let page = write_page(dir.path(), &a, &b, 1);
    assert_eq!(page.matches("class=\"row other\"").count(), 3, "only the lines of the first descriptor");
    assert_eq!(page.matches("class=\"life differs\"").count(), 1);
    assert!(page.contains("60 of 81 descriptors, those that differ first"));
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let on_path = std::env::split_paths(&dirs).flat_map(|d| names.map(|n| d.join(n))).find(|p| p.is_file());
    let found = named.or(on_path);
    if found.is_none() {
        eprintln!(
            "SKIPPED: no Chromium to look at the page with (apt-get install chromium, or set CHROMIUM)"
        );
    }
    found
}

/// Opens the page in a frame of some width and returns what a script found out about it.
fn look(chromium: &Path, dir: &Path, page: &str, width: u32, night: bool) -> serde_json::Value {
    let probe = r#"
        const f = document.querySelector('iframe');
        f.onload = () => {
          const d = f.contentDocument, w = f.contentWindow, css = e => w.getComputedStyle(e);
          const rows = [...d.querySelectorAll('.row')], seen = e => e.getClientRects().length > 0;
          const before = rows.filter(seen).length;
          d.querySelector('#only').click();
          const after = rows.filter(seen).length;
          d.querySelector('#only').click();
          d.querySelector('#next').click();
          const said = d.querySelector('#where').textContent, here = d.querySelectorAll('.row.here').length;
          const row = rows.find(r => r.classList.contains('other') && r.children[0].className && r.children[1].className);
          const [a, b] = [row.children[0].getBoundingClientRect(), row.children[1].getBoundingClientRect()];
          const out = { verdict: d.body.dataset.verdict, said, here, scroll: d.documentElement.scrollWidth, width: w.innerWidth,
            background: css(d.body).backgroundColor, color: css(d.body).color, before, after,
            beside: Math.abs(a.top - b.top) < 1 && a.right <= b.left + 1, below: b.top >= a.bottom - 1,
            circles: d.querySelectorAll('svg circle').length, marks: d.querySelectorAll('mark').length,
            font: parseFloat(css(d.querySelector('.trace')).fontSize) };
          document.body.dataset.found = JSON.stringify(out);
        };
        f.srcdoc = PAGE;
    "#;
    let text = serde_json::to_string(page).expect("text").replace("</", "<\\/");
    let host = format!(
        "<!doctype html><body><iframe style='width:{width}px;height:900px;border:0'></iframe><script>const PAGE = {text};{probe}</script>"
    );
    let file = dir.join("host.html");
    std::fs::write(&file, host).expect("written");
    let out = Command::new("timeout")
        .arg("120")
        .arg(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=4000"])
        .args([
            "--window-size=1600,1000",
            &format!("--blink-settings=preferredColorScheme={}", u8::from(!night)),
        ])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .output()
        .expect("Chromium starts");
    let dom = String::from_utf8_lossy(&out.stdout);
    let found = dom.split("data-found=\"").nth(1).and_then(|d| d.split('"').next());
    let found = found.unwrap_or_else(|| panic!("the page was not laid out: {}", &dom[..dom.len().min(500)]));
    serde_json::from_str(&found.replace("&quot;", "\"")).expect("the probe's answer")
}

/// How bright a colour is, 0 to 255.
fn brightness(color: &serde_json::Value) -> f64 {
    let text = color.as_str().expect("a colour");
    let parts: Vec<f64> =
        text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|n| n.parse().ok()).collect();
    parts.iter().take(3).sum::<f64>() / 3.0
}

#[test]
fn a_browser_lays_it_out_on_desk_and_phone_by_day_and_night() {
    let Some(chromium) = chromium() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let page = page(dir.path());
    for (width, night) in [(1400, false), (400, true), (390, false), (1280, true)] {
        let found = look(&chromium, dir.path(), &page, width, night);
        let n = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{key} in {found}"));
        assert_eq!(found["verdict"], "differs");
        assert!(found["said"].as_str().is_some_and(|s| s.starts_with("difference 1 of ")), "{found}");
        assert!(n("here") == 1.0, "the next difference is shown: {found}");
        assert_eq!(n("width") as u32, width, "{found}");
        assert!(n("scroll") <= n("width"), "nothing is wider than the screen: {found}");
        assert_eq!(found["beside"], width > 1000, "side by side where there is room: {found}");
        assert_eq!(found["below"], width < 1000, "else one below the other: {found}");
        assert!(n("before") > 40.0 && n("after") < 12.0 && n("after") > 1.0, "the switch works: {found}");
        assert!(
            n("circles") > 80.0 && n("marks") >= 2.0,
            "there is a timeline, and words are marked: {found}"
        );
        assert!(n("font") >= 12.0, "readable: {found}");
        let (back, text) = (brightness(&found["background"]), brightness(&found["color"]));
        assert_eq!(back < text, night, "dark at night: {found}");
        assert!((back - text).abs() > 150.0, "with contrast: {found}");
    }
}
