package main

import (
	"fmt"
	"net"
)

func main() {
	p, err := net.ListenPacket("ip4:icmp", "127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.LocalAddr().Network(), p.LocalAddr())
	echo := []byte{8, 0, 0, 0, 0x12, 0x34, 0, 1}
	sum := uint32(0x0800 + 0x1234 + 1)
	sum = ^(sum + sum>>16)
	echo[2], echo[3] = byte(sum>>8), byte(sum)
	n, err := p.WriteTo(echo, &net.IPAddr{IP: net.ParseIP("127.0.0.1")})
	fmt.Println(n, err)
	buf := make([]byte, 4)
	for i := 0; i < 2; i++ {
		n, from, err := p.ReadFrom(buf)
		fmt.Println(n, buf[0], from, err)
	}
	p.Close()
	_, err = net.ListenPacket("ip4:nonsense", "127.0.0.1")
	fmt.Println(err)
	_, err = net.ListenPacket("ip4", "127.0.0.1")
	fmt.Println(err)
	_, err = net.Listen("ip4:1", "127.0.0.1")
	fmt.Println(err)
	c, err := net.Dial("ip4:1", "127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.LocalAddr(), c.RemoteAddr())
	n, err = c.Write(echo)
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(n, buf[0], err)
	c.Close()
}
