package main

import (
	"fmt"
	"net"
)

func main() {
	ln, err := net.Listen("unixpacket", "packet.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ln.Addr().Network(), ln.Addr())
	c, err := net.Dial("unixpacket", "packet.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	for _, m := range []string{"first", "second one", "third"} {
		n, err := c.Write([]byte(m))
		fmt.Println(n, err)
	}
	buf := make([]byte, 8)
	for i := 0; i < 3; i++ {
		n, err := s.Read(buf)
		fmt.Println(string(buf[:n]), err)
	}
	c.Close()
	n, err := s.Read(buf)
	fmt.Println(n, err)
	_, err = s.Write([]byte("x"))
	fmt.Println(err != nil)
	s.Close()
	ln.Close()
	_, err = net.Dial("unixpacket", "packet.sock")
	fmt.Println(err)
}
