//! Sockets handed in and out as files. Twin of `main.go` beside it.

use gopark::net::{OpError, dial, file_conn, file_listener, file_packet_conn, listen, listen_packet};
use gopark::os::File;
use say::{count, err, say, text};

fn main() {
    // SAFETY: nothing thread-bound lives across a parking call.
    if let Err(e) = unsafe { gopark::run(program) } {
        say!("{e}");
    }
}

fn program() -> Result<(), OpError> {
    let mut buf = [0; 32];

    // A TCP listener.
    let ln = listen("tcp", "127.0.0.1:20144")?;
    let f = shown(ln.file())?;
    let _ = ln.close();
    let ln = file_listener(&f);
    say!("{}", err(&ln));
    let _ = f.close();
    let ln = ln?;
    say!("{}", ln.addr());
    let _ = ln.close();

    // A unix connection.
    let ln = listen("unix", "file.sock");
    say!("{}", err(&ln));
    let ln = ln?;
    let c = dial("unix", "file.sock");
    say!("{}", err(&c));
    let c = c?;
    let f = shown(c.file())?;
    let _ = c.close();
    let c = file_conn(&f);
    say!("{}", err(&c));
    let _ = f.close();
    let c = c?;
    say!("{}", count(&c.write(b"through a file")));
    let s = ln.accept();
    say!("{}", err(&s));
    let s = s?;
    let r = s.read(&mut buf);
    say!("{}", text(&buf, &r));
    let _ = s.close();
    let _ = c.close();
    let _ = ln.close();

    // A UDP socket.
    let pc = listen_packet("udp", "127.0.0.1:20144");
    say!("{}", err(&pc));
    let pc = pc?;
    let f = shown(pc.file())?;
    let _ = pc.close();
    let pc = file_packet_conn(&f);
    say!("{}", err(&pc));
    let _ = f.close();
    let pc = pc?;
    say!("{}", count(&pc.write_to(b"to myself", &pc.local_addr())));
    let r = pc.read_from(&mut buf).map(|(n, _)| n);
    say!("{}", text(&buf, &r));

    // Not what is asked for.
    let f = pc.file();
    say!("{}", err(&f));
    let f = f?;
    say!("{}", err(&file_listener(&f)));
    let _ = f.close();
    let _ = pc.close();
    let f = File::open("/dev/null");
    say!("{}", err(&f));
    if let Ok(f) = f {
        say!("{}", err(&file_conn(&f)));
        let _ = f.close();
    }
    Ok(())
}

/// The file, after its name and `<nil>`.
fn shown(f: Result<File, OpError>) -> Result<File, OpError> {
    let f = f?;
    say!("{} <nil>", f.name().display());
    Ok(f)
}
