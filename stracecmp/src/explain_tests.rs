use super::*;

fn told(gone: &[&str], new: &[&str]) -> Vec<Class> {
    lines("tcp6c", gone, new)
}

#[test]
fn typical_mistakes_get_their_names() {
    let add =
        "epoll_ctl(epoll, EPOLL_CTL_ADD, self, {events=EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET, data=TAG}) = 0";
    let level = "epoll_ctl(epoll, EPOLL_CTL_ADD, self, {events=EPOLLIN, data=TAG}) = 0";
    let one_shot =
        "epoll_ctl(epoll, EPOLL_CTL_ADD, self, {events=EPOLLIN|EPOLLONESHOT|EPOLLET, data=TAG}) = 0";
    assert_eq!(told(&[add], &[level]), [Class::LevelTriggered]);
    assert_eq!(told(&[add], &[one_shot]), [Class::Rearmed]);
    assert_eq!(told(&[add, "wait(self, r) = EPOLLIN"], &[]), [Class::NotRegistered]);
    assert_eq!(told(&["epoll_ctl(epoll, EPOLL_CTL_DEL, self, PTR) = 0"], &[]), [Class::NoDelBeforeClose]);
    assert_eq!(told(&["wait(self, r) = EPOLLIN"], &[]), [Class::NoWaitForEvent]);
    assert_eq!(told(&["read(self, PTR, 32) = -1 EAGAIN"], &[]), [Class::DidNotTryFirst]);
    assert_eq!(
        told(&["read(self, \"a\", 32) = 1"], &["recvfrom(self, \"a\", 32, 0, NULL, NULL) = 1"]),
        [Class::OtherCallForData]
    );
    assert_eq!(told(&["read(self, \"a\", 32) = 1"], &["read(self, \"a\", 64) = 1"]), [Class::OtherBuffer]);
    assert_eq!(told(&["read(self, \"a\", 32) = 1"], &["read(self, \"b\", 32) = 1"]), [Class::OtherData]);
    assert_eq!(told(&["listen(self, SOMAXCONN) = 0"], &["listen(self, 128) = 0"]), [Class::OtherBacklog]);
    assert_eq!(told(&["setsockopt(self, SOL_TCP, TCP_NODELAY, [1], 4) = 0"], &[]), [Class::SocketOptions]);
    assert_eq!(
        told(&["socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = self", "close(self) = 0"], &[]),
        [Class::NoProbes]
    );
}
