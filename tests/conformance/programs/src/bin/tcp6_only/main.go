package main

import (
	"fmt"
	"net"
)

func main() {
	ln, err := net.Listen("tcp6", ":20072")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ln.Addr())
	c, err := net.Dial("tcp6", "[::1]:20072")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.LocalAddr(), c.RemoteAddr())
	_, err = net.Dial("tcp4", "127.0.0.1:20072")
	fmt.Println(err)
	_, err = net.Dial("tcp6", "127.0.0.1:20072")
	fmt.Println(err)
	_, err = net.Listen("tcp6", "127.0.0.1:20073")
	fmt.Println(err)
	four, err := net.Listen("tcp4", ":20072")
	fmt.Println(four.Addr(), err)
	both, err := net.Listen("tcp", "[::]:20074")
	fmt.Println(both.Addr(), err)
	d, err := net.Dial("tcp", "127.0.0.1:20074")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := both.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.LocalAddr(), d.RemoteAddr())
	f, err := net.Dial("tcp", ":20074")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.RemoteAddr())
	for _, x := range []net.Conn{c, s, d, e, f} {
		x.Close()
	}
	ln.Close()
	four.Close()
	both.Close()
}
