//! crossbeam-channel's `tests/mpsc.rs`, module `sync_channel_tests`; see `mpsc.rs`.

mod sync_channel_tests {
    use crate::common::*;
    use crate::mpsc_bodies as bodies;
    use gopark_runtime::chan::{RecvTimeoutError, TryRecvError, TrySendError, bounded};
    use gopark_runtime::go;

    #[test]
    fn smoke() {
        bodies::smoke(Some(1));
    }

    #[test]
    fn drop_full() {
        bodies::drop_full(Some(1));
    }

    #[test]
    fn smoke_shared() {
        bodies::smoke_shared(Some(1));
    }

    #[test]
    fn smoke_threads() {
        bodies::smoke_threads(Some(0));
    }

    #[test]
    fn smoke_port_gone() {
        bodies::smoke_port_gone(Some(0));
    }

    #[test]
    fn smoke_shared_port_gone2() {
        bodies::smoke_shared_port_gone2(Some(0));
    }

    #[test]
    fn port_gone_concurrent() {
        bodies::port_gone_concurrent(Some(0));
    }

    #[test]
    fn port_gone_concurrent_shared() {
        bodies::port_gone_concurrent_shared(Some(0));
    }

    #[test]
    fn smoke_chan_gone() {
        bodies::smoke_chan_gone(Some(0));
    }

    #[test]
    fn smoke_chan_gone_shared() {
        bodies::smoke_chan_gone_shared(Some(0));
    }

    #[test]
    fn chan_gone_concurrent() {
        bodies::chan_gone_concurrent(Some(0));
    }

    #[test]
    fn stress() {
        bodies::stress(Some(0));
    }

    #[test]
    fn stress_recv_timeout_two_threads() {
        bodies::stress_recv_timeout_two_threads(Some(0));
    }

    #[test]
    fn stress_recv_timeout_shared() {
        bodies::stress_recv_timeout_shared(Some(0));
    }

    #[test]
    fn stress_shared() {
        bodies::stress_shared(Some(0), 1000);
    }

    #[test]
    fn oneshot_single_thread_close_port_first() {
        bodies::oneshot_single_thread_close_port_first(Some(0));
    }

    #[test]
    fn oneshot_single_thread_close_chan_first() {
        bodies::oneshot_single_thread_close_chan_first(Some(0));
    }

    #[test]
    fn oneshot_single_thread_send_port_close() {
        bodies::oneshot_single_thread_send_port_close(Some(0));
    }

    #[test]
    fn oneshot_single_thread_recv_chan_close() {
        bodies::oneshot_single_thread_recv_chan_close(Some(0));
    }

    #[test]
    fn oneshot_single_thread_send_then_recv() {
        bodies::oneshot_single_thread_send_then_recv(Some(1));
    }

    #[test]
    fn oneshot_single_thread_try_recv_open() {
        bodies::oneshot_single_thread_try_recv_open(Some(1));
    }

    #[test]
    fn oneshot_single_thread_peek_data() {
        bodies::oneshot_single_thread_peek_data(Some(1));
    }

    #[test]
    fn oneshot_single_thread_peek_close() {
        bodies::oneshot_single_thread_peek_close(Some(0));
    }

    #[test]
    fn oneshot_single_thread_peek_open() {
        bodies::oneshot_single_thread_peek_open(Some(0));
    }

    #[test]
    fn oneshot_multi_task_recv_then_send() {
        bodies::oneshot_multi_task_recv_then_send(Some(0));
    }

    #[test]
    fn oneshot_multi_task_recv_then_close() {
        bodies::oneshot_multi_task_recv_then_close(Some(0));
    }

    #[test]
    fn oneshot_multi_thread_close_stress() {
        bodies::oneshot_multi_thread_close_stress(Some(0));
    }

    #[test]
    fn oneshot_multi_thread_send_close_stress() {
        bodies::oneshot_multi_thread_send_close_stress(Some(0));
    }

    #[test]
    fn oneshot_multi_thread_recv_close_stress() {
        bodies::oneshot_multi_thread_recv_close_stress(Some(0));
    }

    #[test]
    fn oneshot_multi_thread_send_recv_stress() {
        bodies::oneshot_multi_thread_send_recv_stress(Some(0));
    }

    #[test]
    fn stream_send_recv_stress() {
        bodies::stream_send_recv_stress(Some(0));
    }

    #[test]
    fn recv_a_lot() {
        bodies::recv_a_lot(Some(10_000));
    }

    #[test]
    fn shared_chan_stress() {
        bodies::shared_chan_stress(Some(0));
    }

    #[test]
    fn test_nested_recv_iter() {
        bodies::test_nested_recv_iter(Some(0));
    }

    #[test]
    fn test_recv_iter_break() {
        bodies::test_recv_iter_break(Some(0));
    }

    #[test]
    fn try_recv_states() {
        bodies::try_recv_states(Some(1));
    }

    #[test]
    fn destroy_upgraded_shared_port_when_sender_still_active() {
        bodies::destroy_upgraded_shared_port_when_sender_still_active(Some(0));
    }

    #[test]
    fn recv_timeout() {
        run(|| {
            let (tx, rx) = bounded(1);
            assert_eq!(rx.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
            tx.send(1).unwrap();
            assert_eq!(rx.recv_timeout(ms(1)), Ok(1));
        });
    }

    #[test]
    fn oneshot_single_thread_try_send_open() {
        let (tx, rx) = bounded(1);
        assert_eq!(tx.try_send(10), Ok(()));
        assert_eq!(rx.recv(), Ok(10));
    }

    #[test]
    fn oneshot_single_thread_try_send_closed() {
        let (tx, rx) = bounded(0);
        drop(rx);
        assert_eq!(tx.try_send(10), Err(TrySendError::Disconnected(10)));
    }

    #[test]
    fn oneshot_single_thread_try_send_closed2() {
        let (tx, _rx) = bounded(0);
        assert_eq!(tx.try_send(10), Err(TrySendError::Full(10)));
    }

    #[test]
    fn oneshot_single_thread_try_recv_closed() {
        bodies::smoke_chan_gone(Some(0));
    }

    #[test]
    fn oneshot_single_thread_try_recv_closed_with_data() {
        let (tx, rx) = bounded(1);
        tx.send(10).unwrap();
        drop(tx);
        assert_eq!(rx.try_recv(), Ok(10));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn send1() {
        run(|| {
            let (tx, rx) = bounded(0);
            let t = go(move || rx.recv());
            assert_eq!(tx.send(1), Ok(()));
            assert_eq!(t.join().unwrap(), Ok(1));
        });
    }

    #[test]
    fn send2() {
        run(|| {
            let (tx, rx) = bounded(0);
            go(move || drop(rx));
            assert!(tx.send(1).is_err());
        });
    }

    #[test]
    fn send3() {
        run(|| {
            let (tx, rx) = bounded(1);
            assert_eq!(tx.send(1), Ok(()));
            go(move || drop(rx));
            assert!(tx.send(1).is_err());
        });
    }

    #[test]
    fn send4() {
        run(|| {
            let (tx, rx) = bounded(0);
            let senders = [tx.clone(), tx].map(|tx| go(move || tx.send(1).is_err()));
            drop(rx);
            assert!(senders.into_iter().all(|t| t.join().unwrap()));
        });
    }

    #[test]
    fn try_send1() {
        let (tx, _rx) = bounded(0);
        assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    }

    #[test]
    fn try_send2() {
        let (tx, _rx) = bounded(1);
        assert_eq!(tx.try_send(1), Ok(()));
        assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    }

    #[test]
    fn try_send3() {
        let (tx, rx) = bounded(1);
        assert_eq!(tx.try_send(1), Ok(()));
        drop(rx);
        assert_eq!(tx.try_send(1), Err(TrySendError::Disconnected(1)));
    }

    #[test]
    fn issue_15761() {
        run(|| {
            for _ in 0..100 {
                let ((tx1, rx1), (tx2, rx2)) = (bounded(3), bounded(3));
                go(move || {
                    rx1.recv().unwrap();
                    tx2.try_send(()).unwrap();
                });
                tx1.try_send(()).unwrap();
                rx2.recv().unwrap();
            }
        });
    }
}
