//! Ports of Go's net/addrselect_test.go.

use super::*;

/// Candidates with their sources, sorted.
fn sorted(addrs: &[(&str, &str)]) -> Vec<String> {
    let of = |text: &str| IpZone { ip: text.parse().unwrap(), zone: String::new() };
    let mut list: Vec<IpZone> = addrs.iter().map(|(addr, _)| of(addr)).collect();
    sort(&mut list, |addr| {
        let (_, source) = addrs.iter().find(|(text, _)| of(text) == *addr)?;
        source.parse().ok()
    });
    list.iter().map(|addr| addr.ip.to_string()).collect()
}

#[test]
fn test_sort_by_rfc6724() {
    // RFC 6724 section 10.2, in the order that is wanted.
    for addrs in [
        // Prefer matching scope.
        [("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")],
        [("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")],
        // Prefer higher precedence.
        [("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")],
        // Prefer smaller scope.
        [("fe80::1", "fe80::2"), ("2001:db8:1::1", "2001:db8:1::2")],
        // Beyond Go's table. Prefer matching label.
        [("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")],
        // Prefer the longest matching prefix.
        [("2001:db8:1::1", "2001:db8:1::2"), ("2001:db8:3ffe::1", "2001:db8:1::2")],
        // An unreachable one comes last.
        [("198.51.100.122", "198.51.100.1"), ("198.51.100.121", "")],
    ] {
        let wanted: Vec<String> = addrs.iter().map(|(addr, _)| addr.to_string()).collect();
        assert_eq!(sorted(&addrs), wanted);
        let backwards = [addrs[1], addrs[0]];
        assert_eq!(sorted(&backwards), wanted, "starting backwards");
    }
    // golang.org/issue/13283: a source in 10/8 is no reason to prefer destinations in 23/8.
    let equal =
        ["54.83.193.112", "184.72.238.214", "23.23.172.185", "75.101.148.21", "23.23.134.56", "23.21.50.150"];
    assert_eq!(sorted(&equal.map(|addr| (addr, "10.2.3.4"))), equal);
}

#[test]
fn test_rfc6724_policy_table_order() {
    assert!(POLICY.is_sorted_by_key(|(_, len, _, _)| std::cmp::Reverse(*len)));
}

#[test]
fn test_rfc6724_policy_table_content() {
    let text: Vec<String> = POLICY
        .iter()
        .map(|(prefix, len, precedence, label)| format!("{prefix}/{len} {precedence} {label}"))
        .collect();
    let expected = [
        "::1/128 50 0",
        "::ffff:0.0.0.0/96 35 4",
        "::/96 1 3",
        "2001::/32 5 5",
        "2002::/16 30 2",
        "3ffe::/16 1 12",
        "fec0::/10 1 11",
        "fc00::/7 3 13",
        "::/0 40 1",
    ];
    assert_eq!(text, expected);
}

#[test]
fn test_rfc6724_policy_table_classify() {
    let policy = |text: &str| policy(text.parse().unwrap());
    assert_eq!(policy("127.0.0.1"), (35, 4));
    assert_eq!(policy("2601:645:8002:a500:986f:1db8:c836:bd65"), (40, 1));
    assert_eq!(policy("::1"), (50, 0));
    assert_eq!(policy("2002::ab12"), (30, 2));
}

#[test]
fn test_rfc6724_classify_scope() {
    const ADMIN_LOCAL: u8 = 0x4;
    let scope = |text: &str| scope(text.parse().unwrap());
    for (text, expected) in [
        ("127.0.0.1", LINK_LOCAL),
        ("::1", LINK_LOCAL),
        ("169.254.1.2", LINK_LOCAL),
        ("fec0::1", SITE_LOCAL),
        ("8.8.8.8", GLOBAL),
        ("fe80::1", LINK_LOCAL),
        // Multicast.
        ("ff02::", LINK_LOCAL),
        ("ff05::", SITE_LOCAL),
        ("ff04::", ADMIN_LOCAL),
        ("ff0e::", GLOBAL),
        // IPv4 multicast, link-local and global, in both forms.
        ("::e000:0", GLOBAL),
        ("::e002:202", GLOBAL),
        ("224.0.0.0", GLOBAL),
        ("224.2.2.2", GLOBAL),
    ] {
        assert_eq!(scope(text), expected, "{text}");
    }
}

#[test]
fn test_rfc6724_common_prefix_length() {
    let len = |a: &str, b: &str| common_prefix_len(a.parse().unwrap(), b.parse().unwrap());
    assert_eq!(len("fe80::1", "fe80::2"), 64);
    assert_eq!(len("fe81::1", "fe80::2"), 15);
    assert_eq!(len("127.0.0.1", "fe80::1"), 0);
}
