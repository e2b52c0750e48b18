//! Ports of Go's multicast tests (net/listen_test.go, udpsock_test.go), and messages to groups on the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::common::{in_runtime, skipped};
use gopark_net::{Addr, Interface, PacketConn, UdpSocket, listen_multicast_udp, listen_packet};

fn lo() -> Interface {
    Interface::by_name("lo").unwrap()
}

/// Twice on the same group and port, with each interface.
fn listen_twice(network: &str, group: SocketAddr) {
    let listen = || {
        let c = listen_multicast_udp(network, Some(lo()), group).unwrap();
        assert!(c.local_addr().ip().unwrap().is_unspecified(), "{c:?}");
        assert_eq!(c.local_addr().port(), Some(group.port()));
        c
    };
    let (_a, _b) = (listen(), listen());
}

#[test]
fn test_ipv4_multicast_listener() {
    in_runtime(|| {
        for network in ["udp", "udp4"] {
            listen_twice(network, "224.0.0.254:12345".parse().unwrap());
        }
    });
}

#[test]
fn test_ipv6_multicast_listener() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return skipped("no IPv6");
    }
    in_runtime(|| {
        for network in ["udp", "udp6"] {
            for scope in ["ff01", "ff02", "ff04", "ff05", "ff08", "ff0e"] {
                listen_twice(network, format!("[{scope}::114]:12346").parse().unwrap());
            }
        }
    });
}

fn receives(c: &PacketConn, message: &[u8]) -> Addr {
    let mut buf = [0; 64];
    c.set_read_deadline(Some(Instant::now() + Duration::from_secs(5))).unwrap();
    let (n, from) = c.read_from(&mut buf).unwrap();
    assert_eq!(&buf[..n], message);
    from.unwrap()
}

/// Everyone who listens gets what is sent to the group.
#[test]
fn messages_to_a_group_reach_all_listeners() {
    in_runtime(|| {
        let first = listen_multicast_udp("udp4", Some(lo()), "224.0.0.253:0".parse().unwrap()).unwrap();
        let group = SocketAddr::new("224.0.0.253".parse().unwrap(), first.local_addr().port().unwrap());
        let second = listen_multicast_udp("udp4", Some(lo()), group).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        set_multicast_interface(&sender);
        sender.send_to(b"to all", group).unwrap();
        for listener in [&first, &second] {
            assert_eq!(receives(listener, b"to all"), Addr::Udp(sender.local_addr().unwrap()));
        }
        // What follows stays on this machine.
        assert!(sender.multicast_loop_v4().unwrap());
        sender.set_multicast_ttl_v4(0).unwrap();
        assert_eq!(sender.multicast_ttl_v4().unwrap(), 0);
        // std's face joins too, on a port of its own.
        let joined = UdpSocket::bind("0.0.0.0:0").unwrap();
        joined.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 253), &Ipv4Addr::LOCALHOST).unwrap();
        let port = joined.local_addr().unwrap().port();
        sender.send_to(b"std", ("224.0.0.253", port)).unwrap();
        joined.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        assert_eq!(joined.recv(&mut [0; 8]).unwrap(), 3);
        joined.leave_multicast_v4(&Ipv4Addr::new(224, 0, 0, 253), &Ipv4Addr::LOCALHOST).unwrap();
    });
}

fn set_multicast_interface(s: &UdpSocket) {
    let lo = libc::in_addr { s_addr: u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()) };
    // SAFETY: an option of a socket that is ours; the value lives as long as the call.
    let set = unsafe {
        let at = (&raw const lo).cast();
        libc::setsockopt(s.as_raw_fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_IF, at, size_of_val(&lo) as u32)
    };
    assert_eq!(set, 0);
}

#[test]
fn errors_name_the_group() {
    in_runtime(|| {
        let listen = |network, interface, group: &str| {
            listen_multicast_udp(network, interface, group.parse().unwrap()).unwrap_err().to_string()
        };
        assert_eq!(listen("tcp", None, "224.0.0.254:1"), "listen tcp 224.0.0.254:1: unknown network tcp");
        assert_eq!(
            listen("udp", Some(lo()), "127.0.0.1:0"),
            "listen udp 127.0.0.1:0: setsockopt: invalid argument"
        );
        let none = Interface::by_index(NonZeroU32::new(1 << 30).unwrap());
        let e = listen("udp", Some(none), "224.0.0.254:0");
        assert!(e.starts_with("listen udp 224.0.0.254:0: setsockopt: "), "{e}");
        assert!(Interface::by_name("1").is_err() && Interface::by_name("").is_err());
        // A group without a membership: shares its port only.
        let shared = listen_packet("udp4", "224.0.0.254:0").unwrap();
        assert!(shared.local_addr().ip().unwrap().is_unspecified());
    });
}
