//! Ports of Go's net/hosts_test.go.

use super::super::tests::TempFile;
use super::*;

pub(in super::super) const ALIASES: &str = "127.0.0.1 test\n127.0.0.2 test2.example.com 2.test\n\
    127.0.0.3 3.test test3.example.com\n127.0.0.4 example.com\n\
    127.0.0.5 test4.example.com 4.test 5.test test5.example.com\n\n\
    # must be a name that nobody has\n127.0.1.1 invalid.test invalid.invalid\n";

/// What is asked for, and the canonical name.
pub(in super::super) const LOOKUP_STATIC_HOST_ALIASES: &[(&str, &str)] = &[
    ("test", "test"),
    ("test2.example.com", "test2.example.com"),
    ("2.test", "test2.example.com"),
    ("test3.example.com", "3.test"),
    ("3.test", "3.test"),
    ("example.com", "example.com"),
    ("test5.example.com", "test4.example.com"),
    ("5.test", "test4.example.com"),
    ("4.test", "test4.example.com"),
    ("test4.example.com", "test4.example.com"),
];

const HOSTS: &str = "255.255.255.255\tbroadcasthost\n127.0.0.2\todin\n127.0.0.3\todin  # inline comment \n\
    ::2             odin\n127.1.1.1\tthor\n# aliases\n127.1.1.2\tullr ullrhost\nfe80::1%lo0\tlocalhost\n\
    # Bogus entries that must be ignored.\n123.123.123\tloki\n321.321.321.321\n";
/// golang.org/issue/6646
const SINGLE_LINE: &str = "127.0.0.2\todin";
const IPV4: &str = "# internet address and host name\n127.0.0.1\tlocalhost\t# inline comment separated by tab\n\
    127.0.0.2\tlocalhost   # inline comment separated by space\n\n# and aliases\n\
    127.0.0.3\tlocalhost\tlocalhost.localdomain\n";
/// golang.org/issue/8996
const IPV6: &str = "::1\t\tlocalhost\t# inline comment separated by tab\n\
    fe80:0000:0000:0000:0000:0000:0000:0001\t\tlocalhost       # inline comment separated by space\n\
    fe80:0000:0000:0000:0000:0000:0000:0002%lo0\tlocalhost\nfe80::3%lo0\tlocalhost\tlocalhost.localdomain\n";
/// golang.org/issue/12806
const CASE: &str = "127.0.0.1\tPreserveMe\tPreserveMe.local\n::1\t\tPreserveMe\tPreserveMe.local\n";

fn in_runtime(test: impl FnOnce() + Send) {
    // SAFETY: the tests keep nothing thread-bound across a call that parks.
    unsafe { gopark_runtime::run(test) }
}

/// The forms in which a name is asked for.
pub(in super::super) fn forms(name: &str) -> [String; 4] {
    [name.into(), abs_domain_name(name), name.to_lowercase(), name.to_uppercase()]
}

#[test]
fn test_lookup_static_host() {
    in_runtime(|| {
        for (text, entries) in [
            (
                HOSTS,
                &[
                    ("odin", &["127.0.0.2", "127.0.0.3", "::2"][..]),
                    ("thor", &["127.1.1.1"]),
                    ("ullr", &["127.1.1.2"]),
                    ("ullrhost", &["127.1.1.2"]),
                    ("localhost", &["fe80::1%lo0"]),
                ][..],
            ),
            (SINGLE_LINE, &[("odin", &["127.0.0.2"])]),
            (
                IPV4,
                &[
                    ("localhost", &["127.0.0.1", "127.0.0.2", "127.0.0.3"]),
                    ("localhost.localdomain", &["127.0.0.3"]),
                ],
            ),
            (
                IPV6,
                &[
                    ("localhost", &["::1", "fe80::1", "fe80::2%lo0", "fe80::3%lo0"]),
                    ("localhost.localdomain", &["fe80::3%lo0"]),
                ],
            ),
            (CASE, &[("PreserveMe", &["127.0.0.1", "::1"]), ("PreserveMe.local", &["127.0.0.1", "::1"])]),
        ] {
            let hosts = HostsFile::of_text(text);
            for (name, addrs) in entries {
                for form in forms(name) {
                    assert_eq!(hosts.host(&form).expect(&form).addrs, *addrs, "{form}");
                }
            }
            assert_eq!(hosts.host("loki"), None);
        }
    });
}

#[test]
fn test_lookup_static_addr() {
    in_runtime(|| {
        for (text, entries) in [
            (
                HOSTS,
                &[
                    ("255.255.255.255", &["broadcasthost"][..]),
                    ("127.0.0.2", &["odin"]),
                    ("127.0.0.3", &["odin"]),
                    ("::2", &["odin"]),
                    ("127.1.1.1", &["thor"]),
                    ("127.1.1.2", &["ullr", "ullrhost"]),
                    ("fe80::1%lo0", &["localhost"]),
                ][..],
            ),
            (SINGLE_LINE, &[("127.0.0.2", &["odin"])]),
            (
                IPV4,
                &[
                    ("127.0.0.1", &["localhost"]),
                    ("127.0.0.2", &["localhost"]),
                    ("127.0.0.3", &["localhost", "localhost.localdomain."]),
                ],
            ),
            (
                IPV6,
                &[
                    ("::1", &["localhost"]),
                    ("0:0::1", &["localhost"]),
                    ("fe80::1", &["localhost"]),
                    ("fe80::2%lo0", &["localhost"]),
                    ("fe80::3%lo0", &["localhost", "localhost.localdomain."]),
                ],
            ),
            (
                CASE,
                &[
                    ("127.0.0.1", &["PreserveMe", "PreserveMe.local."]),
                    ("::1", &["PreserveMe", "PreserveMe.local."]),
                ],
            ),
        ] {
            let hosts = HostsFile::of_text(text);
            for (addr, names) in entries {
                assert_eq!(hosts.names(addr), *names, "{addr}");
            }
            assert!(hosts.names("localhost").is_empty());
        }
    });
}

#[test]
fn test_lookup_static_host_aliases() {
    in_runtime(|| {
        let hosts = HostsFile::of_text(ALIASES);
        for (name, canonical) in LOOKUP_STATIC_HOST_ALIASES {
            for form in forms(name) {
                let found = hosts.host(&form).expect(&form);
                assert_eq!(found.canonical_name, abs_domain_name(canonical), "{form}");
            }
        }
    });
}

/// The file is read again when it has another time or size, 5 s after the last look at the
/// earliest.
#[test]
fn a_changed_file_is_read_after_a_while() {
    in_runtime(|| {
        let file = TempFile::new("127.0.0.1 one\n");
        let hosts = HostsFile::new(file.path());
        assert_eq!(hosts.host("one").unwrap().addrs, ["127.0.0.1"]);
        file.write_later("127.0.0.2 one\n", 10);
        assert_eq!(hosts.host("one").unwrap().addrs, ["127.0.0.1"], "it was just looked at");
        hosts.grow_old();
        assert_eq!(hosts.host("one").unwrap().addrs, ["127.0.0.2"]);
        // The file is gone.
        drop(file);
        hosts.grow_old();
        assert_eq!(hosts.host("one"), None);
    });
}
