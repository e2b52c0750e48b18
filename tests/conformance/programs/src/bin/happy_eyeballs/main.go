package main

import (
	"fmt"
	"net"
	"time"
)

func try(d net.Dialer, address string) {
	c, err := d.Dial("tcp", address)
	if err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(50 * time.Millisecond) // Meanwhile the dial that lost gives up.
	buf := make([]byte, 8)
	n, err := c.Read(buf)
	fmt.Println(c.RemoteAddr(), string(buf[:n]), err)
	c.Close()
}

func main() {
	try(net.Dialer{}, "dual.example:20080")
	try(net.Dialer{FallbackDelay: 50 * time.Millisecond}, "dual.example:20080")
}
