package main

import (
	"fmt"
	"net"
)

func main() {
	for _, addr := range []string{"127.0.0.1", "192.0.2.10", "192.0.2.11", "2001:db8::10", "192.0.2"} {
		names, err := net.LookupAddr(addr)
		fmt.Println(names, err)
	}
	for _, s := range [][2]string{{"tcp", "http"}, {"udp", "gopher-over-udp"}, {"tcp", "443"}, {"udp", "ssh"}, {"ip", "none"}, {"bogus", "http"}, {"tcp", "65536"}} {
		port, err := net.LookupPort(s[0], s[1])
		fmt.Println(port, err)
	}
}
