//! Names of unix sockets: abstract ones, ones that are taken, kept or removed by the close. Twin of `main.go` beside it.

use gopark::net::{dial, listen};
use say::{err, say};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    unsafe { gopark::run(program) }
}

fn program() {
    let a = match listen("unix", "@conformance-names") {
        Ok(a) => a,
        Err(e) => return say!("{e}"),
    };
    let c = match dial("unix", "@conformance-names") {
        Ok(c) => c,
        Err(e) => return say!("{e}"),
    };
    let s = match a.accept() {
        Ok(s) => s,
        Err(e) => return say!("{e}"),
    };
    say!("{} {} {} {}", a.addr(), c.remote_addr(), s.local_addr(), s.remote_addr());
    say!("{}", err(&listen("unix", "@conformance-names")));
    let _ = c.close();
    let _ = s.close();
    say!("{}", err(&a.close()));
    say!("{}", err(&dial("unix", "@conformance-names")));
    let kept = listen("unix", "kept.sock");
    say!("{}", err(&kept));
    let kept = kept.expect("a new path");
    kept.set_unlink_on_close(false);
    say!("{}", err(&kept.close()));
    say!("{}", err(&kept.close()));
    say!("{}", err(&listen("unix", "kept.sock")));
    say!("{}", err(&dial("unix", "kept.sock")));
    say!("{}", err(&say::remove(c"kept.sock")));
    let gone = listen("unix", "gone.sock");
    say!("{}", err(&gone));
    let gone = gone.expect("a new path");
    say!("{}", err(&say::remove(c"gone.sock")));
    say!("{}", err(&gone.close()));
    say!("{}", err(&gone.accept()));
    say!("{}", err(&listen("unix", "no/such/folder.sock")));
    say!("{}", err(&dial("unixgram", "no.sock")));
    say!("{}", err(&dial("unix", "")));
}
