//! crossbeam-channel's `tests/mpsc.rs`: std's tests of `mpsc`, in the modules of that file. `channel()` is
//! unbounded, `sync_channel(n)` bounded; what the two modules have in common is in `bodies`, by the capacity.

mod channel_tests {
    use crate::common::*;
    use crate::mpsc_bodies as bodies;
    use gopark_runtime::chan::{RecvTimeoutError, unbounded};
    use std::time::Instant;

    #[test]
    fn smoke() {
        bodies::smoke(None);
    }

    #[test]
    fn drop_full() {
        bodies::drop_full(None);
    }

    #[test]
    fn smoke_shared() {
        bodies::smoke_shared(None);
    }

    #[test]
    fn smoke_threads() {
        bodies::smoke_threads(None);
    }

    #[test]
    fn smoke_port_gone() {
        bodies::smoke_port_gone(None);
    }

    #[test]
    fn smoke_shared_port_gone2() {
        bodies::smoke_shared_port_gone2(None);
    }

    #[test]
    fn port_gone_concurrent() {
        bodies::port_gone_concurrent(None);
    }

    #[test]
    fn port_gone_concurrent_shared() {
        bodies::port_gone_concurrent_shared(None);
    }

    #[test]
    fn smoke_chan_gone() {
        bodies::smoke_chan_gone(None);
    }

    #[test]
    fn smoke_chan_gone_shared() {
        bodies::smoke_chan_gone_shared(None);
    }

    #[test]
    fn chan_gone_concurrent() {
        bodies::chan_gone_concurrent(None);
    }

    #[test]
    fn stress() {
        bodies::stress(None);
    }

    #[test]
    fn stress_shared() {
        bodies::stress_shared(None, 10_000);
    }

    #[test]
    fn oneshot_single_thread_close_port_first() {
        bodies::oneshot_single_thread_close_port_first(None);
    }

    #[test]
    fn oneshot_single_thread_close_chan_first() {
        bodies::oneshot_single_thread_close_chan_first(None);
    }

    #[test]
    fn oneshot_single_thread_send_port_close() {
        bodies::oneshot_single_thread_send_port_close(None);
    }

    #[test]
    fn oneshot_single_thread_recv_chan_close() {
        bodies::oneshot_single_thread_recv_chan_close(None);
    }

    #[test]
    fn oneshot_single_thread_send_then_recv() {
        bodies::oneshot_single_thread_send_then_recv(None);
    }

    #[test]
    fn oneshot_single_thread_try_recv_open() {
        bodies::oneshot_single_thread_try_recv_open(None);
    }

    #[test]
    fn oneshot_single_thread_peek_data() {
        bodies::oneshot_single_thread_peek_data(None);
    }

    #[test]
    fn oneshot_single_thread_peek_close() {
        bodies::oneshot_single_thread_peek_close(None);
    }

    #[test]
    fn oneshot_single_thread_peek_open() {
        bodies::oneshot_single_thread_peek_open(None);
    }

    #[test]
    fn oneshot_multi_task_recv_then_send() {
        bodies::oneshot_multi_task_recv_then_send(None);
    }

    #[test]
    fn oneshot_multi_task_recv_then_close() {
        bodies::oneshot_multi_task_recv_then_close(None);
    }

    #[test]
    fn oneshot_multi_thread_close_stress() {
        bodies::oneshot_multi_thread_close_stress(None);
    }

    #[test]
    fn oneshot_multi_thread_send_close_stress() {
        bodies::oneshot_multi_thread_send_close_stress(None);
    }

    #[test]
    fn oneshot_multi_thread_recv_close_stress() {
        bodies::oneshot_multi_thread_recv_close_stress(None);
    }

    #[test]
    fn oneshot_multi_thread_send_recv_stress() {
        bodies::oneshot_multi_thread_send_recv_stress(None);
    }

    #[test]
    fn stream_send_recv_stress() {
        bodies::stream_send_recv_stress(None);
    }

    #[test]
    fn stress_recv_timeout_two_threads() {
        bodies::stress_recv_timeout_two_threads(None);
    }

    #[test]
    fn stress_recv_timeout_shared() {
        bodies::stress_recv_timeout_shared(None);
    }

    #[test]
    fn recv_a_lot() {
        bodies::recv_a_lot(None);
    }

    #[test]
    fn shared_chan_stress() {
        bodies::shared_chan_stress(None);
    }

    #[test]
    fn test_nested_recv_iter() {
        bodies::test_nested_recv_iter(None);
    }

    #[test]
    fn test_recv_iter_break() {
        bodies::test_recv_iter_break(None);
    }

    #[test]
    fn try_recv_states() {
        bodies::try_recv_states(None);
    }

    #[test]
    fn destroy_upgraded_shared_port_when_sender_still_active() {
        bodies::destroy_upgraded_shared_port_when_sender_still_active(None);
    }

    #[test]
    fn drop_full_shared() {
        let (tx, _rx) = unbounded();
        drop((tx.clone(), tx.clone()));
        tx.send(Box::new(1)).unwrap();
    }

    #[test]
    fn smoke_shared_port_gone() {
        bodies::smoke_port_gone(None);
    }

    /// Here "outside" is a thread.
    #[test]
    fn send_from_outside_runtime() {
        run(|| {
            let ((tx1, rx1), (tx2, rx2)) = (unbounded(), unbounded());
            let receiver = gopark_runtime::go(move || {
                tx1.send(()).unwrap();
                (0..40).for_each(|_| assert_eq!(rx2.recv(), Ok(1)));
            });
            rx1.recv().unwrap();
            let sender = std::thread::spawn(move || (0..40).for_each(|_| tx2.send(1).unwrap()));
            receiver.join().unwrap();
            gopark_runtime::blocking(|| sender.join()).unwrap();
        });
    }

    #[test]
    fn recv_from_outside_runtime() {
        run(|| {
            let (tx, rx) = unbounded();
            let receiver = std::thread::spawn(move || (0..40).for_each(|_| assert_eq!(rx.recv(), Ok(1))));
            (0..40).for_each(|_| tx.send(1).unwrap());
            gopark_runtime::blocking(|| receiver.join()).unwrap();
        });
    }

    /// Threads alone.
    #[test]
    fn no_runtime() {
        let ((tx1, rx1), (tx2, rx2)) = (unbounded(), unbounded());
        let one = std::thread::spawn(move || {
            assert_eq!(rx1.recv(), Ok(1));
            tx2.send(2).unwrap();
        });
        let two = std::thread::spawn(move || {
            tx1.send(1).unwrap();
            assert_eq!(rx2.recv(), Ok(2));
        });
        one.join().unwrap();
        two.join().unwrap();
    }

    #[test]
    fn oneshot_single_thread_try_send_open() {
        bodies::smoke(None);
    }

    #[test]
    fn oneshot_single_thread_try_send_closed() {
        bodies::smoke_port_gone(None);
    }

    #[test]
    fn oneshot_single_thread_try_recv_closed() {
        bodies::smoke_chan_gone(None);
    }

    #[test]
    fn oneshot_single_thread_recv_timeout() {
        run(|| {
            let (tx, rx) = unbounded();
            tx.send(()).unwrap();
            assert_eq!(rx.recv_timeout(ms(1)), Ok(()));
            assert_eq!(rx.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
            tx.send(()).unwrap();
            assert_eq!(rx.recv_timeout(ms(1)), Ok(()));
        });
    }

    #[test]
    fn recv_timeout_upgrade() {
        run(|| {
            let (tx, rx) = unbounded::<()>();
            let _tx = tx.clone();
            let start = Instant::now();
            assert_eq!(rx.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
            assert!(start.elapsed() >= ms(1));
        });
    }

    #[test]
    fn shared_recv_timeout() {
        run(|| {
            let (tx, rx) = unbounded();
            many(5, |_| tx.send(()).unwrap());
            (0..5).for_each(|_| rx.recv().unwrap());
            assert_eq!(rx.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
            tx.send(()).unwrap();
            assert_eq!(rx.recv_timeout(ms(1)), Ok(()));
        });
    }

    #[test]
    fn test_recv_try_iter() {
        run(|| stress_iter(unbounded(), unbounded(), 6));
    }

    #[test]
    fn test_recv_into_iter_owned() {
        let (tx, rx) = unbounded();
        (1..=2).for_each(|i| tx.send(i).unwrap());
        drop(tx);
        assert_eq!(rx.into_iter().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn test_recv_into_iter_borrowed() {
        let (tx, rx) = unbounded();
        (1..=2).for_each(|i| tx.send(i).unwrap());
        drop(tx);
        assert_eq!((&rx).into_iter().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn issue_32114() {
        let (tx, _) = unbounded();
        let _ = tx.send(123);
        assert_eq!(tx.send(123), Err(gopark_runtime::chan::SendError(123)));
    }
}
