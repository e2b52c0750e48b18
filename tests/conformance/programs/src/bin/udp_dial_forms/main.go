package main

import (
	"fmt"
	"net"
)

func try(d net.Dialer, network, address string) {
	c, err := d.Dial(network, address)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.RemoteAddr().Network(), c.RemoteAddr())
	n, err := c.Write([]byte("x"))
	fmt.Println(n, err)
	c.Close()
}

func main() {
	p, err := net.ListenPacket("udp", ":20095")
	if err != nil {
		fmt.Println(err)
		return
	}
	var d net.Dialer
	try(d, "udp", ":20095")
	try(d, "udp", "127.0.0.1:20095")
	try(d, "udp4", "127.0.0.1:20095")
	try(d, "udp6", "[::1]:20095")
	try(d, "udp", "[::1]:20095")
	try(d, "udp4", ":20095")
	try(d, "udp6", ":20095")
	try(d, "udp4", "[::1]:20095")
	try(d, "udp", "[::ffff:127.0.0.1]:20095")
	try(d, "udp", "127.0.0.1:0")
	d.LocalAddr = &net.UDPAddr{Port: 20096}
	try(d, "udp", "127.0.0.1:20095")
	d.LocalAddr = &net.UDPAddr{IP: net.ParseIP("127.0.0.3"), Port: 20096}
	try(d, "udp4", "127.0.0.1:20095")
	p.Close()
}
