use super::*;
use crate::diff;
use crate::lines::Lines;

const CONNECTION: [&str; 8] = [
    "accept4(tcp6, {sa_family=AF_INET6}, [112 => 28], SOCK_CLOEXEC|SOCK_NONBLOCK) = self",
    "epoll_ctl(epoll, EPOLL_CTL_ADD, self, {events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET, data=TAG}) = 0",
    "setsockopt(self, SOL_TCP, TCP_NODELAY, [1], 4) = 0",
    "read(self, PTR, 32) = -1 EAGAIN",
    "wait(self, r) = EPOLLIN",
    "read(self, \"asdf\\n\", 32) = 5",
    "epoll_ctl(epoll, EPOLL_CTL_DEL, self, PTR) = 0",
    "close(self) = 0",
];

/// The causes of a change to the connection's lines.
fn told(change: impl Fn(&mut Vec<String>)) -> Vec<(Class, String)> {
    let mut got: Vec<String> = CONNECTION.iter().map(|l| l.to_string()).collect();
    change(&mut got);
    let (a, b): (Lines, Lines) = (CONNECTION.into_iter().collect(), got.iter().map(|l| l.as_str()).collect());
    let rows = diff::diff(&(&a).into(), &(&b).into());
    of_rows("tcp6c", &rows, 1).into_iter().map(|c| (c.class, c.says)).collect()
}

fn one(change: impl Fn(&mut Vec<String>)) -> (Class, String) {
    let all = told(change);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().expect("one")
}

#[test]
fn what_is_left_out() {
    for (i, class) in [
        (0, Class::LeftOut),
        (2, Class::SocketOptions),
        (3, Class::DidNotTryFirst),
        (4, Class::NoWaitForEvent),
        (5, Class::LeftOut),
        (6, Class::NoDelBeforeClose),
        (7, Class::NotClosed),
    ] {
        assert_eq!(one(|l| drop(l.remove(i))).0, class, "{}", CONNECTION[i]);
    }
    // Without the registration neither its wait nor its end is a mistake of its own.
    let all = told(|l| l.retain(|l| !l.contains("epoll_ctl") && !l.starts_with("wait")));
    assert_eq!(all.iter().map(|c| c.0).collect::<Vec<_>>(), [Class::NotRegistered]);
}

#[test]
fn every_line_with_another_result_is_another_outcome() {
    for i in 0..CONNECTION.len() {
        let (class, says) = one(|l| {
            let (before, _) = l[i].rsplit_once(" = ").expect("a result");
            l[i] = format!("{before} = -1 ENOTCONN");
        });
        let want = if CONNECTION[i].starts_with("wait") { Class::OtherReadiness } else { Class::OtherResult };
        assert_eq!(class, want, "{}: {says}", CONNECTION[i]);
        assert!(says.contains("ENOTCONN"), "{says}");
    }
}

#[test]
fn every_swap_is_another_order() {
    for i in 0..CONNECTION.len() - 1 {
        let (class, says) = one(|l| l.swap(i, i + 1));
        let want = if i == 6 { Class::ClosedBeforeDel } else { Class::OtherOrder };
        assert_eq!(class, want, "{says}");
        assert!(says.contains("in the reference"), "{says}");
    }
}

#[test]
fn every_line_twice_is_repeated() {
    for i in 0..CONNECTION.len() {
        let (class, says) = one(|l| l.insert(i, l[i].clone()));
        assert_eq!(class, Class::Repeated, "{says}");
    }
}

#[test]
fn other_arguments() {
    for (from, to, class) in [
        ("EPOLLRDHUP|EPOLLET", "EPOLLRDHUP", Class::LevelTriggered),
        ("EPOLLRDHUP|EPOLLET", "EPOLLRDHUP|EPOLLONESHOT|EPOLLET", Class::Rearmed),
        ("EPOLLRDHUP|EPOLLET", "EPOLLRDHUP|EPOLLEXCLUSIVE|EPOLLET", Class::Exclusive),
        ("EPOLLIN|EPOLLOUT", "EPOLLIN", Class::OtherEvents),
        ("SOCK_CLOEXEC|SOCK_NONBLOCK", "SOCK_CLOEXEC", Class::CreationFlags),
        ("TCP_NODELAY, [1]", "TCP_NODELAY, [0]", Class::SocketOptions),
        ("\"asdf\\n\", 32", "\"asdf\\n\", 64", Class::OtherBuffer),
        ("\"asdf\\n\"", "\"qwer\\n\"", Class::OtherData),
        (
            "read(self, \"asdf\\n\", 32)",
            "recvfrom(self, \"asdf\\n\", 32, 0, NULL, NULL)",
            Class::OtherCallForData,
        ),
    ] {
        let (got, says) = one(|l| {
            let line = l.iter_mut().find(|l| l.contains(from)).expect(from);
            *line = line.replace(from, to);
        });
        assert_eq!(got, class, "{from}: {says}");
    }
}
