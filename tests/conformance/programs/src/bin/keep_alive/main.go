package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

func pair(lc net.ListenConfig, d net.Dialer) (net.Conn, net.Conn) {
	ln, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:20048")
	if err != nil {
		panic(err)
	}
	c, err := d.Dial("tcp4", "127.0.0.1:20048")
	if err != nil {
		panic(err)
	}
	s, err := ln.Accept()
	if err != nil {
		panic(err)
	}
	ln.Close()
	return c, s
}

func main() {
	c, s := pair(net.ListenConfig{KeepAlive: -1}, net.Dialer{KeepAlive: -1})
	c.Close()
	s.Close()
	c, s = pair(net.ListenConfig{KeepAlive: 30 * time.Second}, net.Dialer{KeepAlive: 2500 * time.Millisecond})
	c.Close()
	s.Close()
	some := net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: -1, Count: 3}
	c, s = pair(net.ListenConfig{KeepAlive: -1, KeepAliveConfig: some}, net.Dialer{KeepAliveConfig: some})
	t := c.(*net.TCPConn)
	fmt.Println(t.SetKeepAlive(false))
	fmt.Println(t.SetKeepAlive(true))
	fmt.Println(t.SetKeepAlivePeriod(1500 * time.Millisecond))
	fmt.Println(t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: -1, Interval: 7 * time.Second, Count: -1}))
	fmt.Println(t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: false}))
	c.Close()
	fmt.Println(t.SetKeepAlive(true))
	s.Close()
}
