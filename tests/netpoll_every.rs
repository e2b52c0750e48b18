//! `Builder::netpoll_every(n)`: the poller is asked every n scheduling rounds, however much there is to run.

use gopark::net::{dial, listen};
use gopark::{Builder, go, gosched, metrics};

#[test]
fn the_poller_is_asked_beside_runnable_goroutines() {
    const EVERY: u32 = 4;
    const ROUNDS: u64 = 10_000;
    // SAFETY: nothing bound to a thread lives across a parking call.
    unsafe {
        Builder::new().procs(1).netpoll_every(EVERY).run(|| {
            let listener = listen("tcp", "127.0.0.1:0").expect("a free port");
            let ours = dial("tcp", &listener.addr().to_string()).expect("it listens");
            let theirs = listener.accept().expect("a connection");
            let reader = go(move || theirs.read(&mut [0; 16]));
            // The reader parks, and from here on there is always somebody to run: this goroutine.
            gosched();
            let before = metrics().polls;
            (0..ROUNDS).for_each(|_| gosched());
            let polls = metrics().polls - before;
            let want = ROUNDS / u64::from(EVERY);
            assert!((want / 2..=want * 2).contains(&polls), "{polls} polls in {ROUNDS} rounds");
            assert_eq!(ours.write(b"here").expect("written"), 4);
            // It is found in a few rounds, without sysmon.
            for _ in 0..100 * EVERY {
                gosched();
            }
            assert!(reader.is_finished(), "the reader was not woken in {} rounds", 100 * EVERY);
            assert_eq!(reader.join().expect("no panic").expect("read"), 4);
        });
    }
}
