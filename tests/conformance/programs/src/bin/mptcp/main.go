package main

import (
	"context"
	"fmt"
	"net"
)

func main() {
	var lc net.ListenConfig
	lc.SetMultipathTCP(true)
	ln, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:20087")
	if err != nil {
		fmt.Println(err)
		return
	}
	var d net.Dialer
	d.SetMultipathTCP(true)
	c, err := d.Dial("tcp4", "127.0.0.1:20087")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := c.Write([]byte("hello"))
	fmt.Println(n, err)
	n, err = s.Read(make([]byte, 8))
	fmt.Println(n, err)
	c.Close()
	s.Close()
	ln.Close()
}
