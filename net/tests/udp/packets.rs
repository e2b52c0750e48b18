//! Ports of Go's net/udpsock_test.go, packetconn_test.go, iprawsock_test.go and the udp parts of protoconn_test.go, listen_test.go
//! and net_test.go, under their names.

use std::time::{Duration, Instant};

use crate::common::{in_runtime, skipped};
use gopark_net::{Addr, Dialer, PacketConn, Sentinel, dial, listen_packet};

fn listen4() -> PacketConn {
    listen_packet("udp", "127.0.0.1:0").unwrap()
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(50))
}

#[test]
fn test_write_to_udp() {
    in_runtime(|| {
        let peer = listen4();
        let c = dial("udp", &peer.local_addr().to_string()).unwrap();
        let e = c.write_to(b"no", &peer.local_addr()).unwrap_err();
        assert!(e.to_string().ends_with("use of WriteTo with pre-connected connection"), "{e}");
        assert!(e.err().is::<Sentinel>());
        assert_eq!(c.write(b"connection-oriented").unwrap(), 19);
        let (n, oobn) = c.write_msg(b"x", &[]).unwrap();
        assert_eq!((n, oobn), (1, 0));

        let u = listen4();
        assert_eq!(u.write_to(b"connection-less", &peer.local_addr()).unwrap(), 15);
        assert_eq!(u.write_msg(b"y", &[], Some(&peer.local_addr())).unwrap(), (1, 0));
        let e = u.write_msg(b"z", &[], None).unwrap_err();
        assert!(e.to_string().ends_with(": missing address"), "{e}");
        let tcp = Addr::Tcp("127.0.0.1:1".parse().unwrap());
        let e = u.write_to(b"z", &tcp).unwrap_err();
        let expected = format!("write udp {}->127.0.0.1:1: invalid argument", u.local_addr());
        assert_eq!(e.to_string(), expected);
        let six = Addr::Udp("[::1]:9".parse().unwrap());
        let e = u.write_to(b"z", &six).unwrap_err();
        assert!(e.to_string().ends_with("->[::1]:9: address ::1: non-IPv4 address"), "{e}");
    });
}

#[test]
fn test_udp_conn_local_name() {
    in_runtime(|| {
        for (network, local) in [("udp4", ":0"), ("udp4", "127.0.0.1:0"), ("udp6", "[::1]:0"), ("udp", ":0")]
        {
            let c = listen_packet(network, local).unwrap();
            assert_ne!(c.local_addr().port(), Some(0));
            assert_eq!(c.local_addr().network(), "udp");
        }
        let any = listen_packet("udp", ":0").unwrap().local_addr();
        assert_eq!(any.to_string(), format!("[::]:{}", any.port().unwrap()));
    });
}

#[test]
fn test_udp_conn_local_and_remote_names() {
    in_runtime(|| {
        for local in [None, Some(Addr::Udp("127.0.0.1:0".parse().unwrap()))] {
            let c1 = listen4();
            let dialer = Dialer { local_addr: local, ..Default::default() };
            let c2 = dialer.dial("udp", &c1.local_addr().to_string()).unwrap();
            assert_eq!(c2.remote_addr(), c1.local_addr());
            assert_ne!(c2.local_addr().port(), Some(0));
        }
    });
}

#[test]
fn test_udp_zero_byte_payload() {
    in_runtime(|| {
        let c = listen4();
        for generic_read in [false, true] {
            assert_eq!(c.write_to(&[], &c.local_addr()).unwrap(), 0);
            c.set_read_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            let mut buf = [0; 1];
            if generic_read {
                let (n, oobn, flags, from) = c.read_msg(&mut buf, &mut []).unwrap();
                assert_eq!((n, oobn, flags, from), (0, 0, 0, Some(c.local_addr())));
            } else {
                assert_eq!(c.read_from(&mut buf).unwrap(), (0, Some(c.local_addr())));
            }
        }
    });
}

#[test]
fn test_udp_zero_byte_buffer() {
    in_runtime(|| {
        let c = listen4();
        c.write_to(b"UDP ZERO BYTE BUFFER TEST", &c.local_addr()).unwrap();
        c.set_read_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
        // The message is there, and lost: no room.
        assert_eq!(c.read_from(&mut []).unwrap(), (0, Some(c.local_addr())));
    });
}

#[test]
fn test_udp_read_size_error() {
    in_runtime(|| {
        let (c1, c2) = (listen4(), listen4());
        let payload = b"READ SIZE ERROR TEST";
        c1.write_to(payload, &c2.local_addr()).unwrap();
        let mut buf = [0; 8];
        let (n, from) = c2.read_from(&mut buf).unwrap();
        assert_eq!((n, from), (8, Some(c1.local_addr())));
        c1.write_to(payload, &c2.local_addr()).unwrap();
        let (n, _, flags, _) = c2.read_msg(&mut buf, &mut []).unwrap();
        assert_eq!((n, flags & libc::MSG_TRUNC), (8, libc::MSG_TRUNC));
    });
}

#[test]
fn test_udp_read_timeout() {
    in_runtime(|| {
        let c = listen4();
        c.set_deadline(soon()).unwrap();
        let e = c.read_from(&mut [0; 1]).unwrap_err();
        assert!(e.timeout());
        assert_eq!(e.to_string(), format!("read udp {}: i/o timeout", c.local_addr()));
    });
}

#[test]
fn test_udp_ip_version_read_msg() {
    in_runtime(|| {
        let dual = listen_packet("udp", ":0").unwrap();
        let to = Addr::Udp(format!("127.0.0.1:{}", dual.local_addr().port().unwrap()).parse().unwrap());
        let c = listen4();
        c.write_to(b"x", &to).unwrap();
        let (.., from) = dual.read_msg(&mut [0; 1], &mut []).unwrap();
        // IPv4 in IPv6's form, which shows as IPv4.
        assert_eq!(from.unwrap().to_string(), c.local_addr().to_string());
        // And back, from the address as it came.
        c.write_to(b"x", &to).unwrap();
        let (_, from) = dual.read_from(&mut [0; 1]).unwrap();
        dual.write_to(b"y", &from.unwrap()).unwrap();
        assert_eq!(c.read_from(&mut [0; 1]).unwrap().0, 1);
        dual.write_to(b"y", &c.local_addr()).unwrap();
        assert_eq!(c.read_from(&mut [0; 1]).unwrap().0, 1);
    });
}

#[test]
fn test_packet_conn() {
    in_runtime(|| {
        let (c1, c2) = (listen4(), listen4());
        for c in [&c1, &c2] {
            c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            c.set_read_buffer(65535).unwrap();
            c.set_write_buffer(65535).unwrap();
        }
        let mut buf = [0; 64];
        c1.write_to(b"PACKETCONN TEST", &c2.local_addr()).unwrap();
        assert_eq!(c2.read_from(&mut buf).unwrap(), (15, Some(c1.local_addr())));
        c2.write_to(b"PACKETCONN TEST", &c1.local_addr()).unwrap();
        assert_eq!(c1.read_from(&mut buf).unwrap(), (15, Some(c2.local_addr())));
        c1.close().unwrap();
        let e = c1.close().unwrap_err();
        assert_eq!(e.to_string(), format!("close udp {}: use of closed network connection", c1.local_addr()));
    });
}

#[test]
fn test_conn_and_packet_conn() {
    in_runtime(|| {
        let c1 = listen4();
        let c2 = dial("udp", &c1.local_addr().to_string()).unwrap();
        c2.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
        c2.write(b"PACKETCONN TEST").unwrap();
        let mut buf = [0; 64];
        let (n, from) = c1.read_from(&mut buf).unwrap();
        assert_eq!((n, &from), (15, &Some(c2.local_addr())));
        c1.write_to(b"answer", &from.unwrap()).unwrap();
        assert_eq!(c2.read(&mut buf).unwrap(), 6);
        c1.write_to(b"again", &c2.local_addr()).unwrap();
        assert_eq!(c2.read_from(&mut buf).unwrap(), (5, Some(c1.local_addr())));
        // A message of no bytes is no end.
        c1.write_to(b"", &c2.local_addr()).unwrap();
        c1.write_to(b"more", &c2.local_addr()).unwrap();
        assert_eq!((c2.read(&mut buf).unwrap(), c2.read(&mut buf).unwrap()), (0, 4));
    });
}

#[test]
fn test_connected_udp_refused() {
    in_runtime(|| {
        let gone = listen4().local_addr();
        let c = dial("udp", &gone.to_string()).unwrap();
        c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
        c.write(b"x").unwrap();
        let e = c.read(&mut [0; 1]).unwrap_err();
        assert_eq!(e.to_string(), format!("read udp {}->{gone}: read: connection refused", c.local_addr()));
        assert_eq!(e.raw_os_error(), Some(libc::ECONNREFUSED));
    });
}

/// Raw IP needs root; without it the error is Go's.
#[test]
fn test_ip_conn_local_name() {
    in_runtime(|| match listen_packet("ip4:icmp", "127.0.0.1") {
        Ok(c) => {
            assert_eq!(c.local_addr().to_string(), "127.0.0.1");
            // An echo request to oneself: request and reply both arrive, without the IP header.
            let echo = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
            assert_eq!(c.write_to(&echo, &c.local_addr()).unwrap(), 8);
            c.set_read_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
            // Others' ICMP messages come here too. The deadline bounds it.
            let mut buf = [0; 256];
            let (n, from) = loop {
                let got = c.read_from(&mut buf).unwrap();
                if buf[..got.0].ends_with(&echo[4..]) {
                    break got;
                }
            };
            assert_eq!((n, from.unwrap().to_string().as_str()), (8, "127.0.0.1"));
            assert!(buf[0] == 8 || buf[0] == 0);
        }
        Err(e) => {
            assert_eq!(e.to_string(), "listen ip4:icmp 127.0.0.1: socket: operation not permitted");
        }
    });
}

#[test]
fn test_dial_listen_ip_args() {
    in_runtime(|| {
        for network in ["ip", "ip4", "ip6", "ip::", "ip4::", "ip6::", "ip4:nosuchproto"] {
            assert!(listen_packet(network, "127.0.0.1").is_err(), "{network}");
            assert!(dial(network, "127.0.0.1").is_err(), "{network}");
        }
    });
}

/// Raw IP needs root; without it the error is Go's.
#[test]
fn test_ip_conn_remote_name() {
    in_runtime(|| {
        let localhost = Addr::Ip("127.0.0.1".parse().unwrap());
        let dialer = Dialer { local_addr: Some(localhost.clone()), ..Default::default() };
        match dialer.dial("ip:tcp", "127.0.0.1") {
            Ok(c) => {
                assert_eq!((c.remote_addr(), c.local_addr()), (localhost.clone(), localhost.clone()));
                let e = c.write_to(b"x", &localhost).unwrap_err();
                assert!(e.to_string().ends_with("use of WriteTo with pre-connected connection"), "{e}");
            }
            Err(e) => {
                let no = "dial ip:tcp 127.0.0.1->127.0.0.1: socket: operation not permitted";
                assert_eq!(e.to_string(), no);
            }
        }
    });
}

/// Messages of raw IP with their headers: `read_msg` leaves them on, as Go.
#[test]
fn test_ip_conn_specific_methods() {
    in_runtime(|| {
        let Ok(c) = listen_packet("ip4:icmp", "127.0.0.1") else {
            return skipped("raw IP needs root");
        };
        c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
        c.set_read_buffer(65535).unwrap();
        c.set_write_buffer(65535).unwrap();
        let echo = [8, 0, 0xf7, 0xfc, 0, 1, 0, 2];
        assert_eq!(c.write_msg(&echo, &[], Some(&c.local_addr())).unwrap(), (8, 0));
        // The socket sees the ICMP messages of all who send some here: the first that is our own. The deadline bounds it.
        let mut buf = [0; 256];
        let (n, oobn, flags, from) = loop {
            let got = c.read_msg(&mut buf, &mut []).unwrap();
            if buf[..got.0].ends_with(&echo) {
                break got;
            }
        };
        assert_eq!((n, oobn, flags, from), (28, 0, 0, Some(c.local_addr())));
        assert_eq!(buf[0], 0x45);
    });
}

/// The same address again is in use; another one, or the other version, is not.
#[test]
fn test_udp_listener() {
    in_runtime(|| {
        let pairs = [
            ("udp", "", ""),
            ("udp", "0.0.0.0", "0.0.0.0"),
            ("udp", "[::]", "[::]"),
            ("udp4", "", "127.0.0.1"),
            ("udp6", "[::1]", "[::1]"),
        ];
        for (network, first, second) in pairs {
            let c = listen_packet(network, &format!("{first}:0")).unwrap();
            let port = c.local_addr().port().unwrap();
            let again = format!("{second}:{port}");
            let e = listen_packet(network, &again).unwrap_err();
            // Of the two wildcards that "[::]" stands for, Go listens on IPv4's.
            let shown = if second == "[::]" { format!("0.0.0.0:{port}") } else { again };
            assert_eq!(e.to_string(), format!("listen {network} {shown}: bind: address already in use"));
        }
        let c = listen_packet("udp4", "127.0.0.1:0").unwrap();
        listen_packet("udp4", &format!("127.0.0.2:{}", c.local_addr().port().unwrap())).unwrap();
    });
}

#[test]
fn test_dual_stack_udp_listener() {
    in_runtime(|| {
        let cases = [
            // The dual-stack wildcard takes both versions.
            (("udp", ""), ("udp4", "0.0.0.0"), false),
            (("udp", ""), ("udp6", "[::1]"), false),
            // Single versions go side by side.
            (("udp4", ""), ("udp6", ""), true),
            (("udp6", "[::]"), ("udp4", "0.0.0.0"), true),
            (("udp4", "127.0.0.1"), ("udp6", "[::1]"), true),
            (("udp6", ""), ("udp6", "[::1]"), false),
        ];
        for (first, second, goes) in cases {
            let c = listen_packet(first.0, &format!("{}:0", first.1)).unwrap();
            let again = format!("{}:{}", second.1, c.local_addr().port().unwrap());
            match listen_packet(second.0, &again) {
                Ok(_) => assert!(goes, "{first:?} {second:?}"),
                // Somebody else's socket may have the port of the other version.
                Err(e) => assert!(!goes || e.raw_os_error() == Some(libc::EADDRINUSE), "{e}"),
            }
        }
    });
}

#[test]
fn test_ipv6_write_msg_udp_addr_port_target_addr_ip_version() {
    in_runtime(|| {
        let c = listen_packet("udp", ":0").unwrap();
        for to in ["127.0.0.1:12345", "[::ffff:127.0.0.1]:12345", "[::1]:12345"] {
            let to = Addr::Udp(to.parse().unwrap());
            assert_eq!(c.write_msg(&[0; 8], &[], Some(&to)).unwrap(), (8, 0), "{to}");
            assert_eq!(c.write_to(&[0; 8], &to).unwrap(), 8, "{to}");
        }
        let four = listen_packet("udp4", ":0").unwrap();
        let mapped = Addr::Udp("[::ffff:127.0.0.1]:12345".parse().unwrap());
        assert_eq!(four.write_to(&[0; 8], &mapped).unwrap(), 8);
    });
}

#[test]
fn test_packet_conn_close() {
    in_runtime(|| {
        let unix = format!("@gopark-close-{}", std::process::id());
        for c in [listen4(), listen_packet("unixgram", &unix).unwrap()] {
            c.close().unwrap();
            assert!(c.read_from(&mut [0]).unwrap_err().is_closed());
            assert!(c.write_to(b"x", &c.local_addr()).unwrap_err().is_closed());
            assert!(c.set_read_buffer(1).unwrap_err().is_closed());
        }
    });
}

/// Control data of UDP: the receiver asks which address a message came to.
#[test]
fn test_udp_conn_specific_methods() {
    use std::os::fd::AsRawFd;
    in_runtime(|| {
        let c = listen4();
        c.set_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
        let on: libc::c_int = 1;
        // SAFETY: an option of a socket that is ours; the value lives as long as the call.
        let set = unsafe {
            let at = (&raw const on).cast();
            libc::setsockopt(c.as_raw_fd(), libc::IPPROTO_IP, libc::IP_PKTINFO, at, 4)
        };
        assert_eq!(set, 0);
        assert_eq!(c.write_msg(b"UDPCONN TEST", &[], Some(&c.local_addr())).unwrap(), (12, 0));
        let (mut buf, mut oob) = ([0; 16], [0; 64]);
        let (n, oobn, _, from) = c.read_msg(&mut buf, &mut oob).unwrap();
        assert_eq!((n, from), (12, Some(c.local_addr())));
        // A header and an in_pktinfo, whose last word is the address it came to.
        assert_eq!(oobn, 32);
        assert_eq!(oob[24..28], [127, 0, 0, 1]);
    });
}
