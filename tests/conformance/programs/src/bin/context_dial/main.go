package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

func main() {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(context.Background(), 70*time.Millisecond)
	_, err := d.DialContext(ctx, "tcp4", "127.0.0.1:20093")
	fmt.Println(err)
	_, err = d.DialContext(ctx, "tcp4", "127.0.0.1:20093")
	fmt.Println(err)
	_, err = d.DialContext(ctx, "unix", "missing.sock")
	fmt.Println(err)
	_, err = d.DialContext(ctx, "udp4", "127.0.0.1:20093")
	fmt.Println(err)
	cancel()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = d.DialContext(done, "tcp", "127.0.0.1:20093")
	fmt.Println(err)
	_, err = d.DialContext(done, "unix", "missing.sock")
	fmt.Println(err)
	var lc net.ListenConfig
	ln, err := lc.Listen(done, "tcp4", "127.0.0.1:20094")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ln.Addr())
	d.Timeout = time.Second
	longer, cancel := context.WithTimeout(context.Background(), time.Hour)
	c, err := d.DialContext(longer, "tcp4", "127.0.0.1:20094")
	if err != nil {
		fmt.Println(err)
		return
	}
	cancel()
	n, err := c.Write([]byte("still here"))
	fmt.Println(n, err)
	c.Close()
	ln.Close()
}
