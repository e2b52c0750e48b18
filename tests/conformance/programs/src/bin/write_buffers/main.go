package main

import (
	"fmt"
	"io"
	"net"
)

func write(c net.Conn, bufs net.Buffers) {
	n, err := bufs.WriteTo(c)
	fmt.Println(n, err != nil)
}

func drain(c net.Conn, n int) {
	_, err := io.ReadFull(c, make([]byte, n))
	fmt.Println(err)
}

func main() {
	for _, network := range []string{"tcp4", "unix"} {
		address := "127.0.0.1:20063"
		if network == "unix" {
			address = "buffers.sock"
		}
		ln, err := net.Listen(network, address)
		if err != nil {
			fmt.Println(err)
			return
		}
		c, err := net.Dial(network, address)
		if err != nil {
			fmt.Println(err)
			return
		}
		s, err := ln.Accept()
		if err != nil {
			fmt.Println(err)
			return
		}
		write(c, net.Buffers{[]byte("one"), nil, []byte("two"), []byte("three")})
		drain(s, 11)
		write(c, net.Buffers{})
		write(c, net.Buffers{nil, nil})
		many := make(net.Buffers, 1500)
		for i := range many {
			many[i] = []byte("x")
		}
		write(c, many)
		drain(s, 1500)
		c.Close()
		write(c, net.Buffers{[]byte("late")})
		s.Close()
		ln.Close()
	}
}
