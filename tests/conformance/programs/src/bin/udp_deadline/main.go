package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:20081")
	if err != nil {
		fmt.Println(err)
		return
	}
	p := pc.(*net.UDPConn)
	fmt.Println(p.SetReadBuffer(32768), p.SetWriteBuffer(32768))
	buf := make([]byte, 8)
	p.SetReadDeadline(time.Now().Add(60 * time.Millisecond))
	_, _, err = p.ReadFrom(buf)
	fmt.Println(err)
	_, _, err = p.ReadFrom(buf)
	fmt.Println(err)
	p.SetDeadline(time.Now().Add(-time.Second))
	_, err = p.WriteTo([]byte("x"), p.LocalAddr())
	fmt.Println(err)
	p.SetDeadline(time.Time{})
	_, err = p.WriteTo(make([]byte, 70000), p.LocalAddr())
	fmt.Println(err)
	done := make(chan error)
	go func() {
		_, _, err := p.ReadFrom(buf)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	fmt.Println(p.Close())
	fmt.Println(<-done)
	fmt.Println(p.SetDeadline(time.Time{}))
	fmt.Println(p.LocalAddr())
}
